"""Clocks that do not agree: an emergency does not wait for the VEN's, and is not agreed to without being held."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.pair.town import LIMITED, Town, played
from ven import Ven
from ven.news import ClockDoubted


def told(ven: Ven) -> list[object]:
    return [ven.news.get_nowait() for _ in range(ven.news.qsize())]


@pytest.mark.proves("VE07", "W20", "I13")
@pytest.mark.parametrize("ahead", [20, 120, 86_400, -60, -400, -86_400])
def test_an_order_holds_from_its_receipt_whatever_the_clocks_say(folder: Path, ahead: int) -> None:
    """Seconds by which the VTN's clock is ahead of the VEN's; negative: the VEN's is fast."""

    async def play(town: Town) -> None:
        town.dso.ahead = timedelta(seconds=ahead)
        async with town.ven() as ven:
            await town.wait(seconds=15)
            await town.dso.limit(duration=timedelta(minutes=5))
            await town.wait(seconds=10)
            assert (await town.dso.delivery()).settled
            assert town.charger.changes[1] == (20, LIMITED)
            await town.wait(minutes=3)
            assert town.amps == LIMITED, "and goes on holding"
            await town.wait(minutes=5)
            assert town.amps is None, "but not for ever"
            doubts = [item for item in told(ven) if isinstance(item, ClockDoubted)]
            assert bool(doubts) == (ahead not in range(-300, 1)), (
                "which a person is told, where it can be seen"
            )

    played(folder, play)


def test_an_event_for_later_is_not_moved(folder: Path) -> None:
    async def play(town: Town) -> None:
        town.dso.ahead = timedelta(seconds=20)
        async with town.ven():
            start = town.clock.now() + timedelta(minutes=10)
            await town.dso.limit(start=start)
            await town.wait(minutes=9)
            assert town.amps is None
            await town.wait(minutes=2)
        assert town.charger.changes == [(0, None), (600, LIMITED)]

    played(folder, play)
