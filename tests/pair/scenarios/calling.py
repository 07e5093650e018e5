"""A site that says of events whatever a test wants, word for word."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from oadr.wire.ids import NO_REQUEST, RequestId, VenId
from oadr.wire.messages import (
    CreatedEvent,
    DistributeEvent,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    Response,
)
from oadr.wire.messages.common import EiResponse, OptType
from oadr.wire.messages.event import Event, EventResponse
from oadr.wire.messages.registration import ServiceName
from tests.pair.scenarios.scripted import ScriptedVen
from tests.pair.town import Town
from tests.vtn.world import HOME, word
from vtn.model.delivery import Delivery

LONG_ENOUGH = 6
"""Seconds after which what was not answered is offered again."""


class Caller(ScriptedVen):
    def __init__(self, town: Town) -> None:
        super().__init__(town)
        self._town = town
        self.heard_as = NO_REQUEST
        """The name of the newest list."""

    async def arrive(self) -> None:
        """Register, offer nothing, take the greeting: from here on there is no mail but events."""
        await self.register()
        nothing = RegisterReport(request_id=self.name(), ven_id=HOME)
        await self.say(ServiceName.REPORT, nothing, RegisteredReport)
        greeting = await self.poll()
        assert isinstance(greeting, RegisterReport)
        taken = RegisteredReport(response=EiResponse(request_id=greeting.request_id), ven_id=HOME)
        await self.say(ServiceName.REPORT, taken, Response)

    async def listed(self, reply_limit: int | None = None) -> tuple[Event, ...]:
        """The events, asked for."""
        asked = RequestEvent(request_id=self.name(), ven_id=HOME, reply_limit=reply_limit)
        reply = await self.say(ServiceName.EVENT, asked, DistributeEvent)
        self.heard_as = reply.request_id
        return reply.events

    async def polled(self) -> tuple[Event, ...] | None:
        """The events of the next poll, at a time when nothing is waited for; None: there was nothing new."""
        await self._town.wait(seconds=LONG_ENOUGH)
        reply = await self.poll()
        if not isinstance(reply, DistributeEvent):
            assert isinstance(reply, Response), reply
            return None
        self.heard_as = reply.request_id
        return reply.events

    async def answer(
        self, *words: EventResponse, code: str = "200", named: RequestId = NO_REQUEST, ven_id: VenId = HOME
    ) -> str:
        """The code under which the answer is taken."""
        message = CreatedEvent(
            response=EiResponse(code=code, request_id=named), event_responses=words, ven_id=ven_id
        )
        return (await self.say(ServiceName.EVENT, message, Response)).response.code

    def opts_in(self, event: Event) -> EventResponse:
        return word(event, OptType.OPT_IN, request_id=self.heard_as)

    def opts_out(self, event: Event, code: str = "200") -> EventResponse:
        return word(event, OptType.OPT_OUT, code, request_id=self.heard_as)


@asynccontextmanager
async def calling(town: Town) -> AsyncIterator[Caller]:
    async with Caller(town) as site:
        await site.arrive()
        yield site


def said(delivery: Delivery) -> tuple[int, OptType, str] | None:
    """The newest answer that is on record: to which modification, and what."""
    answer = delivery.answer
    return (answer.modification_number, answer.opt, answer.code) if answer else None
