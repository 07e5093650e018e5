"""What a certificate file says, for people and for `--json`."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from certs import fingerprint
from certs.errors import CertificateError


@dataclass(frozen=True, slots=True)
class Description:
    file: str
    subject: str
    issuer: str
    key: str
    not_before: str
    not_after: str
    days_left: int
    hosts: tuple[str, ...]
    fingerprint: str
    sha256: str

    @property
    def warning(self) -> str | None:
        """Expired certificates carry no traffic (r516); a month ahead is the time to renew."""
        if self.days_left < 0:
            return "EXPIRED"
        return f"expires in {self.days_left} days" if self.days_left < 30 else None


def describe(path: Path, now: datetime) -> Description:
    """The first certificate in a PEM file. Raises `CertificateError`."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CertificateError(f"{path} is not a readable certificate") from error
    der = certificate.public_bytes(Encoding.DER)
    return Description(
        str(path),
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        _key(certificate),
        certificate.not_valid_before_utc.isoformat(),
        certificate.not_valid_after_utc.isoformat(),
        (certificate.not_valid_after_utc - now).days,
        _hosts(certificate),
        fingerprint.openadr(der),
        fingerprint.sha256(der),
    )


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
    return tuple(str(name.value) for name in names)
