"""What the events that are held order at a moment: a limit for each chargepoint and source. Sans-IO."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from oadr.charging import electricity
from oadr.charging.ceilings import NORMAL, Step, Together, Watts, allowed
from oadr.charging.electricity import FLOOR_AMPS, Rating
from oadr.charging.limit import Limit, Source
from oadr.charging.scale import Direction, direction_of, on_scale
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId
from ven import phases, ramp
from ven.conditions import PLAIN, Conditions
from ven.events import HeldEvent, Site
from ven.sharing import Claim, next_turn, shared
from ven.slots import SlotKey

_SOURCES: Final = {
    Programme.SUPPLY_LIMIT: Source.SUPPLY_LIMIT,
    Programme.LOAD_SHIFT: Source.LOAD_SHIFT,
    Programme.PRICE: Source.LOAD_SHIFT,
}
"""A price limits nobody; a coarse level that comes in its place is followed, and may be declined, as a load shift."""


def orders(
    held: Iterable[HeldEvent],
    site: Site,
    ratings: Mapping[ResourceId, Rating],
    now: datetime,
    normal: Mapping[ResourceId, Decimal] | None = None,
    conditions: Conditions = PLAIN,
) -> dict[SlotKey, Limit]:
    """The limits that events order at `now`; of several in one slot the smallest.

    `normal` is the percent that each chargepoint may draw anyhow, which an offset refers to.
    """
    ratings = {name: conditions.profile.finest(one) for name, one in ratings.items()}
    found: dict[SlotKey, Limit] = {}
    for each, steps in _standing(held, site, now):
        limits = _limits(each, steps, ratings, now, normal or {}, conditions)
        if each.programme is Programme.SUPPLY_LIMIT:
            limits = {**limits, **_owed(limits, steps, ratings, normal or {}, conditions)}
        for resource, limit in limits.items():
            key = SlotKey(resource, limit.source, each.party)
            found[key] = min(limit, found.get(key, limit), key=lambda one: one.amps)
    return found


def on_one_phase(
    held: Iterable[HeldEvent],
    site: Site,
    ratings: Mapping[ResourceId, Rating],
    now: datetime,
    conditions: Conditions,
) -> frozenset[ResourceId]:
    """Where an order in W is a pause on all phases, and none on one. What is shared out is not looked at: there
    whoever must pause makes room for the others.
    """
    return frozenset(
        resource
        for each, steps in _standing(held, site, now)
        for resource, step in steps.items()
        for ceiling in step.ceilings
        if isinstance(ceiling, Watts) and each.programme and resource not in each.declined
        if phases.wanted(ceiling.value, ratings[resource], conditions.volts_for(each.programme, resource))
        < ratings[resource].phases
    )


def is_in_watts(held: Iterable[HeldEvent]) -> bool:
    """Whether the voltage matters to any of them."""
    return any(
        isinstance(ceiling, Watts | Together)
        for each in held
        for step in each.steps
        for ceiling in step.ceilings
    )


def _standing(
    held: Iterable[HeldEvent], site: Site, now: datetime
) -> Iterator[tuple[HeldEvent, Mapping[ResourceId, Step]]]:
    """The events that order something at `now`, and what of each resource."""
    for each in held:
        if each.programme not in _SOURCES or each.event.descriptor.is_test:
            continue
        end, step = ramp.end(each), ramp.step(each, now)
        if step is not None and (end is None or now < end):
            meant = each.resources & site.resources
            yield each, {one: _on_its_scale(step, one, each) for one in meant}


def _limits(
    each: HeldEvent,
    steps: Mapping[ResourceId, Step],
    ratings: Mapping[ResourceId, Rating],
    now: datetime,
    normal: Mapping[ResourceId, Decimal],
    conditions: Conditions,
) -> Mapping[ResourceId, Limit]:
    """What one event orders of those that have not declined it."""
    assert each.programme, "only events of a programme order anything"
    source, recovery, end = _SOURCES[each.programme], ramp.recovery(each), ramp.end(each)
    volts = {one: conditions.volts_for(each.programme, one) for one in steps}
    shares = _shares(steps, ratings, volts, now)
    found: dict[ResourceId, Limit] = {}
    for resource in steps.keys() - each.declined:
        rating, used = ratings[resource], conditions.phases.get(resource)
        order = allowed(
            steps[resource],
            rating,
            volts[resource],
            normal=normal.get(resource, NORMAL),
            shares=shares[resource],
            phases=used,
        )
        if order is None:
            continue
        order, because = ramp.eased(order, each, rating, now), each.event.event_id
        is_drawn = direction_of(resource) is Direction.IMPORT  # what is left to a site is for charging
        order = each.at_least(order, rating) if is_drawn else order
        limit = Limit(
            order.amps, order.percent, source, because, end, recovery, each.party, order.watts, used
        )
        found[resource] = conditions.floored(limit, rating) if is_drawn else limit
    return found


def _owed(
    limits: Mapping[ResourceId, Limit],
    steps: Mapping[ResourceId, Step],
    ratings: Mapping[ResourceId, Rating],
    normal: Mapping[ResourceId, Decimal],
    conditions: Conditions,
) -> Mapping[ResourceId, Limit]:
    """What is drawn, beside what is owed; nothing is owed of what is fed back."""
    drawn = {one: limit for one, limit in limits.items() if direction_of(one) is Direction.IMPORT}
    return conditions.undercut(drawn, {one: steps[one] for one in drawn}, ratings, normal)


def _on_its_scale(step: Step, resource: ResourceId, each: HeldEvent) -> Step:
    is_named = resource in each.event.target.resource_ids
    return on_scale(step, direction_of(resource), is_named=is_named)


def _shares(
    steps: Mapping[ResourceId, Step],
    ratings: Mapping[ResourceId, Rating],
    volts: Mapping[ResourceId, Decimal],
    now: datetime,
) -> Mapping[ResourceId, Mapping[Together, Decimal]]:
    """Each chargepoint's part, in W, of what is ordered of all together; each scale is shared out apart.

    Who declines has one too: it draws beside the others, and leaves them nothing.
    """
    claims: dict[tuple[Direction, Together], list[Claim]] = {}
    for resource, step in steps.items():
        for total in step.ceilings:
            if isinstance(total, Together):
                claim = _claim(resource, ratings[resource], volts[resource])
                claims.setdefault((direction_of(resource), total), []).append(claim)
    found: dict[ResourceId, dict[Together, Decimal]] = {resource: {} for resource in steps}
    for (_, total), claimed in claims.items():
        for resource, share in shared(total.value, claimed, now).items():
            found[resource][total] = share
    return found


def _claim(resource: ResourceId, rating: Rating, volts: Decimal) -> Claim:
    return Claim(
        resource,
        least=electricity.watts(FLOOR_AMPS, rating, volts),
        most=electricity.watts(rating.amps, rating, volts),
    )


def next_order(held: Iterable[HeldEvent], site: Site, now: datetime) -> datetime | None:
    """When `orders` will next say something else, or None when never."""
    moments = (
        moment
        for each in held
        if each.resources & site.resources
        for moment in (*_boundaries(each), *ramp.moments(each), *_turns(each, now), ramp.end(each))
        if moment is not None and moment > now
    )
    return min(moments, default=None)


def _turns(each: HeldEvent, now: datetime) -> Collection[datetime]:
    """What is shared out goes round."""
    is_shared = any(isinstance(ceiling, Together) for step in each.steps for ceiling in step.ceilings)
    return (next_turn(now),) if is_shared and (each.end is None or now < each.end) else ()


def _boundaries(each: HeldEvent) -> Iterable[datetime]:
    for step in each.steps:
        yield each.start + step.start
        if step.length is not None:
            yield each.start + step.start + step.length
