"""From the orders that hold now to the one limit of each chargepoint. Sans-IO.

One slot for each source and chargepoint; the smallest slot wins, and who wrote it is kept. A slot falls at
once. It rises late: after a random wait, drawn once and remembered, and then one step of the rating at a time,
so that a street does not come back as one (Rec 4).

    ordered  ----40 %----|  (order ends)
    slot     ----40 %----|-- 40 % --|-50-|-60-|-70- ... none
                         |<-- draw ->|<- one step each ramp_every, or in its recovery (see `ramp`)
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from oadr.charging import electricity
from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit, Source, smallest
from oadr.wire.ids import ResourceId
from ven.events import HeldEvent
from ven.randomise import CAP, Dice, offset
from ven.slots import Restore, Slot, SlotKey


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
        for key in sorted({*self.slots, *ordered}):  # in one order, so that a seed is one evening
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

    def drop(self, keys: Iterable[SlotKey]) -> None:
        """These slots end at once, without a wait: their driver has chosen, as above."""
        for key in keys:
            self.slots.pop(key, None)

    def hold_back(self, reason: str, now: datetime) -> None:
        """Power has come back to the street: nobody here draws before a time of this site's own (Rec 4)."""
        for resource in self._ratings:
            wait = offset(self._dice, self._restore_max)
            pause = Limit(Decimal(0), Decimal(0), Source.FAILSAFE, reason, now + wait)
            self.slots[SlotKey(resource, Source.FAILSAFE)] = Slot(
                pause, Restore(pause.amps, pause.percent, now + wait)
            )

    def limit(self, resource_id: ResourceId) -> Limit | None:
        """The binding limit of a chargepoint, or None when nobody limits it."""
        return smallest(slot.limit for key, slot in self.slots.items() if key.resource_id == resource_id)

    def next_change(self, now: datetime) -> datetime | None:
        """When a restore will take its next step, or None when none is running."""
        steps = (
            _next_step(slot.restore, self._every(slot.restore, slot.limit, key), now)
            for key, slot in self.slots.items()
            if slot.restore
        )
        return min(steps, default=None)

    def _advance(self, key: SlotKey, slot: Slot | None, order: Limit | None, now: datetime) -> Slot | None:
        is_down = slot is None or (order is not None and order.amps <= slot.limit.amps)
        # a fuse that is shared out goes round without waits
        if slot is None or is_down or key.source is Source.SITE:
            return Slot(order) if order else None
        restore = self._bounded(slot.restore, now) or Restore(
            slot.limit.amps, slot.limit.percent, now + offset(self._dice, self._restore_max)
        )
        risen = self._risen(restore, slot.limit, key, now)
        if risen is None or (order is not None and order.amps <= risen.amps):
            return Slot(order) if order else None
        return Slot(risen, restore)

    def _bounded(self, restore: Restore | None, now: datetime) -> Restore | None:
        """A clock that was set back does not stretch the wait beyond the longest that could be drawn."""
        return restore and replace(restore, release_at=min(restore.release_at, now + CAP))

    def _risen(self, restore: Restore, limit: Limit, key: SlotKey, now: datetime) -> Limit | None:
        """How far a restore has come at `now`; None when it is through."""
        every, rating = self._every(restore, limit, key), self._ratings[key.resource_id]
        steps, steps_in_all = _steps_taken(restore, every, now), _steps_in_all(restore, rating)
        if steps >= steps_in_all:
            return None
        until = restore.release_at + every * (steps_in_all - 1)
        share = (restore.percent + rating.step * steps) / 100
        allowed = electricity.from_share(share, rating)
        amps, percent = max((restore.amps, restore.percent), (allowed.amps, allowed.percent))
        return replace(limit, amps=amps, percent=percent, until=until)

    def _every(self, restore: Restore, limit: Limit, key: SlotKey) -> timedelta:
        """Time from one step to the next: the site's own, unless the order has said how long all of them take (r31)."""
        if limit.recovery is None:
            return self._ramp_every
        return limit.recovery / max(1, _steps_in_all(restore, self._ratings[key.resource_id]))


def _steps_in_all(restore: Restore, rating: Rating) -> int:
    return ceil((100 - restore.percent) / rating.step)


def _steps_taken(restore: Restore, every: timedelta, now: datetime) -> int:
    """The first step is taken at `release_at` itself."""
    if now < restore.release_at:
        return 0
    if not every:
        return 100
    return (now - restore.release_at) // every + 1


def _next_step(restore: Restore, every: timedelta, now: datetime) -> datetime:
    return restore.release_at + every * _steps_taken(restore, every, now)
