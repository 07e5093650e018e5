"""What the log's key signs: the canonical bytes of a few named values, whose `kind` keeps one sort of signed
value from passing for another.
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from oadr.ledger import canonical
from oadr.ledger.canonical import Value
from oadr.ledger.errors import Altered, UnknownKey
from oadr.ledger.keys import key_id

Fields = Mapping[str, Value]


def sign(fields: Fields, key: Ed25519PrivateKey) -> bytes:
    """UnknownKey unless `key_id` in the fields is this key's: a signature that nobody could check is none."""
    if key_id(key.public_key()) != fields["key_id"]:
        raise UnknownKey("this is not the key that the log was begun with")
    return key.sign(canonical.encode(fields))


def verify(what: str, fields: Fields, signature: bytes, key: Ed25519PublicKey) -> None:
    """UnknownKey when another key is named, Altered when the signature is not of these fields."""
    if key_id(key) != fields["key_id"]:
        raise UnknownKey(f"{what} was signed by the unknown key {str(fields['key_id'])[:16]}...")
    try:
        key.verify(signature, canonical.encode(fields))
    except InvalidSignature as error:
        raise Altered(f"{what} is not what was signed") from error


def write(fields: Fields, signature: bytes) -> bytes:
    return canonical.encode({**fields, "signature": signature.hex()})
