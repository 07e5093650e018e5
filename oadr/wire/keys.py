"""What a key signs and verifies: bytes, in the two ways of r514 that are not broken.

RSA by PKCS #1 1.5, and ECDSA, both over SHA-256. XML writes an ECDSA signature as r and s side by side, each as wide
as the curve's numbers, and not as DER.
"""

from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from oadr.wire.errors import Forged

RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
DIGEST: Final = "http://www.w3.org/2001/04/xmlenc#sha256"

SMALLEST: Final = 2048
"""Bits of an RSA key. What is smaller is within somebody's reach."""
CURVES: Final = (SECP256R1, SECP384R1, SECP521R1)

Key = RSAPrivateKey | EllipticCurvePrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey

_HASH: Final = SHA256()
_PADDING: Final = PKCS1v15()
_ECDSA: Final = ECDSA(_HASH)


def method_of(key: Key | PublicKey) -> str:
    """What a signature by this key is called."""
    return RSA_SHA256 if isinstance(key, RSAPrivateKey | RSAPublicKey) else ECDSA_SHA256


def sign(key: Key, data: bytes) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.sign(data, _PADDING, _HASH)
    width = _width(key)
    r, s = decode_dss_signature(key.sign(data, _ECDSA))
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def holds(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether the owner of `key` has signed `data`."""
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, data, _PADDING, _HASH)
        else:
            key.verify(_der(signature, _width(key)), data, _ECDSA)
    except InvalidSignature:
        return False
    return True


def _der(signature: bytes, width: int) -> bytes:
    if len(signature) != 2 * width:
        raise Forged("an ECDSA signature of the wrong width")
    return encode_dss_signature(
        int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big")
    )


def _width(key: EllipticCurvePrivateKey | EllipticCurvePublicKey) -> int:
    return (key.curve.key_size + 7) // 8


@lru_cache(maxsize=10_000)
def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """The key that `certificate` vouches for, if it is one for signatures. Raises `Forged` for any other.

    Kept, since to look for it costs as much as to verify; dates are no matter of this function's.
    """
    key = certificate.public_key()
    if isinstance(key, RSAPublicKey):
        if key.key_size < SMALLEST:
            raise Forged(f"an RSA key of less than {SMALLEST} bits")
    elif not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, CURVES):
        raise Forged("a key that is not taken here")
    if not _is_for_signatures(certificate):
        raise Forged("the certificate is not one for signatures")
    return key


def _is_for_signatures(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True  # not limited
    return usage.digital_signature
