"""What a person types."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vtn.commands import typed
from vtn.model.errors import Impossible

NOW = datetime(2026, 11, 24, 12, 0, 0, 987_654, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("30m", 30), ("2h", 120), ("1h30m", 90), ("90s", 1.5), ("1d", 1440), ("PT30M", 30), ("PT1H30M", 90)],
)
def test_a_time_is_typed_as_people_or_as_iso_8601_write_it(text: str, minutes: float) -> None:
    assert typed.span(text, "--for") == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["", "30", "m", "30 m", "-30m", "30m1h", "1.5h", "P1M", "Px", "9" * 40 + "s", "٣m"]
)
def test_what_is_no_time_is_refused_with_the_option_named(text: str) -> None:
    with pytest.raises(Impossible, match=r"^--for is a time such as 30m"):
        typed.span(text, "--for")


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-11-24T18:00Z", 18), ("2026-11-24T18:00+01:00", 17), ("2026-11-24 18:00:00.5+00:00", 18)],
)
def test_a_moment_has_its_zone_and_whole_seconds(text: str, hour: int) -> None:
    assert typed.moment(text, NOW) == datetime(2026, 11, 24, hour, tzinfo=UTC)


def test_no_moment_is_now() -> None:
    assert typed.moment(None, NOW) == NOW.replace(microsecond=0)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-11-24T18:00", "2026-11-24", "0001-01-01T00:00+14:00"])
def test_a_moment_that_could_be_several_is_refused(text: str) -> None:
    with pytest.raises(Impossible, match=r"^--from is a time with its zone"):
        typed.moment(text, NOW)


def test_a_percent_is_a_plain_number() -> None:
    assert typed.percent("40") == 40
    assert typed.percent("12.5") == Decimal("12.5")


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "1e2", "40%", "forty", "٤٠"])
def test_what_only_looks_like_a_number_is_no_percent(text: str) -> None:
    with pytest.raises(Impossible, match="--percent"):
        typed.percent(text)


@pytest.mark.parametrize(("text", "watts"), [(None, None), ("120", 120_000), ("0.5", 500)])
def test_a_need_is_typed_in_kilowatts(text: str | None, watts: int | None) -> None:
    assert typed.watts(text) == watts


def test_a_need_that_is_no_power_is_refused() -> None:
    with pytest.raises(Impossible, match="--need"):
        typed.watts("-3")


@pytest.mark.parametrize("text", ["", "  ", "shift\nlead", "x" * 101])
def test_a_role_is_one_short_line(text: str) -> None:
    with pytest.raises(Impossible, match="--as"):
        typed.role(text)
