"""What a list of events would mean for the chargepoints of a site, were it to come now. It touches nothing.

Random starts and releases are left out: the time line is that of the orders themselves, each at its earliest.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from oadr.charging.electricity import Rating
from oadr.charging.limit import smallest
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId
from oadr.wire.messages import DistributeEvent
from ven import events, ordered, ramp
from ven.authority import Authority
from ven.conditions import Conditions
from ven.daemon.chargepoints import scales
from ven.daemon.config import Settings
from ven.daemon.shown import moment, number, words
from ven.events import HeldEvent, Site
from ven.journal import Memory
from ven.randomise import CAP

MOST_MOMENTS: Final = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer that the grid operator would get."""

    event_id: str
    modification: int
    answer: str
    code: str
    why: str | None
    programme: str | None
    chargepoints: tuple[str, ...]
    start_may_wait: float
    """Seconds that its start may be delayed at random."""


@dataclass(frozen=True, slots=True)
class Course:
    """From `at` on; `amps` None: no event limits it then."""

    resource_id: str
    at: str
    amps: float | None
    because: str | None


@dataclass(frozen=True, slots=True)
class Simulated:
    verdicts: tuple[Verdict, ...]
    course: tuple[Course, ...]
    """In the order of time."""

    @property
    def is_served(self) -> bool:
        return all(one.code == "200" for one in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class _NoChance:
    """Dice that delay nothing."""

    def random(self) -> float:
        return 0.0

    def randint(self, a: int, b: int) -> int:
        return min(a, b)


def simulate(settings: Settings, memory: Memory, message: DistributeEvent, now: datetime) -> Simulated:
    """`memory` is the journal's: who the VEN is, and what was used of the bounds on emergencies."""
    config = settings.ven
    ratings = {one.resource_id: one.rating for one in scales(settings.chargepoints)}
    known = memory.registration.ven_id if memory.registration else config.ven_id
    site = Site(known, frozenset(ratings), config.groups, config.market_contexts, config.randomise_default)
    authority = Authority(config.contract.bounds, memory.spells)
    conditions = Conditions(config.contract.profile, config.contract.bounds.floor)
    held = events.merge((), message, site, now, _NoChance(), authority).held
    return Simulated(
        tuple(_verdict(each, site) for each in held), tuple(_course(held, site, ratings, conditions, now))
    )


def _verdict(each: HeldEvent, site: Site) -> Verdict:
    return Verdict(
        words(each.event.event_id),
        each.modification_number,
        each.opt.value,
        each.code,
        words(each.why) if each.why else None,
        each.programme.value if each.programme else None,
        tuple(sorted(each.resources)),
        _may_wait(each, site),
    )


def _may_wait(each: HeldEvent, site: Site) -> float:
    if not each.obeyed or each.programme is Programme.SUPPLY_LIMIT:
        return 0.0
    asked = each.event.period.start_after
    return min(site.randomise_default if asked is None else asked.span, CAP).total_seconds()


def _course(
    held: tuple[HeldEvent, ...],
    site: Site,
    ratings: Mapping[ResourceId, Rating],
    conditions: Conditions,
    now: datetime,
) -> Iterator[Course]:
    """Each change of each chargepoint's amps."""
    before: dict[ResourceId, Course] = {}
    for at in _moments(held, now):
        orders = ordered.orders(held, site, ratings, at, conditions=conditions)
        for resource in sorted(ratings):
            limit = smallest(one for key, one in orders.items() if key.resource_id == resource)
            amps, because = (number(limit.amps), words(limit.because)) if limit else (None, None)
            known = before.get(resource)
            if known is None or (known.amps, known.because) != (amps, because):
                before[resource] = Course(resource, moment(at) or "", amps, because)
                yield before[resource]


def _moments(held: Iterable[HeldEvent], now: datetime) -> list[datetime]:
    """Now, and whenever something that is ordered changes afterwards."""
    found = {now}
    for each in held:
        if each.obeyed:
            found.update(ramp.moments(each), (each.start + one.start for one in each.steps), [each.start])
            found.update(end for end in (each.end, ramp.end(each), *_ends(each)) if end is not None)
    return sorted(at for at in found if at >= now)[:MOST_MOMENTS]


def _ends(each: HeldEvent) -> Iterator[datetime]:
    for one in each.steps:
        if one.length is not None:
            yield each.start + one.start + one.length
