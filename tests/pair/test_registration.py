"""How both ends find each other when one of them is late; how else they come to know each other is in scenarios."""

from pathlib import Path

import pytest

from tests.pair.town import LIMITED, Town, played


@pytest.mark.proves("VE05")
def test_a_vtn_that_is_not_there_yet_is_found_once_it_is(folder: Path) -> None:
    async def play(town: Town) -> None:
        town.wire.is_cut = True
        async with town.ven():
            await town.wait(hours=2)
            tries = len(town.wire.said)
            town.wire.is_cut = False
            await town.dso.limit()
            await town.wait(minutes=5)
            assert (await town.dso.delivery()).settled
            assert town.amps == LIMITED
        assert tries < 70

    played(folder, play)
