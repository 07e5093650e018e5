"""A simulated chargepoint that can charge on one phase instead of all."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from oadr.charging.electricity import Rating
from oadr.wire.ids import ResourceId
from ven.drivers.car import Car
from ven.drivers.sessions import ChargingSession
from ven.drivers.simulated import Behaviour, SimulatedChargepoint


class PhasedChargepoint(SimulatedChargepoint):
    """A car takes to more phases at once, where it is given them."""

    def __init__(
        self,
        resource_id: ResourceId,
        rating: Rating,
        sessions: Iterable[ChargingSession],
        clock: Callable[[], datetime],
        *,
        car: Car | None = None,
        behaviour: Behaviour = Behaviour.OBEDIENT,
        slow_by: timedelta = timedelta(seconds=90),
        volts: Decimal | None = None,
    ) -> None:
        super().__init__(
            resource_id, rating, sessions, clock, car=car, behaviour=behaviour, slow_by=slow_by, volts=volts
        )
        self._uses = self._car.phases
        self._next_car = rating.phases
        """Phases that the next car finds."""

    async def use_phases(self, count: int, *, at_once: bool) -> None:
        """Raises `ConnectionError`. A liar says yes."""
        self._reach()
        if self._behaviour is Behaviour.LIAR:
            return
        self._advance(self._clock())
        self._next_car = count
        if at_once or count < self._car.phases:
            self._change(count)

    def _change(self, count: int) -> None:
        self._car = replace(self._car, phases=min(count, self._uses))

    def _look(self) -> None:
        before = self._plugged
        super()._look()
        if self._plugged is not before:
            self._change(self._next_car)
