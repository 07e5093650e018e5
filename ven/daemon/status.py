"""How a VEN stands: its journal, and beside it what the running program last wrote. For people and for programs.

Works without the network and beside a running VEN. Nobody's name is in it, nor any registration id.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from oadr import timing
from oadr.charging.limit import Limit, smallest
from oadr.wire.errors import PeerError
from ven import ordered
from ven.daemon.chargepoints import Described
from ven.daemon.config import Settings
from ven.daemon.live import Live, Reading
from ven.daemon.reasons import SAYS, why
from ven.daemon.shown import moment, number, words
from ven.daemon.surroundings import (
    CalendarStatus,
    LinkStatus,
    PriceStatus,
    calendar_status,
    link_status,
    price_status,
)
from ven.events import HeldEvent, Site
from ven.journal import Memory
from ven.slots import Slot

PATIENCE: Final = timedelta(seconds=5)
"""A live file that is so much older than a sample is a dead program's."""


@dataclass(frozen=True, slots=True)
class RegistrationStatus:
    ven_id: str
    vtn_id: str
    poll_seconds: float


@dataclass(frozen=True, slots=True)
class ContactStatus:
    made: bool
    since: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class EventStatus:
    event_id: str
    modification: int
    status: str
    """far, near, active or completed: that of the period as published."""
    start: str | None
    end: str | None
    """None: until cancelled."""
    answer: str
    code: str
    why: str | None
    obeyed: bool


@dataclass(frozen=True, slots=True)
class LimitStatus:
    amps: float
    percent: float
    source: str
    because: str
    since: str | None
    until: str | None


@dataclass(frozen=True, slots=True)
class MeasuredStatus:
    amps: tuple[float, ...]
    watts: float


@dataclass(frozen=True, slots=True)
class ChargepointStatus:
    resource_id: str
    rated_amps: float
    phases: int
    limit: LimitStatus | None
    """None: nobody limits it."""
    reason: str
    says: str
    """The reason in a sentence."""
    boost_until: str | None
    applied: bool | None
    """Whether the charger has taken the limit; None: not known."""
    measured: MeasuredStatus | None
    """None: no meter answers, or the program does not run."""
    trouble: str | None
    finding: str | None
    """Of the metrology check; None: there is no limit that is verified."""
    measure: str | None


@dataclass(frozen=True, slots=True)
class Status:
    name: str
    running: bool
    registration: RegistrationStatus | None
    contact: ContactStatus | None
    link: LinkStatus | None
    calendar: CalendarStatus | None
    price: PriceStatus | None
    chargepoints: tuple[ChargepointStatus, ...]
    events: tuple[EventStatus, ...]
    next_change: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def status(settings: Settings, memory: Memory, live: Live | None, now: datetime) -> Status:
    fresh = live if live and now - live.at <= settings.ven.sample_every + PATIENCE else None
    known = memory.registration
    return Status(
        name=settings.ven.name,
        running=fresh is not None,
        registration=RegistrationStatus(known.ven_id, known.vtn_id, known.poll_every.total_seconds())
        if known
        else None,
        contact=_contact(fresh),
        link=link_status(fresh.link if fresh else None, settings.ven.contract.failsafe_minimum, now),
        calendar=calendar_status(memory.local.calendar, now),
        price=price_status(memory.held, now),
        chargepoints=tuple(_chargepoint(one, memory, fresh, now) for one in settings.chargepoints),
        events=tuple(_event(each, now) for each in memory.held),
        next_change=moment(_next_change(settings, memory, now)),
    )


def _contact(live: Live | None) -> ContactStatus | None:
    if live is None or live.contact is None:
        return None
    contact = live.contact
    return ContactStatus(contact.made, moment(contact.since), contact.why)


def _chargepoint(one: Described, memory: Memory, live: Live | None, now: datetime) -> ChargepointStatus:
    slots = [slot for key, slot in memory.slots if key.resource_id == one.resource_id]
    limit = smallest(slot.limit for slot in slots)
    binding = next((slot for slot in slots if slot.limit is limit), None)
    boosts = (each.until for each in memory.local.boosts if each.resource_id == one.resource_id)
    boost = next((until for until in boosts if until > now), None)
    reason = why(binding, memory.held, is_boosted=boost is not None)
    reading = live.readings.get(one.resource_id) if live else None
    return ChargepointStatus(
        resource_id=one.resource_id,
        rated_amps=number(one.rating.amps),
        phases=one.rating.phases,
        limit=_limit(limit, memory.held) if limit else None,
        reason=reason.value,
        says=SAYS[reason],
        boost_until=moment(boost),
        applied=reading.applied if reading else None,
        measured=_measured(reading),
        trouble=reading.trouble if reading else None,
        finding=reading.finding if reading else None,
        measure=reading.measure if reading else None,
    )


def _limit(limit: Limit, held: Iterable[HeldEvent]) -> LimitStatus:
    """`since` is known as long as the event is held that ordered it."""
    began = [max(each.start, each.received_at) for each in held if each.event.event_id == limit.because]
    return LimitStatus(
        amps=number(limit.amps),
        percent=number(limit.percent),
        source=limit.source.value,
        because=words(limit.because),
        since=moment(min(began, default=None)),
        until=moment(limit.until),
    )


def _measured(reading: Reading | None) -> MeasuredStatus | None:
    if reading is None or reading.amps is None or reading.watts is None:
        return None
    return MeasuredStatus(tuple(number(each) for each in reading.amps), number(reading.watts))


def _event(each: HeldEvent, now: datetime) -> EventStatus:
    return EventStatus(
        event_id=words(each.event.event_id),
        modification=each.modification_number,
        status=timing.status(each.event.period, now).value,
        start=moment(each.start),
        end=moment(each.end),
        answer=each.opt.value,
        code=each.code,
        why=words(each.why) if each.why else None,
        obeyed=each.obeyed,
    )


def _next_change(settings: Settings, memory: Memory, now: datetime) -> datetime | None:
    """When a limit will be another as things stand: an event starts, steps or ends, a release takes a step."""
    rises = [rise for _, slot in memory.slots for rise in _rises(slot, settings.ven.ramp_every)]
    moments = [_next_order(settings, memory, now), *rises]
    return min((one for one in moments if one and one > now), default=None)


def _rises(slot: Slot, ramp_every: timedelta) -> list[datetime]:
    """The steps of a release, the last one at the limit's own end."""
    restore, last = slot.restore, slot.limit.until
    if restore is None or last is None:
        return []
    steps = (restore.release_at + ramp_every * count for count in range(100))
    return [step for step in steps if step <= last]


def _next_order(settings: Settings, memory: Memory, now: datetime) -> datetime | None:
    config = settings.ven
    ven_id = memory.registration.ven_id if memory.registration else None
    resources = frozenset(one.resource_id for one in settings.chargepoints)
    site = Site(ven_id, resources, config.groups, config.market_contexts, config.randomise_default)
    try:
        return ordered.next_order(memory.held, site, now)
    except PeerError:  # the events are of a time when the settings were others
        return None
