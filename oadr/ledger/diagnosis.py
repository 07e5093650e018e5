"""Where a record went wrong, told by what comes after."""

from collections.abc import Iterator

from oadr.ledger.checkpoint import Checkpoint
from oadr.ledger.entry import Entry
from oadr.ledger.errors import Altered, Incomplete, LedgerError, UnexplainedHole
from oadr.ledger.export import Hole, Line
from oadr.ledger.header import Header


def closer(error: LedgerError, item: Line, rest: Iterator[Line], header: Header, sealed: int) -> LedgerError:
    """The same finding, told more closely: found at `item`, before `rest`, in a record sealed up to `sealed`."""
    match error:
        case UnexplainedHole(seq=seq):
            later = tuple(each.seq == seq for each in _readable(rest) if isinstance(each, Entry | Hole))
            if any(later):
                return Altered(f"entry {seq} is not in its place", seq)
            if isinstance(item, Checkpoint) and not later:
                return Incomplete(error.why, seq, error.until)
        case Altered(seq=int(before), until=int(after)) if before < after and isinstance(item, Entry):
            # A broken link has two ends; a seal, or what follows, still vouches for the one that was not changed.
            named = None if sealed == after else _named(next(_readable(rest), header), after)
            if named is not None or sealed == after:
                seq = before if named == item.digest else after
                return Altered(f"entry {seq} is not the one that its neighbours are linked to", seq)
    return error


def _named(witness: Line, seq: int) -> bytes | None:
    """The hash of entry `seq` in the words of what comes after it."""
    match witness:
        case Entry(prev=named):
            return named
        case Checkpoint(size=size, chain_head=named) | Header(size=size, chain_head=named) if size == seq + 1:
            return named
    return None


def _readable(items: Iterator[Line]) -> Iterator[Line]:
    try:
        yield from items
    except LedgerError:
        return
