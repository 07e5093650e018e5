"""One reader and one writer for each simple type. Readers raise `Invalid`, writers raise `Misuse`.

ASCII digits only: Python's own `int` and `\\d` also take other scripts' digits, XML Schema does not.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Generic, Self, TypeVar

from oadr.wire.errors import Invalid, Misuse

T = TypeVar("T")

XML_BLANKS: Final = " \t\r\n"
MAX_SECONDS: Final = 100 * 366 * 86_400
MAX_MONTHS: Final = 100 * 12
MAX_UNSIGNED: Final = 2**32 - 1
FLOAT_DIGITS: Final = 39
"""xs:float ends near 3.4e38; a wider exponent would only make us write out its zeros."""
NUMBER_LENGTH: Final = 64
"""Characters of a number, read or written."""


@dataclass(frozen=True, slots=True)
class Scalar(Generic[T]):
    """How one simple type is read from, and written to, the text of an element."""

    read: Callable[[str], T]
    write: Callable[[T], str]


@dataclass(frozen=True, slots=True)
class Duration:
    """An ISO 8601 duration. Months have no fixed length, so they stay apart until anchored to a date.

    Both parts share one sign. In OpenADR a zero duration of an event means "until cancelled" (r47).
    """

    seconds: int = 0
    months: int = 0

    @classmethod
    def of(cls, span: timedelta) -> Self:
        """Whole seconds of `span`; fractions are cut off (r1)."""
        return cls(seconds=int(span.total_seconds()))

    @property
    def is_zero(self) -> bool:
        return self.seconds == 0 and self.months == 0

    @property
    def span(self) -> timedelta:
        """As a timedelta. Raises `Invalid` for years and months, which need a date to have a length."""
        if self.months:
            raise Invalid("a duration in months or years needs a start date here")
        return timedelta(seconds=self.seconds)

    def after(self, start: datetime) -> datetime:
        """The moment this long after `start`; months by the calendar, days beyond a month's end cut."""
        month = start.year * 12 + start.month - 1 + self.months
        year, month = month // 12, month % 12 + 1
        try:
            day = min(start.day, calendar.monthrange(year, month)[1])
            return start.replace(year=year, month=month, day=day) + timedelta(seconds=self.seconds)
        except (ValueError, OverflowError) as error:
            raise Invalid("a duration leads outside the calendar") from error


_DURATION: Final = re.compile(
    r"(?P<sign>[+-])?P(?:(?P<years>[0-9]{1,4})Y)?(?:(?P<months>[0-9]{1,5})M)?(?:(?P<days>[0-9]{1,6})D)?"
    r"T?(?:(?P<hours>[0-9]{1,9})H)?(?:(?P<minutes>[0-9]{1,10})M)?(?:(?P<seconds>[0-9]{1,12})(?:\.[0-9]*)?S)?"
)
_WEEKS: Final = re.compile(r"(?P<sign>[+-])?P?(?P<weeks>[0-9]{1,5})W")


def read_duration(text: str) -> Duration:
    """Every form that the official schema takes (`P`, `P1H`, `1W` too) and ISO 8601's weeks and fractions."""
    stripped = text.strip(XML_BLANKS)
    if weeks := _WEEKS.fullmatch(stripped):
        seconds, months = int(weeks["weeks"]) * 7 * 86_400, 0
        sign = weeks["sign"]
    elif parts := _DURATION.fullmatch(stripped):
        count = {unit: int(digits or 0) for unit, digits in parts.groupdict().items() if unit != "sign"}
        hours = count["days"] * 24 + count["hours"]
        seconds = (hours * 60 + count["minutes"]) * 60 + count["seconds"]
        months = count["years"] * 12 + count["months"]
        sign = parts["sign"]
    else:
        raise Invalid("not a duration")
    if seconds > MAX_SECONDS or months > MAX_MONTHS:
        raise Invalid("a duration of more than a century")
    return Duration(-seconds, -months) if sign == "-" else Duration(seconds, months)


def write_duration(duration: Duration) -> str:
    """Whole numbers of D, H, M and S; `PT0S` for zero, which must never vanish (r1, r105)."""
    if duration.is_zero:
        return "PT0S"
    if duration.seconds * duration.months < 0:
        raise Misuse("a duration has one sign")
    if abs(duration.seconds) > MAX_SECONDS or abs(duration.months) > MAX_MONTHS:
        raise Misuse("a duration of more than a century")
    sign = "-" if min(duration.seconds, duration.months) < 0 else ""
    minutes, seconds = divmod(abs(duration.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    date = "".join(f"{n}{unit}" for n, unit in ((abs(duration.months), "M"), (days, "D")) if n)
    time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    return f"{sign}P{date}T{time}" if time else f"{sign}P{date}"


_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?!24)[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]*)?Z?"
)


def read_date_time(text: str) -> datetime:
    """An aware UTC moment; fractions are cut off, a missing zone is UTC, never local time (r1).

    Hour 24 is refused by every Python, also by those whose `fromisoformat` takes it.
    """
    if not (match := _DATE_TIME.fullmatch(text.strip(XML_BLANKS))):
        raise Invalid("not a UTC date and time")
    try:
        return datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise Invalid("no such date and time") from error


def write_date_time(moment: datetime) -> str:
    """UTC with `Z` and whole seconds (r1)."""
    if moment.tzinfo is None:
        raise Misuse("a moment without a time zone")
    try:
        return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    except OverflowError as error:
        raise Misuse("a moment outside the calendar") from error


_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


def read_number(text: str) -> Decimal:
    """A Decimal from the text itself, so that 0.29 stays 0.29; NaN and INF are refused (454)."""
    stripped = text.strip(XML_BLANKS)
    if len(stripped) > NUMBER_LENGTH or not _NUMBER.fullmatch(stripped):
        raise Invalid("not a finite number")
    number = Decimal(stripped)
    if not number:
        return Decimal(0)
    if _beyond_use(number):
        raise Invalid("a number beyond any use")
    return number


def write_number(number: Decimal) -> str:
    """Plain digits, no exponent."""
    if not number.is_finite():
        raise Misuse("only finite numbers have a form on the wire")
    if not number:
        return "0"
    if _beyond_use(number):
        raise Misuse("a number beyond any use")
    return format(number, "f")


def _beyond_use(number: Decimal) -> bool:
    return abs(number.adjusted()) > FLOAT_DIGITS or len(format(number, "f")) > NUMBER_LENGTH


_UNSIGNED: Final = re.compile(r"\+?[0-9]{1,20}|-0{1,20}")


def read_unsigned(text: str) -> int:
    stripped = text.strip(XML_BLANKS)
    if not _UNSIGNED.fullmatch(stripped) or (number := int(stripped)) > MAX_UNSIGNED:
        raise Invalid("not an unsigned number")
    return number


def write_unsigned(number: int) -> str:
    if not 0 <= number <= MAX_UNSIGNED:
        raise Misuse("an unsigned number out of range")
    return str(number)


_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def read_boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.strip(XML_BLANKS)]
    except KeyError as error:
        raise Invalid("not true or false") from error


def write_boolean(flag: bool) -> str:
    return "true" if flag else "false"


def collapse(text: str) -> str:
    """What XML Schema does to white space in an xs:token."""
    return " ".join(re.split(f"[{XML_BLANKS}]+", text.strip(XML_BLANKS)))


def one_of(kind: type[StrEnum]) -> Scalar[Any]:
    """A scalar for a closed list of words."""
    words = {member.value: member for member in kind}

    def read(text: str) -> StrEnum:
        try:
            return words[collapse(text)]
        except KeyError as error:
            raise Invalid(f"not one of {', '.join(words)}") from error

    return Scalar(read, str)


TEXT: Final[Scalar[str]] = Scalar(str, str)
TOKEN: Final[Scalar[str]] = Scalar(collapse, str)
BOOLEAN: Final = Scalar(read_boolean, write_boolean)
UNSIGNED: Final = Scalar(read_unsigned, write_unsigned)
NUMBER: Final = Scalar(read_number, write_number)
DATE_TIME: Final = Scalar(read_date_time, write_date_time)
DURATION: Final = Scalar(read_duration, write_duration)
