"""A VEN that says goodbye to our VTN."""

from itertools import count
from pathlib import Path

import pytest

from oadr.wire.ids import RequestId
from tests.pair.home import SHIFT, event_id
from tests.pair.town import Town, played
from ven.leaving import declined, follow_again, leave
from vtn.assess.reach import Reach, reach


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


@pytest.mark.proves("W23", "r17")
def test_after_a_reset_of_its_people_the_operator_counts_on_what_they_had_declined(folder: Path) -> None:
    """R0: whoever lives there now has declined nothing."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            await ven.opt_out(await event_id(town))
            await town.wait(minutes=1)
            known, held = ven.memory.registration, ven.memory.held
        assert known is not None
        assert reach(await town.dso.delivery()) is Reach.DECLINED
        names = (f"R{number}" for number in count())
        words = declined(held, town.clock.now())
        assert await follow_again(town.wire, known, words, lambda: next(names), town.clock)
        assert reach(await town.dso.delivery()) is Reach.ACKNOWLEDGED

    played(folder, play)
