"""A signature under all that the log holds so far. Whoever keeps one notices if anything before it changes."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from oadr.ledger import canonical, signing
from oadr.ledger.entry import LogId
from oadr.ledger.errors import NotCanonical
from oadr.ledger.keys import SIGNATURE_BYTES, KeyId, read_key_id
from oadr.ledger.log import Head
from oadr.ledger.scalars import read_bytes, read_count, read_time, write_time


@dataclass(frozen=True, slots=True)
class Checkpoint:
    log_id: LogId
    size: int
    """How many entries it seals, from the first on."""
    root: bytes
    chain_head: bytes
    time: datetime
    key_id: KeyId
    signature: bytes

    @classmethod
    def sign(cls, head: Head, key: Ed25519PrivateKey, now: datetime) -> Self:
        """UnknownKey when the log was begun with another key."""
        unsigned = cls(
            head.log_id, head.size, head.root, head.chain_head, read_time(write_time(now)), head.key_id, b""
        )
        return replace(unsigned, signature=signing.sign(unsigned._signed(), key))

    def verify(self, key: Ed25519PublicKey) -> None:
        """UnknownKey when another key is named, Altered when its signature is not of this."""
        signing.verify(f"the checkpoint of {self.size} entries", self._signed(), self.signature, key)

    @property
    def raw(self) -> bytes:
        return signing.write(self._signed(), self.signature)

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """A signature of the right length, not yet verified; NotCanonical for any other bytes."""
        match canonical.decode(raw):
            case {
                "chain_head": str(chain_head),
                "key_id": str(key),
                "kind": "checkpoint",
                "log_id": str(log_id),
                "root": str(root),
                "signature": str(signature),
                "size": size,
                "time": str(time),
                **others,
            } if not others and size != 0:  # an empty log has nobody's key
                return cls(
                    LogId(log_id),
                    read_count(size),
                    read_bytes(root),
                    read_bytes(chain_head),
                    read_time(time),
                    read_key_id(key),
                    read_bytes(signature, SIGNATURE_BYTES),
                )
        raise NotCanonical("this is no checkpoint")

    def _signed(self) -> signing.Fields:
        return {
            "chain_head": self.chain_head.hex(),
            "key_id": self.key_id,
            "kind": "checkpoint",
            "log_id": self.log_id,
            "root": self.root.hex(),
            "size": self.size,
            "time": write_time(self.time),
        }
