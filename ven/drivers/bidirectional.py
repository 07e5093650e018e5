"""A simulated chargepoint whose cars feed back: what they can spare, while they do not charge, as much as they may.

Nobody tells them to. What is given is spare: a car does not charge it again.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from oadr.charging.electricity import FLOOR_AMPS, PLANNED_VOLTS, Rating, watts
from oadr.charging.limit import Limit
from oadr.wire.ids import ResourceId
from ven.driver import Measurement
from ven.drivers.car import Car
from ven.drivers.sessions import ChargingSession
from ven.drivers.simulated import HUNDREDTH, Behaviour, SimulatedChargepoint


class BidirectionalChargepoint(SimulatedChargepoint):
    """Its manners are those of the other way too, as far as they say anything of it."""

    def __init__(
        self,
        resource_id: ResourceId,
        rating: Rating,
        export_rating: Rating,
        sessions: Iterable[ChargingSession],
        clock: Callable[[], datetime],
        *,
        spare_wh: Decimal = Decimal(20_000),
        car: Car | None = None,
        behaviour: Behaviour = Behaviour.OBEDIENT,
        slow_by: timedelta = timedelta(seconds=90),
        volts: Decimal | None = None,
    ) -> None:
        """`spare_wh` is what each car gives until it leaves."""
        super().__init__(
            resource_id, rating, sessions, clock, car=car, behaviour=behaviour, slow_by=slow_by, volts=volts
        )
        self.export_rating = export_rating
        self._brings_wh = spare_wh
        self._spare_wh = Decimal(0)
        self._export_wh = Decimal(0)
        self._may_give = export_rating.amps
        self._accepted_back: deque[tuple[datetime, Decimal]] = deque()

    async def apply_export(self, limit: Limit | None) -> None:
        """Raises `ConnectionError`."""
        self._reach()
        if self._behaviour is Behaviour.LIAR:
            return
        self._advance(self._clock())
        amps = self.export_rating.amps if limit is None else min(limit.amps, self.export_rating.amps)
        self._accepted_back.append((self._at + self._delay, amps))
        self._look()

    async def measure(self) -> Measurement:
        """As of any other, and what is fed back beside it."""
        drawn = await super().measure()
        amps = self.gives().quantize(HUNDREDTH, ROUND_FLOOR)
        register = self._export_wh.quantize(Decimal(1), ROUND_FLOOR)
        phases = self.export_rating.phases
        volts = () if self._volts is None else (self._volts,) * phases
        back = Measurement((amps,) * phases, self._watts_of(amps), register, volts=volts)
        return replace(drawn, fed_back=back)

    def gives(self) -> Decimal:
        """A per phase that flow back at this moment, whatever a meter says."""
        self._advance(self._clock())
        return self._amps_back()

    def _amps_back(self) -> Decimal:
        may_not = not self._is_enabled or self._may_give < FLOOR_AMPS
        if self._plugged is None or may_not or self._amps() or not self._spare_wh:
            return Decimal(0)
        return min(self._may_give, self._car.amps)

    def _watts_of(self, amps: Decimal) -> Decimal:
        return watts(amps, self.export_rating, self._volts or PLANNED_VOLTS)

    # --- time passes ---

    def _next_change(self) -> datetime:
        return min([super()._next_change(), *(due for due, _ in self._accepted_back)])

    def _look(self) -> None:
        while self._accepted_back and self._accepted_back[0][0] <= self._at:
            self._may_give = self._accepted_back.popleft()[1]
        before = self._plugged
        super()._look()
        if self._plugged is not before:
            self._spare_wh = self._brings_wh if self._plugged else Decimal(0)

    def _charge(self, span: timedelta) -> None:
        hours = Decimal(span // timedelta(microseconds=1)) / 3_600_000_000
        given = min(self._spare_wh, self._watts_of(self._amps_back()) * hours)
        super()._charge(span)
        self._spare_wh -= given
        self._export_wh += given
