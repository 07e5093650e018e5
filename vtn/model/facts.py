"""How much hangs on an order: reckoned from what is installed, never from what is drawn.

Meters may be silent, late or lying, and then an order for a whole town would look like one for nobody. What one person
lets run at the same time counts together, or a large order could be given in small ones.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from oadr.charging import electricity
from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId, ResourceId
from vtn.model import rarity
from vtn.model.intervention import Intervention, Order
from vtn.model.network import Chargepoint, Feeder
from vtn.model.people import PersonId
from vtn.model.release import Facts, Rules

WHOLE: Final = Decimal(100)


def beside(order: Order, given: Iterable[Intervention], who: PersonId | None) -> tuple[Order, ...]:
    """What runs while `order` would, by the word of `who` alone, or of somebody who is not known. No tests."""
    return tuple(
        one.order
        for one in given
        if one.cancelled_at is None
        and not one.order.is_test
        and not one.word.is_of_two
        and (who is None or one.word.by in (None, who))
        and one.order.start < order.latest_end
        and order.start < one.latest_end
    )


def facts(
    order: Order,
    together: Iterable[Order],
    chargepoints: Iterable[Chargepoint],
    feeders: Iterable[Feeder],
    past: Iterable[Intervention],
    rules: Rules,
) -> Facts:
    """`together` is what counts with it, `chargepoints` are those of all their feeders, `past` is for the rarity.

    A test moves nothing, so nothing hangs on it.
    """
    if order.is_test:
        return Facts()
    meant = tuple(chargepoints)
    off: dict[ResourceId, Decimal] = {}
    bound: set[GroupId] = set()
    for one in (order, *together):
        bound.update(one.feeder_ids)
        for chargepoint in meant:
            if chargepoint.feeder_id in one.feeder_ids:
                least = off.get(chargepoint.resource_id, Decimal(0))
                off[chargepoint.resource_id] = max(least, taken_off(one, chargepoint))
    return Facts(
        watts=sum(off.values(), Decimal(0)),
        sites=len({one.ven_id for one in meant if one.resource_id in off}),
        substations=_whole(frozenset(bound), order, feeders),
        too_often=tuple(
            one.feeder_id for one in rarity.counters(past, order, rules.most_half_hours) if one.is_too_often
        ),
    )


def taken_off(order: Order, chargepoint: Chargepoint) -> Decimal:
    """W, at most. Of a written event nobody here knows what it means, so it may be all."""
    is_emergency = order.programme is Programme.SUPPLY_LIMIT
    volts = electricity.EMERGENCY_VOLTS if is_emergency else electricity.PLANNED_VOLTS
    rating = chargepoint.rating
    percent = Decimal(0) if order.percent is None else order.percent
    limit = electricity.from_share(percent / WHOLE, rating)
    return electricity.watts(max(rating.amps - limit.amps, Decimal(0)), rating, volts)


def only_gives_back(before: Intervention, after: Order) -> bool:
    """Whether a change lets more be drawn, for no longer and no earlier: that never takes two people."""
    was = before.order
    if was.percent is None or after.percent is None:
        return False  # what written events mean is not compared
    return (
        after.percent >= was.percent
        and after.start >= was.start
        and after.latest_end <= was.latest_end
        and after.start + after.duration <= was.start + was.duration
    )


def _whole(bound: frozenset[GroupId], order: Order, feeders: Iterable[Feeder]) -> tuple[str, ...]:
    """The substations that are bound by all of their feeders, one of which the order itself binds."""
    belongs: dict[str, set[GroupId]] = {}
    for feeder in feeders:
        if feeder.substation:
            belongs.setdefault(feeder.substation, set()).add(feeder.feeder_id)
    return tuple(
        name for name, its in sorted(belongs.items()) if its <= bound and not its.isdisjoint(order.feeder_ids)
    )
