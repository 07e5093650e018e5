"""Is this export to be believed? The one question of an auditor, who has a file, perhaps a key and perhaps
checkpoints from before, and who trusts nobody.

The lines are read once and forgotten: what is kept is the head of the log so far, as its writer kept it.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from oadr.ledger.checkpoint import Checkpoint
from oadr.ledger.diagnosis import closer
from oadr.ledger.entry import Entry, EntryType
from oadr.ledger.errors import Altered, Forked, Incomplete, LedgerError, UnexplainedHole, UnknownKey
from oadr.ledger.export import Hole, Line, read
from oadr.ledger.header import Header
from oadr.ledger.keys import key_id
from oadr.ledger.log import Head, public_key


@dataclass(frozen=True, slots=True)
class Verified:
    """What can be said of a record that is to be believed."""

    header: Header
    entries: int
    holes: int
    """Erased entries, each covered by a sealed entry that says so."""
    checkpoints: int
    seal: Checkpoint | None
    """The last checkpoint: to be kept, so that the next export can be held against it."""
    first: datetime
    last: datetime
    """The earliest and the latest time of an entry, by the clock of its writer."""
    counts: Mapping[EntryType, int]

    @property
    def sealed(self) -> int:
        """How many entries, erased ones included, are under a checkpoint."""
        return self.seal.size if self.seal else 0

    @property
    def unsealed(self) -> int:
        """How many came after it: the export's own signature is the only one above these."""
        return self.header.size - self.sealed


def verify(
    lines: Iterable[bytes], *, key: Ed25519PublicKey | None = None, known: Iterable[Checkpoint] = ()
) -> Verified:
    """Raises the LedgerError that says why not.

    `lines` are the export's, ends included. Without `key` the log's own word is taken for whose it is.
    `known` are checkpoints from elsewhere: without them a log that was rewritten by the owner of its key
    cannot be told from the one that it was.
    """
    items = read(lines)
    header, begin = next(items, None), next(items, None)
    if not isinstance(header, Header):
        raise Incomplete("the export has no header", 0)
    if not isinstance(begin, Entry):
        raise Incomplete("the first entry is missing, and the log's key with it", 0)
    if begin.seq:
        raise UnexplainedHole("the first entries are missing, and the log's key with them", 0, begin.seq - 1)
    check = _Check(header, begin, key or public_key(begin), known)
    check.read(items)
    return check.result()


class _Check:
    """A walk along the record."""

    def __init__(
        self, header: Header, begin: Entry, key: Ed25519PublicKey, known: Iterable[Checkpoint]
    ) -> None:
        self.head = Head.first(begin)
        if self.head.key_id != key_id(key):
            raise UnknownKey("the log was begun with another key than the one given", 0)
        header.verify(key)
        if header.log_id != begin.log_id:
            raise Altered("the header is that of another log", 0)
        self.header = header
        self.key = key
        self.known = self._by_size(known)
        self.seal: Checkpoint | None = None
        self.denial: _Denial | None = None
        self.checkpoints = 0
        self.first = self.last = begin.time
        self.counts = Counter({EntryType.BEGIN: 1})
        self.holes = 0
        self.unexplained: list[int] = []
        self.unsealed_erasures: list[tuple[int, int]] = []
        self._compare_known()

    def read(self, items: Iterator[Line]) -> None:
        for item in items:
            try:
                match item:
                    case Entry():
                        self._entry(item)
                    case Hole():
                        self._hole(item)
                    case Checkpoint():
                        self._checkpoint(item)
                    case Header():
                        raise Altered("a second header is among the entries", self.head.size)
            except LedgerError as error:
                raise closer(error, item, items, self.header, self._sealed()) from error

    def result(self) -> Verified:
        self._check_histories()
        self._check_end()
        if self.unexplained:
            seq = self.unexplained[0]
            raise UnexplainedHole(f"entry {seq} is gone, and no sealed entry says that it was erased", seq)
        return Verified(
            header=self.header,
            entries=self.head.size - self.holes,
            holes=self.holes,
            checkpoints=self.checkpoints,
            seal=self.seal,
            first=self.first,
            last=self.last,
            counts=MappingProxyType(dict(self.counts)),
        )

    def _by_size(self, known: Iterable[Checkpoint]) -> Mapping[int, list[Checkpoint]]:
        by_size = defaultdict(list)
        for checkpoint in known:
            checkpoint.verify(self.key)
            if checkpoint.log_id != self.header.log_id:
                raise Altered("the checkpoint kept from before is of another log", 0)
            by_size[checkpoint.size].append(checkpoint)
        return by_size

    def _entry(self, entry: Entry) -> None:
        self.head = self.head.follow(entry)
        self.counts[entry.type] += 1
        self.first, self.last = min(self.first, entry.time), max(self.last, entry.time)
        if entry.type is EntryType.ERASED:
            match entry.body:
                case {"first": int(first), "last": int(last)}:
                    self.unsealed_erasures.append((first, min(last, entry.seq - 1)))
        self._compare_known()

    def _hole(self, hole: Hole) -> None:
        self.head = self.head.skip(hole.seq, hole.digest, hole.leaf)
        self.holes += 1
        self.unexplained.append(hole.seq)
        self._compare_known()

    def _checkpoint(self, checkpoint: Checkpoint) -> None:
        seq = self.head.size - 1
        try:
            checkpoint.verify(self.key)
        except LedgerError as error:
            raise error.at(seq) from error
        if checkpoint.log_id != self.head.log_id:
            raise Altered("a checkpoint is that of another log", seq)
        if checkpoint.size > self.head.size:
            raise UnexplainedHole("a checkpoint seals entries that are missing", seq + 1, checkpoint.size - 1)
        if checkpoint.size < self.head.size:
            raise Altered(f"the checkpoint of {checkpoint.size} entries is not in its place", checkpoint.size)
        self.checkpoints += 1
        self._compare(checkpoint)

    def _compare_known(self) -> None:
        for checkpoint in self.known.get(self.head.size, ()):
            self._compare(checkpoint)

    def _compare(self, checkpoint: Checkpoint) -> None:
        """One that does not fit is remembered: only the end shows whether the log or its copy is to blame."""
        if (checkpoint.root, checkpoint.chain_head) == (self.head.root, self.head.chain_head):
            self.seal = checkpoint
            self._explain_holes()
        elif self.denial is None:
            another = checkpoint.chain_head != self.head.chain_head
            self.denial = _Denial(checkpoint, self._sealed(), another)

    def _sealed(self) -> int:
        return self.seal.size if self.seal else 0

    def _explain_holes(self) -> None:
        for first, last in self.unsealed_erasures:
            holes = self.unexplained
            del holes[bisect_left(holes, first) : bisect_right(holes, last)]
        self.unsealed_erasures.clear()

    def _check_histories(self) -> None:
        denial = self.denial
        if denial is None:
            return
        denied, last = denial.checkpoint, denial.checkpoint.size - 1
        said = f"the checkpoint of {denied.size} entries, signed at {denied.time:%Y-%m-%d %H:%M} UTC,"
        ours = (self.header.size, self.header.chain_head) == (self.head.size, self.head.chain_head)
        if ours and denial.another_chain:  # the key signed the end of this history, and the other one
            raise Forked(
                f"{said} has another history than this export, and one key signed both", denial.since, last
            )
        raise Altered(f"{said} does not fit these entries", denial.since, last)

    def _check_end(self) -> None:
        size, claimed = self.head.size, self.header.size
        if size > claimed:
            raise Altered(f"there are entries after the {claimed} that were exported", claimed, size - 1)
        if size < claimed:
            raise Incomplete(f"{claimed} entries were exported, {size} are here", size, claimed - 1)
        if self.head.chain_head != self.header.chain_head:
            raise Altered(
                "the last entries are not those that were exported", min(self._sealed(), size - 1), size - 1
            )
        if self.checkpoints != self.header.checkpoints:
            kind = Incomplete if self.checkpoints < self.header.checkpoints else Altered
            raise kind(f"{self.header.checkpoints} checkpoints were exported, {self.checkpoints} are here")
        if (kept := max(self.known, default=0)) > size:
            raise Incomplete(
                f"a checkpoint kept from before seals {kept} entries, {size} are here", size, kept - 1
            )


@dataclass(frozen=True, slots=True)
class _Denial:
    """A checkpoint that is signed well and does not fit."""

    checkpoint: Checkpoint
    since: int
    """Up to here an earlier one fitted."""
    another_chain: bool
    """False: the entries fit, so it is a hole that does not."""
