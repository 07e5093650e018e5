"""The bounds of a grid operator's authority: at, below and above each of them."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.wire.errors import Refused
from oadr.wire.ids import EventId
from tests.ven.virtual import START
from ven.authority import WEEK, Authority, Bounds, Spell, bounded_end, refusal, remembered

BOUNDS = Bounds()
MINUTE = timedelta(minutes=1)


def spell(begin: float, length: float, name: str = "") -> Spell:
    """Minutes after the start of the test."""
    start = START + begin * MINUTE
    return Spell(EventId(name or f"E{begin:g}"), start, start + length * MINUTE)


@pytest.mark.proves("VE21", "VE03")
def test_an_emergency_ends_after_two_hours_whatever_it_says() -> None:
    for minutes, most in ((119, 119), (120, 120), (121, 120)):
        assert bounded_end(START, START + minutes * MINUTE, BOUNDS) == START + most * MINUTE
    assert bounded_end(START, None, BOUNDS) == START + timedelta(hours=2)


@pytest.mark.proves("VE21")
def test_between_two_emergencies_lies_half_an_hour() -> None:
    before = spell(0, 60)
    assert refusal([before], spell(90, 10), BOUNDS) is None
    assert (
        refusal([before], spell(89, 10), BOUNDS)
        == "less than 30 min since the last emergency, or before the next"
    )
    assert refusal([spell(100, 10)], spell(60, 11), BOUNDS), "also when the earlier one comes later"
    assert refusal([before], spell(30, 60), BOUNDS) is None, "two at once are one strain"


@pytest.mark.proves("VE21")
def test_there_are_three_a_day() -> None:
    first = [spell(0, 30), spell(120, 30), spell(240, 30)]
    assert refusal(first[:2], first[2], BOUNDS) is None
    assert refusal(first, spell(1439, 30), BOUNDS) == "more than 3 emergencies within a day"
    assert refusal(first, spell(1440, 30), BOUNDS) is None


@pytest.mark.proves("VE21")
def test_there_are_eight_hours_a_week() -> None:
    used = [spell(day * 1440, 120) for day in range(3)]
    assert refusal(used, spell(3 * 1440, 120), BOUNDS) is None
    assert refusal(used, spell(3 * 1440, 121), BOUNDS) == "more than 480 min of emergencies within a week"
    assert refusal(used, spell(7 * 1440 + 119, 121), BOUNDS) is None, "the first has left the week by then"


def test_a_modification_counts_in_place_of_what_it_changes() -> None:
    three = [spell(0, 30), spell(120, 30), spell(240, 30)]
    assert refusal(three, spell(240, 45, "E240"), BOUNDS) is None


@pytest.mark.proves("VE21")
def test_one_that_is_cancelled_counts_for_as_long_as_it_limited() -> None:
    authority = Authority(BOUNDS, (spell(0, 120), spell(600, 120)))
    authority.ended(EventId("E0"), START + 10 * MINUTE)
    authority.ended(EventId("E600"), START + 10 * MINUTE)
    left, never = authority.spells
    assert left.length == 10 * MINUTE
    assert not never.length
    assert refusal([never], spell(601, 30), BOUNDS) is None


@pytest.mark.proves("VE21")
def test_what_goes_beyond_is_refused_with_its_code_and_uses_nothing_up() -> None:
    authority = Authority(BOUNDS)
    assert authority.admit(EventId("E1"), START, None, START) == START + timedelta(hours=2)
    soon = START + timedelta(hours=2, minutes=10)
    with pytest.raises(Refused, match="less than 30 min") as caught:
        authority.admit(EventId("E2"), soon, None, soon)
    assert caught.value.code == "451"
    assert [one.event_id for one in authority.spells] == ["E1"]


def test_what_is_a_week_old_is_forgotten_and_what_a_clock_put_into_the_future_is_not() -> None:
    spells = (spell(0, 60), spell(20_000, 60))
    assert remembered(spells, START + 60 * MINUTE + WEEK) == spells[1:]
    assert remembered(spells, START + 59 * MINUTE + WEEK) == spells


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 200)), max_size=40))
def test_whatever_is_ordered_no_day_and_no_week_holds_more_than_is_agreed(
    orders: list[tuple[int, int]],
) -> None:
    authority = Authority(BOUNDS)
    for number, (begin, length) in enumerate(orders):
        asked = spell(begin, length, f"E{number}")
        with suppress(Refused):
            authority.admit(asked.event_id, asked.start, asked.end, START)
    spells = authority.spells
    for one in spells:
        assert one.length <= BOUNDS.longest
        assert (
            sum(one.start <= other.start < one.start + timedelta(days=1) for other in spells) <= BOUNDS.a_day
        )
        assert sum((other.within(one.end - WEEK, one.end) for other in spells), timedelta()) <= BOUNDS.a_week
