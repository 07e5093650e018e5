"""A chargepoint that exists in memory only: real sessions or invented ones, simulated power.

Energy adds up over the time that the clock shows, whether or not anybody looks. A car arrives with its whole
need: what it would have taken before the program started is not guessed. The register starts at zero.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Final

from oadr.charging.electricity import FLOOR_AMPS, PLANNED_VOLTS, RESOLUTION, Rating, told_in_watts
from oadr.charging.limit import Limit
from oadr.wire.ids import ResourceId
from ven.driver import Measurement
from ven.drivers.car import Car
from ven.drivers.sessions import ChargingSession

STEP: Final = timedelta(seconds=10)
"""The current counts as constant for so long at most."""
FLAPS: Final = timedelta(seconds=10)
"""How long one that flaps is there, and then is not."""
SET_VOLTS: Final = PLANNED_VOLTS
"""What a charger that takes watts only is set to."""
HUNDREDTH: Final = Decimal("0.01")


class Behaviour(StrEnum):
    """What chargers in the field do with a limit."""

    OBEDIENT = "obedient"
    LIAR = "liar"
    """Accepts every limit and ignores it."""
    SLOW = "slow"
    """Obeys late."""
    METERLESS = "meterless"
    """Obeys, but cannot show it."""
    OFFLINE = "offline"
    """Does not answer at all."""
    FLAPPING = "flapping"
    """Is offline for half of the time."""
    RESUMES_UNLIMITED = "resumes-unlimited"
    """Takes no limit with the end of a pause: it runs at full power until it is told again."""
    WATTS_ONLY = "watts-only"
    """Refuses a limit in amps."""


class SimulatedChargepoint:
    """One outlet, the cars that come to it, and its manners. `clock` gives aware times that only grow."""

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
        """`sessions` in order and one at a time. Without a `car` they are as strong as the outlet. `volts` of the
        street, which the meter then shows; None: it shows none, and they are nominal.
        """
        self.resource_id = resource_id
        self.rating = rating
        self._clock = clock
        self._car = car or Car(rating.amps, rating.phases)
        self._behaviour = behaviour
        self._volts = volts
        self._delay = slow_by if behaviour is Behaviour.SLOW else timedelta()
        self._at = clock()
        self._coming = deque(sessions)
        self._plugged: ChargingSession | None = None
        self._left_wh = Decimal(0)
        self._register_wh = Decimal(0)
        self._allowed = rating.amps
        self._is_enabled = True
        self._began = self._at
        self._accepted: deque[tuple[datetime, Decimal]] = deque()

    async def apply(self, limit: Limit | None) -> None:
        """Raises `ConnectionError` when this one is offline, and `ValueError` when it knows no amps."""
        self._reach()
        if self._behaviour is Behaviour.WATTS_ONLY and limit is not None:
            raise ValueError(f"{self.resource_id} knows watts only")
        self._take(limit)

    async def apply_otherwise(self, limit: Limit) -> None:
        """In watts, which this one turns back into amps with the voltage that it is set to, whatever the street has.

        Raises `ConnectionError`.
        """
        self._reach()
        phases = limit.phases or self.rating.phases
        power = told_in_watts(limit.amps, phases, SET_VOLTS)
        self._take(replace(limit, amps=(power / (SET_VOLTS * phases)).quantize(RESOLUTION, ROUND_FLOOR)))

    async def disable(self) -> None:
        """A contactor opens whatever the charging logic thinks of it. Raises `ConnectionError`."""
        self._switch(is_enabled=False)

    async def enable(self) -> None:
        """Raises `ConnectionError`."""
        self._switch(is_enabled=True)

    async def measure(self) -> Measurement:
        """Rounded down to 0.01 A and 1 Wh. Raises `ConnectionError` where no meter answers."""
        self._reach()
        if self._behaviour is Behaviour.METERLESS:
            raise ConnectionError(f"{self.resource_id} has no meter that answers")
        amps = self.draws().quantize(HUNDREDTH, ROUND_FLOOR)
        register = self._register_wh.quantize(Decimal(1), ROUND_FLOOR)
        phases = self._car.phases
        volts = () if self._volts is None else (self._volts,) * phases
        return Measurement((amps,) * phases, self._power(amps), register, volts=volts)

    def draws(self) -> Decimal:
        """A per phase that flow at this moment, whatever a meter says."""
        self._advance(self._clock())
        return self._amps()

    def _reach(self) -> None:
        """Raises `ConnectionError`."""
        is_away = self._behaviour is Behaviour.FLAPPING and (self._clock() - self._began) // FLAPS % 2
        if is_away or self._behaviour is Behaviour.OFFLINE:
            raise ConnectionError(f"{self.resource_id} does not answer")

    def _take(self, limit: Limit | None) -> None:
        if self._behaviour is Behaviour.LIAR:
            return
        self._advance(self._clock())
        amps = self.rating.amps if limit is None else min(limit.amps, self.rating.amps)
        if self._behaviour is Behaviour.RESUMES_UNLIMITED and self._allowed < FLOOR_AMPS <= amps:
            amps = self.rating.amps
        self._accepted.append((self._at + self._delay, amps))
        self._look()

    def _switch(self, *, is_enabled: bool) -> None:
        self._reach()
        self._advance(self._clock())
        self._is_enabled = is_enabled

    def _amps(self) -> Decimal:
        if self._plugged is None or not self._is_enabled:
            return Decimal(0)
        return self._car.draws(self._allowed, self._plugged.needed_wh, self._left_wh)

    def _power(self, amps: Decimal) -> Decimal:
        return self._car.watts(amps, self._volts or PLANNED_VOLTS)

    # --- time passes ---

    def _advance(self, now: datetime) -> None:
        self._look()
        while self._at < now:
            until = min(now, self._next_change())
            self._charge(until - self._at)
            self._at = until
            self._look()

    def _next_change(self) -> datetime:
        """The first moment at which the current may be another."""
        moments = [due for due, _ in self._accepted]
        if self._plugged:
            moments += [self._plugged.departure, self._at + STEP]
        elif self._coming:
            moments.append(self._coming[0].arrival)
        return min(moments, default=datetime.max.replace(tzinfo=self._at.tzinfo))

    def _look(self) -> None:
        """Who is plugged in and what is allowed at this moment."""
        while self._accepted and self._accepted[0][0] <= self._at:
            self._allowed = self._accepted.popleft()[1]
        if self._plugged and self._plugged.departure <= self._at:
            self._plugged = None
        while self._plugged is None and self._coming and self._coming[0].arrival <= self._at:
            arrived = self._coming.popleft()
            if arrived.departure > self._at:
                self._plugged, self._left_wh = arrived, arrived.needed_wh

    def _charge(self, span: timedelta) -> None:
        hours = Decimal(span // timedelta(microseconds=1)) / 3_600_000_000
        taken = min(self._left_wh, self._power(self._amps()) * hours) if self._plugged else Decimal(0)
        self._left_wh -= taken
        self._register_wh += taken
