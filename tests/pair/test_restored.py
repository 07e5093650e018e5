"""The operator's store is lost, and an older one takes its place while sites hold newer orders."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.pair.town import LIMITED, Town, played
from tests.vtn.world import KEY
from vtn.store.restoring import RAISED_BY, put_back


async def restore(town: Town, backup: Path) -> None:
    """`vtn restore`, and `vtn serve` again."""
    await town.dso.restore(backup)
    async with town.dso.at_work() as world:
        await put_back(world.store, world.folder, KEY, world.now)
        await world.restart()


@pytest.mark.proves("VT10", "S7", "r57")
def test_a_ven_that_holds_a_newer_modification_than_the_restored_store_obeys_what_comes_next(
    folder: Path,
) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            given = await town.dso.limit(duration=timedelta(hours=1))
            await town.wait(seconds=20)
            await town.dso.back_up(folder / "backup")
            for percent in (80, 60):
                newest = await town.dso.change(given, percent=Decimal(percent))
                await town.wait(minutes=5)
            assert (newest.modification_number, town.amps) == (2, Decimal("19.2"))

            await restore(town, folder / "backup")
            await town.wait(minutes=1)
            (held,) = ven.memory.held
            assert held.modification_number == RAISED_BY
            assert (town.amps, (await town.dso.delivery()).settled) == (LIMITED, True), (
                "the order as the store has it"
            )
            await town.dso.change(given, percent=Decimal(20))
            await town.wait(minutes=1)
            assert town.amps == Decimal("6.4")
            await town.dso.cancel(given)
            await town.wait(minutes=15)
        assert town.amps is None

    played(folder, play)
