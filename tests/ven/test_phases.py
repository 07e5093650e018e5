"""When an outlet goes to one phase, and when it goes back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging import electricity
from oadr.charging.electricity import Rating
from tests.ven.virtual import START
from ven.phases import ONE, RETURN_AFTER, Phases, moved, wanted
from ven.randomise import CAP

WIDE = Rating(Decimal(32), 3)
SECOND = timedelta(seconds=1)
DRAW = 77 * SECOND


@pytest.mark.parametrize(
    ("watts", "volts", "phases"),
    [
        (4200, "233.3", 3),
        (4200, "233.4", 1),
        (1400, "230", 1),
        (1379, "230", 3),
        (0, "230", 3),
        (9000, "253", 3),
    ],
)
def test_one_phase_is_wanted_where_only_one_can_carry_it(watts: int, volts: str, phases: int) -> None:
    assert wanted(Decimal(watts), WIDE, Decimal(volts)) == phases


def test_fewer_come_at_once_and_more_after_ten_minutes_and_a_draw() -> None:
    one = moved(Phases(3), ONE, DRAW, START)
    assert one == Phases(1)
    waiting = moved(one, 3, DRAW, START)
    assert waiting == Phases(1, START + RETURN_AFTER + DRAW)
    assert moved(waiting, 3, 2 * DRAW, START + RETURN_AFTER + DRAW - SECOND) == waiting, "drawn once"
    assert moved(waiting, 3, 2 * DRAW, START + RETURN_AFTER + DRAW) == Phases(3)


def test_who_needs_one_phase_again_begins_anew_to_wait() -> None:
    waiting = moved(Phases(1), 3, DRAW, START)
    assert moved(waiting, ONE, DRAW, START + 599 * SECOND) == Phases(1)


def test_a_clock_that_is_set_back_does_not_stretch_the_wait() -> None:
    waiting = moved(Phases(1), 3, DRAW, START)
    before = START - timedelta(days=1)
    assert moved(waiting, 3, DRAW, before).back_at == before + RETURN_AFTER + CAP


@given(st.lists(st.tuples(st.integers(0, 700), st.sampled_from((1, 3))), max_size=30))
def test_no_return_is_earlier_than_ten_minutes_after_the_last_need(steps: list[tuple[int, int]]) -> None:
    state, now, needed = Phases(3), START, START - timedelta(days=1)
    for seconds, wants in steps:
        now += seconds * SECOND
        before, state = state, moved(state, wants, DRAW, now)
        if wants == ONE:
            assert state.used == ONE
            needed = now
        elif before.used < state.used:
            assert now - needed >= RETURN_AFTER + DRAW


@given(
    st.decimals(Decimal(0), Decimal(25_000), places=1),
    st.decimals(Decimal(207), Decimal(264), places=1),
    st.decimals(Decimal(6), Decimal(63), places=1),
)
def test_whichever_phases_are_wanted_the_order_holds(watts: Decimal, volts: Decimal, rated: Decimal) -> None:
    rating = Rating(rated, 3)
    phases = wanted(watts, rating, volts)
    order = electricity.from_watts(watts, rating, volts, phases)
    assert order.amps * volts * phases <= watts
    others = electricity.from_watts(watts, rating, volts)
    assert order.amps * phases >= others.amps * rating.phases, "and nothing is given away for it"
