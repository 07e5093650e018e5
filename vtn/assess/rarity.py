"""How often a feeder's supply was limited: last resorts are rare, and a number shows it (Rec 2)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn.model.intervention import Intervention, Order

HALF_HOUR: Final = timedelta(minutes=30)
MONTH: Final = timedelta(days=30)
YEAR: Final = timedelta(days=365)
RARE: Final = ((MONTH, 8), (YEAR, 40))
"""Half-hours that still count as a small number; the report names none, these are ours."""


def half_hours(given: Iterable[Intervention], feeder_id: GroupId, since: datetime) -> int:
    """Begun half-hours of supply limitation on a feeder from `since` on, by plan or until cancelled. No tests."""
    return sum(
        _begun(one.end - one.order.start)
        for one in given
        if feeder_id in one.order.feeder_ids and _counts(one.order) and one.order.start >= since
    )


def warnings(given: Iterable[Intervention], order: Order, now: datetime) -> tuple[str, ...]:
    """A sentence for each feeder that `order` would limit more often than is rare."""
    if not _counts(order):
        return ()
    past = tuple(given)
    return tuple(
        f"{feeder_id} would have been limited for {count} half-hours within {span.days} days; "
        f"up to {most} count as rare"
        for feeder_id in order.feeder_ids
        for span, most in RARE
        if (count := half_hours(past, feeder_id, now - span) + _begun(order.duration)) > most
    )


def _counts(order: Order) -> bool:
    return order.programme is Programme.SUPPLY_LIMIT and not order.is_test


def _begun(length: timedelta) -> int:
    return -(-length // HALF_HOUR)
