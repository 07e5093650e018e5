"""Names of a certificate that are computed from it."""

import hashlib
from typing import NewType

Fingerprint = NewType("Fingerprint", str)
"""OpenADR's: the last ten bytes of SHA-256, `AA:BB:..`, 29 characters. Only 80 bits: for people, not for identity."""
Sha256 = NewType("Sha256", str)
"""The whole SHA-256 of the DER form, 64 lower-case hex digits. This is the identity."""


def openadr(der: bytes) -> Fingerprint:
    return Fingerprint(":".join(f"{byte:02X}" for byte in hashlib.sha256(der).digest()[-10:]))


def sha256(der: bytes) -> Sha256:
    return Sha256(hashlib.sha256(der).hexdigest())
