"""What the shift did: two courses of the same outlets compared, once without events and once with them."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Final

from examples.replay.course import QUARTER, Course, OutletCourse, Stay
from examples.replay.operator import Plan
from examples.replay.recording import ZONE, is_working, midnight

DAY: Final = timedelta(days=1)
NOISE_WH: Final = 2
"""Meters show whole Wh, so two readings that differ by so little may be of the same energy."""
SHORT_WH: Final = 100
"""From so much on a car counts as short: half a kilometre."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some days that follow each other; energy in kWh, power in kW as the mean of a quarter of an hour."""

    first: date
    last: date
    cars: int
    recorded_kwh: float
    """What the cars took in the recording."""
    without_kwh: float
    with_kwh: float
    moved_kwh: float
    """Charged at another time than without the events, but charged."""
    missing_kwh: float
    """Not charged any more before the car left."""
    cars_touched: int
    """That charged otherwise than without the events, at whatever time they ended."""
    cars_short: int
    """That left with at least 0.1 kWh less than without the events."""
    short_worst_kwh: float
    peak_without_kw: float
    peak_with_kw: float
    peak_in_window_without_kw: float
    peak_in_window_with_kw: float
    rebound_kw: float
    """The highest of any day between the end of its event and midnight, with the events."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same outlets, cars and days, without and with the events of a plan."""

    plan: Plan
    without: Course
    shifted: Course

    def of(self, days: Collection[date]) -> Figures:
        """A car counts on the day on which it came; power and energy of a day are from midnight to midnight."""
        pairs = [(one, other) for one, other in self._stays() if _day(one.session.arrival) in days]
        less = [one.taken_wh - other.taken_wh for one, other in pairs]
        shifted = [day for day in self.plan.days if day in days]
        windows = [self.plan.window(day) for day in shifted]
        after = [(self.plan.window(day)[1], midnight(day + DAY)) for day in shifted]
        whole = midnight(min(days)), midnight(max(days) + DAY)
        return Figures(
            first=min(days),
            last=max(days),
            cars=len(pairs),
            recorded_kwh=sum(float(one.session.needed_wh) for one, _ in pairs) / 1000,
            without_kwh=sum(one.taken_wh for one, _ in pairs) / 1000,
            with_kwh=sum(other.taken_wh for _, other in pairs) / 1000,
            moved_kwh=(self._held_back(whole) - sum(less)) / 1000,
            missing_kwh=sum(less) / 1000,
            cars_touched=self._touched(days),
            cars_short=sum(wh >= SHORT_WH for wh in less),
            short_worst_kwh=max(less, default=0) / 1000,
            peak_without_kw=_peak(self.without, [whole]),
            peak_with_kw=_peak(self.shifted, [whole]),
            peak_in_window_without_kw=_peak(self.without, windows),
            peak_in_window_with_kw=_peak(self.shifted, windows),
            rebound_kw=_peak(self.shifted, after),
        )

    def _stays(self) -> Iterator[tuple[Stay, Stay]]:
        for one, other in self._outlets():
            yield from zip(one.stays, other.stays, strict=True)

    def _outlets(self) -> Iterator[tuple[OutletCourse, OutletCourse]]:
        return zip(self.without.outlets, self.shifted.outlets, strict=True)

    def _held_back(self, span: tuple[datetime, datetime]) -> int:
        """Wh. What each outlet charged less in one quarter than without the events, later or never."""
        begin, end = (self.without.quarter(moment) for moment in span)
        return sum(
            max(0, _told_apart(before, after))
            for one, other in self._outlets()
            for before, after in zip(one.quarters_wh[begin:end], other.quarters_wh[begin:end], strict=True)
        )

    def _touched(self, days: Collection[date]) -> int:
        return sum(
            self._differs(stay, one, other)
            for one, other in self._outlets()
            for stay in one.stays
            if _day(stay.session.arrival) in days
        )

    def _differs(self, stay: Stay, one: OutletCourse, other: OutletCourse) -> bool:
        first, last = (
            self.without.quarter(moment) for moment in (stay.session.arrival, stay.session.departure)
        )
        return any(
            _told_apart(one.quarters_wh[quarter], other.quarters_wh[quarter])
            for quarter in range(first, last + 1)
        )


def mean_day(course: Course, days: Iterable[date]) -> tuple[float, ...]:
    """kW in each quarter of the day, over these days; none of them may be one on which clocks are set."""
    starts = [course.quarter(midnight(day)) for day in days]
    kilowatts = course.kilowatts
    return tuple(fmean(kilowatts[start + number] for start in starts) for number in range(DAY // QUARTER))


def working(days: Iterable[date]) -> tuple[date, ...]:
    return tuple(day for day in days if is_working(day))


def _peak(course: Course, spans: Iterable[tuple[datetime, datetime]]) -> float:
    kilowatts = course.kilowatts
    return max(
        (value for begin, end in spans for value in kilowatts[course.quarter(begin) : course.quarter(end)]),
        default=0.0,
    )


def _day(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def _told_apart(before: int, after: int) -> int:
    """By how many Wh a quarter is lower; 0 where no meter could tell."""
    return before - after if abs(before - after) > NOISE_WH else 0
