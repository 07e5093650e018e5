"""Last resorts are counted."""

from datetime import timedelta

import pytest

from oadr.charging.signals import Programme
from tests.vtn.assess.fleet import F12, NOON, intervention
from vtn.model import rarity

DAY = timedelta(days=1)


def test_begun_half_hours_count_until_the_end_or_the_cancellation() -> None:
    given = (
        intervention(start=NOON - DAY, minutes=30),
        intervention(start=NOON - 2 * DAY, minutes=31),
        intervention(start=NOON - 3 * DAY, minutes=120, cancelled_at=NOON - 3 * DAY + timedelta(minutes=10)),
    )
    assert rarity.half_hours(given, F12, NOON - rarity.MONTH) == 1 + 2 + 1


def test_tests_load_shifts_and_what_is_long_past_do_not_count() -> None:
    given = (
        intervention(start=NOON - DAY, is_test=True),
        intervention(start=NOON - DAY, programme=Programme.LOAD_SHIFT),
        intervention(start=NOON - 31 * DAY),
    )
    assert rarity.half_hours(given, F12, NOON - rarity.MONTH) == 0
    assert rarity.half_hours(given, F12, NOON - rarity.YEAR) == 1


@pytest.mark.proves("W13")
@pytest.mark.parametrize(("past", "warned"), [(7, False), (8, True)])
def test_who_limits_a_feeder_more_often_than_is_rare_is_told(past: int, warned: bool) -> None:
    given = tuple(intervention(start=NOON - day * DAY) for day in range(1, past + 1))
    order = intervention(minutes=30).order
    warnings = rarity.warnings(given, order, NOON)
    assert bool(warnings) is warned
    assert all("F12 would have been limited for 9 half-hours within 30 days" in one for one in warnings)


def test_a_test_is_never_too_often() -> None:
    given = tuple(intervention(start=NOON - day * DAY) for day in range(1, 20))
    assert rarity.warnings(given, intervention(is_test=True).order, NOON) == ()
