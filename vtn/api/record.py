"""The record: its entries, its newest checkpoint, an export for whoever checks it, and what our own check says."""

import asyncio
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final

from pydantic import JsonValue

from oadr.ledger import export
from oadr.ledger.entry import Entry, EntryType
from oadr.ledger.errors import LedgerError
from oadr.ledger.export import Hole
from oadr.ledger.header import Header
from oadr.ledger.verification import Verified, verify
from vtn.api.forms import Form, Moment, Nothing
from vtn.api.paging import Listed, Page, cursor, whole
from vtn.api.problems import Kind, unknown
from vtn.api.route import LINES, Answer, AnyRoute, Call, Reply, Route, Write
from vtn.model.keys import KeyScope
from vtn.store import record

TAG: Final = "Record"
ALL: Final = "everything"


class Kept(Form):
    """One entry, or what is left of one that is gone."""

    seq: int
    type: EntryType | None
    """Null: it is gone for good, and an entry says so."""
    time: Moment | None
    digest: str
    """The SHA-256 of its canonical bytes, in hex."""
    body: dict[str, JsonValue]


class Checkpoint(Form):
    """A signature under all that the record held. Whoever keeps one notices later changes."""

    size: int
    """Entries that it seals."""
    root: str
    time: Moment
    line: str
    """As `ledger verify --checkpoint` reads it."""


class Verdict(Form):
    believed: bool
    why: str | None
    """Why not."""
    first_bad: int | None
    entries: int | None
    checkpoints: int | None
    sealed: int | None
    """Entries under a checkpoint."""
    unsealed: int | None


class Asked(Listed):
    type: EntryType | None = None


async def entries(call: Call, asked: Asked, _: Nothing) -> Reply:
    """From the first one on: what was seen never changes."""
    found: list[Kept] = []
    after = None
    async with call.store.reading() as tx:
        async for raw in record.entries(tx, whole(asked.after) + 1):
            if len(found) == asked.limit:
                after = cursor((str(found[-1].seq),))
                break
            shown = _kept(raw)
            if asked.type in (None, shown.type):
                found.append(shown)
    return Reply(form=Page[Kept](items=tuple(found), next=after))


async def checkpoint(call: Call, _: Nothing, __: Nothing) -> Reply:
    async with call.store.reading() as tx:
        sealed = await record.sealed(tx)
    if not sealed:
        raise unknown("checkpoint yet; the server makes one every quarter of an hour")
    newest = sealed[-1]
    return Reply(
        form=Checkpoint(size=newest.size, root=newest.root.hex(), time=newest.time, line=newest.raw.decode())
    )


async def exported(call: Call, _: Nothing, __: Nothing) -> Reply:
    lines = await _lines(call)

    async def stream(write: Write) -> None:
        for line in lines:
            await write(line)

    return Reply(stream=stream)


async def verified(call: Call, _: Nothing, __: Nothing) -> Reply:
    lines, key = await _lines(call), call.office.key.public_key()
    try:
        found = await asyncio.to_thread(verify, lines, key=key)
    except LedgerError as error:
        return Reply(form=_disbelieved(error))
    return Reply(form=_believed(found))


async def _lines(call: Call) -> Iterable[bytes]:
    async with call.store.reading() as tx:
        sealed = await record.sealed(tx)
        header = Header.sign(
            await record.head(tx),
            call.office.key,
            call.now,
            checkpoints=len(sealed),
            software=f"feederguard {version('feederguard')}",
            query=ALL,
        )
        kept = [raw async for raw in record.entries(tx)]
    return list(export.write(header, kept, sealed))


def _kept(raw: bytes) -> Kept:
    line = export.read_line(raw + b"\n")
    if isinstance(line, Entry):
        return Kept(
            seq=line.seq, type=line.type, time=line.time, digest=line.digest.hex(), body=_plain(line.body)
        )
    assert isinstance(line, Hole), "the record holds entries, and what is left of them"
    return Kept(seq=line.seq, type=None, time=None, digest=line.digest.hex(), body={})


def _plain(value: Any) -> Any:
    """Lists where the record has tuples, which JSON knows nothing of."""
    match value:
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value


def _believed(found: Verified) -> Verdict:
    return Verdict(
        believed=True,
        why=None,
        first_bad=None,
        entries=found.entries,
        checkpoints=found.checkpoints,
        sealed=found.sealed,
        unsealed=found.unsealed,
    )


def _disbelieved(error: LedgerError) -> Verdict:
    return Verdict(
        believed=False,
        why=f"{error.cause}: {error.why}",
        first_bad=error.seq,
        entries=None,
        checkpoints=None,
        sealed=None,
        unsealed=None,
    )


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/record/entries",
        name="listEntries",
        summary="Every order, answer, change and effect, in the order in which they were recorded",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=Asked,
        body=Nothing,
        handle=entries,
        answers=(Answer(status=200, says="A page of entries.", form=Page[Kept]),),
    ),
    Route(
        method="GET",
        path="/record/checkpoint",
        name="getCheckpoint",
        summary="The newest checkpoint, to be kept",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=Nothing,
        body=Nothing,
        handle=checkpoint,
        answers=(Answer(status=200, says="The checkpoint.", form=Checkpoint),),
        refusals=(Kind.UNKNOWN,),
    ),
    Route(
        method="GET",
        path="/record/export",
        name="exportRecord",
        summary="The whole record as JSON lines, for `ledger verify`",
        tag=TAG,
        scopes=(KeyScope.READ, KeyScope.AUDIT),
        asked=Nothing,
        body=Nothing,
        handle=exported,
        answers=(Answer(status=200, says="The record.", media=LINES),),
    ),
    Route(
        method="GET",
        path="/record/verification",
        name="verifyRecord",
        summary="Whether the record is to be believed, by the server's own word; `ledger verify` says it without",
        tag=TAG,
        scopes=(KeyScope.READ, KeyScope.AUDIT),
        asked=Nothing,
        body=Nothing,
        handle=verified,
        answers=(Answer(status=200, says="The verdict.", form=Verdict),),
    ),
)
