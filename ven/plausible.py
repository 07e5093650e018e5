"""Whether what a meter says can be so at all. What cannot be so is no value, and no evidence of anything."""

from decimal import Decimal
from typing import Final

from oadr.charging.compliance import NOISE_AMPS
from oadr.charging.electricity import PLANNED_VOLTS, Rating, watts
from ven.driver import Measurement

FAR_BEYOND: Final = 2
"""Times the rating: no chargepoint carries that, its fuse would have blown."""
STUCK_WH: Final = Decimal(100)
"""So much must have flowed, by the power that is shown, before a register that does not move gives the meter away:
the coarsest count in such steps."""
STUCK_FOR: Final = 90.0
"""Seconds that it must not have moved as well: some chargers ask their meter once a minute."""
HOUR: Final = 3600
"""Seconds."""


class Plausibility:
    """Of one meter. A frozen one shows the same power for ever, and its register counts nothing of it.

    A register of 0 says nothing: some have none.
    """

    def __init__(self, rating: Rating) -> None:
        self._most_amps = FAR_BEYOND * rating.amps
        self._most_watts = FAR_BEYOND * watts(rating.amps, rating, PLANNED_VOLTS)
        self._register: Decimal | None = None
        self._uncounted_wh = Decimal(0)
        self._moved_at = 0.0
        self._at = 0.0

    def believes(self, reading: Measurement, at: float) -> bool:
        """`at` in seconds of a clock that nobody sets, later with each look."""
        passed, self._at = Decimal(at - self._at), at
        if reading.energy_wh != self._register:
            self._register, self._uncounted_wh, self._moved_at = reading.energy_wh, Decimal(0), at
        else:
            self._uncounted_wh += reading.watts * passed / HOUR
        is_frozen = self._uncounted_wh >= STUCK_WH and at - self._moved_at >= STUCK_FOR
        return self._can_flow(reading) and not (is_frozen and reading.energy_wh)

    def _can_flow(self, reading: Measurement) -> bool:
        amps_can = all(-NOISE_AMPS <= amps <= self._most_amps for amps in reading.amps)
        return amps_can and abs(reading.watts) <= self._most_watts
