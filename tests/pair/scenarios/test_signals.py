"""Scenarios of the signals of events: what the VTN puts into them, and what the VEN makes of that."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.ceilings import Price
from oadr.charging.signals import Programme
from oadr.wire.ids import NO_REQUEST, Token
from oadr.wire.messages import (
    CreatedEvent,
    DistributeEvent,
    Poll,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    Response,
)
from oadr.wire.messages.common import EiResponse, OptType, UnitKind
from oadr.wire.messages.event import (
    ELECTRICITY_PRICE,
    LOAD_DISPATCH,
    Baseline,
    Event,
    EventResponse,
    SignalType,
)
from oadr.wire.messages.registration import ServiceName
from oadr.wire.scalars import Duration
from tests.pair.scenarios.heard import answers, lists
from tests.pair.scenarios.scripted import ScriptedVen
from tests.pair.town import LIMITED, Town, played
from tests.vtn.world import HOME
from tests.vtn.written import KILOWATT, event, intervals, prices, set_point, share, simple
from vtn.assess.reach import Reach, reach
from vtn.model.errors import Impossible

SPAN = timedelta(minutes=5)


@pytest.mark.proves("price_event", "r109", "r510")
def test_price_event(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(
                event(
                    prices("0.31", "-0.02", each=SPAN),
                    start=town.clock.now(),
                    lasts=2 * SPAN,
                    programme=Programme.PRICE,
                )
            )
            await town.wait(seconds=10)
            (heard,) = lists(town, Poll)[-1].events
            (signal,) = heard.signals
            assert (signal.name, signal.type) == (ELECTRICITY_PRICE, SignalType.PRICE)
            assert signal.unit
            assert (signal.unit.kind, signal.unit.symbol) == (UnitKind.CURRENCY_PER_KWH, "EUR")
            assert [one.value for one in signal.intervals] == [Decimal("0.31"), Decimal("-0.02")]
            (held,) = ven.memory.held
            assert [one.advice for one in held.steps] == [
                (Price(Decimal("0.31"), "EUR"),),
                (Price(Decimal("-0.02"), "EUR"),),
            ]
            answer = (await town.dso.delivery()).answer
            assert answer
            assert (answer.opt, answer.code) == (OptType.OPT_IN, "200")
            await town.wait(minutes=12)
        assert town.charger.course == [(0, None)], "a price limits nobody"

    played(folder, play)


@pytest.mark.proves("dispatch_setpoint_event", "r109")
def test_dispatch_setpoint_event(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(
                event(set_point("3.68", "2.3", each=SPAN), start=town.clock.now(), lasts=2 * SPAN)
            )
            await town.wait(minutes=9)
            (heard,) = lists(town, Poll)[-1].events
            (signal,) = heard.signals
            assert (signal.name, signal.type) == (LOAD_DISPATCH, SignalType.SETPOINT)
            assert signal.unit == KILOWATT
            assert len(ven.memory.held) == 1
            assert reach(await town.dso.delivery()) is Reach.ACKNOWLEDGED
        assert town.charger.changes == [(0, None), (10, Decimal(16)), (305, Decimal(10))], "A at 230 V"

    played(folder, play)


@pytest.mark.proves("event_with_baseline", "r100", "r101", "r102")
def test_event_with_baseline(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            start = town.clock.now()
            await town.dso.send(less_than(baseline(start, "5.52", "4.6"), "-1.84"))
            await town.wait(minutes=9)
            (heard,) = lists(town, Poll)[-1].events
            assert heard.baseline == baseline(start, "5.52", "4.6")
            spans = [one.duration.span for one in heard.baseline.intervals if one.duration]
            assert sum(spans, timedelta()) == heard.baseline.duration.span == 2 * SPAN
            assert [one.uid for one in heard.baseline.intervals] == ["0", "1"]
            assert len(ven.memory.held) == 1
            assert reach(await town.dso.delivery()) is Reach.ACKNOWLEDGED
            usual = baseline(start, "5.52", "4.6")
            longer = replace(usual, duration=Duration.of(3 * SPAN))
            backwards = replace(usual, intervals=usual.intervals[::-1])
            for wrong, number in ((longer, "r102"), (backwards, "r101")):
                with pytest.raises(Impossible, match=number):
                    await town.dso.send(less_than(wrong, "-1.84"))
            assert len(await town.dso.deliveries()) == 1
        assert town.charger.changes == [(0, None), (10, Decimal(16)), (305, Decimal(12))], "of 24 and 20 A"

    played(folder, play)


def less_than(usual: Baseline, kilowatts: str) -> Event:
    """By so many kW."""
    delta = replace(set_point(kilowatts, each=2 * SPAN), type=SignalType.DELTA)
    return event(delta, start=usual.start, lasts=2 * SPAN, baseline=usual)


def baseline(start: datetime, *kilowatts: str) -> Baseline:
    return Baseline(
        start=start,
        duration=Duration.of(len(kilowatts) * SPAN),
        intervals=intervals(kilowatts, SPAN),
        baseline_id="as-ever",
        name="as ever",
        unit=KILOWATT,
    )


@pytest.mark.proves("event_then_modification", "r4", "r5", "r20", "r32", "r57")
def test_event_then_modification(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            start = town.clock.now()
            before = event(set_point("4.6", "3.68", each=SPAN), start=start, lasts=2 * SPAN)
            after = event(set_point("4.6", "3.68", "2.3", each=SPAN), start=start, lasts=3 * SPAN)
            given = await town.dso.send(before)
            await town.wait(minutes=2)
            assert [one.modification_number for one in ven.memory.held] == [0]
            await town.dso.change(given, written=after)
            assert not (await town.dso.delivery()).settled, "it is to be answered again"
            await town.wait(minutes=12)
            said = [one.event.modification_number for each in answers(town) for one in each.event_responses]
            assert said == [0, 1]
            (held,) = ven.memory.held
            assert (held.modification_number, len(held.steps)) == (1, 3)
            delivery = await town.dso.delivery()
            assert delivery.answer
            assert (delivery.answer.modification_number, delivery.answer.agreed) == (1, True)
        assert town.charger.changes == [
            (0, None),
            (10, Decimal(20)),
            (305, Decimal(16)),
            (605, Decimal(10)),
        ]

    played(folder, play)


@pytest.mark.proves("two_events_one_or_more_answers", "r12", "r19")
def test_two_events_one_or_more_answers_ven(folder: Path) -> None:
    """Ours answers whatever one list holds in one message."""

    async def play(town: Town) -> None:
        await send_two(town)
        async with town.ven() as ven:
            await town.wait(seconds=15)
            (answer,) = answers(town)
            assert len(answer.event_responses) == len(ven.memory.held) == 2
            assert {one.opt for one in answer.event_responses} == {OptType.OPT_IN}
            assert all(one.settled for one in await town.dso.deliveries())
            assert town.amps == LIMITED

    played(folder, play)


@pytest.mark.proves("two_events_one_or_more_answers", "r12", "r16")
def test_two_events_one_or_more_answers_vtn(folder: Path) -> None:
    """One answered in, the other out, each in a message of its own."""

    async def play(town: Town) -> None:
        await send_two(town)
        async with ScriptedVen(town) as ven:
            await ven.register()
            await ven.say(
                ServiceName.REPORT, RegisterReport(request_id=ven.name(), ven_id=HOME), RegisteredReport
            )
            asked = RequestEvent(request_id=ven.name(), ven_id=HOME)
            listed = await ven.say(ServiceName.EVENT, asked, DistributeEvent)
            for count, (one, opt) in enumerate(zip(listed.events, OptType, strict=True)):
                assert [each.settled for each in await town.dso.deliveries()].count(True) == count
                word = EventResponse(
                    code="200", request_id=listed.request_id, event=one.qualified_id, opt=opt
                )
                said = CreatedEvent(
                    response=EiResponse(request_id=NO_REQUEST), event_responses=(word,), ven_id=HOME
                )
                assert (await ven.say(ServiceName.EVENT, said, Response)).response.accepted
            known = {one.event_id: one.answer for one in await town.dso.deliveries()}
            for one, opt in zip(listed.events, OptType, strict=True):
                answer = known[one.event_id]
                assert answer
                assert answer.opt is opt
            assert isinstance(await ven.poll(), RegisterReport), "no event is offered again"

    played(folder, play)


async def send_two(town: Town) -> None:
    """Of levels, and of prices."""
    now = town.clock.now()
    await town.dso.send(event(simple(2), start=now))
    await town.dso.send(event(prices("0.31"), start=now, programme=Programme.PRICE))


@pytest.mark.proves("custom_signal_refused", "r48", "r109")
def test_custom_signal_refused(folder: Path) -> None:
    async def play(town: Town) -> None:
        custom = replace(share("0.3"), name=Token("x-heatPump"), type=SignalType.LEVEL)
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(event(custom, start=town.clock.now()))
            await town.wait(minutes=1)
            (answer,) = answers(town)
            (word,) = answer.event_responses
            assert answer.response.accepted, "the message was understood"
            assert (word.code, word.opt) == ("460", OptType.OPT_OUT)
            (held,) = ven.memory.held
            assert not held.obeyed
            delivery = await town.dso.delivery()
            assert delivery.settled
            assert delivery.answer
            assert (delivery.answer.code, delivery.answer.agreed) == ("460", False)
            assert reach(delivery) is Reach.DECLINED
        assert town.charger.course == [(0, None)]

    played(folder, play)
