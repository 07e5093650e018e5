"""What sites have said by EiOpt: about one event, or as a schedule of when they take part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from oadr.charging.signals import Programme
from oadr.opting import Period, Schedule, is_replaced
from oadr.states.opt import Stage
from oadr.wire.ids import EventId, OptId, ResourceId, VenId
from oadr.wire.messages.common import OptType

KEPT: Final = 20
"""So many of a site's opts are remembered after they came to nothing: a cancellation of them is no error (r211)."""
NECESSITIES: Final = frozenset({"mustRun", "outageRunStatus", "emergency"})
"""Reasons that a supply limitation yields to: it is never a matter of taste."""
REASONS: Final = NECESSITIES | {
    "economic",
    "notParticipating",
    "overrideStatus",
    "participating",
    "x-schedule",
}
"""The reasons that go into the public record by name; a site's own words do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opt:
    """As it was said: two that are equal are one, said twice. Either with an `event_id` or with periods (r206)."""

    opt_id: OptId
    ven_id: VenId
    opt: OptType
    reason: str
    created_at: datetime
    """By the site's clock; what counts is the order in which opts arrive."""
    event_id: EventId | None = None
    programme: Programme | None = None
    resources: frozenset[ResourceId] | None = None
    """None: all of the site, those too that it will get (r202). Those of an event are named."""
    periods: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptOpt:
    """One in the store; a higher number came later."""

    number: int
    opt: Opt
    taken_at: datetime
    cancelled_at: datetime | None = None

    @property
    def stage(self) -> Stage:
        return Stage.CANCELLED if self.cancelled_at else Stage.TOLD

    @property
    def schedule(self) -> Schedule:
        """Cancelled, it still replaces what was there before it (r203)."""
        opt = self.opt
        periods = opt.periods if self.stage is Stage.TOLD else ()
        return Schedule(opt=opt.opt, programme=opt.programme, resources=opt.resources, periods=periods)


@dataclass(frozen=True, slots=True)
class ResourceOpt:
    """The newest word on one chargepoint in one event; it outranks what the site answers to the event (r206)."""

    resource_id: ResourceId
    opt: OptType
    reason: str
    taken_at: datetime


def schedules(kept: Iterable[KeptOpt]) -> tuple[Schedule, ...]:
    return tuple(one.schedule for one in kept if one.opt.event_id is None)


def is_without_effect(one: KeptOpt, later: Sequence[KeptOpt]) -> bool:
    """Whether later opts of the same site leave nothing of it."""
    if one.opt.event_id is None:
        return is_replaced(one.schedule, schedules(later))
    left = set(one.opt.resources or ())
    for other in later:
        if other.opt.event_id == one.opt.event_id:
            left -= other.opt.resources or set()
    return not left


def forgettable(kept: Sequence[KeptOpt]) -> tuple[int, ...]:
    """The numbers of those, of one site and in their order, that are without effect and long past."""
    old = kept[:-KEPT]
    return tuple(one.number for place, one in enumerate(old) if is_without_effect(one, kept[place + 1 :]))
