"""Reading certificates that others may have made: whatever is wrong with them is one kind of error."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from certs.errors import CertificateError

_FAULTS: Final = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Around every look into a certificate: its parts are parsed when they are asked for, not when it is loaded."""
    try:
        yield
    except _FAULTS as error:
        raise CertificateError(f"{what} is not a readable certificate") from error


def load(path: Path) -> x509.Certificate:
    """The first certificate of a file, PEM or DER. Raises `CertificateError`."""
    content = read(path)
    with reading(str(path)):
        if b"-----BEGIN " in content:
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)


def read(path: Path) -> bytes:
    """Raises `CertificateError`."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise CertificateError(f"{path} does not exist") from error
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}") from error
