"""From the orders that hold now to the one limit of each chargepoint. Sans-IO.

One slot for each source and chargepoint; the smallest slot wins, and who wrote it is kept. A slot falls at
once. It rises late: after a random wait, drawn once and remembered, and then one step of the rating at a time,
so that a street does not come back as one (Rec 4).

    ordered  ----40 %----|  (order ends)
    slot     ----40 %----|-- 40 % --|-50-|-60-|-70- ... none
                         |<-- draw ->|<- one step each ramp_every
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Final, NamedTuple

from oadr.charging import electricity, signals
from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit, Source, smallest
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId
from ven.events import HeldEvent, Site
from ven.randomise import CAP, Dice, offset

_SOURCES: Final = {Programme.SUPPLY_LIMIT: Source.SUPPLY_LIMIT, Programme.LOAD_SHIFT: Source.LOAD_SHIFT}
_VOLTS: Final = {
    Programme.SUPPLY_LIMIT: electricity.EMERGENCY_VOLTS,
    Programme.LOAD_SHIFT: electricity.PLANNED_VOLTS,
}


class SlotKey(NamedTuple):
    resource_id: ResourceId
    source: Source


@dataclass(frozen=True, slots=True)
class Restore:
    """A rise that has begun: `release_at` holds the draw, so a restart does not draw again."""

    amps: Decimal
    percent: Decimal
    release_at: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    limit: Limit
    restore: Restore | None = None


def orders(
    held: Iterable[HeldEvent], site: Site, ratings: Mapping[ResourceId, Rating], now: datetime
) -> dict[SlotKey, Limit]:
    """The limits that events order at `now`; of several in one slot the smallest."""
    found: dict[SlotKey, Limit] = {}
    for each in held:
        programme = each.programme
        if programme is None or each.event.descriptor.is_test or (each.end is not None and each.end <= now):
            continue
        step = next((step for step in each.steps if step.holds_at(now - each.start)), None)
        if step is None:
            continue
        for resource in (each.resources - each.declined) & site.resources:
            allowed = signals.allowed(step, ratings[resource], _VOLTS[programme])
            source = _SOURCES[programme]
            limit = Limit(allowed.amps, allowed.percent, source, each.event.event_id, each.end)
            key = SlotKey(resource, source)
            found[key] = min(limit, found.get(key, limit), key=lambda one: one.amps)
    return found


def next_order(held: Iterable[HeldEvent], site: Site, now: datetime) -> datetime | None:
    """When `orders` will next say something else, or None when never."""
    moments = (
        moment
        for each in held
        if each.resources & site.resources
        for moment in (*_boundaries(each), each.end)
        if moment is not None and moment > now
    )
    return min(moments, default=None)


def _boundaries(each: HeldEvent) -> Iterable[datetime]:
    for step in each.steps:
        yield each.start + step.start
        if step.length is not None:
            yield each.start + step.start + step.length


class Arbiter:
    """Keeps the slots. Give it the orders and the time; ask it for limits and for its next change.

    Slots of chargepoints without a rating, from an older configuration, are dropped.
    """

    def __init__(
        self,
        ratings: Mapping[ResourceId, Rating],
        restore_max: timedelta,
        ramp_every: timedelta,
        dice: Dice,
        slots: Mapping[SlotKey, Slot] | None = None,
    ) -> None:
        self._ratings = ratings
        self._restore_max = restore_max
        self._ramp_every = ramp_every
        self._dice = dice
        self.slots = {key: slot for key, slot in (slots or {}).items() if key.resource_id in ratings}

    def decide(self, ordered: Mapping[SlotKey, Limit], now: datetime) -> None:
        """Bring every slot to where it belongs at `now`."""
        for key in {*self.slots, *ordered}:
            slot = self._advance(key, self.slots.get(key), ordered.get(key), now)
            if slot:
                self.slots[key] = slot
            else:
                self.slots.pop(key, None)

    def let_go(self, held: Iterable[HeldEvent]) -> None:
        """A limit that was declined ends at once: its driver has chosen, and no street chooses as one."""
        for each in held:
            for key in (SlotKey(resource, Source.LOAD_SHIFT) for resource in each.declined):
                slot = self.slots.get(key)
                if slot and slot.limit.because == each.event.event_id:
                    del self.slots[key]

    def limit(self, resource_id: ResourceId) -> Limit | None:
        """The binding limit of a chargepoint, or None when nobody limits it."""
        return smallest(slot.limit for key, slot in self.slots.items() if key.resource_id == resource_id)

    def next_change(self, now: datetime) -> datetime | None:
        """When a restore will take its next step, or None when none is running."""
        restores = (slot.restore for slot in self.slots.values() if slot.restore)
        return min((self._next_step(restore, now) for restore in restores), default=None)

    def _advance(self, key: SlotKey, slot: Slot | None, order: Limit | None, now: datetime) -> Slot | None:
        if slot is None or (order is not None and order.amps <= slot.limit.amps):
            return Slot(order) if order else None
        restore = self._bounded(slot.restore, now) or Restore(
            slot.limit.amps, slot.limit.percent, now + offset(self._dice, self._restore_max)
        )
        risen = self._risen(restore, slot.limit, self._ratings[key.resource_id], now)
        if risen is None or (order is not None and order.amps <= risen.amps):
            return Slot(order) if order else None
        return Slot(risen, restore)

    def _bounded(self, restore: Restore | None, now: datetime) -> Restore | None:
        """A clock that was set back does not stretch the wait beyond the longest that could be drawn."""
        return restore and replace(restore, release_at=min(restore.release_at, now + CAP))

    def _risen(self, restore: Restore, limit: Limit, rating: Rating, now: datetime) -> Limit | None:
        """How far a restore has come at `now`; None when it is through."""
        steps = self._steps_taken(restore, now)
        steps_in_all = ceil((100 - restore.percent) / rating.step)
        if steps >= steps_in_all:
            return None
        until = restore.release_at + self._ramp_every * (steps_in_all - 1)
        if steps == 0:
            return Limit(restore.amps, restore.percent, limit.source, limit.because, until)
        share = (restore.percent + rating.step * steps) / 100
        allowed = electricity.from_share(share, rating)
        amps, percent = max((restore.amps, restore.percent), (allowed.amps, allowed.percent))
        return Limit(amps, percent, limit.source, limit.because, until)

    def _steps_taken(self, restore: Restore, now: datetime) -> int:
        """The first step is taken at `release_at` itself."""
        if now < restore.release_at:
            return 0
        if not self._ramp_every:
            return 100
        return (now - restore.release_at) // self._ramp_every + 1

    def _next_step(self, restore: Restore, now: datetime) -> datetime:
        return restore.release_at + self._ramp_every * self._steps_taken(restore, now)
