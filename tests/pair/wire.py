"""The wire between both ends: bytes in both directions, held against the official schema, and what befalls them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum, auto
from typing import NoReturn

from oadr.rules import Breach, Conversation, Exchange, Party, check_document
from oadr.wire import envelope
from oadr.wire.errors import Unreachable
from oadr.wire.messages import Message
from oadr.wire.messages.registration import ServiceName
from tests.vtn.world import schema
from ven.session import Request
from ven.transport.http import REPLY_LIMIT, Busy
from vtn.store.engine import StoreAway

SCHEMA = schema()
TIMEOUT = 20.0
"""Seconds after which the VEN gives a silent exchange up."""
SLOW = 9.0
LATE = 45.0


class Fate(Enum):
    """What may become of one exchange."""

    PASSES = auto()
    REQUEST_LOST = auto()
    REPLY_LOST = auto()
    SAID_TWICE = auto()
    """The request arrives twice; the second reply is the one that is read."""
    IS_SLOW = auto()
    """Both ways take long, though not too long."""
    COMES_LATE = auto()
    """The VEN has given it up and said other things when the request arrives after all."""


Fates = Callable[[Message], Fate]
Hear = Callable[[ServiceName, bytes], Awaitable[bytes]]


def passes(_: Message) -> Fate:
    return Fate.PASSES


def once(kind: type[Message], fate: Fate) -> Fates:
    """`fate` for the first request of this kind from now on; all else passes."""
    left = [kind]

    def of(message: Message) -> Fate:
        if left and isinstance(message, left[0]):
            left.clear()
            return fate
        return Fate.PASSES

    return of


class Observer:
    """Hears one end's side of the conversation, and notes which numbered rules that end breaks."""

    def __init__(self, whom: Party, now: Callable[[], datetime]) -> None:
        self.breaches: list[Breach] = []
        self.exchanges: list[Exchange] = []
        self.conversation = Conversation()
        self.excused: frozenset[str] = frozenset()
        """Rules that this end cannot keep in this test, for it has lost what it knew."""
        self._whom = whom
        self._now = now

    def note(self, request: Message, reply: Message | None, at: datetime | None = None) -> None:
        exchange = Exchange(request, reply, at or self._now())
        self.exchanges.append(exchange)
        self.conversation, found = self.conversation.step(exchange)
        self.breaches.extend(
            breach for breach in found if breach.by is self._whom and breach.rule not in self.excused
        )

    def note_bytes(self, raw: bytes) -> None:
        self.breaches.extend(check_document(raw, self._whom, self._now()))


class Wire:
    """The VEN's transport, with a memory, and a judge: when it is closed, both ends must have kept the rules."""

    def __init__(self, hear: Hear, now: Callable[[], datetime], theirs: Callable[[], datetime]) -> None:
        """`now` is the VEN's clock, `theirs` the VTN's."""
        self.fates: Fates = passes
        self.is_cut = False
        self.said: list[tuple[datetime, Message]] = []
        """What the VEN wanted to say, whether it arrived or not."""
        self.lost: list[type[Message]] = []
        """Replies that did not reach the VEN."""
        self.alter: Callable[[Message], Message] = lambda reply: reply
        """What comes out of the wire in place of a reply: as from a VTN that behaves otherwise."""
        self.ven = Observer(Party.VEN, now)
        self.vtn = Observer(Party.VTN, theirs)
        self._hear = hear
        self._now = now
        self._late: set[asyncio.Task[None]] = set()

    def of(self, kind: type[Message]) -> list[Message]:
        return [message for _, message in self.said if isinstance(message, kind)]

    async def exchange(self, request: Request) -> Message | None:
        at, reply = self._now(), None
        self.said.append((at, request.message))
        try:
            reply = await self._exchanged(request)
        finally:
            self.ven.note(request.message, reply, at)
        return reply

    async def _exchanged(self, request: Request) -> Message | None:
        if self.is_cut:
            raise Unreachable("the wire is cut")
        match self.fates(request.message):
            case Fate.REQUEST_LOST:
                return await self._silence()
            case Fate.REPLY_LOST:
                self.lost.append(type(await self._delivered(request)))
                return await self._silence()
            case Fate.SAID_TWICE:
                await self._delivered(request)
            case Fate.IS_SLOW:
                await asyncio.sleep(SLOW)
                reply = await self._delivered(request)
                await asyncio.sleep(SLOW)
                return reply
            case Fate.COMES_LATE:
                task = asyncio.create_task(self._later(request))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
                return await self._silence()
        return await self._delivered(request)

    async def close(self) -> None:
        """What is late comes all the same: it left the VEN long ago."""
        broken = [str(breach) for breach in (*self.ven.breaches, *self.vtn.breaches)]
        assert not broken, "\n".join(broken)

    async def _silence(self) -> NoReturn:
        await asyncio.sleep(TIMEOUT)
        raise Unreachable("no reply in time")

    async def _later(self, request: Request) -> None:
        await asyncio.sleep(LATE)
        self.lost.append(type(await self._delivered(request)))

    async def _delivered(self, request: Request) -> Message:
        said = envelope.write(request.message)
        self.ven.note_bytes(said)
        try:
            raw = await self._hear(request.service, said)
        except StoreAway as error:
            raise Busy("HTTP status 503") from error
        reply = envelope.read(raw, SCHEMA)
        self.vtn.note_bytes(raw)
        self.vtn.note(request.message, reply)
        altered = self.alter(reply)
        return envelope.read(envelope.write(altered), SCHEMA, limit=REPLY_LIMIT)
