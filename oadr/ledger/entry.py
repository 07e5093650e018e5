"""One line of the record. Its hash is the hash of its canonical bytes, so these are what is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NewType, Self

from oadr.ledger import canonical
from oadr.ledger.canonical import Value
from oadr.ledger.errors import NotCanonical
from oadr.ledger.scalars import HASH_BYTES, read_bytes, read_count, read_time, write_time

LogId = NewType("LogId", str)
"""Names one log for good; whoever begins a log draws it at random."""

GENESIS: Final = bytes(HASH_BYTES)
"""What the first entry follows."""


_NAMES: Final = ("body", "log_id", "prev", "seq", "time", "type")
"""In canonical order, as every entry has them."""


class EntryType(StrEnum):
    BEGIN = "begin"
    """The first entry, and only that: the log's public key."""
    INTERVENTION = "intervention"
    """A limit was decided: why, where, how deep, until when, by whom."""
    MODIFY = "modify"
    """What holds of it from now on, why, by whom."""
    CANCEL = "cancel"
    OUTCOME = "outcome"
    """What an intervention did."""
    EVENT_IN = "event_in"
    EVENT_OUT = "event_out"
    COMMAND = "command"
    SAMPLE_DIGEST = "sample_digest"
    TRANSITION = "transition"
    OPT = "opt"
    NOTIFY = "notify"
    OVERRIDE = "override"
    CONFIG_CHANGE = "config_change"
    ACCESS = "access"
    """Somebody looked at personal data."""
    CHECKPOINT = "checkpoint"
    """A checkpoint of another log, kept as its witness."""
    EXPORT = "export"
    ERASED = "erased"
    """`first` and `last` in the body, where given, are the sequence numbers of entries that are gone for good."""
    GAP = "gap"
    """Something could not be recorded: what, how much, when."""
    CHAIN_BREAK = "chain_break"
    """The end of the log was lost in a crash: the last checkpoint known."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Made by `make` or `read`, which agree on `raw`, the canonical bytes.

    `body` holds neither personal nor fine-grained data but the SHA-256 of their ciphertext, which is kept beside
    the log: an entry is never edited, a ciphertext can be deleted.
    """

    log_id: LogId
    seq: int
    time: datetime
    type: EntryType
    body: Mapping[str, Value]
    prev: bytes
    raw: bytes = field(repr=False)

    @classmethod
    def make(
        cls, log_id: LogId, seq: int, time: datetime, type: EntryType, body: Mapping[str, Value], prev: bytes
    ) -> Self:
        """NotCanonical for a body that has no canonical form, ValueError for a time without its zone."""
        raw = canonical.encode(
            {
                "body": body,
                "log_id": log_id,
                "prev": prev.hex(),
                "seq": seq,
                "time": write_time(time),
                "type": type,
            }
        )
        return cls.read(raw)  # nothing is written that would not be read

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """NotCanonical for all bytes that `make` would not have given."""
        fields = canonical.decode(raw)
        if isinstance(fields, Mapping) and tuple(fields) == _NAMES:
            match tuple(fields.values()):
                case (Mapping() as body, str(log_id), str(prev), seq, str(time), str(type_)) if log_id:
                    place = LogId(log_id), read_count(seq)
                    return cls(*place, read_time(time), _type(type_), body, read_bytes(prev), raw)
        raise NotCanonical("this is no entry")

    @property
    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes: what the next entry names as its `prev`."""
        return sha256(self.raw).digest()


def _type(text: str) -> EntryType:
    try:
        return EntryType(text)
    except ValueError as error:
        raise NotCanonical(f"{text[:40]!r} is no type of entry") from error
