"""The bounds of a grid operator's authority: at, below and above each of them."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.wire.errors import Refused
from oadr.wire.ids import EventId
from tests.ven.virtual import START
from ven.authority import WEEK, Authority, Bounds, Spell, refusal, remembered

BOUNDS = Bounds()
MINUTE = timedelta(minutes=1)
E1 = EventId("E1")


def spell(begin: float, length: float, name: str = "") -> Spell:
    """Minutes after the start of the test."""
    start = START + begin * MINUTE
    return Spell(EventId(name or f"E{begin:g}"), start, start + length * MINUTE)


@pytest.mark.proves("VE21", "VE03", "P2")
def test_an_emergency_ends_after_two_hours_whatever_it_says() -> None:
    for minutes, most in ((119, 119), (120, 120), (121, 120)):
        assert Authority(BOUNDS).admit(E1, START, START + minutes * MINUTE, START) == START + most * MINUTE
    assert Authority(BOUNDS).admit(E1, START, None, START) == START + timedelta(hours=2)


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


@pytest.mark.proves("VE21", "P2")
def test_there_are_three_a_day() -> None:
    first = [spell(0, 30), spell(120, 30), spell(240, 30)]
    assert refusal(first[:2], first[2], BOUNDS) is None
    assert refusal(first, spell(1439, 30), BOUNDS) == "more than 3 emergencies within a day"
    assert refusal(first, spell(1440, 30), BOUNDS) is None


@pytest.mark.proves("VE21")
def test_there_are_eight_hours_a_week() -> None:
    used = [spell(day * 1440, 120) for day in range(3)]
    bounds = Bounds(longest=timedelta(hours=3))
    assert refusal(used, spell(3 * 1440, 120), bounds) is None
    assert refusal(used, spell(3 * 1440, 121), bounds) == "more than 480 min of emergencies within a week"
    assert refusal(used, spell(7 * 1440 + 119, 121), bounds) is None, "the first has left the week by then"


def test_a_modification_counts_in_place_of_what_it_changes() -> None:
    three = (spell(0, 30), spell(120, 30), spell(240, 30))
    authority = Authority(BOUNDS, three)
    begin = START + 240 * MINUTE
    for minutes in (45, 20):
        end = begin + minutes * MINUTE
        assert authority.admit(EventId("E240"), begin, end, begin + 5 * MINUTE) == end
        assert authority.spells == (*three[:2], spell(240, minutes))


@pytest.mark.proves("VE21")
@pytest.mark.parametrize("begins_again", [0, 60, 119])
def test_no_modification_step_by_step_stretches_an_emergency(begins_again: int) -> None:
    """A start that moves along with the time makes no new emergency of a running one."""
    authority = Authority(BOUNDS)
    authority.admit(E1, START, None, START)
    latest = authority.admit(E1, START + begins_again * MINUTE, None, START + 119 * MINUTE)
    assert latest == START + timedelta(hours=2)
    for minutes in (120, 121, 149):
        with pytest.raises(Refused, match=r"without a rest|since the last emergency"):
            authority.admit(E1, START + minutes * MINUTE, None, START + minutes * MINUTE)
    rested = START + 150 * MINUTE
    assert authority.admit(E1, rested, None, rested) == rested + timedelta(hours=2)
    assert [one.length for one in authority.spells] == [timedelta(hours=2)] * 2, "the same name counts twice"


@pytest.mark.proves("VE21")
def test_one_that_is_put_off_while_it_runs_counts_for_what_it_was() -> None:
    authority = Authority(BOUNDS)
    authority.admit(E1, START, None, START)
    tonight, now = START + timedelta(hours=6), START + 10 * MINUTE
    authority.admit(E1, tonight, None, now)
    assert authority.spells == (Spell(E1, START, now), Spell(E1, tonight, tonight + timedelta(hours=2)))


@pytest.mark.proves("VE21")
def test_overlapping_emergencies_are_no_longer_together_than_one() -> None:
    authority = Authority(BOUNDS)
    authority.admit(E1, START, None, START)
    begin = START + 90 * MINUTE
    assert authority.admit(EventId("E2"), begin, None, begin) == START + timedelta(hours=2)
    bridge = Authority(BOUNDS, (spell(0, 60), spell(110, 60)))
    with pytest.raises(Refused, match="without a rest"):
        bridge.admit(E1, START + 50 * MINUTE, None, START + 50 * MINUTE)


def test_one_that_is_heard_of_late_lasts_its_time_from_then_on_and_never_beyond_its_end() -> None:
    heard = START + timedelta(hours=3)
    assert Authority(BOUNDS).admit(E1, START, None, heard) == heard + timedelta(hours=2)
    end = heard + 10 * MINUTE
    assert Authority(BOUNDS).admit(E1, START, end, heard) == end


@pytest.mark.proves("VE21", "VE08")
@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_no_clock_refills_what_was_used(days: int) -> None:
    authority = Authority(BOUNDS, (spell(0, 30), spell(120, 30), spell(240, 30), spell(5000, 30)))
    before, by = START + 300 * MINUTE, timedelta(days=days)
    authority.clock_set(by, before)
    with pytest.raises(Refused, match="more than 3"):
        authority.admit(E1, before + by, None, before + by)
    assert spell(5000, 30) in authority.spells, "what is to come comes by the new clock"


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
        assert _together(spells, one) <= BOUNDS.longest
        assert (
            sum(one.start <= other.start < one.start + timedelta(days=1) for other in spells) <= BOUNDS.a_day
        )
        assert sum((other.within(one.end - WEEK, one.end) for other in spells), timedelta()) <= BOUNDS.a_week


def _together(spells: tuple[Spell, ...], first: Spell) -> timedelta:
    """How long those that overlap limit from the start of `first` on."""
    end = first.end
    for one in sorted(spells, key=lambda each: each.start):
        if first.start <= one.start < end:
            end = max(end, one.end)
    return end - first.start
