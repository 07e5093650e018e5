"""What a certificate file says, for people and for `--json`."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import fingerprint
from certs.certificate import load, reading
from certs.fingerprint import Fingerprint, Sha256

WARN_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Description:
    file: str
    role: str
    """`CA`, `server` (and client as well) or `client`."""
    subject: str
    issuer: str
    key: str
    not_before: str
    not_after: str
    days_left: int
    """Whole days; negative once it has expired."""
    hosts: tuple[str, ...]
    fingerprint: Fingerprint
    sha256: Sha256
    warning: str | None


def describe(path: Path, now: datetime) -> Description:
    """The first certificate in a file. Raises `CertificateError`."""
    certificate = load(path)
    der = certificate.public_bytes(Encoding.DER)
    with reading(str(path)):
        return Description(
            str(path),
            _role(certificate),
            _printable(certificate.subject.rfc4514_string()),
            _printable(certificate.issuer.rfc4514_string()),
            _key(certificate),
            certificate.not_valid_before_utc.isoformat(),
            certificate.not_valid_after_utc.isoformat(),
            (certificate.not_valid_after_utc - now).days,
            _hosts(certificate),
            fingerprint.openadr(der),
            fingerprint.sha256(der),
            _warning(certificate.not_valid_before_utc, certificate.not_valid_after_utc, now),
        )


def _warning(not_before: datetime, not_after: datetime, now: datetime) -> str | None:
    """Expired certificates carry no traffic (r516); a month ahead is the time to renew."""
    if now > not_after:
        return "EXPIRED"
    if now < not_before:
        return "not valid yet"
    days = (not_after - now).days
    return f"expires in {days} day{'' if days == 1 else 's'}" if days < WARN_DAYS else None


def _role(certificate: x509.Certificate) -> str:
    extensions = [extension.value for extension in certificate.extensions]
    if any(isinstance(one, x509.BasicConstraints) and one.ca for one in extensions):
        return "CA"
    serves = any(
        isinstance(one, x509.ExtendedKeyUsage) and ExtendedKeyUsageOID.SERVER_AUTH in one
        for one in extensions
    )
    return "server" if serves else "client"


def _key(certificate: x509.Certificate) -> str:
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            return f"RSA-{key.key_size}"
        case ec.EllipticCurvePublicKey() as key:
            return f"ECC {key.curve.name}"
        case _:
            return "other"


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(_printable(str(name.value)) for name in names)


def _printable(text: str) -> str:
    """A stranger's certificate must not steer the terminal that shows it."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
