"""The log's Ed25519 keys. They sign the record and nothing else; TLS has its own."""

from hashlib import sha256
from typing import Final, NewType

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from oadr.ledger.errors import NotCanonical
from oadr.ledger.scalars import read_bytes

KeyId = NewType("KeyId", str)
"""SHA-256 of the raw public key, 64 lower-case hex digits."""

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
ALGORITHM: Final = "Ed25519"


def key_id(key: Ed25519PublicKey) -> KeyId:
    return KeyId(sha256(key.public_bytes_raw()).hexdigest())


def read_key_id(text: str) -> KeyId:
    return KeyId(read_bytes(text).hex())


def write_public_key(key: Ed25519PublicKey) -> str:
    return key.public_bytes_raw().hex()


def read_public_key(text: str) -> Ed25519PublicKey:
    """From the raw key's hex digits, as the record has it."""
    return Ed25519PublicKey.from_public_bytes(read_bytes(text, KEY_BYTES))


def load_public_key(raw: bytes) -> Ed25519PublicKey:
    """From what an auditor may have been given: hex digits, or PEM. NotCanonical for anything else."""
    if b"-----BEGIN" not in raw:
        return read_public_key(raw.decode("ascii", "replace").strip().lower())
    try:
        key = load_pem_public_key(raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotCanonical("this PEM holds no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise NotCanonical("a log's key is an Ed25519 key")
    return key
