"""The load control calendar: local hours, summer time, and a file that a person can write."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.scale import Direction
from oadr.wire.errors import Misuse
from ven import calendar_form
from ven.calendar import Calendar, Change, DayType, Slot, Weekday, instant

LONDON = ZoneInfo("Europe/London")
UK = calendar_form.read(calendar_form.PRESETS["uk"])
ZONES = (
    "Europe/London",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "UTC",
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.proves("W06", "W21")
def test_the_factory_preset_keeps_out_of_the_peaks_of_weekdays() -> None:
    course = {hour: UK.current(utc(2026, 1, 15, hour)).percent for hour in range(24)}
    assert [hour for hour, percent in course.items() if percent == 0] == [8, 9, 10, 16, 17, 18, 19, 20, 21]
    assert UK.current(utc(2026, 1, 17, 18)).percent == 100, "a Saturday"
    assert UK.current(utc(2026, 1, 15, 18), Direction.EXPORT).percent == 100, "export has hours of its own"


def test_the_next_change_skips_what_says_the_same() -> None:
    assert UK.next_change(utc(2026, 1, 16, 22, 0, 1)) == Change(utc(2026, 1, 19, 8), Decimal(0))
    assert UK.next_change(utc(2026, 1, 16, 8)) == Change(utc(2026, 1, 16, 11), Decimal(100))
    assert Calendar(LONDON, {}).next_change(utc(2026, 1, 16)) is None


@pytest.mark.proves("VE09")
def test_hours_move_with_summer_time() -> None:
    assert UK.current(utc(2026, 7, 1, 7)).percent == 0, "08:00 in London"
    assert UK.current(utc(2026, 7, 1, 6, 59, 59)).percent == 100


@pytest.mark.proves("VE09")
def test_an_hour_that_is_skipped_comes_when_the_clocks_go_on_and_one_that_comes_twice_the_first_time() -> (
    None
):
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert instant(spring, time(1, 30), LONDON) == utc(2026, 3, 29, 1)
    assert instant(autumn, time(1, 30), LONDON) == utc(2026, 10, 25, 0, 30)
    slots = (Slot(time(0), Decimal(100)), Slot(time(1, 15), Decimal(30)), Slot(time(1, 45), Decimal(50)))
    night = Calendar(LONDON, {Direction.IMPORT: (DayType(slots=slots, dates=frozenset({spring, autumn})),)})
    assert night.current(utc(2026, 3, 29, 0, 59, 59)).percent == 100
    assert night.current(utc(2026, 3, 29, 1)) == Change(utc(2026, 3, 29, 1), Decimal(50))
    assert night.next_change(utc(2026, 3, 29, 0, 30)) == Change(utc(2026, 3, 29, 1), Decimal(50))
    assert night.current(utc(2026, 10, 25, 1, 20)).percent == 50, "the second 01:20 undoes nothing"


def test_a_date_comes_before_its_weekday() -> None:
    text = calendar_form.PRESETS["uk"] + '[[import]]\ndays = ["2026-12-25"]\nslots = { "00:00" = 100 }\n'
    assert calendar_form.read(text).current(utc(2026, 12, 25, 18)).percent == 100
    assert calendar_form.read(text).current(utc(2026, 12, 24, 18)).percent == 0


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    def day_types() -> tuple[DayType, ...]:
        days: list[Weekday | date] = draw(
            st.lists(
                st.sampled_from(Weekday) | st.dates(date(2026, 3, 25), date(2026, 4, 8)),
                unique=True,
                max_size=6,
            )
        )
        return tuple(day_type(day) for day in days)

    def day_type(day: Weekday | date) -> DayType:
        starts = draw(st.sets(st.times().map(lambda one: one.replace(microsecond=0)), max_size=4)) | {time(0)}
        percents = st.decimals(0, 100, places=1)
        slots = tuple(Slot(start, draw(percents)) for start in sorted(starts))
        if isinstance(day, Weekday):
            return DayType(slots=slots, weekdays=frozenset({day}))
        return DayType(slots=slots, dates=frozenset({day}))

    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    return Calendar(zone, {each: types for each in Direction if (types := day_types())})


MOMENTS = st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 12), timezones=st.just(UTC))


@given(calendars(), MOMENTS)
def test_between_changes_it_says_one_thing(calendar: Calendar, now: datetime) -> None:
    current, after = calendar.current(now), calendar.next_change(now)
    assert current.at <= now
    assert calendar.current(current.at) == current
    if after is None:
        return
    assert after.at > now
    assert calendar.current(after.at).percent == after.percent != current.percent
    assert calendar.current(after.at - timedelta(seconds=1)).percent == current.percent


@given(calendars())
def test_what_was_written_reads_as_the_same(calendar: Calendar) -> None:
    again = calendar_form.read(calendar_form.write(calendar))
    assert (again.zone.key, again.days) == (calendar.zone.key, calendar.days)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "zone is missing"),
        ("zone = 5", "zone is missing"),
        ('zone = "Mars/Base"', "'Mars/Base' is not known"),
        ('zone = "../../etc/passwd"', "is not known"),
        ("zone", "not TOML"),
        ('zone = "UTC"\nimports = 3', "'imports' is not known"),
        ('zone = "UTC"\nimport = 3', "import: written as [[import]]"),
        ('zone = "UTC"\n[[import]]\ndays = ["mon"]', "import 1: wants days and slots"),
        ('zone = "UTC"\n[[export]]\ndays = ["moon"]\nslots = { "00:00" = 1 }', "export 1: 'moon' is neither"),
        ('zone = "UTC"\n[[import]]\ndays = "mon"\nslots = { "00:00" = 1 }', "import 1: days is a list"),
        ('zone = "UTC"\n[[import]]\ndays = ["mon"]\nslots = { "8:00" = 1 }', "'8:00' is no time of day"),
        ('zone = "UTC"\n[[import]]\ndays = ["mon"]\nslots = { "08:00" = 1 }', "begins with a slot at 00:00"),
        ('zone = "UTC"\n[[import]]\ndays = ["mon"]\nslots = { "00:00" = 101 }', "0 to 100 percent"),
        ('zone = "UTC"\n[[import]]\ndays = ["mon"]\nslots = { "00:00" = nan }', "0 to 100 percent"),
        ('zone = "UTC"\n[[import]]\ndays = ["mon"]\nslots = { "00:00" = true }', "True is no percentage"),
        ('zone = "UTC"\n[[import]]\ndays = []\nslots = { "00:00" = 1 }', "for weekdays or for dates"),
        (
            'zone = "UTC"\n[[import]]\ndays = ["mon"]\nslots = { "00:00" = 1 }\n' * 1
            + '[[import]]\ndays = ["mon"]\nslots = { "00:00" = 2 }',
            "belongs to one day type",
        ),
        ("#" * 70_000, "64 KiB"),
    ],
)
def test_a_mistake_in_the_file_is_told_in_a_sentence(text: str, why: str) -> None:
    with pytest.raises(Misuse) as caught:
        calendar_form.read(text)
    assert why in str(caught.value)
