"""A limit becomes another while it runs, whatever the wire does meanwhile."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.messages import CreatedEvent, Poll
from oadr.wire.messages.common import OptType
from tests.pair.town import LIMITED, Town, played
from tests.pair.wire import Fate, once


@pytest.mark.proves("r5", "r20", "W20")
def test_a_stricter_limit_binds_at_the_next_poll_and_a_milder_one_is_reached_step_by_step(
    folder: Path,
) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            given = await town.dso.limit()
            await town.wait(seconds=60)
            await town.dso.change(given, percent=Decimal(20))
            await town.wait(seconds=60)
            assert town.charger.changes == [(0, None), (10, LIMITED), (70, LIMITED / 2)]
            await town.dso.change(given, percent=Decimal(50))
            await town.wait(minutes=5)
            rising = [amps for _, amps in town.charger.changes[3:]]
            assert rising == sorted(rising, key=lambda amps: amps or Decimal(99))
            assert town.amps == Decimal(16)
            delivery = await town.dso.delivery()
            assert delivery.answer
            assert (delivery.answer.modification_number, delivery.answer.opt) == (2, OptType.OPT_IN)
        recorded = await town.dso.recorded()
        assert (recorded.count(EntryType.MODIFY), recorded.count(EntryType.OPT)) == (2, 3)

    played(folder, play)


@pytest.mark.proves("F8", "r20")
@pytest.mark.parametrize("kind", [Poll, CreatedEvent])
@pytest.mark.parametrize("fate", [Fate.REQUEST_LOST, Fate.REPLY_LOST, Fate.SAID_TWICE, Fate.COMES_LATE])
def test_whatever_befalls_a_change_it_arrives_and_no_limit_lapses(
    folder: Path, fate: Fate, kind: type[Poll] | type[CreatedEvent]
) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            given = await town.dso.limit()
            await town.wait(seconds=60)
            await town.dso.change(given, percent=Decimal(20), duration=timedelta(hours=1))
            town.wire.fates = once(kind, fate)
            await town.wait(minutes=2)
            assert (await town.dso.delivery()).settled
        limits = [amps for _, amps in town.charger.changes]
        assert limits == [None, LIMITED, LIMITED / 2]
        assert (await town.dso.recorded()).count(EntryType.OPT) == 2

    played(folder, play)


@pytest.mark.proves("F8", "r10")
def test_of_a_change_that_a_site_has_missed_it_hears_with_the_next_one(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            given = await town.dso.limit()
            await town.wait(seconds=60)
            town.wire.is_cut = True
            await town.dso.change(given, percent=Decimal(20))
            await town.wait(seconds=60)
            await town.dso.change(given, percent=Decimal(30))
            await town.dso.restart()
            town.wire.is_cut = False
            await town.wait(minutes=3)
            delivery = await town.dso.delivery()
            assert delivery.answer
            assert delivery.answer.modification_number == 2
        assert [amps for _, amps in town.charger.changes] == [None, LIMITED, Decimal("9.6")]

    played(folder, play)
