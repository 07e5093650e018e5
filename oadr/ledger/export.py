"""The record as it is handed to an auditor: JSON lines, each in canonical form.

header          what follows, signed
begin           entry 0, with the log's public key
entry ...       byte for byte as it was hashed: the SHA-256 of the line, without its end, is its hash
checkpoint      right after the last entry that it seals, so that a reader needs no memory
hole ...        the hashes of an entry that is gone
entry ...
checkpoint
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self, TypeAlias

from oadr.ledger import canonical
from oadr.ledger.checkpoint import Checkpoint
from oadr.ledger.entry import Entry
from oadr.ledger.errors import Incomplete, LedgerError, NotCanonical
from oadr.ledger.header import Header
from oadr.ledger.scalars import read_bytes, read_count
from oadr.ledger.tree import leaf_hash


@dataclass(frozen=True, slots=True)
class Hole:
    """What is left of an erased entry: its place in the chain and in the tree."""

    seq: int
    digest: bytes
    leaf: bytes

    @classmethod
    def where(cls, entry: Entry) -> Self:
        """To be kept when this entry is erased."""
        return cls(entry.seq, entry.digest, leaf_hash(entry.raw))

    @property
    def raw(self) -> bytes:
        return canonical.encode(
            {"digest": self.digest.hex(), "kind": "hole", "leaf": self.leaf.hex(), "seq": self.seq}
        )

    @classmethod
    def read(cls, raw: bytes) -> Self:
        match canonical.decode(raw):
            case {"digest": str(digest), "kind": "hole", "leaf": str(leaf), "seq": seq, **others} if (
                not others
            ):
                return cls(read_count(seq), read_bytes(digest), read_bytes(leaf))
        raise NotCanonical("this is no hole")


Line: TypeAlias = Header | Entry | Hole | Checkpoint


def write(header: Header, entries: Iterable[bytes], checkpoints: Iterable[Checkpoint]) -> Iterator[bytes]:
    """The lines of an export, ends included.

    `entries` are the `raw` of each entry, or of the hole in its place, in order and from the first on;
    `checkpoints` come in the order of their sizes.
    """
    yield header.raw + b"\n"
    waiting = iter(checkpoints)
    checkpoint = next(waiting, None)
    for size, raw in enumerate(entries, start=1):
        yield raw + b"\n"
        while checkpoint is not None and checkpoint.size <= size:
            yield checkpoint.raw + b"\n"
            checkpoint = next(waiting, None)


def read(lines: Iterable[bytes]) -> Iterator[Line]:
    """What the lines of an export say, each for itself: whether they fit together, `verification` knows.

    A LedgerError names the entry that the line it cannot read is, or precedes.
    """
    seq = 0
    for line in lines:
        try:
            yield (item := read_line(line))
        except LedgerError as error:
            raise error.at(seq) from error
        seq += isinstance(item, Entry | Hole)


def read_line(line: bytes) -> Line:
    if len(line) > canonical.LONGEST + 1:
        raise NotCanonical("a line is too long")
    if not line.endswith(b"\n"):
        raise Incomplete("the last line has no end")
    raw = line[:-1]
    if raw.startswith(b'{"body":'):  # of sorted keys an entry's alone begin so, and entries are many
        return Entry.read(raw)
    match canonical.decode(raw):
        case {"kind": "export"}:
            return Header.read(raw)
        case {"kind": "hole"}:
            return Hole.read(raw)
        case {"kind": "checkpoint"}:
            return Checkpoint.read(raw)
    raise NotCanonical("this is no line of an export")
