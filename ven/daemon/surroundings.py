"""What is the same for all chargepoints of a site: link to the grid operator, calendar, price."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr import timing
from oadr.charging.ceilings import Advice, Price
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


@dataclass(frozen=True, slots=True)
class LinkStatus:
    state: str
    says: str
    since: str | None
    failsafe_until: str | None
    """The earliest; None: the failsafe level does not hold."""
    failsafe_seconds: int | None
    """Left until then."""


@dataclass(frozen=True, slots=True)
class CalendarStatus:
    zone: str
    percent: float
    """Of the rated current, by the calendar alone."""
    next_percent: float | None
    next_at: str | None
    """None: not within a week."""


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
    return LinkStatus(link.link.value, _SAYS[link.link], moment(link.since), moment(until), left)


def calendar_status(calendar: Calendar | None, now: datetime) -> CalendarStatus | None:
    if calendar is None:
        return None
    change = calendar.next_change(now)
    return CalendarStatus(
        zone=calendar.zone.key,
        percent=number(calendar.current(now).percent),
        next_percent=number(change.percent) if change else None,
        next_at=moment(change.at) if change else None,
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
