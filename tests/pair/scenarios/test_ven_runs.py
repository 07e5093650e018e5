"""Scenarios of the VEN: what its chargepoint does while an event runs, and when it stops."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.ceilings import Price
from oadr.charging.signals import Programme
from oadr.wire.messages import CreatedOpt, Message, Response
from oadr.wire.messages.common import EiResponse, OptType
from oadr.wire.messages.event import EventStatus
from oadr.wire.scalars import Duration
from tests.pair.scenarios.calling import said
from tests.pair.scenarios.handed import AHEAD, HELD, all_words, followed, listing
from tests.pair.scenarios.heard import answers
from tests.pair.scenarios.scripted import ScriptedVtn
from tests.pair.town import Town, played
from tests.vtn import written
from vtn.assess.reach import Reach, reach

HOUR = timedelta(hours=1)
SPAN = timedelta(minutes=5)
TOLERANCE = {"start_after": Duration(600)}
"""The town's dice always draw the middle: five minutes of these, and 50 s before a release."""
RELEASE = [
    (50, Decimal("12.8")),
    (60, Decimal("16.0")),
    (70, Decimal("19.2")),
    (80, Decimal("22.4")),
    (90, Decimal("25.6")),
    (100, Decimal("28.8")),
    (110, None),
]
"""From 30 %, a tenth of the rating every ten seconds."""


def released(at: int) -> list[tuple[int, Decimal | None]]:
    return [(at + seconds, amps) for seconds, amps in RELEASE]


@pytest.mark.proves("ven_day_of_hourly_prices", "r32")
def test_ven_day_of_hourly_prices(folder: Path) -> None:
    euros = [Decimal(hour) / 100 for hour in range(24)]

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            start = town.clock.now() + HOUR
            day = written.event(
                written.prices(*euros, each=HOUR), start=start, lasts=24 * HOUR, programme=Programme.PRICE
            )
            await town.dso.send(day)
            await town.wait(seconds=10)
            assert all_words(town) == [(0, "200", "optIn")]
            (held,) = ven.memory.held
            for hour, euro in enumerate(euros):
                for elapsed in (hour * HOUR, (hour + 1) * HOUR - timedelta(seconds=1)):
                    (step,) = (one for one in held.steps if one.holds_at(start + elapsed - held.start))
                    assert step.advice == (Price(euro, "EUR"),)
            assert not any(one.holds_at(24 * HOUR) for one in held.steps)
            assert town.charger.changes == [(0, None)]

    played(folder, play)


@pytest.mark.proves("ven_run_simple", "r114", "r31")
def test_ven_run_simple(folder: Path) -> None:
    """Start, change and end are by the VEN's own clock: nothing more is heard once the event is there."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            levels = replace(written.simple(1), intervals=written.intervals((1, 2), SPAN))
            await town.dso.send(written.event(levels, start=town.clock.now() + AHEAD, lasts=2 * SPAN))
            await town.wait(seconds=10)
            assert said(await town.dso.delivery()) == (0, OptType.OPT_IN, "200")
            assert [one.event.descriptor.status for one in ven.memory.held] == [EventStatus.FAR]
            town.wire.is_cut = True
            await town.wait(minutes=25)
        course = town.charger.changes
        assert course[0] == (0, None)
        assert [at for at, _ in course[1:3]] == [605, 905]
        assert course[1][1] is not None
        assert course[2][1] is not None
        assert course[1][1] > course[2][1], "level 2 is stricter than level 1"
        assert course[3][0] == 1205 + 50
        assert course[-1][1] is None

    played(folder, play)


@pytest.mark.proves("ven_run_modified_pending", "r57")
def test_ven_run_modified_pending(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            start = town.clock.now() + AHEAD
            given = await town.dso.send(written.event(start=start, lasts=SPAN))
            await town.wait(minutes=1)
            later = written.event(start=start + SPAN, lasts=2 * SPAN)
            await town.dso.change(given, written=later)
            await town.wait(minutes=27)
        assert town.charger.changes == [(0, None), (905, HELD), *released(1505)]

    played(folder, play)


@pytest.mark.proves("ven_run_modified_active", "r57")
def test_ven_run_modified_active(folder: Path) -> None:
    """It is made stricter, and shorter."""

    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            start = town.clock.now()
            given = await town.dso.send(written.event(written.share("0.5"), start=start))
            await town.wait(minutes=2)
            stricter = written.event(written.share("0.3", SPAN), start=start, lasts=SPAN)
            await town.dso.change(given, written=stricter)
            await town.wait(minutes=6)
        assert town.charger.changes == [(0, None), (10, Decimal(16)), (130, HELD), *released(305)]

    played(folder, play)


@pytest.mark.proves("ven_run_cancelled", "r59", "r114")
def test_ven_run_cancelled(folder: Path) -> None:
    """That it is called off only the VTN can say: until it is heard, the event runs."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now(), lasts=4 * HOUR))
            await town.wait(seconds=15)
            town.wire.is_cut = True
            await town.dso.cancel(given)
            await town.wait(hours=1)
            assert len(followed(ven)) == 1
            assert town.charger.changes == [(0, None), (10, HELD)]
            town.wire.is_cut = False
            await town.wait(minutes=10)
            assert ven.memory.held == ()
            (heard,) = {at for at, one in town.wire.said if one == answers(town)[-1]}
            assert town.charger.changes[2:] == released(
                round((heard - given.order.start).total_seconds()) + 5
            )
            assert (await town.dso.delivery()).settled

    played(folder, play)


@pytest.mark.proves("ven_run_dispatch", "r47")
def test_ven_run_dispatch(folder: Path) -> None:
    """It holds from its receipt, and until it is cancelled."""

    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            nothing = timedelta()
            dispatch = written.event(
                written.set_point("3.68", each=nothing), start=town.clock.now(), lasts=nothing
            )
            assert dispatch.period.notification == Duration()
            given = await town.dso.send(dispatch)
            await town.wait(minutes=31)
            assert town.charger.changes == [(0, None), (10, Decimal(16))], "at 230 V"
            await town.dso.cancel(given)
            await town.wait(minutes=5)
            assert town.amps is None

    played(folder, play)


@pytest.mark.proves("ven_randomised_start", "r30", "r31")
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_ven_randomised_start(folder: Path, share: float) -> None:
    """Its length stays."""

    async def play(town: Town) -> None:
        town.dice.share = share
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now() + SPAN, period=TOLERANCE))
            await town.wait(minutes=16)
            (held,) = ven.memory.held
            late = timedelta(seconds=share * 600)
            assert held.end == held.event.period.start + late + timedelta(minutes=30)
            assert town.charger.changes == [(0, None), (305 + late.seconds, HELD)]

    played(folder, play)


@pytest.mark.proves("ven_randomised_then_modified", "r30")
def test_ven_randomised_then_modified(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            start = town.clock.now() + SPAN
            given = await town.dso.send(written.event(start=start, period=TOLERANCE))
            await town.wait(minutes=1)
            town.dice.share = 1.0
            for share in ("0.5", "0.3"):
                modified = written.event(written.share(share), start=start, period=TOLERANCE)
                await town.dso.change(given, written=modified)
                await town.wait(minutes=10)
            assert [number for number, *_ in all_words(town)] == [0, 1, 2]
        assert town.charger.changes == [(0, None), (605, Decimal(16)), (670, HELD)], (
            "five minutes late, as drawn"
        )

    played(folder, play)


@pytest.mark.proves("ven_randomised_explicit_cancel", "r65")
def test_ven_randomised_explicit_cancel(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now(), period=TOLERANCE))
            await town.wait(minutes=10)
            assert town.amps == HELD
            await town.dso.cancel(given)
            await town.wait(minutes=3)
        assert town.charger.changes == [(0, None), (305, HELD), *released(610)]

    played(folder, play)


@pytest.mark.proves("ven_randomised_implicit_cancel", "r61", "r65")
def test_ven_randomised_implicit_cancel(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now(), period=TOLERANCE))
            await town.wait(minutes=10)
            assert town.amps == HELD
            await ScriptedVtn(town).pass_on(listing())
            assert ven.memory.held == ()
            await town.wait(minutes=3)
        assert town.charger.changes == [(0, None), (305, HELD), *released(610)]

    played(folder, play)


@pytest.mark.proves("ven_several_events_run")
def test_ven_several_events_run(folder: Path) -> None:
    """The second begins as the first ends, the third when all is free again."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            now = town.clock.now()
            for begins, share in ((0, "0.5"), (1, "0.3"), (4, "0.3")):
                signal = written.share(share, SPAN)
                await town.dso.send(written.event(signal, start=now + begins * SPAN, lasts=SPAN))
            await town.wait(seconds=10)
            assert all_words(town) == [(0, "200", "optIn")] * 3
            await town.wait(minutes=27)
            assert {reach(one) for one in await town.dso.deliveries()} == {Reach.ACKNOWLEDGED}
            assert len(ven.memory.held) == 3
        assert town.charger.changes == [
            (0, None),
            (10, Decimal(16)),
            (305, HELD),
            *released(605),
            (1205, HELD),
            *released(1505),
        ]

    played(folder, play)


@pytest.mark.proves("ven_late_opt_out", "r17", "r42")
def test_ven_late_opt_out(folder: Path) -> None:
    """Where the VTN takes no EiOpt, by another answer to the event, which nobody has asked for."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            town.wire.alter = takes_no_opts
            await town.dso.send(written.event(start=town.clock.now()))
            await town.wait(minutes=5)
            delivery = await town.dso.delivery()
            assert said(delivery) == (0, OptType.OPT_IN, "200")
            await ven.opt_out(delivery.event_id)
            await town.wait(seconds=1)
            assert all_words(town) == [(0, "200", "optIn"), (0, "200", "optOut")]
            first, late = answers(town)
            assert [one.request_id for one in late.event_responses] == [
                one.request_id for one in first.event_responses
            ], "that of the list"
            assert late.response.request_id == ""
            delivery = await town.dso.delivery()
            assert said(delivery) == (0, OptType.OPT_OUT, "200")
            assert reach(delivery) is Reach.DECLINED
        assert town.charger.changes == [(0, None), (10, HELD), (305, None)]

    played(folder, play)


def takes_no_opts(reply: Message) -> Message:
    if not isinstance(reply, CreatedOpt):
        return reply
    return Response(response=EiResponse(code="459", request_id=reply.response.request_id))
