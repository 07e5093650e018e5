"""Which voltage counts, for how long, and what is not believed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ven.virtual import START
from ven.voltage import FRESH, Voltage

SECOND = timedelta(seconds=1)


def seen(*readings: tuple[int, str]) -> Voltage:
    """Seconds after START, and V of the only phase."""
    voltage = Voltage()
    for second, volts in readings:
        voltage.seen((Decimal(volts),), START + second * SECOND)
    return voltage


def at(voltage: Voltage, second: int) -> str | None:
    found = voltage.at(START + second * SECOND)
    return None if found is None else str(found)


def test_the_highest_phase_counts_rounded_up() -> None:
    voltage = Voltage()
    voltage.seen((Decimal("229.1"), Decimal("236.04"), Decimal("231")), START)
    assert at(voltage, 0) == "236.1"


def test_a_value_counts_for_less_than_a_minute() -> None:
    voltage = seen((0, "240"))
    assert (at(voltage, 59), at(voltage, 60)) == ("240.0", None)


def test_a_rise_counts_at_once_and_a_fall_a_minute_later() -> None:
    voltage = seen((0, "230"), (10, "236"), *((second, "231") for second in range(11, 75)))
    assert [at(voltage, second) for second in (69, 70)] == ["236.0", "231.0"]


def test_a_voltage_that_swings_moves_nothing_to_and_fro() -> None:
    voltage, found = Voltage(), []
    for second in range(300):
        voltage.seen((Decimal(230 + second % 7),), START + second * SECOND)
        found.append(at(voltage, second))
    assert found[6:] == ["236.0"] * 294


@pytest.mark.parametrize("volts", ["0", "206.9", "264.1", "400"])
def test_what_cannot_be_is_passed_over(volts: str) -> None:
    assert at(seen((0, volts)), 0) is None
    assert at(seen((0, "231"), (1, volts)), 1) == "231.0"
    voltage = Voltage()
    voltage.seen((Decimal(volts), Decimal(232)), START)
    assert at(voltage, 0) == "232.0", "a phase without a wire costs the others nothing"


@pytest.mark.parametrize("volts", ["207", "264"])
def test_the_bounds_themselves_can_be(volts: str) -> None:
    assert at(seen((0, volts)), 0) == f"{volts}.0"


def test_values_age_as_they_would_have_when_the_clock_is_set() -> None:
    voltage = seen((0, "240"))
    voltage.clock_set(timedelta(hours=1))
    assert (at(voltage, 3659), at(voltage, 3660)) == ("240.0", None)


@given(
    st.lists(
        st.tuples(st.integers(1, 70), st.decimals(Decimal(200), Decimal(270), places=2)),
        min_size=1,
        max_size=40,
    )
)
def test_what_counts_is_never_below_any_value_of_the_last_minute(steps: list[tuple[int, Decimal]]) -> None:
    voltage, now, kept = Voltage(), START, []
    for seconds, volts in steps:
        now += seconds * SECOND
        voltage.seen((volts,), now)
        kept.append((now, volts))
        fresh = [one for moment, one in kept if now - moment < FRESH and 207 <= one <= 264]
        found = voltage.at(now)
        assert (found is None) == (not fresh)
        assert found is None or 0 <= found - max(fresh) < Decimal("0.1")
