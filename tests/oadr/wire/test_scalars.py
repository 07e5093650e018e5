"""The simple types: what is read, what is refused with which code, and that we read all that we write."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oadr.wire import scalars
from oadr.wire.errors import Invalid, Misuse, ResponseCode
from oadr.wire.scalars import Duration, Scalar

DAY = 86_400
NOON = datetime(2026, 3, 29, 12, 0, 0, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    DARK_RED = "dark red"


COLOUR = scalars.one_of(Colour)


@pytest.mark.proves("r1")
@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P", Duration()),
        ("PT", Duration()),
        ("-P", Duration()),
        ("PT0S", Duration()),
        ("P0D", Duration()),
        ("P1H", Duration(3_600)),
        ("PT1H", Duration(3_600)),
        ("P1W", Duration(7 * DAY)),
        ("1W", Duration(7 * DAY)),
        ("-P1W", Duration(-7 * DAY)),
        ("PT1.5S", Duration(1)),
        ("PT0.9S", Duration()),
        ("-PT5M", Duration(-300)),
        ("+PT5M", Duration(300)),
        ("P1Y2M3DT4H5M6S", Duration(3 * DAY + 4 * 3_600 + 5 * 60 + 6, 14)),
        ("P1M", Duration(0, 1)),
        ("PT1M", Duration(60)),
        ("-P1M1D", Duration(-DAY, -1)),
        (" \n PT5M\t", Duration(300)),
        ("PT0000000005M", Duration(300)),
        ("P36600D", Duration(36_600 * DAY)),
    ],
)
def test_a_duration_is_read(text: str, duration: Duration) -> None:
    assert scalars.read_duration(text) == duration


@pytest.mark.proves("r1", "r105")
@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (Duration(), "PT0S"),
        (Duration(-300), "-PT5M"),
        (Duration(3_600), "PT1H"),
        (Duration(DAY), "P1D"),
        (Duration(DAY + 1, 14), "P14M1DT1S"),
        (Duration.of(timedelta(seconds=1.9)), "PT1S"),
        (Duration.of(timedelta(seconds=-1.9)), "-PT1S"),
    ],
)
def test_a_duration_is_written_in_whole_numbers_and_zero_never_vanishes(
    duration: Duration, text: str
) -> None:
    assert scalars.write_duration(duration) == text


@pytest.mark.proves("r1")
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-29T12:00:00Z", NOON),
        ("2026-03-29T12:00:00", NOON),
        ("2026-03-29T12:00:00.999999999Z", NOON),
        ("2026-03-29T12:00:00.Z", NOON),
        (" 2026-03-29T12:00:00Z\n", NOON),
        ("0001-01-01T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_as_utc_without_fractions(text: str, moment: datetime) -> None:
    assert scalars.read_date_time(text) == moment


@pytest.mark.proves("r1")
def test_a_moment_is_written_in_utc_with_whole_seconds() -> None:
    local = NOON.astimezone(timezone(timedelta(hours=5, minutes=30))).replace(microsecond=999_999)
    assert scalars.write_date_time(local) == "2026-03-29T12:00:00Z"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.29", Decimal("0.29")),
        ("-0", Decimal(0)),
        ("0e9999", Decimal(0)),
        ("+1.", Decimal(1)),
        (".5", Decimal("0.5")),
        ("1e3", Decimal(1_000)),
        ("1E-3", Decimal("0.001")),
        (" 7 ", Decimal(7)),
    ],
)
def test_a_number_keeps_its_decimal_digits(text: str, number: Decimal) -> None:
    assert scalars.read_number(text) == number


@pytest.mark.parametrize("text", ["true", "1", " true\n"])
def test_true_has_two_spellings(text: str) -> None:
    assert scalars.read_boolean(text) is True


@pytest.mark.parametrize("text", ["false", "0", "\tfalse "])
def test_false_has_two_spellings(text: str) -> None:
    assert scalars.read_boolean(text) is False


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("-0", 0), ("+7", 7), ("007", 7), (" 7 ", 7), ("4294967295", 2**32 - 1)],
)
def test_an_unsigned_number_is_read(text: str, number: int) -> None:
    assert scalars.read_unsigned(text) == number


def test_blanks_in_a_closed_list_collapse() -> None:
    assert COLOUR.read(" dark \n\t red ") is Colour.DARK_RED


NON_ASCII_DIGITS = ("\u0661", "\uff11", "\u0967", "\N{MATHEMATICAL BOLD DIGIT ONE}")


@pytest.mark.proves("X09")
@pytest.mark.parametrize(
    ("scalar", "texts"),
    [
        pytest.param(
            scalars.DURATION,
            (
                *("", "T1H", "PT1X", "PT1H1D", "P1WT1H", "P-1D", "PT1.5H", "PT1,5S", "--PT1S", "1", "p1d"),
                *(
                    "P1H\N{NO-BREAK SPACE}",
                    "PT5M junk",
                    "PT" + "1" * 99 + "S",
                    "P9999Y",
                    "P999999D",
                    "P99999W",
                ),
                *(f"PT{digit}S" for digit in NON_ASCII_DIGITS),
            ),
            id="duration",
        ),
        pytest.param(
            scalars.DATE_TIME,
            (
                *("", "2026-03-29", "2026-03-29T24:00:00Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z"),
                *("2026-03-29T12:00:00+00:00", "2026-03-29T12:00:00+02:00", "2026-03-29T12:00:60Z"),
                *(
                    "9999-12-31T24:00:00Z",
                    "0000-01-01T00:00:00Z",
                    "-2026-03-29T12:00:00Z",
                    "20260329T120000Z",
                ),
                *(
                    "2026-03-29 12:00:00Z",
                    "2026-03-29T12:00:00z",
                    "2026-03-29T12:00:00ZZ",
                    "2026-W13-7T12:00:00Z",
                ),
                *(f"202{digit}-03-29T12:00:00Z" for digit in NON_ASCII_DIGITS),
            ),
            id="date-time",
        ),
        pytest.param(
            scalars.NUMBER,
            (
                *(
                    "",
                    "NaN",
                    "INF",
                    "-INF",
                    "Infinity",
                    "sNaN",
                    "1e400",
                    "1e-400",
                    "-1e400",
                    "1e99999",
                    "1_000",
                ),
                *(
                    ".",
                    "e5",
                    "1e",
                    "0x10",
                    "1,5",
                    "1 2",
                    "1" * 65,
                    "0." + "0" * 63,
                    "3" * 9 + "." + "3" * 50 + "e-39",
                    *NON_ASCII_DIGITS,
                ),
            ),
            id="number",
        ),
        pytest.param(
            scalars.UNSIGNED,
            (
                "",
                "-1",
                "4294967296",
                "1.0",
                "1e3",
                "1_000",
                "9" * 99,
                "0" * 99 + "1",
                "+-1",
                *NON_ASCII_DIGITS,
            ),
            id="unsigned",
        ),
        pytest.param(
            scalars.BOOLEAN, ("", "True", "TRUE", "yes", "2", "01", *NON_ASCII_DIGITS), id="boolean"
        ),
        pytest.param(COLOUR, ("", "Red", "darkred", "dark\N{NO-BREAK SPACE}red"), id="closed list"),
    ],
)
def test_nonsense_is_an_invalid_value(scalar: Scalar[Any], texts: tuple[str, ...]) -> None:
    for text in texts:
        with pytest.raises(Invalid) as caught:
            print(text, scalar.read(text))  # shown when it does not raise
        assert caught.value.code is ResponseCode.INVALID_VALUE


@pytest.mark.parametrize(
    ("write", "value"),
    [
        pytest.param(scalars.write_date_time, NOON.replace(tzinfo=None), id="no zone"),
        pytest.param(
            scalars.write_date_time,
            datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
            id="before year 1",
        ),
        pytest.param(scalars.write_duration, Duration(1, -1), id="two signs"),
        pytest.param(scalars.write_duration, Duration(scalars.MAX_SECONDS + 1), id="too long"),
        pytest.param(scalars.write_duration, Duration(0, -scalars.MAX_MONTHS - 1), id="too many months"),
        pytest.param(scalars.write_number, Decimal("NaN"), id="NaN"),
        pytest.param(scalars.write_number, Decimal("-Infinity"), id="infinite"),
        pytest.param(scalars.write_number, Decimal("1e400"), id="too big"),
        pytest.param(scalars.write_number, Decimal("1e-400"), id="too small"),
        pytest.param(scalars.write_number, Decimal("0." + "3" * 64), id="too many digits"),
        pytest.param(scalars.write_unsigned, -1, id="negative"),
        pytest.param(scalars.write_unsigned, 2**32, id="too many bits"),
    ],
)
def test_a_value_without_a_form_on_the_wire_is_our_own_fault(write: Callable[[Any], str], value: Any) -> None:
    with pytest.raises(Misuse):
        write(value)


VALUES: dict[str, tuple[Scalar[Any], st.SearchStrategy[Any]]] = {
    "duration": (scalars.DURATION, st.builds(Duration, st.integers(), st.integers(-2_000, 2_000))),
    "date-time": (
        scalars.DATE_TIME,
        st.datetimes(timezones=st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))).map(
            lambda moment: moment.replace(microsecond=0)
        ),
    ),
    "number": (scalars.NUMBER, st.decimals()),
    "unsigned": (scalars.UNSIGNED, st.integers()),
}


@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=500)
@given(data=st.data())
def test_what_is_written_is_read_back_as_it_was(name: str, data: st.DataObject) -> None:
    scalar, values = VALUES[name]
    value = data.draw(values)
    try:
        text = scalar.write(value)
    except Misuse:
        return
    assert scalar.read(text) == value


@pytest.mark.proves("X09", "P12")
@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=500)
@given(text=st.text("PTYMWDHSZ0123456789+-.:eE \n\u0661", max_size=24) | st.text(max_size=12))
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    scalar, _ = VALUES[name]
    try:
        value = scalar.read(text)
    except Invalid:
        return
    assert scalar.read(scalar.write(value)) == value


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        (datetime(2024, 1, 31, tzinfo=UTC), Duration(0, 1), datetime(2024, 2, 29, tzinfo=UTC)),
        (datetime(2024, 2, 29, tzinfo=UTC), Duration(0, 12), datetime(2025, 2, 28, tzinfo=UTC)),
        (datetime(2024, 1, 1, tzinfo=UTC), Duration(-DAY, -1), datetime(2023, 11, 30, tzinfo=UTC)),
        (datetime(2024, 12, 31, tzinfo=UTC), Duration(1, 2), datetime(2025, 2, 28, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_months_follow_the_calendar(start: datetime, duration: Duration, end: datetime) -> None:
    assert duration.after(start) == end


@pytest.mark.parametrize("duration", [Duration(DAY), Duration(0, 1), Duration(0, 1_200)])
def test_a_duration_that_leads_outside_the_calendar_is_refused(duration: Duration) -> None:
    with pytest.raises(Invalid):
        duration.after(datetime(9999, 12, 31, tzinfo=UTC))


def test_months_have_no_length_of_their_own() -> None:
    assert Duration(90).span == timedelta(seconds=90)
    with pytest.raises(Invalid):
        _ = Duration(0, 1).span
