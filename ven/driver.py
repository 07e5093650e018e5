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
class Versatile(Chargepoint, Protocol):
    """A charger that can be told the same in another way: in watts, by another kind of profile."""

    async def apply_otherwise(self, limit: Limit) -> None: ...
