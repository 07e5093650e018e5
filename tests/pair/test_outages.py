"""An hour without a word, and what both ends make of it afterwards."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from oadr.wire.messages import RequestEvent
from tests.pair.town import LIMITED, Town, played


@pytest.mark.proves("VE03", "P1", "D06", "W17")
def test_an_hour_of_silence_costs_few_requests_and_the_limit_ends_by_its_own_time(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.dso.limit()
            await town.wait(minutes=1)
            town.wire.is_cut = True
            spoken = len(town.wire.said)
            await town.wait(hours=1)
            tries = len(town.wire.said) - spoken
        assert 12 <= tries <= 45
        begin, first_step, last_step = (
            town.charger.changes[1],
            town.charger.changes[2],
            town.charger.changes[-1],
        )
        assert begin == (0, LIMITED)
        assert first_step[0] == 1800 + 50
        assert last_step == (1800 + 50 + 50, None)

    played(folder, play)


@pytest.mark.proves("VE02")
def test_a_limit_for_later_starts_from_disk_although_nobody_answers(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.dso.limit(start=town.clock.now() + timedelta(minutes=10))
            await town.wait(minutes=1)
            assert (await town.dso.delivery()).settled
        town.wire.is_cut = True
        async with town.ven():
            await town.wait(minutes=10)
        assert town.charger.changes == [(0, None), (600, LIMITED)]

    played(folder, play)


@pytest.mark.proves("VE04", "VE12")
def test_a_cancellation_during_silence_takes_effect_with_the_list_and_not_before(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            given = await town.dso.limit()
            await town.wait(minutes=1)
            town.wire.is_cut = True
            await town.dso.cancel(given)
            await town.wait(minutes=10)
            assert town.amps == LIMITED
            town.wire.is_cut = False
            await town.wait(minutes=7)
            delivery = await town.dso.delivery()
        assert delivery.settled
        assert delivery.answer
        released = town.charger.changes[2][0]
        read = (delivery.answer.answered_at - given.order.start).total_seconds()
        assert released == round(read) + 50
        assert town.amps is None
        assert len(town.wire.of(RequestEvent)) == 2, "the whole list is asked for after the silence"

    played(folder, play)


@pytest.mark.proves("P14")
def test_an_order_during_silence_binds_when_the_wire_is_mended(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(minutes=1)
            town.wire.is_cut = True
            await town.wait(minutes=10)
            await town.dso.limit()
            town.wire.is_cut = False
            await town.wait(minutes=5)
            assert (await town.dso.delivery()).settled
        assert town.amps == LIMITED

    played(folder, play)


@pytest.mark.proves("VT04")
def test_a_vtn_whose_store_is_away_loses_no_telemetry(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(minutes=3)
            async with town.dso.without_its_disk():
                await town.wait(minutes=6)
            await town.wait(minutes=6)
            moments = sorted({one.at for one in await town.dso.readings()})
        gaps = {later - sooner for sooner, later in pairwise(moments)}
        assert gaps == {timedelta(minutes=1)}
        assert moments[-1] - moments[0] >= timedelta(minutes=12)

    played(folder, play)
