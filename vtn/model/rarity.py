"""How often a feeder's supply was limited: last resorts are rare, and a number shows it (Rec 2)."""

from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Counter:
    """Of one feeder: the half-hours of 30 days around the start of an order, and with it."""

    feeder_id: GroupId
    so_far: int
    with_it: int
    most: int

    @property
    def is_too_often(self) -> bool:
        """Above the cap, a second person's word is needed."""
        return self.with_it > self.most


def half_hours(
    given: Iterable[Intervention], feeder_id: GroupId, since: datetime, until: datetime | None = None
) -> int:
    """Begun half-hours of supply limitation on a feeder from `since` on, by plan or until cancelled. No tests."""
    return sum(
        _begun(one.end - one.order.start)
        for one in _on(given, feeder_id)
        if one.order.start >= since and (until is None or one.order.start < until)
    )


def counters(given: Iterable[Intervention], order: Order, most: int) -> tuple[Counter, ...]:
    """One for each feeder that `order` would limit; none for what is no supply limitation, or a test.

    Those planned for later count as well, in whichever 30 days around its start they are most: nobody gets around the
    cap by giving the last order first.
    """
    if not _counts(order):
        return ()
    past = tuple(given)
    return tuple(_counter(past, order, feeder_id, most) for feeder_id in order.feeder_ids)


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


def _counter(past: tuple[Intervention, ...], order: Order, feeder_id: GroupId, most: int) -> Counter:
    starts = (one.order.start for one in _on(past, feeder_id))
    begins = (order.start, *(at for at in starts if order.start - MONTH < at < order.start))
    so_far = max(half_hours(past, feeder_id, begin, begin + MONTH) for begin in begins)
    return Counter(feeder_id, so_far, so_far + _begun(order.duration), most)


def _on(given: Iterable[Intervention], feeder_id: GroupId) -> tuple[Intervention, ...]:
    return tuple(one for one in given if feeder_id in one.order.feeder_ids and _counts(one.order))


def _counts(order: Order) -> bool:
    return order.programme is Programme.SUPPLY_LIMIT and not order.is_test


def _begun(length: timedelta) -> int:
    return -(-length // HALF_HOUR)
