"""How a VEN stands: its journal, and beside it what the running program last wrote. For people and for programs.

Works without the network and beside a running VEN. Nobody's name is in it, nor any registration id.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from oadr import timing
from oadr.charging.limit import Limit, smallest
from oadr.charging.minimum import Undercut
from oadr.charging.scale import direction_of
from oadr.wire.errors import PeerError
from ven import ordered
from ven.daemon.chargepoints import Described, scales
from ven.daemon.config import Settings
from ven.daemon.device import DeviceStatus, device_status
from ven.daemon.live import Contact, Live, Reading
from ven.daemon.rate import rate
from ven.daemon.reasons import says, why
from ven.daemon.shown import moment, number, words
from ven.daemon.surroundings import (
    CalendarStatus,
    ClockStatus,
    LinkStatus,
    PriceStatus,
    calendar_status,
    clock_status,
    link_status,
    price_status,
)
from ven.enrolment import Registration
from ven.events import HeldEvent, Site
from ven.journal import Memory
from ven.party import GRID_OPERATOR, named
from ven.slots import OF_EVENTS, Slot

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
class OtherStatus:
    """How the site stands with a VTN that is not the grid operator's."""

    name: str
    registration: RegistrationStatus | None
    contact: ContactStatus | None


@dataclass(frozen=True, slots=True)
class EventStatus:
    event_id: str
    party: str
    """Whose it is; two VTNs may have events of one name."""
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
class UndercutStatus:
    owed_watts: float
    commanded_watts: float
    cause: str
    """`order`, or `quantisation`: our own rounding or margin."""


@dataclass(frozen=True, slots=True)
class LimitStatus:
    amps: float
    percent: float
    source: str
    party: str | None
    """Whose event orders it: dso for the grid operator, or another VTN by its name here; None: the site's own."""
    because: str
    since: str | None
    until: str | None
    watts: float | None
    """What was ordered of this chargepoint, where it came in W; None: it did not."""
    phases: int | None
    """On how many `amps` flow; None: on all that are wired."""
    below_minimum: UndercutStatus | None
    """None: it leaves what the contract's profile owes, or nothing is owed."""
    authority_floor: float | None
    """A per phase that were ordered, where the contract's own floor leaves more; None: it does not."""


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
    rate: str
    """high, medium, low or paused: thirds of the rated current."""
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
    device: DeviceStatus
    running: bool
    registration: RegistrationStatus | None
    contact: ContactStatus | None
    others: tuple[OtherStatus, ...]
    """The VTNs beside the grid operator's."""
    link: LinkStatus | None
    clock: ClockStatus | None
    calendar: CalendarStatus | None
    price: PriceStatus | None
    chargepoints: tuple[ChargepointStatus, ...]
    events: tuple[EventStatus, ...]
    next_change: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def fresh(settings: Settings, live: Live | None, now: datetime) -> Live | None:
    """None for what a program has left behind that does not run any more."""
    return live if live and now - live.at <= settings.ven.sample_every + PATIENCE else None


def status(settings: Settings, memory: Memory, live: Live | None, now: datetime) -> Status:
    live = fresh(settings, live, now)
    return Status(
        name=settings.ven.name,
        device=device_status(settings.device, settings.chargepoints),
        running=live is not None,
        registration=_registration(memory.registration),
        contact=_contact(live.contact if live else None),
        others=tuple(_other(one.name, memory, live) for one in settings.ven.others),
        link=link_status(live.link if live else None, settings.ven.contract.failsafe_minimum, now),
        clock=clock_status(live.clock_off_by if live else None),
        calendar=calendar_status(memory.local.calendar, now),
        price=price_status(memory.all_held, now),
        chargepoints=tuple(_chargepoint(one, memory, live, now) for one in scales(settings.chargepoints)),
        events=tuple(_event(each, now) for each in memory.all_held),
        next_change=moment(_next_change(settings, memory, now)),
    )


def _registration(known: Registration | None) -> RegistrationStatus | None:
    if known is None:
        return None
    return RegistrationStatus(known.ven_id, known.vtn_id, known.poll_every.total_seconds())


def _other(name: str, memory: Memory, live: Live | None) -> OtherStatus:
    contact = live.others.get(name) if live else None
    return OtherStatus(name, _registration(memory.of(name).registration), _contact(contact))


def _contact(contact: Contact | None) -> ContactStatus | None:
    if contact is None:
        return None
    return ContactStatus(contact.made, moment(contact.since), contact.why)


def _chargepoint(one: Described, memory: Memory, live: Live | None, now: datetime) -> ChargepointStatus:
    slots = [slot for key, slot in memory.slots if key.resource_id == one.resource_id]
    limit = smallest(slot.limit for slot in slots)
    binding = next((slot for slot in slots if slot.limit is limit), None)
    boosts = (each.until for each in memory.local.boosts if each.resource_id == one.resource_id)
    boost = next((until for until in boosts if until > now), None)
    party = limit.party if limit else GRID_OPERATOR
    held = memory.of(party).held
    reason = why(binding, held, is_boosted=boost is not None)
    reading = live.readings.get(one.resource_id) if live else None
    return ChargepointStatus(
        resource_id=one.resource_id,
        rated_amps=number(one.rating.amps),
        phases=one.rating.phases,
        limit=_limit(limit, held) if limit else None,
        rate=rate(number(limit.percent) if limit else None).value,
        reason=reason.value,
        says=says(reason, direction_of(one.resource_id), party),
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
        party=named(limit.party) if limit.source in OF_EVENTS else None,
        because=words(limit.because),
        since=moment(min(began, default=None)),
        until=moment(limit.until),
        watts=None if limit.watts is None else number(limit.watts),
        phases=limit.phases,
        below_minimum=_undercut(limit.undercut) if limit.undercut else None,
        authority_floor=None if limit.ordered_amps is None else number(limit.ordered_amps),
    )


def _undercut(found: Undercut) -> UndercutStatus:
    return UndercutStatus(number(found.owed), number(found.commanded), found.cause.value)


def _measured(reading: Reading | None) -> MeasuredStatus | None:
    if reading is None or reading.amps is None or reading.watts is None:
        return None
    return MeasuredStatus(tuple(number(each) for each in reading.amps), number(reading.watts))


def _event(each: HeldEvent, now: datetime) -> EventStatus:
    return EventStatus(
        event_id=words(each.event.event_id),
        party=named(each.party),
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
    resources = frozenset(one.resource_id for one in scales(settings.chargepoints))
    site = Site(ven_id, resources, config.groups, config.market_contexts, config.randomise_default)
    try:
        return ordered.next_order(memory.all_held, site, now)
    except PeerError:  # the events are of a time when the settings were others
        return None
