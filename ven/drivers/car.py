"""How much current a car takes: as much as it may and can, and less and less towards the end.

    own maximum  ------------------+
                                    \\
                                      \\
    trickle                             +---+
    energy left   100 %            20 %     0
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from oadr.charging.electricity import FLOOR_AMPS, PLANNED_VOLTS

TAPER: Final = Decimal("0.2")
"""Over the last fifth of its energy a car takes less and less, as batteries do."""
TRICKLE: Final = Decimal(1)
"""A. The taper ends here, so that a car is full after a finite time."""


@dataclass(frozen=True, slots=True)
class Car:
    """`amps` per phase is the most that the car's own charger takes; `phases` those that it uses."""

    amps: Decimal
    phases: int

    def draws(self, allowed: Decimal, needed_wh: Decimal, left_wh: Decimal) -> Decimal:
        """A per phase, never above `allowed`; none below the 6 A that a pilot can signal (IEC 61851-1)."""
        if left_wh <= 0 or allowed < FLOOR_AMPS:
            return Decimal(0)
        share = min(Decimal(1), left_wh / (needed_wh * TAPER))
        return min(allowed, self.amps, max(self.amps * share, TRICKLE))

    def watts(self, amps: Decimal, volts: Decimal = PLANNED_VOLTS) -> Decimal:
        return amps * self.phases * volts
