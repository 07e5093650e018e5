"""Chargers that do not do as they are told, from the outlet to the operator's record."""

from datetime import timedelta
from pathlib import Path

import pytest

from oadr.charging.limit import Limit
from oadr.wire.messages import CreateOpt
from tests.pair.reported import stood
from tests.pair.town import CAR, LIMITED, Town, played
from vtn.assess.reach import Reach, reach
from vtn.model.reading import Quantity


def told(town: Town) -> list[tuple[str, str]]:
    return [(one.opt, one.reason) for one in town.wire.of(CreateOpt) if isinstance(one, CreateOpt)]


@pytest.mark.proves("VE11")
def test_an_operator_learns_at_once_of_a_charger_that_is_out_of_order_and_when_it_is_back(
    folder: Path,
) -> None:
    async def play(town: Town) -> None:
        takes, is_there = town.charger.apply, True

        async def apply(limit: Limit | None) -> None:
            if not is_there:
                raise ConnectionError("gone")
            await takes(limit)

        town.charger.apply = apply  # type: ignore[method-assign]
        async with town.ven() as ven:
            await town.wait(seconds=15)
            is_there = False
            await town.dso.limit(duration=timedelta(minutes=10))
            await town.wait(seconds=15)
            assert told(town) == [("optOut", "outageRunStatus")]
            assert reach(await town.dso.delivery()) is Reach.DECLINED
            is_there = True
            await town.wait(seconds=90)
            assert told(town)[1:] == [("optIn", "participating")]
            assert reach(await town.dso.delivery()) is Reach.ACKNOWLEDGED
            assert (town.amps or 0) <= LIMITED
            assert not ven.memory.held[0].declined

    played(folder, play)


@pytest.mark.proves("P15")
def test_a_charger_in_trouble_is_not_online_and_its_deviation_breaks_nothing(folder: Path) -> None:
    async def play(town: Town) -> None:
        async def apply(limit: Limit | None) -> None:
            raise ConnectionError(f"gone, and does not hear of {limit}")

        async with town.ven():
            await town.wait(seconds=30)
            town.charger.apply = apply  # type: ignore[method-assign]
            await town.dso.limit(duration=timedelta(minutes=10))
            await town.wait(minutes=1)
            assert not (await stood(town)).online
            currents = [one.value for one in await town.dso.readings() if one.quantity is Quantity.CURRENT_1]
            assert currents[-1] == CAR

    played(folder, play)
