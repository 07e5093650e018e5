"""The voltage at which W become A on one chargepoint, from what its meter shows. Sans-IO.

    the highest phase of the last minute, rounded up to 0.1 V

So the amps fall with the first tenth of a volt too many, and a voltage that swings moves nothing to and fro. When
they rise again is the arbiter's affair, as with any other limit.
"""

from collections import deque
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final

from oadr.charging.electricity import RESOLUTION

FRESH: Final = timedelta(seconds=60)
LOWEST: Final = Decimal(207)
HIGHEST: Final = Decimal(264)
"""V between a phase and neutral: 230 V - 10 % and + 15 %. What lies outside is a fault, or a phase without a wire."""


class Voltage:
    """Give it every reading; ask it at any time."""

    def __init__(self) -> None:
        self._falling: deque[tuple[datetime, Decimal]] = deque()
        """What may yet be the highest: the times grow, the volts fall."""

    def seen(self, volts: tuple[Decimal, ...], now: datetime) -> None:
        """One reading, V for each phase; values that cannot be are passed over."""
        usable = [one for one in volts if LOWEST <= one <= HIGHEST]
        if not usable:
            return
        highest = max(usable).quantize(RESOLUTION, ROUND_CEILING)
        while self._falling and self._falling[-1][1] <= highest:
            self._falling.pop()
        self._falling.append((now, highest))

    def at(self, now: datetime) -> Decimal | None:
        """V to reckon with, or None where nobody has measured lately."""
        while self._falling and now - self._falling[0][0] >= FRESH:
            self._falling.popleft()
        return self._falling[0][1] if self._falling else None

    def clock_set(self, by: timedelta) -> None:
        """Values age as they would have."""
        self._falling = deque((at + by, volts) for at, volts in self._falling)
