"""What `certs show` says of a certificate, at any moment of its life."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certs import CertificateError, describe
from certs.authority import KeyType
from certs.certificate import load
from certs.folder import ROOT, VTN, Folder
from tests.pki import VEN_ECC, VEN_RSA


@pytest.mark.parametrize(
    ("before_the_end", "warning"),
    [
        (timedelta(days=31), None),
        (timedelta(days=30), None),
        (timedelta(days=30, seconds=-1), "expires in 29 days"),
        (timedelta(days=1), "expires in 1 day"),
        (timedelta(0), "expires in 0 days"),
        (timedelta(seconds=-1), "EXPIRED"),
        (timedelta(days=-400), "EXPIRED"),
    ],
)
def test_the_warning_comes_a_month_ahead(pki: Folder, before_the_end: timedelta, warning: str | None) -> None:
    end = load(pki.public(VEN_ECC)).not_valid_after_utc
    assert describe(pki.public(VEN_ECC), end - before_the_end).warning == warning


def test_a_certificate_of_tomorrow_is_not_valid_yet(pki: Folder) -> None:
    begin = load(pki.public(VEN_ECC)).not_valid_before_utc
    assert describe(pki.public(VEN_ECC), begin - timedelta(seconds=1)).warning == "not valid yet"
    assert describe(pki.public(VEN_ECC), begin).warning is None


@pytest.mark.parametrize(
    ("name", "role", "key", "hosts"),
    [
        (ROOT, "CA", "RSA-2048", ()),
        (VTN[KeyType.RSA], "server", "RSA-2048", ("localhost", "127.0.0.1")),
        (VTN[KeyType.ECC], "server", "ECC secp256r1", ("localhost", "127.0.0.1")),
        (VEN_RSA, "client", "RSA-2048", ()),
        (VEN_ECC, "client", "ECC secp256r1", ()),
    ],
)
def test_role_key_and_hosts(
    pki: Folder, now: datetime, name: str, role: str, key: str, hosts: tuple[str, ...]
) -> None:
    found = describe(pki.public(name), now)
    assert (found.role, found.key, found.hosts) == (role, key, hosts)


def test_pem_der_and_a_file_with_the_key_in_front_are_one_certificate(
    pki: Folder, tmp_path: Path, now: datetime
) -> None:
    der = tmp_path / "ven.der"
    der.write_bytes(load(pki.public(VEN_ECC)).public_bytes(Encoding.DER))
    files = (pki.public(VEN_ECC), pki.secret(VEN_ECC), der)
    assert len({describe(file, now).sha256 for file in files}) == 1


def test_a_stranger_cannot_steer_the_terminal(tmp_path: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "good\x1b[2Jevil\r\n")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a\x1b[31m")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "evil.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    found = describe(file, now)
    assert "good" in found.subject
    assert all(text.isprintable() for text in (found.subject, found.issuer, *found.hosts))


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_an_odd_file_is_named(tmp_path: Path, now: datetime, content: bytes) -> None:
    odd = tmp_path / "odd.pem"
    odd.write_bytes(content)
    with pytest.raises(CertificateError, match=r"odd\.pem is not a readable certificate"):
        describe(odd, now)


def test_a_key_alone_is_no_certificate(pki: Folder, now: datetime) -> None:
    with pytest.raises(CertificateError, match=r"root\.key is not a readable certificate"):
        describe(pki.secrets / "root.key", now)


def test_what_cannot_be_read_is_named(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(CertificateError, match="absent does not exist"):
        describe(tmp_path / "absent", now)
    with pytest.raises(CertificateError, match="cannot be read"):
        describe(tmp_path, now)
