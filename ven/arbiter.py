"""From the orders that hold now to the one limit of each chargepoint. Sans-IO.

One slot for each source and chargepoint; the smallest slot wins, and who wrote it is kept. A slot falls at
once. It rises late: after a random wait, drawn once and remembered, and then one step of the rating at a time,
so that a street does not come back as one (Rec 4).

    ordered  ----40 %----|  (order ends)
    slot     ----40 %----|-- 40 % --|-50-|-60-|-70- ... none
                         |<-- draw ->|<- one step each ramp_every, or in its recovery (see `ramp`)

What is on the way up only, so that no slot is ever above its order:

- The hold: more must have been allowed for a minute before the slot begins to rise. Who has drawn less than that
  comes last, after all the others, so that the hold makes nobody rise together.
- A trifle is left: while somebody orders less than one step of the rating above the slot, it stays where it is. An
  order in watts moves with the voltage, and a car is not asked to follow each tenth. From a pause any current is
  worth it, and once nobody orders the slot goes. Not so where a contract owes a minimum: a trifle may be owed.
- Cars fall asleep that are paused and woken over and over, so a pause by a load shift, and no other, lasts five
  minutes at the least. It is the return that waits: a new pause in that time holds at once. After a restart a pause
  counts as new, which is why nothing of it has to be remembered.

Hold and pause shrink with `ramp_every` where that is shorter than a minute. None of it holds back whoever has
declined or boosts, nor the fuse that is shared out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Final

from oadr.charging import electricity
from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit, Source, smallest
from oadr.charging.scale import Direction, direction_of
from oadr.wire.ids import ResourceId
from ven.events import HeldEvent
from ven.randomise import CAP, Dice, offset, offset_after
from ven.slots import Restore, Slot, SlotKey

HOLD_UP: Final = timedelta(minutes=1)
"""So long more must be allowed before a slot rises."""
SHORTEST_PAUSE: Final = timedelta(minutes=5)
"""By a load shift."""
LONGEST_WAIT: Final = CAP + SHORTEST_PAUSE


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
        *,
        leaves_trifles: bool = True,
    ) -> None:
        self._ratings = ratings
        self._restore_max = restore_max
        self._ramp_every = ramp_every
        self._dice = dice
        self.slots = {key: slot for key, slot in (slots or {}).items() if key.resource_id in ratings}
        self._leaves_trifles = leaves_trifles
        self._paused: dict[SlotKey, datetime] = {}
        """Since when by a load shift, as far as is known."""

    def decide(self, ordered: Mapping[SlotKey, Limit], now: datetime) -> None:
        """Bring every slot to where it belongs at `now`."""
        for key in sorted({*self.slots, *ordered}):  # in one order, so that a seed is one evening
            slot = self._advance(key, self.slots.get(key), ordered.get(key), now)
            if slot:
                self.slots[key] = slot
            else:
                self.slots.pop(key, None)
        pauses = [key for key, slot in self.slots.items() if _is_pause(key, slot.limit)]
        self._paused = {key: self._paused.get(key, now) for key in pauses}

    def let_go(self, held: Iterable[HeldEvent]) -> None:
        """A limit that was declined ends at once: its driver has chosen, and no street chooses as one."""
        for each in held:
            for key in (SlotKey(resource, Source.LOAD_SHIFT, each.party) for resource in each.declined):
                slot = self.slots.get(key)
                if slot and slot.limit.because == each.event.event_id:
                    self.drop([key])

    def drop(self, keys: Iterable[SlotKey]) -> None:
        """These slots end at once, without a wait: their driver has chosen, as above."""
        for key in keys:
            self.slots.pop(key, None)
            self._paused.pop(key, None)

    def hold_back(self, reason: str, now: datetime) -> None:
        """Power has come back to the street: nobody draws or feeds back before a time of this site's own (Rec 4)."""
        for resource in self._ratings:
            wait = offset(self._dice, self._restore_max)
            pause = Limit(Decimal(0), Decimal(0), Source.FAILSAFE, reason, now + wait)
            self.slots[SlotKey(resource, Source.FAILSAFE)] = Slot(
                pause, Restore(pause.amps, pause.percent, now + wait)
            )

    def clock_set(self, by: timedelta) -> None:
        """Every wait lasts as long as it would have."""
        self._paused = {key: since + by for key, since in self._paused.items()}
        for key, slot in self.slots.items():
            if slot.restore:
                moved = replace(slot.restore, release_at=slot.restore.release_at + by)
                self.slots[key] = replace(slot, restore=moved)

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
        is_down = slot is None or (
            order is not None and _is_less(order, slot.limit, self._ratings[key.resource_id])
        )
        # a fuse that is shared out goes round without waits
        if slot is None or is_down or key.source is Source.SITE:
            return Slot(order) if order else None
        if slot.restore is None and order is not None and self._is_trifle(slot.limit, order, key):
            return Slot(replace(order, amps=slot.limit.amps, percent=slot.limit.percent))
        restore = self._bounded(slot.restore, now) or self._begun(slot.limit, key, now)
        risen = self._risen(restore, slot.limit, key, now)
        if risen is None or (order is not None and order.amps <= risen.amps):
            return Slot(order) if order else None
        # what was owed and left by an order ends with it
        return Slot(risen if order else replace(risen, undercut=None, ordered_amps=None), restore)

    def _is_trifle(self, limit: Limit, order: Limit, key: SlotKey) -> bool:
        """Whether `order`, which is higher, is not worth a change."""
        rating = self._ratings[key.resource_id]
        is_worth_it = not limit.amps or order.amps >= rating.amps  # from a pause, or to no limit at all
        is_small = order.amps - limit.amps < rating.amps * rating.step / 100
        return self._leaves_trifles and is_small and not is_worth_it

    def _begun(self, limit: Limit, key: SlotKey, now: datetime) -> Restore:
        """A rise that begins `now` to wait for its time."""
        hold = min(HOLD_UP, self._ramp_every)
        if _is_pause(key, limit):
            shortest = min(SHORTEST_PAUSE, self._ramp_every * (SHORTEST_PAUSE // HOLD_UP))
            hold = max(hold, self._paused.get(key, now) + shortest - now)
        wait = offset_after(self._dice, hold, self._restore_max)
        return Restore(limit.amps, limit.percent, now + wait)

    def _bounded(self, restore: Restore | None, now: datetime) -> Restore | None:
        """A clock that was set back does not stretch the wait beyond the longest that could be drawn."""
        return restore and replace(restore, release_at=min(restore.release_at, now + LONGEST_WAIT))

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


def _is_less(order: Limit, limit: Limit, rating: Rating) -> bool:
    """Or the same; on one phase more amps may be less power than on all."""
    if order.amps <= limit.amps:
        return True
    all_phases = rating.phases
    on_fewer = (order.phases or all_phases) < (limit.phases or all_phases)
    return on_fewer and order.amps * (order.phases or all_phases) <= limit.amps * (limit.phases or all_phases)


def _is_pause(key: SlotKey, limit: Limit) -> bool:
    is_drawn = direction_of(key.resource_id) is Direction.IMPORT  # what is not fed back puts no car to sleep
    return is_drawn and key.source is Source.LOAD_SHIFT and not limit.amps


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
