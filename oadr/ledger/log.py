"""How a log grows: each entry names the hash of the one before, and becomes a leaf of the Merkle tree.

    head, entry = head.append(EntryType.CANCEL, {"intervention": "i-7"}, now)

Entry and head are written in one transaction; entries that are there already need not be read again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from oadr.ledger import canonical
from oadr.ledger.canonical import Value
from oadr.ledger.entry import GENESIS, Entry, EntryType, LogId
from oadr.ledger.errors import Altered, Incomplete, NotCanonical, UnexplainedHole
from oadr.ledger.keys import ALGORITHM, KeyId, key_id, read_key_id, read_public_key, write_public_key
from oadr.ledger.scalars import read_bytes, read_count
from oadr.ledger.tree import Frontier


@dataclass(frozen=True, slots=True)
class Head:
    """All of a log that is needed to let it grow: some hundred bytes, however long the log is."""

    log_id: LogId
    key_id: KeyId
    chain_head: bytes
    """The last entry's hash."""
    frontier: Frontier

    @classmethod
    def first(cls, entry: Entry) -> Self:
        """The head of a log that consists of this entry."""
        if (entry.type, entry.seq, entry.prev) != (EntryType.BEGIN, 0, GENESIS):
            raise Altered("the first entry is not one that begins a log", 0)
        return cls(entry.log_id, key_id(public_key(entry)), entry.digest, Frontier().append(entry.raw))

    @classmethod
    def of(cls, entries: Iterable[bytes]) -> Self:
        """The head of a log by all of its entries; a LedgerError where they are not a log."""
        head: Self | None = None
        for raw in entries:
            entry = Entry.read(raw)
            head = cls.first(entry) if head is None else head.follow(entry)
        if head is None:
            raise Incomplete("a log has at least the entry that begins it", 0)
        return head

    @property
    def size(self) -> int:
        """How many entries the log has, which is the next entry's sequence number."""
        return self.frontier.size

    @property
    def root(self) -> bytes:
        return self.frontier.root

    def append(self, type: EntryType, body: Mapping[str, Value], now: datetime) -> tuple[Self, Entry]:
        """NotCanonical for a body that has no canonical form."""
        entry = Entry.make(self.log_id, self.size, now, type, body, self.chain_head)
        return self.follow(entry), entry

    def follow(self, entry: Entry) -> Self:
        """The head after that entry; a LedgerError unless it is the next one."""
        size = self._expect(entry.seq)
        if entry.log_id != self.log_id:
            raise Altered(f"entry {size} belongs to another log", size)
        if entry.type is EntryType.BEGIN:
            raise Altered(f"entry {size} begins a log within a log", size)
        if entry.prev != self.chain_head:
            raise Altered(f"entry {size} does not follow entry {size - 1}", size - 1, size)
        return type(self)(self.log_id, self.key_id, entry.digest, self.frontier.append(entry.raw))

    def skip(self, seq: int, digest: bytes, leaf: bytes) -> Self:
        """The head after an entry of which only its hashes are left; a LedgerError unless it is the next one."""
        self._expect(seq)
        return type(self)(self.log_id, self.key_id, digest, self.frontier.append_hash(leaf))

    def _expect(self, seq: int) -> int:
        size = self.frontier.size
        if seq > size:
            raise UnexplainedHole(f"{_entries(size, seq - 1)} missing", size, seq - 1)
        if seq < size:
            raise Altered(f"entry {seq} comes again where entry {size} belongs", seq)
        return size

    @property
    def raw(self) -> bytes:
        """The form for the store."""
        return canonical.encode(
            {
                "chain_head": self.chain_head.hex(),
                "frontier": [node.hex() for node in self.frontier.nodes],
                "key_id": self.key_id,
                "log_id": self.log_id,
                "size": self.size,
            }
        )

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """NotCanonical for what `raw` did not write."""
        match canonical.decode(raw):
            case {
                "chain_head": str(chain_head),
                "frontier": tuple(texts),
                "key_id": str(key),
                "log_id": str(log_id),
                "size": number,
                **others,
            } if not others:
                size, nodes = read_count(number), tuple(read_bytes(str(text)) for text in texts)
                if size.bit_count() == len(nodes) > 0:  # one full subtree for each bit that is set
                    return cls(LogId(log_id), read_key_id(key), read_bytes(chain_head), Frontier(size, nodes))
        raise NotCanonical("this is no head of a log")


def begin(log_id: LogId, key: Ed25519PublicKey, now: datetime) -> tuple[Head, Entry]:
    """A new log, whose checkpoints will be signed by the private half of `key`."""
    body = {"algorithm": ALGORITHM, "public_key": write_public_key(key)}
    entry = Entry.make(log_id, 0, now, EntryType.BEGIN, body, GENESIS)
    return Head.first(entry), entry


def public_key(first: Entry) -> Ed25519PublicKey:
    """The key that a log names as its own in its first entry."""
    match first.body:
        case {"algorithm": str(algorithm), "public_key": str(text)} if algorithm == ALGORITHM:
            try:
                return read_public_key(text)
            except NotCanonical as error:
                raise error.at(0) from error
    raise NotCanonical("the first entry names no Ed25519 key", 0)


def _entries(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
