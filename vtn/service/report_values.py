"""What a report of a VEN says about chargepoints, in our terms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.charging.electricity import Rating
from oadr.wire.errors import Invalid, Refused, ResponseCode
from oadr.wire.ids import ReportSpecifierId, ResourceId, RId
from oadr.wire.messages.report import Quantity, Report, ReportInterval, ResourceStatus
from oadr.wire.scalars import Duration
from vtn.model import reading as model
from vtn.model.reading import Point, Reading, State, Total

USABLE: Final = ("Quality Good", "No New Value")
"""How the quality of a value starts that may be used; a value without one is taken as good."""
FUTURE: Final = timedelta(minutes=5)
"""How far ahead of ours a VEN's clock may be."""
DIGITS: Final = 9
"""Of the number of an interval, at most."""

Value = Reading | Total | State


@dataclass(frozen=True, slots=True)
class Site:
    """What it has offered to report, and its chargepoints."""

    points: Mapping[tuple[ReportSpecifierId, RId], Point]
    ratings: Mapping[ResourceId, Rating]

    def believes(self, value: Value) -> bool:
        """Whether that can have been measured here. A chargepoint that is gone has no rating any more."""
        match value:
            case Reading() if rating := self.ratings.get(value.resource_id):
                return value.is_plausible(rating)
            case Total():
                return value.is_plausible(self.ratings.values())
        return True


def values(report: Report, granularity: timedelta, site: Site, now: datetime) -> Iterator[Value]:
    """Values that say that they are missing are left out (r318).

    An interval without a start follows the one before: after its duration (r315), or after the granularity.
    Raises `Refused` (452) for a point that was not offered, and `Invalid` for what cannot have been measured.
    """
    start = report.start
    for interval in _in_order(report.intervals):
        begun = interval.start or start
        if begun is None:
            raise Invalid("an interval without a time", ResponseCode.COMPLIANCE_ERROR)
        end = (interval.duration or Duration()).after(begun)
        if not begun <= end <= now + FUTURE:
            raise Invalid("a measurement from the future, or one that ends before it begins")
        start = begun + granularity if end == begun else end
        for value in _values(report.specifier_id, interval, site, end):
            if not site.believes(value):
                raise Invalid("more than a chargepoint can carry")
            yield value


def _in_order(intervals: Sequence[ReportInterval]) -> Sequence[ReportInterval]:
    """By their numbers, unless each says itself when it begins (r316).

    Raises `Invalid` where a number is missing or there twice: nobody knows when the next one begins.
    """
    if len(intervals) < 2 or all(interval.start for interval in intervals):
        return intervals
    numbered = {_number(interval): interval for interval in intervals}
    first = min(numbered)
    if sorted(numbered) != list(range(first, first + len(intervals))):
        raise Invalid("intervals that are not numbered one after the other", ResponseCode.COMPLIANCE_ERROR)
    return [numbered[number] for number in sorted(numbered)]


def _number(interval: ReportInterval) -> int:
    text = interval.uid or ""
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
        raise Invalid("an interval without a start or a number", ResponseCode.COMPLIANCE_ERROR)
    return int(text)


def _values(
    specifier: ReportSpecifierId, interval: ReportInterval, site: Site, at: datetime
) -> Iterator[Value]:
    for payload in interval.payloads:
        point = site.points.get((specifier, payload.r_id))
        if point is None:
            raise Refused("rID", ResponseCode.INVALID_ID)
        if payload.quality is None or payload.quality.startswith(USABLE):
            yield from _value(point, payload.value, site, at)


def _value(point: Point, said: Quantity | ResourceStatus, site: Site, at: datetime) -> Iterator[Value]:
    """Some send a number as a state: it means nothing. A point without a source means all chargepoints (r343)."""
    is_state = point.quantity is model.Quantity.STATE
    match said:
        case ResourceStatus() if is_state:
            meant = site.ratings if point.is_whole_site else (point.resource_id,)
            yield from (model.state(resource_id, at, said) for resource_id in meant if resource_id)
        case Quantity(value=value) if point.quantity and not is_state:
            if point.is_whole_site:
                yield Total(point.ven_id, point.quantity, at, value * point.factor)
            elif point.resource_id:
                yield Reading(point.resource_id, point.quantity, at, value * point.factor)
