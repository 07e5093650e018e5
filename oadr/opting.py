"""What opt schedules come to: who takes part in what comes by plan, and when. Both ends must read them alike.

    stated first    all chargepoints      |--- out ---|        |--- out ---|
    stated later    chargepoint 2 only              |--- out ---|
    comes to        chargepoint 1         |--- out ---|        |--- out ---|
                    chargepoint 2                   |--- out ---|

A schedule replaces what was said before of the same chargepoints, for the same way, in or out, and in the same
programme; a schedule for all programmes is a set of its own (r203, r205). Who is not out takes part: an optIn
schedule only says aloud what holds without it, and lifts no optOut. A supply limitation knows no schedules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.charging.signals import Programme
from oadr.wire.errors import Invalid, Misuse, ResponseCode
from oadr.wire.ids import Mrid, ResourceId
from oadr.wire.messages.common import OptType, Target
from oadr.wire.messages.opt import Availability, Available, Periods
from oadr.wire.scalars import Duration

DEVICE_CLASSES: Final = frozenset({Mrid("EVSE"), Mrid("Electric_Vehicle")})
"""The device classes of r111 that a chargepoint answers to."""


@dataclass(frozen=True, slots=True)
class Period:
    """Start inclusive, end exclusive; None is an open end (r210)."""

    start: datetime
    end: datetime | None = None

    def overlaps(self, other: "Period") -> bool:
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`programme` and `resources` None: every one. A schedule that was cancelled stands as one without periods."""

    opt: OptType
    programme: Programme | None = None
    resources: frozenset[ResourceId] | None = None
    periods: tuple[Period, ...] = ()

    def covers(self, resource: ResourceId) -> bool:
        return self.resources is None or resource in self.resources

    def is_of_the_set_of(self, other: "Schedule") -> bool:
        return (self.opt, self.programme) == (other.opt, other.programme)


def is_out(
    stated: Iterable[Schedule], resource: ResourceId, programme: Programme | None, during: Period
) -> bool:
    """Whether `resource` is out for a part of `during`, by schedules in the order in which they were stated.

    In a programme of somebody else (None) those count that are for all.
    """
    if programme is Programme.SUPPLY_LIMIT:
        return False
    newest: dict[Programme | None, Schedule] = {}
    for one in stated:
        if one.opt is OptType.OPT_OUT and one.programme in (None, programme) and one.covers(resource):
            newest[one.programme] = one
    return any(period.overlaps(during) for one in newest.values() for period in one.periods)


def is_replaced(schedule: Schedule, later: Iterable[Schedule]) -> bool:
    """Whether what was stated later leaves nothing of `schedule`."""
    left = schedule.resources
    for one in later:
        if not one.is_of_the_set_of(schedule):
            continue
        if one.resources is None:
            return True
        left = None if left is None else left - one.resources
    return left is not None and not left


def read_periods(availability: Availability) -> tuple[Period, ...]:
    """Raises `Invalid`."""
    found = tuple(map(_read_period, availability.periods.available))
    if not found:
        raise Invalid("a schedule without a period", ResponseCode.COMPLIANCE_ERROR)
    return found


def write_periods(periods: Iterable[Period]) -> Availability:
    """In whole seconds (r1). Raises `Misuse` for a period that would say something else on the wire."""
    found = tuple(map(_write_period, periods))
    if not found:
        raise Misuse("a schedule needs a period")
    return Availability(periods=Periods(available=found))


def is_for_chargepoints(device_class: Target | None) -> bool:
    """Device classes narrow whom the target names, and nothing but they may stand there (r209). Raises `Invalid`."""
    if device_class is None:
        return True
    if device_class != Target(end_device_assets=device_class.end_device_assets):
        raise Invalid("a device class is an endDeviceAsset and nothing else", ResponseCode.COMPLIANCE_ERROR)
    classes = device_class.end_device_assets
    return not classes or bool(DEVICE_CLASSES.intersection(classes))


def _read_period(available: Available) -> Period:
    if available.duration.is_zero:
        return Period(available.start)
    end = available.duration.after(available.start)
    if end <= available.start:
        raise Invalid("a period of negative length")
    return Period(available.start, end)


def _write_period(period: Period) -> Available:
    if period.start.tzinfo is None or (period.end is not None and period.end.tzinfo is None):
        raise Misuse("a moment without a time zone")
    start = period.start.replace(microsecond=0)
    if period.end is None:
        return Available(start=start, duration=Duration())
    length = period.end.replace(microsecond=0) - start
    if length <= timedelta():  # zero would be read as an open end (r210)
        raise Misuse("a period ends after it starts")
    return Available(start=start, duration=Duration.of(length))
