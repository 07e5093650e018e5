"""A process ends at a bad moment; what is on disk goes on."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.messages import CreatedEvent, CreatePartyRegistration, RegisterReport
from tests.pair.town import LIMITED, Town, played
from tests.pair.wire import Fate, once


@pytest.mark.proves("VT01", "F8")
def test_a_vtn_that_restarts_between_order_and_poll_delivers(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit()
            await town.dso.restart()
            await town.wait(seconds=6)
            assert (await town.dso.delivery()).settled
        assert town.charger.course == [(0, None), (10, LIMITED)]
        assert len(town.wire.of(CreatePartyRegistration)) == 1

    played(folder, play)


@pytest.mark.proves("VT01", "VT02", "F8")
def test_restart_in_mid_exchange_is_answered_once(folder: Path) -> None:
    """The list was handed out and its answer lost when the VTN restarts."""

    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit()
            town.wire.fates = once(CreatedEvent, Fate.REQUEST_LOST)
            await town.wait(seconds=10)
            await town.dso.restart()
            await town.wait(seconds=40)
            assert (await town.dso.delivery()).settled
        assert (await town.dso.recorded()).count(EntryType.OPT) == 1

    played(folder, play)


@pytest.mark.proves("VE06", "W105", "P10")
def test_a_ven_that_restarts_is_limited_before_its_first_word_and_draws_once(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.dso.limit(duration=timedelta(minutes=5))
            await town.wait(minutes=2)
        town.wire.is_cut = True
        spoken = len(town.wire.said)
        ven = town.ven()
        async with ven:
            assert town.charger.course[-1] == (120, LIMITED)
            assert len(town.wire.said) == spoken, "not a word yet"
            await town.wait(minutes=3, seconds=20)
            draws = [slot.restore for _, slot in ven.memory.slots]
        async with town.ven() as again:
            assert [slot.restore for _, slot in again.memory.slots] == draws
            await town.wait(minutes=2)
        assert all(draws)
        assert town.charger.changes[:3] == [(0, None), (0, LIMITED), (350, Decimal(16))]
        assert town.amps is None

    played(folder, play)


@pytest.mark.proves("P14")
def test_a_ven_that_restarts_before_it_could_answer_answers(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit()
            town.wire.fates = once(CreatedEvent, Fate.REQUEST_LOST)
            await town.wait(seconds=10)
        async with town.ven():
            await town.wait(minutes=1)
            assert (await town.dso.delivery()).settled

    played(folder, play)


@pytest.mark.proves("W19", "P10")
def test_load_that_was_without_power_when_its_limit_ended_returns_at_random(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.dso.limit(duration=timedelta(minutes=5))
            await town.wait(minutes=2)
        await town.wait(minutes=30)
        async with town.ven():
            assert town.amps == LIMITED
            await town.wait(seconds=45)
            assert town.amps == LIMITED
            await town.wait(seconds=10)
            assert town.amps == Decimal(16)
            await town.wait(minutes=1)
            assert town.amps is None

    played(folder, play)


@pytest.mark.proves("r301")
def test_a_ven_that_restarts_before_its_offer_has_arrived_is_measured_all_the_same(folder: Path) -> None:
    async def play(town: Town) -> None:
        town.wire.fates = once(RegisterReport, Fate.REQUEST_LOST)
        async with town.ven():
            await town.wait(seconds=5)
        async with town.ven():
            await town.wait(minutes=5)
            assert await town.dso.points() > 0
            assert await town.dso.readings()

    played(folder, play)


@pytest.mark.proves("r304")
def test_a_vtn_that_has_lost_what_it_asked_for_is_offered_it_again(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(minutes=2)
            await town.dso.forget_reports()
            await town.wait(minutes=5)
            assert await town.dso.points() > 0
            assert len(town.wire.of(RegisterReport)) == 2

    played(folder, play)
