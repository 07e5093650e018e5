"""Our own key and certificate, from the file that TLS uses."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from certs import CertificateError, identity
from certs.certificate import load
from certs.folder import Folder
from tests.pki import VEN_ECC, VEN_RSA


@pytest.mark.parametrize(("name", "kind"), [(VEN_ECC, EllipticCurvePrivateKey), (VEN_RSA, RSAPrivateKey)])
def test_key_and_certificate_of_either_kind_are_found_in_one_file(pki: Folder, name: str, kind: type) -> None:
    own = identity(pki.secret(name))
    assert isinstance(own.key, kind)
    assert own.certificate == load(pki.public(name))


PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def test_the_order_of_what_stands_in_the_file_does_not_matter_as_it_does_not_to_tls(
    pki: Folder, tmp_path: Path
) -> None:
    content = pki.secret(VEN_ECC).read_bytes()
    key, begin, rest = content.partition(b"-----BEGIN CERTIFICATE")
    for text in (begin + rest + key, PARAMETERS + content):
        (tmp_path / "own.pem").write_bytes(text)
        assert identity(tmp_path / "own.pem").certificate == load(pki.public(VEN_ECC))


def test_a_key_beside_a_certificate_of_another_one_is_refused(pki: Folder, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.pem"
    key = pki.secret(VEN_ECC).read_bytes().partition(b"-----BEGIN CERTIFICATE")[0]
    mixed.write_bytes(key + pki.public(VEN_RSA).read_bytes())
    with pytest.raises(CertificateError, match="certificate of another one"):
        identity(mixed)


def test_a_certificate_alone_is_no_identity(pki: Folder) -> None:
    with pytest.raises(CertificateError, match="is not a private key"):
        identity(pki.public(VEN_ECC))
