"""Offsets and pauses stay within their bounds and use all of them."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit, Source
from oadr.wire.ids import ResourceId
from tests.ven.stage import Loaded
from tests.ven.virtual import START
from ven.arbiter import Arbiter
from ven.randomise import CAP, back_off, drawn, offset
from ven.slots import Slot, SlotKey


@given(st.integers(-100, 10_000), st.integers())
@pytest.mark.proves("P10", "W18")
def test_an_offset_is_a_whole_number_of_seconds_within_its_bound_and_1800(longest: int, seed: int) -> None:
    wait = offset(Random(seed), timedelta(seconds=longest))
    assert timedelta() <= wait <= min(max(timedelta(seconds=longest), timedelta()), CAP)
    assert wait % timedelta(seconds=1) == timedelta()


@pytest.mark.proves("B15")
def test_every_second_of_the_bound_is_drawn_alike_both_ends_included() -> None:
    dice = Random(3)
    counts = [0] * 11
    for _ in range(11_000):
        counts[int(offset(dice, timedelta(seconds=10)).total_seconds())] += 1
    assert min(counts) > 850
    assert max(counts) < 1150


def test_the_longest_offset_is_1800_seconds() -> None:
    assert offset(Loaded(1.0), timedelta(days=1)) == timedelta(seconds=1800)


@pytest.mark.proves("A03", "VE05")
def test_the_ceiling_of_a_pause_doubles_up_to_its_cap() -> None:
    cap = timedelta(seconds=300)
    pauses = [
        back_off(Loaded(1.0), failures, cap).total_seconds() for failures in (1, 2, 3, 8, 9, 10, 50, 10_000)
    ]
    assert pauses == [1, 2, 4, 128, 256, 300, 300, 300]


@given(st.integers(1, 10_000), st.integers())
@pytest.mark.proves("A03")
def test_a_pause_has_full_jitter_and_is_never_nothing(failures: int, seed: int) -> None:
    pause = back_off(Random(seed), failures, timedelta(seconds=300)).total_seconds()
    assert 0.1 <= pause <= 300
    assert back_off(Loaded(0.0), failures, timedelta(seconds=300)).total_seconds() == 0.1


# --- a fleet does not switch as one ---

FLEET = 10_000
LONGEST = timedelta(seconds=600)


def unlike_a_uniform(seconds: list[float]) -> float:
    """The Kolmogorov-Smirnov distance to an even spread over LONGEST, times the root of the number.

    Above 1.95 once in a thousand times, if the spread is even.
    """
    span = LONGEST.total_seconds() + 1  # a whole second stands for all of it
    found = sorted((second + 0.5) / span for second in seconds)
    distance = max(
        max((count + 1) / len(found) - share, share - count / len(found)) for count, share in enumerate(found)
    )
    return float(distance * len(found) ** 0.5)


def releases(seed: int) -> float:
    """Seconds after the end of an order until one site of a fleet first rises."""
    rating = Rating(Decimal(32), 1)
    key = SlotKey(ResourceId("evse"), Source.SUPPLY_LIMIT)
    limit = Limit(Decimal(16), Decimal(50), key.source, "E1", START)
    one = Arbiter({key.resource_id: rating}, LONGEST, timedelta(seconds=60), Random(seed), {key: Slot(limit)})
    one.decide({}, START)
    change = one.next_change(START)
    assert change is not None
    return (change - START).total_seconds()


@pytest.mark.proves("W18", "W19", "W40")
@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda seed: offset(Random(seed), LONGEST).total_seconds(), id="an offset"),
        pytest.param(
            lambda seed: drawn(b"%d" % seed, "2026-01-15", LONGEST).total_seconds(), id="the calendar"
        ),
        pytest.param(releases, id="a release"),
    ],
)
def test_ten_thousand_sites_are_spread_evenly(draw: Callable[[int], float]) -> None:
    seconds = [draw(seed) for seed in range(FLEET)]
    assert unlike_a_uniform(seconds) < 1.95
    assert max(Counter(seconds).values()) < FLEET / 100, "no second has more than one in a hundred of them"


def test_the_measure_sees_a_fleet_that_bunches() -> None:
    bunched = [draw**2 * 600 for draw in (Random(seed).random() for seed in range(FLEET))]
    assert unlike_a_uniform(bunched) > 10
