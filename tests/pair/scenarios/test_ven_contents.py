"""Scenarios of the VEN: whatever an event may hold, and whatever the list that it comes by."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.signals import Programme
from oadr.wire.ids import EventId, GroupId, MarketContext, Mrid, RequestId, ResourceId, Token, VenId, VtnId
from oadr.wire.messages import (
    CreatedEvent,
    CreatedPartyRegistration,
    DistributeEvent,
    Message,
    Poll,
)
from oadr.wire.messages.common import Area, EiResponse, OptType, Target, TransportInterface
from oadr.wire.messages.event import Baseline, Event, EventStatus
from oadr.wire.scalars import Duration
from tests.pair.scenarios.calling import said
from tests.pair.scenarios.handed import (
    AHEAD,
    HELD,
    all_words,
    followed,
    listing,
    worded,
    words,
)
from tests.pair.scenarios.heard import answers, lists
from tests.pair.scenarios.scripted import ScriptedVtn
from tests.pair.town import LIMITED, Town, played
from tests.vtn import written
from tests.vtn.world import F1, HOME, HOME_EVSE
from vtn.assess.reach import Reach, reach

ELSEWHERE = Target(
    aggregated_pnodes=("a1",),
    end_device_assets=(Mrid("Electric_Vehicle"),),
    meter_assets=(Mrid("m1"),),
    pnodes=("p1",),
    service_areas=(Area(positions="0 0 0 1 1 1 0 0"),),
    service_delivery_points=("d1",),
    service_locations=(Area(positions="2 2 2 3 3 3 2 2"),),
    transport_interfaces=(TransportInterface(point_of_receipt="r", point_of_delivery="d"),),
    group_ids=(GroupId("another-street"),),
    group_names=("a street",),
    ven_ids=(VenId("park"),),
    party_ids=("party",),
)
"""Every kind of name, and none of them this site's."""


@pytest.mark.proves("ven_optional_elements", "r31", "r46")
def test_ven_optional_elements(folder: Path) -> None:
    """What is left out is what the site has set itself: here the spread of starts."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            vtn = ScriptedVtn(town)
            much, little = everything(town), bare(worded(town, "little", signals=(written.share("0.5"),)))
            answer = await vtn.hand_out(
                listing(much, little, response=EiResponse(request_id=RequestId("L1"))), CreatedEvent
            )
            assert words(answer) == [("much", 3, "200", "optIn"), ("little", 0, "200", "optIn")]
            assert followed(ven) == ["much", "little"]
            assert [one.start - town.clock.now() > timedelta() for one in ven.memory.held] == [True, True]
            await town.wait(minutes=10)
            assert town.charger.changes[1] == (65, Decimal("28.8")), (
                "its ramp-up, before the start that was drawn"
            )
            assert town.amps == HELD
            await vtn.hand_out(listing(bare(worded(town, "alone"))), CreatedEvent)
            assert followed(ven) == ["alone"], "a list without an eiResponse is a list"

    played(folder, play)


def everything(town: Town) -> Event:
    """All that an event may have; it starts a minute from now, and is spread over another."""
    start = town.clock.now() + timedelta(minutes=1)
    descriptor = {
        "priority": 1,
        "modified_at": town.clock.now(),
        "modification_reason": "it had to be",
        "test_event": "false",
        "vtn_comment": "thank you",
    }
    period = {
        "start_after": Duration(60),
        "notification": Duration(3600),
        "ramp_up": Duration(30),
        "recovery": Duration(60),
    }
    signals = tuple(
        replace(
            one,
            current_value=Decimal(0),
            target=Target(end_device_assets=(Mrid("Electric_Vehicle"), Mrid("Smart_Appliance"))),
        )
        for one in (written.share("0.3"), written.simple(2))
    )
    usual = written.event(written.set_point("4.6"), start=start)
    baseline = Baseline(
        start=start,
        duration=usual.period.duration,
        intervals=usual.signals[0].intervals,
        baseline_id="as-ever",
        resource_ids=(HOME_EVSE,),
        name="as ever",
        unit=written.KILOWATT,
    )
    return worded(
        town,
        "much",
        3,
        EventStatus.FAR,
        after=timedelta(minutes=1),
        descriptor=descriptor,
        period=period,
        signals=signals,
        baseline=baseline,
        target=replace(ELSEWHERE, end_device_assets=(), resource_ids=(HOME_EVSE,)),
    )


def bare(event: Event) -> Event:
    """Nothing that an event need not have."""
    signals = tuple(replace(one, current_value=None, target=None) for one in event.signals)
    descriptor = replace(event.descriptor, priority=None, vtn_comment=None, test_event=None)
    return replace(
        event, descriptor=descriptor, period=replace(event.period, start_after=None), signals=signals
    )


@pytest.mark.proves("ven_target_kinds", "r22", "r111")
def test_ven_target_kinds(folder: Path) -> None:
    ours = (
        Target(),
        Target(ven_ids=(HOME,)),
        Target(group_ids=(F1,)),
        Target(resource_ids=(ResourceId("elsewhere"), HOME_EVSE)),
        replace(ELSEWHERE, resource_ids=(HOME_EVSE,)),
    )
    theirs = tuple(
        Target(**{name: getattr(ELSEWHERE, name)})
        for name in Target.__dataclass_fields__
        if getattr(ELSEWHERE, name)
    )
    assert len(theirs) == 12

    async def play(town: Town) -> None:
        town.config = replace(town.config, groups=frozenset({F1}))
        async with town.ven() as ven:
            await town.wait(seconds=5)
            events = [
                worded(town, f"E{count}", status=EventStatus.FAR, after=AHEAD, target=target)
                for count, target in enumerate((*ours, *theirs))
            ]
            answer = await ScriptedVtn(town).hand_out(listing(*events), CreatedEvent)
            for (name, _, code, opt), target in zip(words(answer), (*ours, *theirs), strict=True):
                assert (code, opt) == (("200", "optIn") if target in ours else ("462", "optOut")), target
                assert (EventId(name) in followed(ven)) is (target in ours)
            assert {one.resources for one in ven.memory.held if one.obeyed} == {frozenset({HOME_EVSE})}

    played(folder, play)


@pytest.mark.proves("ven_same_requestid_again", "r41", "r42")
def test_ven_same_requestid_again(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            town.wire.alter = under_one_name
            given = await town.dso.limit()
            await town.wait(seconds=10)
            await town.dso.change(given, percent=Decimal(30))
            await town.wait(seconds=10)
            first, second = lists(town, Poll)
            assert first.request_id == second.request_id == "again"
            assert {word.request_id for one in answers(town) for word in one.event_responses} == {"again"}
            assert all_words(town) == [(0, "200", "optIn"), (1, "200", "optIn")]
            assert [one.modification_number for one in ven.memory.held] == [1]
            assert said(await town.dso.delivery()) == (1, OptType.OPT_IN, "200")
        assert town.charger.changes == [(0, None), (10, LIMITED), (20, HELD)]

    played(folder, play)


def under_one_name(reply: Message) -> Message:
    return replace(reply, request_id=RequestId("again")) if isinstance(reply, DistributeEvent) else reply


@pytest.mark.proves("ven_long_values")
def test_ven_long_values(folder: Path) -> None:
    base = f"https://dso.example/{'long/' * 400}programmes"
    market = MarketContext(Token(f"{base}/{Programme.LOAD_SHIFT}"))

    async def play(town: Town) -> None:
        town.config = replace(town.config, market_contexts=base)
        town.wire.alter = from_a_long_name
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now(), descriptor={"market_context": market}))
            await town.wait(seconds=10)
            assert ven.memory.registration
            assert ven.memory.registration.vtn_id == LONG
            (heard,) = lists(town, Poll)
            assert (heard.vtn_id, heard.events[0].descriptor.market_context) == (LONG, market)
            assert all_words(town) == [(0, "200", "optIn")]
            assert town.amps == HELD
        async with town.ven() as ven:
            await town.wait(seconds=5)
            assert len(ven.memory.held) == 1, "also after a restart"
            assert town.amps == HELD

    played(folder, play)


LONG = VtnId("VTN-" + 1000 * "ü")


def from_a_long_name(reply: Message) -> Message:
    if isinstance(reply, DistributeEvent | CreatedPartyRegistration):
        return replace(reply, vtn_id=LONG)
    return reply


@pytest.mark.proves("ven_two_market_contexts")
def test_ven_two_market_contexts(folder: Path) -> None:
    """The lower of both holds, and each is released by itself."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now(), lasts=AHEAD))
            await town.dso.limit(duration=2 * AHEAD)
            await town.wait(seconds=10)
            contexts = {one.event.descriptor.market_context for one in ven.memory.held}
            assert contexts == {
                written.context(Programme.LOAD_SHIFT),
                written.context(Programme.SUPPLY_LIMIT),
            }
            assert all_words(town) == [(0, "200", "optIn")] * 2
            assert {reach(one) for one in await town.dso.deliveries()} == {Reach.ACKNOWLEDGED}
            await town.wait(minutes=19)
        assert town.charger.changes == [(0, None), (10, HELD), (655, LIMITED)]

    played(folder, play)
