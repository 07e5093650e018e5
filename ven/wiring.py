"""A site's outlets as electricity finds them: which voltage each has, and how many phases are switched on. Sans-IO."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from oadr.charging.electricity import Rating
from oadr.charging.scale import Direction, direction_of, export_of
from oadr.wire.ids import ResourceId
from ven import phases
from ven.conditions import Conditions
from ven.contract import Contract
from ven.phases import ONE, Phases
from ven.randomise import drawn
from ven.slots import Slot, SlotKey
from ven.voltage import Voltage


class Wiring:
    """Give it readings; ask it under which conditions orders are to be reckoned. `changing` can change phases."""

    def __init__(
        self,
        ratings: Mapping[ResourceId, Rating],
        contract: Contract,
        changing: Collection[ResourceId] = (),
        slots: Mapping[SlotKey, Slot] | None = None,
        seed: bytes = b"",
        spread: timedelta = timedelta(),
    ) -> None:
        """`slots` are those from before a restart: an outlet that was on one phase is so still. The way back is spread
        over `spread`, by this unit's own `seed`.
        """
        self._seed = seed
        self._spread = spread
        self._ratings = ratings
        self._contract = contract
        drawing = [one for one in ratings if direction_of(one) is Direction.IMPORT]
        self._voltages = {one: Voltage() for one in drawing}
        on_one = {key.resource_id for key, slot in (slots or {}).items() if slot.limit.phases == ONE}
        self._phases = {
            one: Phases(ONE if one in on_one else ratings[one].phases)
            for one in drawing
            if one in changing and ratings[one].phases > ONE
        }
        self._reckoned: dict[ResourceId, Decimal] = {}

    def seen(self, resource: ResourceId, volts: tuple[Decimal, ...], now: datetime) -> None:
        """One reading, V for each phase; empty where there was none."""
        if resource in self._voltages:
            self._voltages[resource].seen(volts, now)

    def has_moved(self, now: datetime) -> bool:
        """Whether a voltage is another than `measured` has said last."""
        return self._volts(now) != self._reckoned

    def _volts(self, now: datetime) -> dict[ResourceId, Decimal]:
        found = {one: each.at(now) for one, each in self._voltages.items()}
        return {one: each for one, each in found.items() if each is not None}

    def measured(self, now: datetime) -> Conditions:
        """As it is at `now`, with the phases that were used last."""
        volts = self._volts(now)
        self._reckoned = volts
        both = volts | {export_of(one): each for one, each in volts.items()}
        used = {one: each.used for one, each in self._phases.items() if each.used < self._ratings[one].phases}
        return Conditions(self._contract.profile, self._contract.bounds.floor, both, used)

    def move(self, on_one: Collection[ResourceId], slots: Mapping[SlotKey, Slot], now: datetime) -> None:
        """`on_one` are outlets that need one phase at `now`. A release ends on the phases on which it began."""
        rising = {key.resource_id for key, slot in slots.items() if slot.restore}
        for resource, state in self._phases.items():
            stays = resource in on_one or (resource in rising and state.used == ONE)
            wants = ONE if stays else self._ratings[resource].phases
            wait = drawn(self._seed, f"{resource} {now.isoformat()}", self._spread)
            self._phases[resource] = phases.moved(state, wants, wait, now)

    def phases(self, resource: ResourceId) -> int | None:
        """On how many the outlet charges; None: it cannot change them."""
        return self._phases[resource].used if resource in self._phases else None

    def next_change(self) -> datetime | None:
        """When an outlet may go back to all of its phases; None: not by time alone."""
        return min((each.back_at for each in self._phases.values() if each.back_at), default=None)

    def clock_set(self, by: timedelta) -> None:
        """Every wait lasts as long as it would have."""
        for voltage in self._voltages.values():
            voltage.clock_set(by)
        for resource, state in self._phases.items():
            if state.back_at is not None:
                self._phases[resource] = Phases(state.used, state.back_at + by)
