"""Scenarios of the VTN: an event in each state, new and modified, as it is sent and as it is answered."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.messages import CreatedEvent, Poll, RequestEvent
from oadr.wire.messages.common import OptType
from oadr.wire.messages.event import EventStatus
from oadr.wire.scalars import Duration
from tests.pair.scenarios.calling import calling, said
from tests.pair.scenarios.heard import lists
from tests.pair.town import Town, played
from tests.vtn import written
from vtn.assess.reach import Reach, reach

IN, OUT = OptType.OPT_IN, OptType.OPT_OUT
AHEAD = timedelta(minutes=10)


@pytest.mark.proves("vtn_status_becomes_active", "r13", "r115")
def test_vtn_status_becomes_active(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            (event,) = await site.polled() or ()
            assert event.descriptor.status is EventStatus.FAR
            assert await site.answer(site.opts_in(event)) == "200"
            await town.wait(minutes=9)
            (event,) = await site.listed()
            assert event.descriptor.status is EventStatus.FAR, "without a ramp-up it is never near"
            await town.wait(minutes=1)
            (event,) = await site.listed()
            assert event.descriptor.status is EventStatus.ACTIVE
            assert event.descriptor.modification_number == 0, "the passing of time is no modification"
            assert await site.polled() is None, "nor is it news"

    played(folder, play)


@pytest.mark.proves("vtn_status_near", "r13")
def test_vtn_status_near(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            start = town.clock.now() + AHEAD
            await town.dso.send(written.event(start=start, period={"ramp_up": Duration(120)}))
            seen = []
            for seconds in (0, 479, 1, 119, 1):
                await town.wait(seconds=seconds)
                (event,) = await site.listed()
                seen.append(event.descriptor.status)
            far, near, active = EventStatus.FAR, EventStatus.NEAR, EventStatus.ACTIVE
            assert seen == [far, far, near, near, active]

    played(folder, play)


@pytest.mark.proves("vtn_state_pending_mod0_always_in", "r4")
def test_vtn_state_pending_mod0_always_in(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            await town.wait(seconds=10)
            delivery = await town.dso.delivery()
            assert said(delivery) == (0, IN, "200")
            assert delivery.settled
            assert [one.event.event_id for one in ven.memory.held] == [delivery.event_id]
            assert town.amps is None, "it lies ahead"
            await town.wait(minutes=10)
            assert town.amps == Decimal("9.6"), "30 % of 32 A"

    played(folder, play)


@pytest.mark.proves("vtn_state_pending_mod0_always_in_randomised", "r30")
def test_vtn_state_pending_mod0_always_in_randomised(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            tolerance = Duration(600)
            start = town.clock.now() + AHEAD
            await town.dso.send(written.event(start=start, period={"start_after": tolerance}))
            await town.wait(seconds=10)
            (event,) = lists(town, Poll)[-1].events
            assert event.period.start_after == tolerance
            assert said(await town.dso.delivery()) == (0, IN, "200")
            await town.wait(minutes=14)
            assert town.amps is None, "it has drawn five of the ten minutes"
            await town.wait(minutes=2)
            assert town.amps == Decimal("9.6")

    played(folder, play)


@pytest.mark.proves("vtn_state_pending_mod0_never")
def test_vtn_state_pending_mod0_never(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now() + AHEAD, never=True))
            await town.wait(minutes=2)
            delivery = await town.dso.delivery()
            assert (delivery.settled, said(delivery)) == (True, None)
            assert reach(delivery) is Reach.REACHED, "whether it has arrived, nobody knows"
            assert town.wire.of(CreatedEvent) == []
            assert len(lists(town, Poll)) == 1, "it is not pressed for an answer"
            await town.wait(minutes=9)
            assert town.amps == Decimal("9.6")

    played(folder, play)


@pytest.mark.proves("vtn_state_pending_mod1_never", "r5", "r20")
def test_vtn_state_pending_mod1_never(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            start = town.clock.now() + AHEAD
            given = await town.dso.send(written.event(start=start, never=True))
            await town.wait(minutes=2)
            other = written.event(written.share("0.5"), start=start, never=True)
            await town.dso.change(given, written=other)
            await town.wait(minutes=2)
            numbers = [
                event.descriptor.modification_number for one in lists(town, Poll) for event in one.events
            ]
            assert numbers == [0, 1]
            delivery = await town.dso.delivery()
            assert (delivery.settled, said(delivery)) == (True, None)
            await town.wait(minutes=7)
            assert town.amps == Decimal(16)

    played(folder, play)


@pytest.mark.proves("vtn_state_pending_mod1_always_in", "r5", "r20")
def test_vtn_state_pending_mod1_always_in(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            await town.wait(minutes=1)
            await town.dso.change(given, start=town.clock.now() + 2 * AHEAD)
            await town.wait(minutes=1)
            (event,) = lists(town, Poll)[-1].events
            assert event.descriptor.modification_number == 1
            assert event.descriptor.modification_reason == "less is enough"
            assert said(await town.dso.delivery()) == (1, IN, "200")
            await town.wait(minutes=18)
            assert town.amps is None, "it has been put off"
            await town.wait(minutes=2)
            assert town.amps == Decimal("9.6")

    played(folder, play)


@pytest.mark.proves("vtn_state_pending_mod1_always_out", "r20")
def test_vtn_state_pending_mod1_always_out(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            given = await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            (event,) = await site.polled() or ()
            await site.answer(site.opts_in(event))
            assert reach(await town.dso.delivery()) is Reach.ACKNOWLEDGED
            await town.dso.change(given, start=town.clock.now() + 2 * AHEAD)
            (event,) = await site.polled() or ()
            assert event.descriptor.modification_number == 1
            assert await site.answer(site.opts_out(event)) == "200"
            delivery = await town.dso.delivery()
            assert said(delivery) == (1, OUT, "200")
            assert (delivery.settled, reach(delivery)) == (True, Reach.DECLINED)
            assert await site.polled() is None
            assert len(await site.listed()) == 1, "declined is not gone"

    played(folder, play)


@pytest.mark.proves("vtn_state_active_mod0_always_in")
def test_vtn_state_active_mod0_always_in(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now()))
            await town.wait(seconds=10)
            (event,) = lists(town, Poll)[-1].events
            assert event.descriptor.status is EventStatus.ACTIVE
            assert event.signals[1].current_value == 2
            assert said(await town.dso.delivery()) == (0, IN, "200")
            assert town.amps == Decimal("9.6")

    played(folder, play)


@pytest.mark.proves("vtn_state_active_mod1_always_out", "r20")
def test_vtn_state_active_mod1_always_out(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            given = await town.dso.limit()
            (event,) = await site.polled() or ()
            await site.answer(site.opts_in(event))
            await town.wait(minutes=5)
            await town.dso.change(given, percent=Decimal(10), duration=timedelta(hours=1))
            (event,) = await site.polled() or ()
            assert event.descriptor.status is EventStatus.ACTIVE
            assert (event.descriptor.modification_number, event.period.duration) == (1, Duration(3600))
            assert await site.answer(site.opts_out(event)) == "200"
            delivery = await town.dso.delivery()
            assert said(delivery) == (1, OUT, "200")
            assert reach(delivery) is Reach.DECLINED
            assert (await town.dso.recorded())[-1] is EntryType.OPT

    played(folder, play)


@pytest.mark.proves("vtn_state_cancel_pending_mod1_always_in", "r10", "r36")
def test_vtn_state_cancel_pending_mod1_always_in(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            await town.wait(minutes=1)
            await town.dso.cancel(given)
            await town.wait(minutes=1)
            (event,) = lists(town, Poll)[-1].events
            assert event.descriptor.status is EventStatus.CANCELLED
            delivery = await town.dso.delivery()
            assert (delivery.settled, said(delivery)) == (True, (1, IN, "200"))
            assert ven.memory.held == ()
            await town.wait(minutes=15)
        assert town.charger.course == [(0, None)]

    played(folder, play)


@pytest.mark.proves("vtn_state_cancel_pending_mod1_always_out", "r10")
def test_vtn_state_cancel_pending_mod1_always_out(folder: Path) -> None:
    """It has already given the heat away, say: that is noted, and the event is over all the same."""

    async def play(town: Town) -> None:
        async with calling(town) as site:
            given = await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            (event,) = await site.polled() or ()
            await site.answer(site.opts_in(event))
            await town.dso.cancel(given)
            (event,) = await site.polled() or ()
            assert event.descriptor.status is EventStatus.CANCELLED
            assert await site.answer(site.opts_out(event)) == "200"
            delivery = await town.dso.delivery()
            assert (delivery.settled, said(delivery)) == (True, (1, OUT, "200"))
            assert reach(delivery) is Reach.ACKNOWLEDGED, "to the order itself it had agreed"
            assert await site.polled() is None
            assert await site.listed() == ()

    played(folder, play)


@pytest.mark.proves("vtn_state_cancel_pending_mod1_never", "r10")
def test_vtn_state_cancel_pending_mod1_never(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now() + AHEAD, never=True))
            await town.wait(minutes=1)
            assert ven.memory.held
            await town.dso.cancel(given)
            await town.wait(minutes=1)
            (event,) = lists(town, Poll)[-1].events
            assert event.descriptor.status is EventStatus.CANCELLED
            assert not ven.memory.held
            delivery = await town.dso.delivery()
            assert (delivery.settled, said(delivery)) == (True, None)
            assert not delivery.listed(town.clock.now())
            assert town.wire.of(CreatedEvent) == []

    played(folder, play)


@pytest.mark.proves("vtn_state_cancel_active", "r10", "r59")
def test_vtn_state_cancel_active(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now()))
            await town.wait(minutes=2)
            assert town.amps == Decimal("9.6")
            await town.dso.cancel(given)
            await town.wait(minutes=5)
            assert said(await town.dso.delivery()) == (1, IN, "200")
            assert not ven.memory.held
            assert town.charger.changes[-1][1] is None
            assert [one.events for one in lists(town, RequestEvent)][-1] == ()

    played(folder, play)
