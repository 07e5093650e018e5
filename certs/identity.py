"""Our own key and certificate, for what is signed outside of TLS."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certs.authority import PrivateKey
from certs.certificate import load, read
from certs.errors import CertificateError


@dataclass(frozen=True, slots=True)
class Identity:
    key: PrivateKey
    certificate: x509.Certificate


def identity(chain: Path) -> Identity:
    """The key and the first certificate of a PEM file as TLS takes it. Raises `CertificateError`.

    Loading an RSA key takes 40 ms: once at the start, and nowhere else.
    """
    key, certificate = load_key(chain), load(chain)
    if key.public_key() != certificate.public_key():
        raise CertificateError(f"{chain} holds a key and the certificate of another one")
    return Identity(key, certificate)


def load_key(path: Path) -> PrivateKey:
    """The private key of a PEM file, RSA or ECC. Raises `CertificateError`."""
    content = read(path)
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"{path} is not a private key without a password, in PEM form") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateError(f"{path} is of a kind that signs nothing here")
    return key
