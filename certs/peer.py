"""The certificate that a peer showed in its TLS handshake."""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs import fingerprint
from certs.certificate import reading
from certs.errors import CertificateError
from certs.fingerprint import Fingerprint, Sha256


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """Identity and dates of a certificate whose chain TLS has already verified."""

    sha256: Sha256
    fingerprint: Fingerprint
    key_sha256: Sha256
    """Of the public key, which stays the same when only the certificate is renewed."""
    not_before: datetime
    not_after: datetime
    certificate: x509.Certificate = field(repr=False)
    """Whole, for what its owner signs outside of TLS."""

    def check_dates(self, now: datetime) -> None:
        """Raises `CertificateError` outside its validity: no traffic with an expired certificate (r516)."""
        if not self.not_before <= now <= self.not_after:
            raise CertificateError(f"certificate {self.fingerprint} is not valid at this time")


def peer(der: bytes) -> PeerCertificate:
    """Read a certificate in DER form. Raises `CertificateError`."""
    with reading("what the peer showed"):
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return PeerCertificate(
            fingerprint.sha256(der),
            fingerprint.openadr(der),
            fingerprint.sha256(key),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            certificate,
        )
