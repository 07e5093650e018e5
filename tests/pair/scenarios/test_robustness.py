"""Scenarios of robustness: what is said twice, lost or cut short has one effect, and names come back as they were."""

from decimal import Decimal
from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.ids import NO_REQUEST, RequestId
from oadr.wire.messages import (
    CreatedEvent,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    DistributeEvent,
    Poll,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
)
from oadr.wire.messages.registration import ServiceName
from tests.pair.scenarios.calling import calling, said
from tests.pair.scenarios.scripted import ScriptedVen
from tests.pair.town import LIMITED, Town, played
from tests.pair.wire import Fate, once
from tests.vtn.world import HOME, registration

ODD = ("0001", "1.2.3", "true", "A & <B>", "01e5", "None", "\u00fc\u2603", "x" * 200)


@pytest.mark.proves("request_retried", "P14")
def test_request_retried(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with ScriptedVen(town) as ven:
            first, second = [
                await ven.say(ServiceName.REGISTER_PARTY, registration("0001"), CreatedPartyRegistration)
                for _ in range(2)
            ]
            assert first == second, "one registration, and one answer"
        town.wire.fates = once(CreatedEvent, Fate.SAID_TWICE)
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit()
            await town.wait(seconds=10)
            assert sum(isinstance(one, CreatedEvent) for one in town.dso.heard) == 2
            assert (await town.dso.recorded()).count(EntryType.OPT) == 1
            assert town.charger.course == [(0, None), (10, LIMITED)]

    played(folder, play)


@pytest.mark.proves("poll_reply_lost", "P14", "r500")
def test_poll_reply_lost(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit()
            town.wire.fates = once(Poll, Fate.REPLY_LOST)
            await town.wait(seconds=40)
            assert town.wire.lost == [DistributeEvent]
            assert (await town.dso.delivery()).settled
            assert town.amps == LIMITED

    played(folder, play)


@pytest.mark.proves("poll_reply_lost", "r500")
def test_poll_reply_lost_by_a_ven_that_does_nothing_but_poll(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await town.dso.limit()
            lost, again = [await site.polled() for _ in range(2)]
            assert lost
            assert lost == again
            assert await site.answer(site.opts_in(again[0])) == "200"
            assert await site.polled() is None

    played(folder, play)


@pytest.mark.proves("restart_in_mid_exchange", "VT01", "VT02", "VE06")
def test_restart_in_mid_exchange(folder: Path) -> None:
    """First the VTN stops between its list and the answer, then the VEN between the list and its answer."""

    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            given = await town.dso.limit()
            town.wire.fates = once(CreatedEvent, Fate.REQUEST_LOST)
            await town.wait(seconds=10)
            await town.dso.restart()
            await town.wait(seconds=40)
            assert (await town.dso.delivery()).settled
            await town.dso.change(given, percent=Decimal(20))
            town.wire.fates = once(CreatedEvent, Fate.REQUEST_LOST)
            await town.wait(seconds=10)
            assert not (await town.dso.delivery()).settled
        async with town.ven():
            await town.wait(seconds=40)
            delivery = await town.dso.delivery()
            assert delivery.settled
            assert delivery.answer
            assert delivery.answer.modification_number == 1
            assert town.amps == LIMITED / 2
        anew = [
            one for one in town.wire.of(CreatePartyRegistration) if not getattr(one, "registration_id", None)
        ]
        assert len(anew) == 1, "whoever starts again keeps its registration"
        assert (await town.dso.recorded()).count(EntryType.OPT) == 2

    played(folder, play)


@pytest.mark.proves("odd_ids_survive", "r512")
@pytest.mark.parametrize("odd", ODD)
def test_odd_ids_survive(folder: Path, odd: str) -> None:
    """Of a request, of a report, of an event: nobody makes a number, a truth value or an element of them."""

    async def play(town: Town) -> None:
        name = RequestId(odd)
        async with calling(town) as site:
            asked = QueryRegistration(request_id=name)
            known = await site.say(ServiceName.REGISTER_PARTY, asked, CreatedPartyRegistration)
            assert (known.response.request_id, known.ven_id) == (name, HOME)
            listed = await site.say(
                ServiceName.EVENT, RequestEvent(request_id=name, ven_id=HOME), DistributeEvent
            )
            assert listed.response
            assert (listed.response.request_id, listed.request_id) == (name, name)
            offered = await site.say(
                ServiceName.REPORT, RegisterReport(request_id=name, ven_id=HOME), RegisteredReport
            )
            assert offered.response.request_id == name
            await town.dso.limit()
            site.heard_as = name
            (event,) = (
                await site.say(ServiceName.EVENT, RequestEvent(request_id=name, ven_id=HOME), DistributeEvent)
            ).events
            assert await site.answer(site.opts_in(event), named=NO_REQUEST) == "200"
            assert said(await town.dso.delivery())

    played(folder, play)
