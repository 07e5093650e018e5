"""The first line of an export: what was asked for and what follows, signed, so that nobody shortens it unseen."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from oadr.ledger import canonical, signing
from oadr.ledger.entry import LogId
from oadr.ledger.errors import NotCanonical
from oadr.ledger.keys import SIGNATURE_BYTES, KeyId, read_key_id
from oadr.ledger.log import Head
from oadr.ledger.scalars import read_bytes, read_count, read_time, write_time

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Header:
    log_id: LogId
    size: int
    """How many entries the log had, erased ones included."""
    chain_head: bytes
    checkpoints: int
    """How many of them are in the export."""
    time: datetime
    """When it was exported."""
    software: str
    """Which program and version wrote it."""
    query: str
    """What was asked for, in the words of who asked."""
    key_id: KeyId
    signature: bytes

    @classmethod
    def sign(
        cls, head: Head, key: Ed25519PrivateKey, now: datetime, *, checkpoints: int, software: str, query: str
    ) -> Self:
        """UnknownKey when the log was begun with another key."""
        time = read_time(write_time(now))
        unsigned = cls(
            head.log_id, head.size, head.chain_head, checkpoints, time, software, query, head.key_id, b""
        )
        return replace(unsigned, signature=signing.sign(unsigned._signed(), key))

    def verify(self, key: Ed25519PublicKey) -> None:
        """UnknownKey when another key is named, Altered when its signature is not of this."""
        signing.verify("the header", self._signed(), self.signature, key)

    @property
    def raw(self) -> bytes:
        return signing.write(self._signed(), self.signature)

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """A signature of the right length, not yet verified; NotCanonical for any other bytes."""
        match canonical.decode(raw):
            case {"kind": "export", "format": int(version)} if version != FORMAT:
                raise NotCanonical(f"format {version} of an export is not known here")
            case {
                "chain_head": str(chain_head),
                "checkpoints": checkpoints,
                "format": 1,
                "key_id": str(key),
                "kind": "export",
                "log_id": str(log_id),
                "query": str(query),
                "signature": str(signature),
                "size": size,
                "software": str(software),
                "time": str(time),
                **others,
            } if not others:
                return cls(
                    LogId(log_id),
                    read_count(size),
                    read_bytes(chain_head),
                    read_count(checkpoints),
                    read_time(time),
                    software,
                    query,
                    read_key_id(key),
                    read_bytes(signature, SIGNATURE_BYTES),
                )
        raise NotCanonical("this is no header of an export")

    def _signed(self) -> signing.Fields:
        return {
            "chain_head": self.chain_head.hex(),
            "checkpoints": self.checkpoints,
            "format": FORMAT,
            "key_id": self.key_id,
            "kind": "export",
            "log_id": self.log_id,
            "query": self.query,
            "size": self.size,
            "software": self.software,
            "time": write_time(self.time),
        }
