"""Certificates that an authority has taken back, as it lists them in a CRL (RFC 5280).

The lists are looked at by the program and not by TLS: with TLS a list that has run out locks everybody out. Here what
is listed stays revoked, and that the list is old is told.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certs.certificate import read, reading
from certs.errors import CertificateError
from certs.peer import PeerCertificate

_PEM: Final = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_AUTHORITY: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Revoked:
    """All that the lists of one file name."""

    names: frozenset[tuple[bytes, int]] = frozenset()
    """Issuer, as DER, and serial number."""
    next_update: datetime | None = None
    """When the first of the lists runs out; None: never, or there is none."""

    def __contains__(self, peer: PeerCertificate) -> bool:
        found = peer.certificate
        return (found.issuer.public_bytes(), found.serial_number) in self.names


def revoked(path: Path, trust: Path) -> Revoked:
    """The lists in a PEM file, each signed by one of the authorities in `trust`. Raises `CertificateError`."""
    with reading(str(path)):
        lists = [x509.load_pem_x509_crl(pem) for pem in _PEM.findall(read(path))]
    with reading(str(trust)):
        authorities = [x509.load_pem_x509_certificate(pem) for pem in _AUTHORITY.findall(read(trust))]
    if not lists:
        raise CertificateError(f"{path} holds no list of revoked certificates, in PEM form")
    if not all(any(_is_by(one, authority) for authority in authorities) for one in lists):
        raise CertificateError(f"{path} is not signed by an authority in {trust}")
    return Revoked(
        frozenset((one.issuer.public_bytes(), each.serial_number) for one in lists for each in one),
        min((one.next_update_utc for one in lists if one.next_update_utc), default=None),
    )


def _is_by(one: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    if one.issuer != authority.subject or not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    return one.is_signature_valid(key)
