"""A small PKI: one root, one CA for VTNs and one for VENs, and the certificates under them.

    root --+-- VTN CA -- a VTN, RSA-2048 and P-256      (VENs trust the VTN CA)
           +-- VEN CA -- each VEN, P-256 or RSA-2048    (VTNs trust the VEN CA)

The two sides have CAs of their own, so a VEN's certificate can never pass for a VTN's. All CAs are RSA:
a peer with only the suite AES128-SHA256 and a peer with only ECDHE-ECDSA can both follow the chain (r68).
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.errors import WrongName

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

CA_YEARS: Final = 20
LEAF_YEARS: Final = 2
EARLIER: Final = timedelta(minutes=5)
"""A certificate is valid from a little before it was made: the other end's clock may be slow."""

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)*(?!\d+\Z){_LABEL}")
_HOST_LENGTH: Final = 253


class KeyType(StrEnum):
    RSA = "rsa"
    ECC = "ecc"


@dataclass(frozen=True, slots=True)
class Issued:
    """A key, its certificate and the certificates above it, except the root."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def chain_pem(self) -> bytes:
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.chain))


def new_key(kind: KeyType) -> PrivateKey:
    if kind is KeyType.ECC:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def root(name: str, now: datetime) -> Issued:
    """A self-signed root that may sign CAs."""
    key = new_key(KeyType.RSA)
    builder = _builder(_subject(name), key, _subject(name), now, _after(now, CA_YEARS))
    return Issued(key, _sign(_as_authority(builder, 1), key, key))


def authority(parent: Issued, name: str, now: datetime) -> Issued:
    """A CA under `parent` that signs certificates and no further CA."""
    key = new_key(KeyType.RSA)
    until = min(_after(now, CA_YEARS), parent.certificate.not_valid_after_utc)
    builder = _builder(_subject(name), key, parent.certificate.subject, now, until)
    return Issued(key, _sign(_as_authority(builder, 0), key, parent.key))


def leaf(
    parent: Issued,
    name: str,
    kind: KeyType,
    now: datetime,
    *,
    hosts: tuple[str, ...] = (),
    years: int = LEAF_YEARS,
) -> Issued:
    """A certificate for one party, never valid for longer than its issuer's.

    With `hosts` (DNS names or addresses) it may be a server as well (VTN). Raises `WrongName`.
    """
    names = [_host(host) for host in hosts]
    until = min(_after(now, years), parent.certificate.not_valid_after_utc)
    key = new_key(kind)
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
    builder = (
        _builder(_subject(name), key, parent.certificate.subject, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(encipherment=kind is KeyType.RSA), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(key, _sign(builder, key, parent.key), (parent.certificate, *parent.chain))


def revocation_list(
    issuer: Issued, revoked: Iterable[x509.Certificate], now: datetime, lasts: timedelta
) -> bytes:
    """All certificates that `issuer` has taken back, as a CRL in PEM form that is to be renewed in time."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - EARLIER)
        .next_update(now + lasts)
    )
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(now).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, key: PrivateKey, issuer: x509.Name, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(until)
    )


def _after(now: datetime, years: int) -> datetime:
    return now + timedelta(days=365 * years)


def _as_authority(builder: x509.CertificateBuilder, depth: int) -> x509.CertificateBuilder:
    return builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=depth), critical=True
    ).add_extension(_key_usage(authority=True), critical=True)


def _key_usage(*, encipherment: bool = False, authority: bool = False) -> x509.KeyUsage:
    """AES128-SHA256 moves its secret under the RSA key, which needs keyEncipherment."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(builder: x509.CertificateBuilder, key: PrivateKey, signer: PrivateKey) -> x509.Certificate:
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        builder.add_extension(own, critical=False)
        .add_extension(above, critical=False)
        .sign(signer, hashes.SHA256())
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if len(host) <= _HOST_LENGTH and _HOST.fullmatch(host):
            return x509.DNSName(host)
        raise WrongName(f"{host!r} is neither a host name nor an address") from None
