"""What a chargepoint maker implements: one method that limits, and the abilities that a charger may have besides.

class MyCharger:
    resource_id = ResourceId("evse-1")
    rating = Rating(amps=Decimal(32), phases=3)

    async def apply(self, limit: Limit | None) -> None:
        await self.bus.write_max_current(limit.amps if limit else self.rating.amps)
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable

from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.wire.ids import ResourceId


class Chargepoint(Protocol):
    """One outlet. `resource_id` is the name that the grid operator knows it by."""

    @property
    def resource_id(self) -> ResourceId: ...

    @property
    def rating(self) -> Rating:
        """Rated current per phase and phases, from commissioning."""
        ...

    async def apply(self, limit: Limit | None) -> None:
        """Draw at most `limit.amps` per phase from now on; 0 A pauses, None lifts every limit.

        Safe to repeat. Raise whatever goes wrong: the VEN tries again and keeps the limit meanwhile.
        """


@dataclass(frozen=True, slots=True)
class Measurement:
    """One look at the meter: A for each phase in use, W, and the energy register in Wh (import).

    The register counts in steps of 100 Wh or finer, and at least once a minute; it is 0 where there is none.
    """

    amps: tuple[Decimal, ...]
    watts: Decimal
    energy_wh: Decimal
    fed_back: "Measurement | None" = None
    """The same of what flows the other way, with a register of its own and no sign; None: nobody measures it."""
    volts: tuple[Decimal, ...] = ()
    """V between each phase in use and neutral. With them an order in W is exact; none: the nominal voltage counts."""


@runtime_checkable
class Metered(Protocol):
    """A chargepoint that can measure. Without it no limit can be verified, and none is called complied with."""

    async def measure(self) -> Measurement: ...


@runtime_checkable
class Switchable(Protocol):
    """An outlet that can be switched off, whatever its charging logic does. Both are safe to repeat.

    The last resort against one that does not obey in an emergency, where the contract allows it.
    """

    async def disable(self) -> None:
        """End the charging, let the current fall, and open the contactor."""
        ...

    async def enable(self) -> None: ...


@runtime_checkable
class Bidirectional(Chargepoint, Protocol):
    """A chargepoint whose cars can feed back. Nobody here tells it to do so: only how much it may at most."""

    @property
    def export_rating(self) -> Rating:
        """Rated current per phase and phases of the other way, from commissioning."""
        ...

    async def apply_export(self, limit: Limit | None) -> None:
        """Feed back at most `limit.amps` per phase from now on; 0 A forbids it, None lifts every limit.

        As `apply`, whose limit it leaves alone, and at whose side it may be called.
        """


@runtime_checkable
class Phased(Chargepoint, Protocol):
    """An outlet that can charge on one phase instead of all, so that a small order in W need not be a pause."""

    async def use_phases(self, count: int, *, at_once: bool) -> None:
        """Charge on so many phases from now on; `limit.amps` is meant for each of them. Safe to repeat.

        Fewer are asked for before the limit that they make room for, and always at once. More come after it, and
        without `at_once` with the next car: the one that is plugged in might be harmed. Until `use_phases` is called
        again, an outlet that is on one phase takes no more by itself.
        """
        ...


@runtime_checkable
class Versatile(Chargepoint, Protocol):
    """A charger that can be told the same in another way: in watts, by another kind of profile."""

    async def apply_otherwise(self, limit: Limit) -> None:
        """As `apply`. In watts: what `oadr.charging.electricity.told_in_watts` makes of the amps with the voltage that
        the charger is set to, and nothing taken off for the street's, which is in the amps already.
        """
        ...
