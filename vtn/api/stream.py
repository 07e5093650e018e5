"""A stream of changes (server-sent events): that there is something new, and where to look for it.

    id: 12-345-8f3a01bc
    event: change
    data: {"changed": ["orders", "record"]}

Whoever comes back says the last id that was seen, and hears at once what has changed since: nothing is missed, and
nothing is kept for anybody. A comment every quarter minute shows that the line is open; whoever has lost the key or
the role by then hears no more.
"""

import asyncio
import json
from math import inf
from typing import Annotated, Final

from pydantic import Field

from vtn.api import changes, keyring
from vtn.api.changes import Changes
from vtn.api.forms import Form, Nothing
from vtn.api.problems import Kind, Refused
from vtn.api.route import EVENTS, Answer, AnyRoute, Call, Reply, Route, Write
from vtn.model.keys import KeyScope

HEARTBEAT: Final = 15.0
RETRY: Final = 30
LONGEST: Final = 86400
STILL_HERE: Final = b": still here\n\n"


class Asked(Form):
    for_s: Annotated[int, Field(ge=0, le=LONGEST)] | None = None
    """It ends after so many seconds; 0: how it stands, and no more."""


async def stream(call: Call, asked: Asked, _: Nothing) -> Reply:
    known = call.office.changes
    if known.is_full:
        raise Refused(Kind.TOO_MANY, f"{changes.MOST} listen already", (), RETRY)
    await known.look(call.store)  # a store that is away is told as that

    async def tell(write: Write) -> None:
        await _tell(call, known, asked.for_s, write)

    return Reply(stream=tell)


async def _tell(call: Call, known: Changes, for_s: int | None, write: Write) -> None:
    clock, seen = asyncio.get_running_loop().time, call.last_event_id
    end = inf if for_s is None else clock() + for_s
    with known.listening() as news:
        while True:
            news.clear()  # before looking: what comes after the look wakes us again
            found = await known.look(call.store)
            if what := changes.changed(found, seen):
                seen = changes.written(found)
                await write(_event(seen, what))
            if (left := end - clock()) <= 0:
                return
            try:
                async with asyncio.timeout(min(left, HEARTBEAT)):
                    await news.wait()
            except TimeoutError:
                await write(STILL_HERE)
            async with call.store.reading() as tx:
                if not await keyring.still_opens(tx, call.caller, KeyScope.READ, call.office.clock()):
                    return


def _event(name: str, what: tuple[str, ...]) -> bytes:
    return f"id: {name}\nevent: change\ndata: {json.dumps({'changed': what})}\n\n".encode()


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/changes",
        name="streamChanges",
        summary="A stream of changes: that there is something new, and where to look for it",
        tag="Changes",
        scopes=(KeyScope.READ,),
        asked=Asked,
        body=Nothing,
        handle=stream,
        resumes=True,
        answers=(Answer(status=200, says="Server-sent events, until you hang up.", media=EVENTS),),
    ),
)
