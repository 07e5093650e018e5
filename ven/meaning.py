"""What an event means at a site: whom of it, what it orders, and whether that can be served at all. Sans-IO."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from oadr import timing
from oadr.charging import signals
from oadr.charging.ceilings import Step
from oadr.charging.meanings import PLAIN, Agreed
from oadr.charging.scale import Direction, direction_of, export_of, is_fed_back
from oadr.charging.signals import Programme
from oadr.opting import DEVICE_CLASSES
from oadr.wire.errors import Invalid, Refused, ResponseCode
from oadr.wire.ids import GroupId, ResourceId, VenId
from oadr.wire.messages.common import Target
from oadr.wire.messages.event import ActivePeriod, Event, Signal
from oadr.wire.scalars import Duration
from ven.party import Role
from ven.randomise import CAP


@dataclass(frozen=True, slots=True)
class Site:
    """What a VEN must know of itself to tell whether an event concerns it."""

    ven_id: VenId | None
    resources: frozenset[ResourceId]
    """Each scale by its name: `evse-1`, and `evse-1:export` of one that can feed back."""
    groups: frozenset[GroupId]
    market_contexts: str
    randomise_default: timedelta
    agreed: Agreed = PLAIN
    role: Role = field(default_factory=Role)
    """What the one who sends events may order."""

    @property
    def imports(self) -> frozenset[ResourceId]:
        return frozenset(one for one in self.resources if direction_of(one) is Direction.IMPORT)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event that may be served orders."""

    programme: Programme
    resources: frozenset[ResourceId]
    steps: tuple[Step, ...]


def meaning(event: Event, site: Site) -> Meaning:
    """What `event` orders here. Raises a `PeerError` with the code that answers it (r48, r109, r112)."""
    programme = signals.programme(event.descriptor.market_context, site.market_contexts)
    if programme is None:
        raise Refused("market context not served here", ResponseCode.TARGET_MISMATCH)
    site.role.check(programme)
    resources = targeted(event.target, site)
    if not resources and event.target.resource_ids:
        raise Refused("no such resource here", ResponseCode.DEPLOYMENT_ERROR)
    if not resources:
        raise Refused("nobody here is meant", ResponseCode.TARGET_MISMATCH)
    if not any(_for_chargepoints(signal) for signal in event.signals):
        raise Refused("no signal for chargepoints", ResponseCode.TARGET_MISMATCH)
    ordered = steps(event, site.agreed)
    _check_times(event, ordered)
    return Meaning(programme, resources | _feeding_back(resources, ordered, site), ordered)


@lru_cache(maxsize=256)
def steps(event: Event, agreed: Agreed = PLAIN) -> tuple[Step, ...]:
    """What the signals for chargepoints order. Raises a `PeerError`."""
    ours = tuple(signal for signal in event.signals if _for_chargepoints(signal))
    return signals.timeline(replace(event, signals=ours), agreed)


def _check_times(event: Event, steps: tuple[Step, ...]) -> None:
    """Every moment of the event can be reckoned with, also after the longest random delay. Raises `Invalid`."""
    try:
        end = timing.end(event.period, CAP)
        earliest_end = event.period.start + CAP
        _ = earliest_end + steps[-1].start + (steps[-1].length or timedelta())
        _check_easing(event.period, end or earliest_end)
    except OverflowError as error:
        raise Invalid("an event outside the calendar") from error
    if end is not None and end < earliest_end:
        raise Invalid("an event that ends before it starts")


def _check_easing(period: ActivePeriod, latest: datetime) -> None:
    """Neither ramp-up nor recovery leads out of the calendar, whichever way they lie (r31). Raises `Invalid`."""
    for duration in (period.ramp_up or Duration(), period.recovery or Duration()):
        for one in (duration, Duration(-duration.seconds, -duration.months)):
            one.after(period.start)
            one.after(latest)


def targeted(target: Target, site: Site) -> frozenset[ResourceId]:
    """What `target` means: criteria are OR'd, none at all means everything here (r22).

    What is fed back is meant by its own name only: who limits a feeder, a site or everything limits what is drawn.
    """
    is_everything = target == Target() or site.ven_id in target.ven_ids
    everyone = is_everything or site.groups.intersection(target.group_ids)
    return site.resources.intersection(target.resource_ids) | (site.imports if everyone else frozenset())


def _feeding_back(
    resources: frozenset[ResourceId], steps: tuple[Step, ...], site: Site
) -> frozenset[ResourceId]:
    """The other scale of what is meant, where a set point says by its sign that this is what it is about."""
    if not any(is_fed_back(ceiling) for step in steps for ceiling in step.ceilings):
        return frozenset()
    return site.resources.intersection(export_of(one) for one in resources)


def _for_chargepoints(signal: Signal) -> bool:
    """A signal's own target narrows it to device classes (r111)."""
    classes = signal.target.end_device_assets if signal.target else ()
    return not classes or bool(DEVICE_CLASSES.intersection(classes))
