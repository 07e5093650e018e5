"""What is the same for all chargepoints of a site: link to the grid operator, calendar, price."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr import timing
from oadr.charging.ceilings import Advice, Price
from oadr.charging.scale import Direction
from oadr.wire.messages.event import EventStatus
from ven.calendar import Calendar
from ven.daemon.shown import moment, number, words
from ven.events import HeldEvent
from ven.failsafe import Link, State

_SAYS: Final[Mapping[Link, str]] = {
    Link.INIT: "Just started; the grid operator has not said yet what holds.",
    Link.LIMITED: "In contact; the grid operator limits this site.",
    Link.CONTROLLED: "In contact; the grid operator does not limit this site.",
    Link.FAILSAFE: "The grid operator cannot be heard; what was agreed for that holds.",
    Link.AUTONOMOUS: "Without the grid operator; the calendar of this site decides.",
}


CLOCK_TOLERANCE: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class LinkStatus:
    state: str
    says: str
    since: str | None
    failsafe_until: str | None
    """The earliest; None: the failsafe level does not hold."""
    failsafe_seconds: int | None
    """Left until then."""
    last_contact: str | None = None
    """The newest verified answer of the grid operator; None: none since the program started."""


@dataclass(frozen=True, slots=True)
class ClockStatus:
    ahead_seconds: float
    """Of the grid operator's, by what its newest answer says; below 0: behind. A second or two cannot be told."""
    says: str


@dataclass(frozen=True, slots=True)
class CalendarStatus:
    zone: str
    percent: float
    """Of the rated current, by the calendar alone."""
    next_percent: float | None
    next_at: str | None
    """None: not within a week."""
    export_percent: float | None = None
    """Of the rated current of the other way; None: the calendar has no hours for it."""


@dataclass(frozen=True, slots=True)
class PriceStatus:
    value: str
    """Per kWh, exactly as it came."""
    currency: str
    event_id: str


def link_status(link: State | None, minimum: timedelta, now: datetime) -> LinkStatus | None:
    if link is None:
        return None
    until = link.since + minimum if link.link is Link.FAILSAFE else None
    left = None if until is None else max(0, round((until - now).total_seconds()))
    heard = moment(link.contact_at)
    return LinkStatus(link.link.value, _SAYS[link.link], moment(link.since), moment(until), left, heard)


def clock_status(off_by: timedelta | None) -> ClockStatus | None:
    """None: nobody has told the time."""
    if off_by is None:
        return None
    seconds = off_by.total_seconds()
    which = "ahead of" if seconds > 0 else "behind"
    apart = f"The clock here is {abs(seconds):.0f} s {which} that of the grid operator."
    agreed = "The clock here agrees with that of the grid operator to a second or two."
    return ClockStatus(round(seconds, 1), apart if abs(off_by) > CLOCK_TOLERANCE else agreed)


def calendar_status(calendar: Calendar | None, now: datetime) -> CalendarStatus | None:
    if calendar is None:
        return None
    change = calendar.next_change(now)
    return CalendarStatus(
        zone=calendar.zone.key,
        percent=number(calendar.current(now).percent),
        next_percent=number(change.percent) if change else None,
        next_at=moment(change.at) if change else None,
        export_percent=number(calendar.current(now, Direction.EXPORT).percent)
        if Direction.EXPORT in calendar.days
        else None,
    )


def price_status(held: Iterable[HeldEvent], now: datetime) -> PriceStatus | None:
    """The price that an event gives for now, by its published times; of several the newest event's."""
    found = [
        PriceStatus(str(one.value), words(one.currency), words(each.event.event_id))
        for each in sorted(held, key=lambda each: each.received_at)
        for one in _advice(each, now)
        if isinstance(one, Price)
    ]
    return found[-1] if found else None


def _advice(each: HeldEvent, now: datetime) -> tuple[Advice, ...]:
    period = each.event.period
    if not each.obeyed or timing.status(period, now) is not EventStatus.ACTIVE:
        return ()
    return next((one.advice for one in each.steps if one.holds_at(now - period.start)), ())
