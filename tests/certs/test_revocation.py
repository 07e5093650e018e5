"""Lists of certificates that were taken back: whose they are, what they say, and what is no such list."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import CertificateError, PeerCertificate, Revoked, authority, peer, revoked
from certs.folder import VEN_CA, VTN_CA, Folder
from tests.pki import VEN_ECC, VEN_RSA, make_pki

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return make_pki(tmp_path_factory.mktemp("revocation") / "pki")


def certificate(made: Folder, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(made.public(name).read_bytes())


def shown(made: Folder, name: str) -> PeerCertificate:
    return peer(certificate(made, name).public_bytes(Encoding.DER))


def listed(made: Folder, path: Path, *names: str, by: str = VEN_CA, lasts: timedelta = DAY) -> Path:
    found = [certificate(made, name) for name in names]
    path.write_bytes(authority.revocation_list(made.issuer(by), found, NOW, lasts))
    return path


@pytest.mark.proves("I12")
def test_a_list_names_who_is_on_it_and_nobody_else(made: Folder, tmp_path: Path) -> None:
    found = revoked(listed(made, tmp_path / "crl.pem", VEN_ECC), made.public(VEN_CA))
    assert shown(made, VEN_ECC) in found
    assert shown(made, VEN_RSA) not in found
    assert found.next_update == NOW + DAY
    assert shown(made, VEN_ECC) not in Revoked()


def test_a_list_that_has_run_out_still_names_them(made: Folder, tmp_path: Path) -> None:
    found = revoked(listed(made, tmp_path / "crl.pem", VEN_ECC, lasts=timedelta()), made.public(VEN_CA))
    assert shown(made, VEN_ECC) in found


def test_several_lists_in_one_file_count_together(made: Folder, tmp_path: Path) -> None:
    one = listed(made, tmp_path / "one.pem", VEN_ECC, lasts=2 * DAY).read_bytes()
    other = listed(made, tmp_path / "other.pem", VEN_RSA).read_bytes()
    (tmp_path / "both.pem").write_bytes(one + other)
    found = revoked(tmp_path / "both.pem", made.public(VEN_CA))
    assert all(shown(made, name) in found for name in (VEN_ECC, VEN_RSA))
    assert found.next_update == NOW + DAY


def test_a_list_of_another_authority_is_refused(made: Folder, tmp_path: Path) -> None:
    path = listed(made, tmp_path / "crl.pem", VEN_ECC, by=VTN_CA)
    with pytest.raises(CertificateError, match="is not signed by an authority in"):
        revoked(path, made.public(VEN_CA))


@pytest.mark.parametrize(
    "content", [b"", b"text", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"]
)
def test_what_is_no_list_is_refused(made: Folder, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "crl.pem"
    path.write_bytes(content)
    with pytest.raises(CertificateError, match=r"crl\.pem"):
        revoked(path, made.public(VEN_CA))
    with pytest.raises(CertificateError, match="does not exist"):
        revoked(tmp_path / "none.pem", made.public(VEN_CA))
