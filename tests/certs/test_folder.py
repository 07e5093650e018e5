"""A PKI on disk: who may read it, that nothing in it is overwritten, and what an `init` cut short leaves."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from certs import CertificateError, WrongName, client_context
from certs.authority import KeyType
from certs.certificate import load
from certs.folder import ROOT, VEN_CA, VTN, VTN_CA, Folder
from tests.certs.handshake import shake
from tests.pki import VEN_ECC, VEN_RSA, make_pki, vtn_context

KEY = f"{VEN_CA}.key"


@pytest.fixture
def own(tmp_path: Path) -> Folder:
    """A PKI to write to."""
    return make_pki(tmp_path / "pki")


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> tuple[Path, ...]:
    """What is on disk before each file of an `init` gets its name, and at the end."""
    outside = tmp_path_factory.mktemp("crashes")
    pki = Folder(outside / "pki")
    seen: list[Path] = []

    def keep() -> None:
        seen.append(outside / f"before-{len(seen):02}")
        shutil.copytree(pki.path, seen[-1])

    def keep_and_link(source: str, target: Path) -> None:
        keep()
        link(source, target)

    link = os.link
    with pytest.MonkeyPatch.context() as patch, umask(0):
        patch.setattr(os, "link", keep_and_link)
        pki.init(("localhost",), now)
    keep()
    return tuple(seen)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.proves("D02")
def test_keys_are_their_owners_alone_even_under_a_careless_umask(
    crashes: tuple[Path, ...], tmp_path: Path, now: datetime
) -> None:
    made = Folder(shutil.copytree(crashes[-1], tmp_path / "pki"))
    with umask(0):
        made.issue_ven("careless", KeyType.ECC, now)
    assert (mode(made.path), mode(made.certs), mode(made.secrets)) == (0o755, 0o755, 0o700)
    assert {mode(path) for path in made.secrets.iterdir()} == {0o600}
    assert {mode(path) for path in made.certs.iterdir()} == {0o644}


@pytest.mark.proves("D02")
def test_keys_are_nobody_elses_at_any_moment_of_init(crashes: tuple[Path, ...]) -> None:
    for crash in crashes:
        assert mode(crash / "secrets") == 0o700
        assert {mode(path) for path in (crash / "secrets").iterdir()} <= {0o600}


def test_certificates_can_be_read_by_everybody_even_under_a_strict_umask(own: Folder, now: datetime) -> None:
    with umask(0o077):
        own.issue_ven("strict", KeyType.ECC, now)
    assert (mode(own.public("strict")), mode(own.secret("strict"))) == (0o644, 0o600)


@pytest.mark.proves("D02")
def test_a_key_lies_in_no_file_but_its_owners(pki: Folder) -> None:
    assert [path.name for path in pki.certs.iterdir() if b"PRIVATE" in path.read_bytes()] == []
    for path in pki.secrets.iterdir():
        assert path.read_bytes().count(b"-----BEGIN PRIVATE KEY-----") == 1


def test_a_pki_has_these_files_and_no_remains(pki: Folder) -> None:
    authorities, parties = (ROOT, VTN_CA, VEN_CA), (*VTN.values(), VEN_ECC, VEN_RSA)
    assert {path.name for path in pki.certs.iterdir()} == {f"{name}.pem" for name in (*authorities, *parties)}
    assert {path.name for path in pki.secrets.iterdir()} == {
        *(f"{name}.key" for name in authorities),
        *(f"{name}.pem" for name in parties),
    }


def test_an_init_cut_short_is_refused_with_a_way_out(
    crashes: tuple[Path, ...], tmp_path: Path, now: datetime
) -> None:
    """Whenever the power went: neither `init` nor `issue` builds on what it left, and they leave it alone."""
    cut_short = crashes[:-1]
    assert len(cut_short) == len(files(crashes[-1])) == 10
    for crash in cut_short:
        pki = Folder(shutil.copytree(crash, tmp_path / crash.name))
        found = files(pki.path)
        with pytest.raises(CertificateError, match=r"part of a PKI.*move `certs` and `secrets` away"):
            pki.init(("localhost",), now)
        with pytest.raises(CertificateError, match="part of a PKI"):
            pki.issue_ven("ven", KeyType.ECC, now)
        assert files(pki.path) == found


def test_a_second_init_changes_nothing(own: Folder, now: datetime) -> None:
    before = files(own.path)
    with pytest.raises(CertificateError, match="holds a PKI already"):
        own.init(("localhost",), now)
    assert files(own.path) == before


def test_init_is_at_home_in_an_empty_folder_but_not_among_strangers(tmp_path: Path, now: datetime) -> None:
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "somebody.pem").write_text("mine", encoding="utf-8")
    with pytest.raises(CertificateError, match="part of a PKI"):
        Folder(tmp_path).init(("localhost",), now)
    assert files(tmp_path) == {"certs/somebody.pem": b"mine"}


def test_a_wrong_host_leaves_nothing_behind(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(WrongName):
        Folder(tmp_path / "pki").init(("https://vtn",), now)
    assert list(tmp_path.iterdir()) == []


def test_a_name_is_given_once(own: Folder, now: datetime) -> None:
    before = files(own.path)
    for kind in KeyType:
        with pytest.raises(CertificateError, match=r"ven-ecc\.pem exists already"):
            own.issue_ven(VEN_ECC, kind, now)
    assert files(own.path) == before


def test_a_key_without_its_certificate_is_not_overwritten(own: Folder, now: datetime) -> None:
    """As a power cut between the two files leaves it."""
    own.public(VEN_ECC).unlink()
    before = files(own.path)
    with pytest.raises(CertificateError, match=r"secrets/ven-ecc\.pem exists already; move it away"):
        own.issue_ven(VEN_ECC, KeyType.ECC, now)
    assert files(own.path) == before


def test_a_file_that_appears_meanwhile_is_not_overwritten(
    own: Folder, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def slower(source: str, target: Path) -> None:
        target.write_text("the other was quicker", encoding="utf-8")
        link(source, target)

    monkeypatch.setattr(os, "link", slower)
    with pytest.raises(CertificateError, match="exists already; nothing is overwritten"):
        own.issue_ven("ven", KeyType.ECC, now)
    assert own.secret("ven").read_text(encoding="utf-8") == "the other was quicker"
    assert [path for path in own.secrets.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", ".hidden", "-rf", "a b", "a\n", "\0", "bücher", "x" * 65]
)
def test_a_name_that_could_be_taken_for_something_else_is_refused(
    own: Folder, now: datetime, name: str
) -> None:
    before = files(own.path)
    with pytest.raises(WrongName, match="cannot be the name of a VEN"):
        own.issue_ven(name, KeyType.ECC, now)
    assert files(own.path) == before


@pytest.mark.parametrize("name", [ROOT, VTN_CA, VEN_CA, *VTN.values()])
def test_a_ven_cannot_be_called_like_an_authority_or_the_vtn(own: Folder, now: datetime, name: str) -> None:
    with pytest.raises(WrongName, match="not one of"):
        own.issue_ven(name, KeyType.ECC, now)


@pytest.mark.parametrize("name", ["SITE", "TH_VEN", "a.b-c_1", "x" * 64])
def test_a_ven_gets_in_with_its_new_certificate(own: Folder, now: datetime, name: str) -> None:
    secret = own.issue_ven(name, KeyType.ECC, now)
    client = client_context(secret, own.public(VTN_CA))
    assert shake(vtn_context(own), client).say(b"poll") == b"poll"
    assert load(own.public(name)).subject.rfc4514_string() == f"CN={name}"


def test_vens_are_issued_without_the_keys_of_the_root_and_of_the_vtn(own: Folder, now: datetime) -> None:
    """They may lie in a safe, or on another machine."""
    for path in (*own.secrets.glob("root*"), *own.secrets.glob("vtn*")):
        path.unlink()
    assert own.issue_ven("ven", KeyType.ECC, now).exists()


def test_where_there_is_no_pki_the_way_to_one_is_named(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(CertificateError, match="holds no PKI; make one with `certs init`"):
        Folder(tmp_path / "pki").issue_ven("ven", KeyType.ECC, now)
    assert list(tmp_path.iterdir()) == []


def test_an_authority_that_has_expired_issues_nothing(own: Folder, now: datetime) -> None:
    before = files(own.path)
    with pytest.raises(CertificateError, match=r"ven-ca\.pem is not valid at this time"):
        own.issue_ven("ven", KeyType.ECC, now + timedelta(days=21 * 365))
    assert files(own.path) == before


def test_a_key_that_cannot_sign_is_named(own: Folder, now: datetime) -> None:
    key_file = own.secrets / KEY
    key = load_pem_private_key(key_file.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a password"))
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for content, complaint in (
        (b"", "not a private key"),
        (b"garbage", "not a private key"),
        (locked, "without a password"),
        (other, "of a kind that signs nothing"),
        ((own.secrets / f"{VTN_CA}.key").read_bytes(), "is not the key of"),
    ):
        key_file.write_bytes(content)
        with pytest.raises(CertificateError, match=rf"ven-ca\.key.*{complaint}"):
            own.issue_ven("ven", KeyType.ECC, now)
    key_file.unlink()
    with pytest.raises(CertificateError, match=r"ven-ca\.key does not exist"):
        own.issue_ven("ven", KeyType.ECC, now)
    assert not own.secret("ven").exists()


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path, now: datetime) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(CertificateError, match="cannot be written"):
        Folder(tmp_path / "file" / "pki").init(("localhost",), now)
    with pytest.raises(CertificateError, match="cannot be written"):
        Folder(tmp_path / ("x" * 300)).issue_ven("ven", KeyType.ECC, now)


def test_every_test_gets_its_own_pki_with_the_same_keys(tmp_path: Path, pki: Folder) -> None:
    mine = make_pki(tmp_path / "mine")
    assert files(mine.path) == files(pki.path)
    assert mode(mine.secrets) == 0o700
    assert {mode(path) for path in mine.secrets.iterdir()} == {0o600}
