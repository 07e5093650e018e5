"""A few evenings of the simulation, and that its judge is not blind. Many more: `make simulate SEEDS=1000`."""

from datetime import timedelta

import pytest

from oadr.charging.limit import Source
from oadr.charging.signals import Programme
from tests.simulation import street
from tests.simulation.evening import Failed, evening
from ven import events, ordered
from ven.control import Control
from ven.journal import Memory


@pytest.mark.proves("P3", "S4", "W20", "VE12")
@pytest.mark.parametrize("seed", [1, 2])
def test_an_evening_of_losses_crashes_and_jumps_breaks_nothing(seed: int) -> None:
    judge = evening(seed, size=10, minutes=6)
    assert judge.answers > 20
    assert judge.looks > 20


def forgetful(_: object) -> Memory:
    """A journal that is empty after each power cut."""
    return Memory()


def late(*_: object) -> timedelta:
    """As if an emergency were randomised."""
    return timedelta(seconds=40)


async def deaf(*_: object) -> None:
    """A driver that does nothing."""


def timeless(*_: object, **__: object) -> tuple[()]:
    """A VEN that forgets its calendar."""
    return ()


EMERGENCIES_ONLY = {Programme.SUPPLY_LIMIT: Source.SUPPLY_LIMIT}
"""For a VEN that follows no load shift, whatever it agrees to."""


def some(evenings: int) -> None:
    for seed in range(1, evenings + 1):
        evening(seed, size=8, minutes=8)


@pytest.mark.parametrize(
    ("place", "name", "broken", "why"),
    [
        (street.Paper, "load", forgetful, r"has lost|allows"),
        (events, "_start_offset", late, r"allows|agrees"),
        (street.Outlet, "apply", deaf, r"allows|agrees"),
        (Control, "_planned", timeless, r"its calendar"),
        (ordered, "_SOURCES", EMERGENCIES_ONLY, r"allows"),
    ],
)
def test_the_judge_is_not_blind(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, broken: object, why: str
) -> None:
    monkeypatch.setattr(place, name, broken)
    with pytest.raises(Failed, match=why):
        some(evenings=8)


@pytest.mark.proves("P16")
def test_a_seed_is_the_same_evening_each_time() -> None:
    first, second = (evening(5, size=4, minutes=4) for _ in range(2))
    assert (first.answers, first.looks) == (second.answers, second.looks)
