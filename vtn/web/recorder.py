"""Keeps what goes over the wire with the sites of which somebody wants it. No answer ever waits for that."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from oadr.wire.ids import VenId
from oadr.wire.messages import Message
from oadr.wire.recording import Direction, Recorded, verdict
from vtn import clock
from vtn.model.registration import Caller
from vtn.store import messages
from vtn.store.engine import Store, StoreAway
from vtn.web.journal import Journal

WAITING: Final = 100
"""So many exchanges may wait for the store; what comes then is left out."""
LONGEST_SERVICE: Final = 100
NOT_RECORDED: Final = "messages not recorded"


@dataclass(slots=True)
class Heard:
    """One request, of which only its address is known at first."""

    ven_id: VenId
    service: str
    at: datetime
    raw: bytes = b""


HEARD: Final = web.RequestKey("heard", Heard)
"""Stands in a request only if it is to be recorded."""


class Recorder:
    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._waiting: set[asyncio.Task[None]] = set()
        self._is_told = False

    def begin(self, request: web.Request, caller: Caller | None, now: datetime) -> None:
        if caller and caller.record_last:
            service = request.match_info["service"][:LONGEST_SERVICE]
            request[HEARD] = Heard(caller.ven_id, service, now)

    def heard(self, request: web.Request, raw: bytes) -> None:
        if heard := request.get(HEARD):
            heard.raw = raw

    def answered(self, request: web.Request, reply: Message, raw: bytes) -> None:
        """To be called when it is certain what the answer is."""
        if heard := request.get(HEARD):
            self._keep_later(heard, verdict(reply), raw)

    def refused(self, request: web.Request, why: str) -> None:
        """By a status, without a body."""
        if heard := request.get(HEARD):
            self._keep_later(heard, why, b"")

    def _keep_later(self, heard: Heard, said: str, reply: bytes) -> None:
        if len(self._waiting) >= WAITING:
            self._tell("too many wait for the store")
            return
        task = asyncio.create_task(self._keep(heard, said, reply, clock.now()))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def settle(self, _: object = None) -> None:
        """What waits for the store is kept. For the end of the server, before its store is closed."""
        await asyncio.gather(*self._waiting)

    async def _keep(self, heard: Heard, said: str, reply: bytes, now: datetime) -> None:
        """A task for each: they come to the store in order, so an erasure erases what was said before it."""
        recorded = [Recorded.of(heard.raw, Direction.IN, heard.service, said, heard.at)]
        if reply:
            recorded.append(Recorded.of(reply, Direction.OUT, heard.service, "", now))
        try:
            async with self._store.writing() as tx:
                await messages.keep(tx, heard.ven_id, recorded)
        except StoreAway as error:
            self._tell(str(error))
        else:
            self._is_told = False

    def _tell(self, why: str) -> None:
        """Once, until it works again."""
        if not self._is_told:
            self._journal.trouble(NOT_RECORDED, why)
        self._is_told = True
