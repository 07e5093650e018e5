"""What an event is at a moment, and its place among others. Never stored, always computed.

     notification      start - ramp-up   start                end
---------|-------------------|-------------|--------------------|----------
           far                    near            active           completed
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from oadr.states.event import COURSE, Moment
from oadr.wire.messages.event import ActivePeriod, Event, EventStatus
from oadr.wire.scalars import Duration


def end(period: ActivePeriod, offset: timedelta = timedelta()) -> datetime | None:
    """When an event ends that started `offset` late; None: when it is cancelled (r30, r47)."""
    if period.duration.is_zero:
        return None
    return period.duration.after(period.start) + offset


def shown_until(period: ActivePeriod) -> datetime | None:
    """Until when a VTN lists the event: a randomised one may still run somewhere (r66).

    It is also the event's effective end when it is asked whether two overlap (r18).
    """
    finish = end(period)
    return period.start_after.after(finish) if finish and period.start_after else finish


def status(period: ActivePeriod, now: datetime, *, cancelled: bool = False) -> EventStatus:
    """The event's status at `now`, which is how far it has come in the table (r13).

    Completed follows the period as published; a randomised event that still runs somewhere stays on the
    list, as completed (r66).
    """
    passed = takewhile(lambda moment: moment[0] <= now, _moments(period))
    reached = COURSE.run(what for _, what in passed)
    return COURSE.after(reached, Moment.CANCEL) if cancelled else reached


def _moments(period: ActivePeriod) -> Iterator[tuple[datetime, Moment]]:
    """What happens to it by itself, in its order. A ramp-up that begins after the start (r31) changes nothing."""
    ramp_start = _ramp_start(period)
    if ramp_start < period.start:
        yield ramp_start, Moment.RAMP_UP
    yield period.start, Moment.START
    if finish := end(period):
        yield finish, Moment.END


def in_order(events: Iterable[Event], now: datetime) -> tuple[Event, ...]:
    """`events` as a message lists them (r15): what has started by priority and then start, the rest by start.

    1 is the highest priority, 0 or none the lowest (r3). A cancelled event keeps the place that it would have,
    and one that is completed but still listed (r66) counts as started: it may run somewhere. Event ids settle
    ties, so that the order is the same each time.
    """
    return tuple(sorted(events, key=lambda event: _place(event, now)))


def _place(event: Event, now: datetime) -> tuple[bool, bool, int, datetime, str]:
    start = event.period.start
    priority = event.descriptor.priority if start <= now else None
    return (start > now, not priority, priority or 0, start, event.event_id)


def _ramp_start(period: ActivePeriod) -> datetime:
    ramp_up = period.ramp_up or Duration()
    return Duration(-ramp_up.seconds, -ramp_up.months).after(period.start)
