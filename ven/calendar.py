"""The daily load programme of a site: how much may be drawn at which hour, without anybody's network. Sans-IO.

    weekdays  |--100 %--|--0 %--|--100 %--|---0 %---|--100 %--|
              0         8       11        16        22        24   local time of the site

Boundaries are local wall time, so they move with summer time: one that a clock skips comes at the next moment
that exists, one that a clock shows twice comes the first time. Import and export are programmes of their own.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from oadr.charging.scale import Direction
from oadr.wire.errors import Misuse

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
HORIZON: Final = 8
"""Days after which every weekday has come round, and a change that has not come never will, but on a date by name."""


class Weekday(IntEnum):
    """As `date.weekday` counts them."""

    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6


@dataclass(frozen=True, slots=True)
class Slot:
    """From `start`, local time, until the next slot of the day."""

    start: time
    percent: Decimal
    """Of the rated current, 0 to 100; 100 limits nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayType:
    """The slots of some weekdays, or of some dates, which come before weekdays."""

    slots: tuple[Slot, ...]
    weekdays: frozenset[Weekday] = frozenset()
    dates: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        """Raises `Misuse` for a day that does not say one thing at every moment."""
        starts = [slot.start for slot in self.slots]
        if not starts or starts[0] != time(0):
            raise Misuse("a day begins with a slot at 00:00")
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise Misuse("the slots of a day stand in order, each at a time of its own")
        if any(start.tzinfo or start.microsecond for start in starts):
            raise Misuse("a slot begins at a second of the site's local time")
        if any(not (slot.percent.is_finite() and 0 <= slot.percent <= 100) for slot in self.slots):
            raise Misuse("a slot allows 0 to 100 percent")
        if not self.weekdays and not self.dates:
            raise Misuse("a day type is for weekdays or for dates")


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on, `percent` of the rated current may be drawn, or fed back."""

    at: datetime
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is in no day type is not limited."""

    zone: ZoneInfo
    days: Mapping[Direction, tuple[DayType, ...]]

    def __post_init__(self) -> None:
        """Raises `Misuse` when two day types claim one day."""
        for types in self.days.values():
            claims = [day for one in types for day in (*one.weekdays, *one.dates)]
            if len(claims) != len(set(claims)):
                raise Misuse("a day belongs to one day type only")

    def current(self, now: datetime, direction: Direction = Direction.IMPORT) -> Change:
        """What holds at `now`, and since when."""
        today = now.astimezone(self.zone).date()
        changes = self._changes(_dates(today - _DAY, 3), direction)
        return changes[bisect_right(changes, now, key=lambda change: change.at) - 1]

    def next_change(self, now: datetime, direction: Direction = Direction.IMPORT) -> Change | None:
        """The next moment at which it says something else; None: not within a week."""
        percent = self.current(now, direction).percent
        today = now.astimezone(self.zone).date()
        changes = self._changes(_dates(today, HORIZON), direction)
        return next((change for change in changes if change.at > now and change.percent != percent), None)

    def _changes(self, days: Iterable[date], direction: Direction) -> list[Change]:
        """In order; of several that a skipped hour puts on one moment the last."""
        found = {
            instant(day, slot.start, self.zone): slot.percent
            for day in days
            for slot in self._slots(day, direction)
        }
        return [Change(at, percent) for at, percent in found.items()]

    def _slots(self, day: date, direction: Direction) -> tuple[Slot, ...]:
        types = self.days.get(direction, ())
        named = (one for one in types if day in one.dates)
        weekly = (one for one in types if day.weekday() in one.weekdays)
        found = next(named, None) or next(weekly, None)
        return found.slots if found else (FREE,)


FREE: Final = Slot(time(0), Decimal(100))


def instant(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """When the clocks of `zone` show `wall` on `day`, in UTC: the first time, or else the next moment that there is."""
    local = datetime.combine(day, wall, zone)
    first = local.astimezone(UTC)
    if first.astimezone(zone).replace(fold=0) == local:
        return first
    return _end_of_gap(local.replace(fold=1).astimezone(UTC), first, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the clocks were put forward, between two moments that have different offsets."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == old else (before, middle)
    return after


def _dates(first: date, count: int) -> Iterator[date]:
    return (first + _DAY * number for number in range(count))
