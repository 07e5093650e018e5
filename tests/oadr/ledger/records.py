"""Records to check: made as a server makes them, and spoilt as somebody might spoil them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from oadr.ledger import export, log
from oadr.ledger.canonical import Value
from oadr.ledger.checkpoint import Checkpoint
from oadr.ledger.entry import Entry, EntryType, LogId
from oadr.ledger.header import Header
from oadr.ledger.log import Head

NOON = datetime(2026, 3, 29, 12, 0, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
LOG = LogId("7f3c9a10")
TYPES = (EntryType.INTERVENTION, EntryType.EVENT_OUT, EntryType.OPT, EntryType.OUTCOME, EntryType.CANCEL)


@dataclass(frozen=True, slots=True)
class Record:
    heads: tuple[Head, ...]
    entries: tuple[bytes, ...]
    checkpoints: tuple[Checkpoint, ...]
    key: Ed25519PrivateKey

    @property
    def lines(self) -> tuple[bytes, ...]:
        header = Header.sign(
            self.heads[-1],
            self.key,
            NOON + timedelta(days=1),
            checkpoints=len(self.checkpoints),
            software="test 1",
            query="all",
        )
        return tuple(export.write(header, self.entries, self.checkpoints))

    def line_of(self, seq: int) -> int:
        """Where in `lines` that entry is."""
        return self.lines.index(self.entries[seq] + b"\n")


def record(
    size: int = 12,
    seals: tuple[int, ...] = (4, 9),
    *,
    key: Ed25519PrivateKey = KEY,
    log_id: LogId = LOG,
    fork: int | None = None,
    bodies: Mapping[int, tuple[EntryType, Mapping[str, Value]]] | None = None,
) -> Record:
    """A log with checkpoints at those sizes; two with different `fork` agree before that entry."""
    head, entry = log.begin(log_id, key.public_key(), NOON)
    heads, entries = [head], [entry.raw]
    for seq in range(1, size):
        mark = "other" if fork is not None and seq >= fork else "usual"
        usual: Mapping[str, Value] = {"event": f"e-{seq}", "percent": 40, "of": mark}
        type_, body = (bodies or {}).get(seq, (TYPES[seq % 5], usual))
        head, entry = head.append(type_, body, NOON + timedelta(seconds=seq))
        heads.append(head)
        entries.append(entry.raw)
    checkpoints = tuple(Checkpoint.sign(heads[n - 1], key, NOON + timedelta(seconds=n)) for n in seals)
    return Record(tuple(heads), tuple(entries), checkpoints, key)


def rewritten(entries: tuple[bytes, ...], seq: int) -> tuple[bytes, ...]:
    """What somebody makes who changes an entry and mends the chain after it, but has no key."""
    kept = [Entry.read(raw) for raw in entries]
    head = Head.of(entries[:seq])
    changed = list(entries[:seq])
    for entry in kept[seq:]:
        body = {**entry.body, "percent": 90} if entry.seq == seq else entry.body
        head, new = head.append(entry.type, body, entry.time)
        changed.append(new.raw)
    return tuple(changed)
