"""Scenarios of events: how they come, what is answered, and who has the last word on them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.ids import NO_REQUEST, RequestId, VenId, VtnId
from oadr.wire.messages import (
    CreatedEvent,
    CreateOpt,
    DistributeEvent,
    Message,
    Poll,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    RequestReregistration,
    Response,
)
from oadr.wire.messages.common import EiResponse, OptType
from oadr.wire.messages.registration import ServiceName
from tests.pair.home import HOME_2, SHIFT, Home, event_id
from tests.pair.scenarios.heard import answers, lists
from tests.pair.scenarios.scripted import ScriptedVen, ScriptedVtn
from tests.pair.town import LIMITED, Town, played
from tests.vtn.world import HOME, HOME_EVSE
from ven.session import Request
from vtn.assess.reach import Reach, reach, reach_of


@pytest.mark.proves("no_events_empty_distribute", "r40")
def test_no_events_empty_distribute(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(minutes=1)
            (empty,) = lists(town)
            assert empty.events == ()
            assert empty.response
            assert empty.response.accepted
            assert lists(town, Poll) == [], "nothing is no news"
            assert answers(town) == []
            assert ven.memory.held == ()
            assert await town.dso.deliveries() == ()
        assert town.charger.course == [(0, None)]

    played(folder, play)


@pytest.mark.proves("events_by_request_event", "r50", "r405")
def test_events_by_request_event(folder: Path) -> None:
    async def play(town: Town) -> None:
        for order in (
            {**SHIFT, "percent": Decimal(70)},
            {},
            {"start": town.clock.now() + timedelta(hours=2)},
        ):
            await town.dso.limit(**order)
        async with town.ven() as ven:
            await town.wait(seconds=5)
            (whole,) = lists(town)
            deliveries = await town.dso.deliveries()
            assert len(whole.events) == len(ven.memory.held) == len(deliveries) == 3
            assert {one.event_id for one in whole.events} == {one.event_id for one in deliveries}
            assert all(one.settled and one.answer and one.answer.agreed for one in deliveries)
            (answer,) = answers(town)
            assert [one.event for one in answer.event_responses] == [one.qualified_id for one in whole.events]
            assert {one.request_id for one in answer.event_responses} == {whole.request_id}
            assert lists(town, Poll) == []
            assert town.amps == LIMITED, "the lower of those that run"

    played(folder, play)


@pytest.mark.proves("opt_out_one_resource", "W22", "W42", "r16", "r206")
def test_opt_out_one_resource(folder: Path) -> None:
    """It is free at once, and counted as declined."""

    async def play(town: Town) -> None:
        home = Home(town)
        await home.build()
        async with home.ven() as ven:
            await town.dso.limit(**SHIFT)
            await town.wait(minutes=5)
            assert home.amps == [LIMITED, LIMITED]
            await ven.opt_out(await event_id(town), resources=(HOME_EVSE,))
            assert home.amps == [None, LIMITED], "no draw, no steps, no next poll"
            await town.wait(seconds=0.1)
            delivery = await town.dso.delivery()
            assert [reach_of(delivery, one) for one in (HOME_EVSE, HOME_2)] == [
                Reach.DECLINED,
                Reach.ACKNOWLEDGED,
            ]
            (said,) = town.wire.of(CreateOpt)
            assert isinstance(said, CreateOpt)
            assert (said.opt, said.target.resource_ids) == (OptType.OPT_OUT, (HOME_EVSE,))
            assert (await town.dso.recorded())[-1] is EntryType.OPT
            await town.wait(minutes=20)
            assert home.amps == [None, LIMITED]
            (held,) = ven.memory.held
            assert held.declined == {HOME_EVSE}
            await ven.opt_in(await event_id(town), resources=(HOME_EVSE,))
            await town.wait(seconds=1)
            assert home.amps == [LIMITED, LIMITED]
            assert reach(await town.dso.delivery()) is Reach.ACKNOWLEDGED

    played(folder, play)


@pytest.mark.proves("event_opt_outranks_created_event", "r206", "r17", "r36")
def test_event_opt_outranks_created_event(folder: Path) -> None:
    """At both ends, until the event is cancelled."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            await ven.opt_out(await event_id(town))
            await town.wait(minutes=1)
            (agreed,) = town.wire.of(CreatedEvent)
            await town.wire.exchange(Request(ServiceName.EVENT, agreed))
            delivery = await town.dso.delivery()
            assert delivery.answer
            assert delivery.answer.agreed
            assert reach(delivery) is Reach.DECLINED
            assert town.amps is None
            await town.dso.cancel(given)
            await town.wait(minutes=1)
            delivery = await town.dso.delivery()
            assert delivery.settled
            assert reach(delivery) is Reach.DECLINED
            assert ven.opts == ()

    played(folder, play)


@pytest.mark.proves("ids_in_other_letter_case", "r21", "r512")
def test_ids_in_other_letter_case_vtn(folder: Path) -> None:
    async def play(town: Town) -> None:
        await town.dso.limit()
        other, name = VenId("Home"), RequestId("L1")
        async with ScriptedVen(town) as ven:
            known = await ven.register()
            events = await ven.say(
                ServiceName.EVENT, RequestEvent(request_id=name, ven_id=other), DistributeEvent
            )
            assert events.response
            assert (events.response.code, events.response.request_id, events.events) == ("452", name, ())
            polled = await ven.say(ServiceName.POLL, Poll(ven_id=other), Response)
            assert polled.response.code == "452"
            offer = RegisterReport(request_id=name, ven_id=other)
            offered = await ven.say(ServiceName.REPORT, offer, RegisteredReport)
            assert offered.response.code == "452"
            agreed = CreatedEvent(response=EiResponse(request_id=NO_REQUEST), ven_id=other)
            answered = await ven.say(ServiceName.EVENT, agreed, Response)
            assert answered.response.code == "452"
            assert (await town.dso.delivery()).offered_at is None
            assert await town.dso.registration_id() == known, "nobody is put out for somebody's mistake"
            right = RequestEvent(request_id=name, ven_id=HOME)
            assert len((await ven.say(ServiceName.EVENT, right, DistributeEvent)).events) == 1

    played(folder, play)


@pytest.mark.proves("ids_in_other_letter_case", "r21", "r512")
def test_ids_in_other_letter_case_ven(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            town.wire.alter = from_another_vtn
            await town.dso.limit()
            await town.wait(seconds=10)
            (refused,) = answers(town)
            assert (refused.response.code, refused.event_responses) == ("452", ())
            assert ven.memory.held == ()
            assert town.charger.course == [(0, None)]
            assert not (await town.dso.delivery()).settled
            vtn = ScriptedVtn(town)
            anew = RequestReregistration(ven_id=VenId("Home"))
            assert (await vtn.hand_out(anew, Response)).response.code == "452"
            known = ven.memory.registration
            assert known
            assert known.registration_id == await town.dso.registration_id()
            town.wire.alter = lambda reply: reply
            await town.wait(seconds=15)
            assert (await town.dso.delivery()).settled
            assert town.amps == LIMITED, "the right VTN is heard as ever"

    played(folder, play)


def from_another_vtn(reply: Message) -> Message:
    if isinstance(reply, DistributeEvent):
        assert reply.vtn_id == "VTN-1"
        return replace(reply, vtn_id=VtnId("vtn-1"))
    return reply
