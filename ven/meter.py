"""Looks at one chargepoint's meter at a steady pace. A meter that hangs or lies costs its own values only."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from oadr.wire.ids import ResourceId
from ven.clock import Clock, in_time
from ven.driver import Chargepoint, Measurement, Metered
from ven.plausible import Plausibility

DEADLINE: Final = 2.0
"""Seconds that a meter may take."""

OnReading = Callable[[ResourceId, Measurement | None], None]


class Meter:
    """`on_reading` hears each value; None for one that is missing: a meter that fails, is absent, or makes no sense."""

    def __init__(
        self, chargepoint: Chargepoint, clock: Clock, every: timedelta, on_reading: OnReading
    ) -> None:
        self._chargepoint = chargepoint
        self._clock = clock
        self._every = every
        self._on_reading = on_reading
        self._plausibility = Plausibility(chargepoint.rating)

    async def run(self) -> None:
        while True:
            began = self._clock.now()
            self._on_reading(self._chargepoint.resource_id, await self._read())
            await self._clock.sleep_until(began + self._every)

    async def _read(self) -> Measurement | None:
        if not isinstance(self._chargepoint, Metered):
            return None
        try:
            reading = await in_time(self._chargepoint.measure, DEADLINE)
        except Exception:  # whatever a meter raises means that there is no value
            return None
        if not _is_sound(reading) or not self._plausibility.believes(
            reading, asyncio.get_running_loop().time()
        ):
            return None
        return reading


def _is_sound(reading: Measurement) -> bool:
    """NaN, infinity and floats are no values: they could not even be reported."""
    return isinstance(reading, Measurement) and all(
        isinstance(value, Decimal) and value.is_finite()
        for value in (*reading.amps, reading.watts, reading.energy_wh)
    )
