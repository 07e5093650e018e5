"""Scenarios of the VEN: an event in each state, new, modified and called off, as it is answered and followed."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.wire.messages import CreatedEvent, Poll, RequestEvent
from oadr.wire.messages.common import OptType
from oadr.wire.messages.event import EventStatus
from tests.pair.scenarios.calling import said
from tests.pair.scenarios.handed import AHEAD, HELD, all_words, listing, renumbered, told, worded, words
from tests.pair.scenarios.heard import answers, lists
from tests.pair.scenarios.scripted import ScriptedVtn
from tests.pair.town import LIMITED, Town, played
from tests.vtn import written
from ven import Ven
from ven.news import EventEnded, PeerComplained
from vtn.assess.reach import Reach, reach

IN = OptType.OPT_IN


def numbers(ven: Ven) -> list[int]:
    """The modifications that are held."""
    return [one.modification_number for one in ven.memory.held]


@pytest.mark.proves("ven_no_events", "r40")
def test_ven_no_events(folder: Path) -> None:
    """Whether it was asked for or comes by itself."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            (asked,) = lists(town)
            await ScriptedVtn(town).pass_on(listing())
            (polled,) = lists(town, Poll)
            assert asked.events == polled.events == ()
            assert answers(town) == []
            assert ven.memory.held == ()
            assert told(ven, PeerComplained) == []
            await town.wait(minutes=1)
            assert len(town.wire.of(Poll)) >= 7, "it goes on as before"
        assert town.charger.course == [(0, None)]

    played(folder, play)


@pytest.mark.proves("ven_state_pending_mod0_always", "r4", "r12")
def test_ven_state_pending_mod0_always(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            await town.wait(seconds=10)
            (listed,) = lists(town, Poll)
            (event,) = listed.events
            assert event.descriptor.status is EventStatus.FAR
            (answer,) = answers(town)
            (word,) = answer.event_responses
            assert (answer.response.code, answer.response.request_id) == ("200", "")
            assert (word.event, word.request_id) == (event.qualified_id, listed.request_id)
            assert (word.code, word.opt) == ("200", IN)
            assert said(await town.dso.delivery()) == (0, IN, "200")
            assert numbers(ven) == [0]
            assert town.amps is None, "it lies ahead"

    played(folder, play)


@pytest.mark.proves("ven_state_pending_mod0_never", "r12")
def test_ven_state_pending_mod0_never(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now() + AHEAD, never=True))
            await town.wait(seconds=10)
            assert numbers(ven) == [0]
            await town.wait(minutes=8)
            assert town.amps is None
            await town.wait(minutes=2)
            assert town.amps == HELD
            assert town.wire.of(CreatedEvent) == []
            assert said(await town.dso.delivery()) is None

    played(folder, play)


@pytest.mark.proves("ven_state_pending_mod1_always", "r57")
def test_ven_state_pending_mod1_always(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            await town.wait(minutes=1)
            await town.dso.change(given, start=town.clock.now() + AHEAD)
            await town.wait(seconds=10)
            assert all_words(town) == [(0, "200", "optIn"), (1, "200", "optIn")]
            assert said(await town.dso.delivery()) == (1, IN, "200")
            assert numbers(ven) == [1]
            await town.wait(minutes=9)
            assert town.amps is None, "it has been put off by a minute"
            await town.wait(minutes=1)
            assert town.amps == HELD

    played(folder, play)


@pytest.mark.proves("ven_state_pending_mod1_never", "r12", "r57")
def test_ven_state_pending_mod1_never(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            start = town.clock.now() + AHEAD
            given = await town.dso.send(written.event(start=start, never=True))
            await town.wait(minutes=1)
            await town.dso.change(given, written=written.event(written.share("0.5"), start=start, never=True))
            await town.wait(seconds=10)
            assert numbers(ven) == [1]
            await town.wait(minutes=9)
            assert town.amps == Decimal(16), "50 %"
            assert town.wire.of(CreatedEvent) == []

    played(folder, play)


@pytest.mark.proves("ven_state_active_mod0_always")
def test_ven_state_active_mod0_always(folder: Path) -> None:
    async def play(town: Town) -> None:
        await town.dso.send(written.event(start=town.clock.now()))
        await town.wait(minutes=5)
        async with town.ven() as ven:
            await town.wait(seconds=5)
            ((event,),) = (one.events for one in lists(town, RequestEvent))
            assert event.descriptor.status is EventStatus.ACTIVE
            assert all_words(town) == [(0, "200", "optIn")]
            assert said(await town.dso.delivery()) == (0, IN, "200")
            assert numbers(ven) == [0]
            assert town.charger.changes == [(300, None), (300, HELD)], "at once"

    played(folder, play)


@pytest.mark.proves("ven_state_active_mod0_never", "r12")
def test_ven_state_active_mod0_never(folder: Path) -> None:
    async def play(town: Town) -> None:
        await town.dso.send(written.event(start=town.clock.now(), never=True))
        await town.wait(minutes=5)
        async with town.ven() as ven:
            await town.wait(minutes=1)
            assert numbers(ven) == [0]
            assert town.amps == HELD
            assert town.wire.of(CreatedEvent) == []

    played(folder, play)


@pytest.mark.proves("ven_state_active_mod1_always", "r57")
def test_ven_state_active_mod1_always(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            start = town.clock.now()
            given = await town.dso.send(written.event(start=start))
            await town.wait(minutes=1)
            assert town.amps == HELD
            await town.dso.change(given, written=written.event(written.share("0.2"), start=start))
            await town.wait(seconds=10)
            assert town.amps == Decimal("6.4"), "20 %"
            assert all_words(town) == [(0, "200", "optIn"), (1, "200", "optIn")]
            assert said(await town.dso.delivery()) == (1, IN, "200")
            assert numbers(ven) == [1]

    played(folder, play)


@pytest.mark.proves("ven_state_cancel_pending_mod1_always", "r36", "r59")
def test_ven_state_cancel_pending_mod1_always(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            await town.wait(minutes=1)
            await town.dso.cancel(given)
            await town.wait(seconds=10)
            assert all_words(town) == [(0, "200", "optIn"), (1, "200", "optIn")], "confirmed"
            assert ven.memory.held == ()
            assert [one.implied for one in told(ven, EventEnded)] == [False]
            delivery = await town.dso.delivery()
            assert delivery.settled
            assert said(delivery) == (1, IN, "200")
            await town.wait(minutes=20)
        assert town.charger.changes == [(0, None)]

    played(folder, play)


@pytest.mark.proves("ven_state_cancel_pending_mod1_never", "r12", "r59")
def test_ven_state_cancel_pending_mod1_never(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now() + AHEAD, never=True))
            await town.wait(minutes=1)
            assert numbers(ven) == [0]
            await town.dso.cancel(given)
            await town.wait(seconds=10)
            assert ven.memory.held == ()
            await town.wait(minutes=20)
            assert town.wire.of(CreatedEvent) == []
        assert town.charger.changes == [(0, None)]

    played(folder, play)


@pytest.mark.proves("ven_state_cancel_active_mod1_always", "r36", "r59")
def test_ven_state_cancel_active_mod1_always(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            given = await town.dso.send(written.event(start=town.clock.now()))
            await town.wait(minutes=1)
            assert town.amps == HELD
            await town.dso.cancel(given)
            await town.wait(seconds=10)
            assert all_words(town) == [(0, "200", "optIn"), (1, "200", "optIn")]
            assert said(await town.dso.delivery()) == (1, IN, "200")
            assert ven.memory.held == ()
            await town.wait(minutes=3)
            assert town.amps is None, "after the draw and the steps of a release"

    played(folder, play)


@pytest.mark.proves("ven_new_event_with_high_mod", "r56")
def test_ven_new_event_with_high_mod(folder: Path) -> None:
    async def play(town: Town) -> None:
        given = await town.dso.limit(percent=Decimal(70))
        for percent in (60, 50, 40):
            await town.dso.change(given, percent=Decimal(percent))
        async with town.ven() as ven:
            await town.wait(seconds=5)
            assert numbers(ven) == [3]
            assert all_words(town) == [(3, "200", "optIn")]
            assert said(await town.dso.delivery()) == (3, IN, "200")
            assert town.amps == LIMITED

    played(folder, play)


@pytest.mark.proves("ven_test_event", "r6")
def test_ven_test_event(folder: Path) -> None:
    """Any value but `false` makes one."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            for count, value in enumerate(("true", "until noon", "false")):
                assert town.charger.changes == [(0, None)]
                minute = timedelta(minutes=1)
                test = written.event(start=town.clock.now(), lasts=minute, descriptor={"test_event": value})
                await town.dso.send(test)
                await town.wait(seconds=20)
                assert all_words(town) == [(0, "200", "optIn")] * (count + 1)
                assert [one.event.descriptor.test_event for one in ven.memory.held][-1] == value
                assert town.amps == (HELD if value == "false" else None)
                await town.wait(seconds=60)
            assert {reach(one) for one in await town.dso.deliveries()} == {Reach.ACKNOWLEDGED}

    played(folder, play)


@pytest.mark.proves("ven_new_modified_cancelled_together", "r12", "r19")
def test_ven_new_modified_cancelled_together(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            vtn = ScriptedVtn(town)
            changed, off = worded(town, "changed"), worded(town, "off")
            await vtn.hand_out(listing(changed, off, request_id="first"), CreatedEvent)
            assert town.amps == HELD
            stricter = replace(renumbered(changed, 1), signals=(written.share("0.2"),))
            ended = renumbered(off, 1, EventStatus.CANCELLED)
            new = worded(town, "new", status=EventStatus.FAR, after=timedelta(hours=2))
            answer = await vtn.hand_out(listing(stricter, ended, new, request_id="second"), CreatedEvent)
            assert words(answer) == [
                ("changed", 1, "200", "optIn"),
                ("off", 1, "200", "optIn"),
                ("new", 0, "200", "optIn"),
            ]
            assert {one.request_id for one in answer.event_responses} == {"second"}
            held = [(one.event.descriptor.event_id, one.modification_number) for one in ven.memory.held]
            assert held == [("changed", 1), ("new", 0)]
            assert town.amps == Decimal("6.4")

    played(folder, play)
