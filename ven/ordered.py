"""What the events that are held order at a moment: a limit for each chargepoint and source. Sans-IO."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from oadr.charging import electricity
from oadr.charging.ceilings import NORMAL, Step, Together, allowed
from oadr.charging.electricity import FLOOR_AMPS, Rating
from oadr.charging.limit import Limit, Source
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId
from ven import ramp
from ven.events import HeldEvent, Site
from ven.sharing import Claim, next_turn, shared
from ven.slots import SlotKey

_SOURCES: Final = {
    Programme.SUPPLY_LIMIT: Source.SUPPLY_LIMIT,
    Programme.LOAD_SHIFT: Source.LOAD_SHIFT,
    Programme.PRICE: Source.LOAD_SHIFT,
}
"""A price limits nobody; a coarse level that comes in its place is followed, and may be declined, as a load shift."""
_VOLTS: Final = {
    Programme.SUPPLY_LIMIT: electricity.EMERGENCY_VOLTS,
    Programme.LOAD_SHIFT: electricity.PLANNED_VOLTS,
    Programme.PRICE: electricity.PLANNED_VOLTS,
}


def orders(
    held: Iterable[HeldEvent],
    site: Site,
    ratings: Mapping[ResourceId, Rating],
    now: datetime,
    normal: Mapping[ResourceId, Decimal] | None = None,
) -> dict[SlotKey, Limit]:
    """The limits that events order at `now`; of several in one slot the smallest.

    `normal` is the percent that each chargepoint may draw anyhow, which an offset refers to.
    """
    found: dict[SlotKey, Limit] = {}
    for each in held:
        programme = each.programme
        if programme not in _SOURCES or each.event.descriptor.is_test:
            continue
        end, step = ramp.end(each), ramp.step(each, now)
        if step is None or (end is not None and end <= now):
            continue
        volts = _VOLTS[programme]
        meant = each.resources & site.resources
        shares = _shares(step, {one: ratings[one] for one in meant}, volts, now)
        for resource in meant - each.declined:
            is_normal = (normal or {}).get(resource, NORMAL)
            order = allowed(step, ratings[resource], volts, normal=is_normal, shares=shares[resource])
            if order is None:
                continue
            source, order = _SOURCES[programme], ramp.eased(order, each, ratings[resource], now)
            limit = Limit(order.amps, order.percent, source, each.event.event_id, end, ramp.recovery(each))
            key = SlotKey(resource, source)
            found[key] = min(limit, found.get(key, limit), key=lambda one: one.amps)
    return found


def _shares(
    step: Step, ratings: Mapping[ResourceId, Rating], volts: Decimal, now: datetime
) -> Mapping[ResourceId, Mapping[Together, Decimal]]:
    """Each chargepoint's part, in W, of what is ordered of all together.

    Who declines has one too: it draws beside the others, and leaves them nothing.
    """
    totals = [ceiling for ceiling in step.ceilings if isinstance(ceiling, Together)]
    claims = [
        Claim(
            resource,
            least=electricity.watts(FLOOR_AMPS, rating, volts),
            most=electricity.watts(rating.amps, rating, volts),
        )
        for resource, rating in ratings.items()
    ]
    parts = {total: shared(total.value, claims, now) for total in totals}
    return {resource: {total: part[resource] for total, part in parts.items()} for resource in ratings}


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
