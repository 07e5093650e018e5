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
from ven.arbiter import HOLD_UP, SHORTEST_PAUSE, Arbiter
from ven.randomise import CAP, back_off, drawn, offset, offset_after
from ven.slots import SlotKey


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

EVSE = ResourceId("evse")
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
    """Seconds from when it may until one site of a fleet first rises, after the end of an order."""
    return risen_after(seed, Source.SUPPLY_LIMIT, "16", timedelta()) - HOLD_UP.total_seconds()


def returns(seed: int) -> float:
    """The same after a load shift that had paused everybody for no more than 100 s."""
    least = SHORTEST_PAUSE.total_seconds() - 100
    return risen_after(seed, Source.LOAD_SHIFT, "0", timedelta(seconds=100)) - least


def risen_after(seed: int, source: Source, amps: str, length: timedelta) -> float:
    """Seconds after the end of an order of this length."""
    key = SlotKey(EVSE, source)
    order = Limit(Decimal(amps), Decimal(amps) * 100 / 32, source, "E1", START)
    one = of_fleet(seed)
    one.decide({key: order}, START)
    end = START + length
    one.decide({}, end)
    change = one.next_change(end)
    assert change is not None
    return (change - end).total_seconds()


def power_ups(seed: int) -> float:
    """Seconds after power has come back to a street, where no limit had held."""
    one = of_fleet(seed)
    one.hold_back("power-up", START)
    one.decide({}, START)
    change = one.next_change(START)
    assert change is not None
    return (change - START).total_seconds()


def of_fleet(seed: int) -> Arbiter:
    return Arbiter({EVSE: Rating(Decimal(32), 1)}, LONGEST, timedelta(seconds=60), Random(seed))


@pytest.mark.proves("W18", "W19", "W40")
@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda seed: offset(Random(seed), LONGEST).total_seconds(), id="an offset"),
        pytest.param(
            lambda seed: drawn(b"%d" % seed, "2026-01-15", LONGEST).total_seconds(), id="the calendar"
        ),
        pytest.param(releases, id="a release"),
        pytest.param(returns, id="the return from a pause"),
        pytest.param(power_ups, id="power is back"),
    ],
)
def test_ten_thousand_sites_are_spread_evenly(draw: Callable[[int], float]) -> None:
    seconds = [draw(seed) for seed in range(FLEET)]
    assert unlike_a_uniform(seconds) < 1.95
    assert max(Counter(seconds).values()) < FLEET / 100, "no second has more than one in a hundred of them"


@pytest.mark.proves("W18", "W40")
def test_a_fleet_comes_back_over_minutes_and_at_no_moment_together() -> None:
    """Every step of every site counts, not the first alone: with what holds back all, and after it."""
    fleet, steps = 2_000, Counter[int]()
    rating, key = Rating(Decimal(32), 1), SlotKey(EVSE, Source.SUPPLY_LIMIT)
    for seed in range(fleet):
        one, now = of_fleet(seed), START
        one.decide({key: Limit(Decimal(0), Decimal(0), key.source, "E1", None)}, now)
        one.decide({}, now)
        drawn_before = Decimal(0)
        while (change := one.next_change(now)) is not None:
            now = change
            one.decide({}, now)
            limit = one.limit(EVSE)
            drawn_now = limit.amps if limit else rating.amps
            steps[(now - START).seconds] += int(10 * (drawn_now - drawn_before))
            drawn_before = drawn_now
    whole = 320 * fleet
    assert sum(steps.values()) == whole
    assert min(+steps) >= HOLD_UP.total_seconds() + 60, "10 % of 32 A is still a pause"
    assert max(steps.values()) < whole / 200, "no second brings back more than half a percent of the load"


@given(st.integers(0, 600), st.integers(0, 1800), st.integers())
@pytest.mark.proves("P10")
def test_who_draws_less_than_the_least_goes_behind_all_the_others(
    least: int, longest: int, seed: int
) -> None:
    plain = offset(Random(seed), timedelta(seconds=longest))
    wait = offset_after(Random(seed), timedelta(seconds=least), timedelta(seconds=longest))
    assert timedelta(seconds=least) <= wait <= timedelta(seconds=least + longest)
    assert (wait - plain) % timedelta(seconds=longest + 1) == timedelta(), (
        "each draw keeps a second of its own"
    )
    assert wait == plain or plain < timedelta(seconds=least)


def test_the_measure_sees_a_fleet_that_bunches() -> None:
    bunched = [draw**2 * 600 for draw in (Random(seed).random() for seed in range(FLEET))]
    assert unlike_a_uniform(bunched) > 10
