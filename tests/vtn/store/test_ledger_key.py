from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from vtn.store.engine import StoreAway
from vtn.store.ledger_key import FILE, load_or_make


@pytest.mark.proves("D02", "S8")
def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    made = load_or_make(folder)
    assert load_or_make(folder).private_bytes_raw() == made.private_bytes_raw()
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [FILE], "nothing is left behind"


def test_of_many_that_make_it_at_once_all_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(load_or_make, [tmp_path] * 8))
    assert len({key.private_bytes_raw() for key in keys}) == 1


@pytest.mark.parametrize("kind", ["garbage", "another kind", "with a password", "a folder"])
def test_what_is_no_key_of_ours_is_refused_without_showing_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / FILE
    ours = Ed25519PrivateKey.generate()
    match kind:
        case "garbage":
            path.write_bytes(b"secret")
        case "another kind":
            other = ec.generate_private_key(ec.SECP256R1())
            path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        case "with a password":
            locked = BestAvailableEncryption(b"x")
            path.write_bytes(ours.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        case _:
            path.mkdir()
    with pytest.raises(StoreAway) as caught:
        load_or_make(tmp_path)
    assert "secret" not in str(caught.value)
