"""A VEN that says goodbye to our VTN."""

from pathlib import Path

import pytest

from oadr.wire.ids import RequestId
from tests.pair.town import Town, played
from ven.leaving import leave


@pytest.mark.proves("r407", "ven_cancels_registration")
def test_a_unit_that_leaves_is_forgotten_and_comes_back_as_a_new_one(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(minutes=1)
            known = ven.memory.registration
        assert known is not None
        assert await town.dso.registration_id() == known.registration_id
        assert await leave(town.wire, known, RequestId("R1"), town.clock)
        assert await town.dso.registration_id() is None
        async with town.ven():
            await town.wait(minutes=10)
        assert await town.dso.registration_id() not in (None, known.registration_id)

    played(folder, play)
