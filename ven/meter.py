"""Looks at one chargepoint's meter at a steady pace. A meter that hangs or lies costs its own values only."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from oadr.charging.scale import export_of
from oadr.wire.ids import ResourceId
from ven.clock import Clock, in_time
from ven.driver import Bidirectional, Chargepoint, Measurement, Metered
from ven.plausible import Plausibility

DEADLINE: Final = 2.0
"""Seconds that a meter may take."""

OnReading = Callable[[ResourceId, Measurement | None], None]


class Meter:
    """`on_reading` hears each value; None for one that is missing: a meter that fails, is absent, or makes no sense.

    What is fed back it hears under the name of that scale; one that makes no sense costs the other nothing.
    """

    def __init__(
        self, chargepoint: Chargepoint, clock: Clock, every: timedelta, on_reading: OnReading
    ) -> None:
        self._chargepoint = chargepoint
        self._clock = clock
        self._every = every
        self._on_reading = on_reading
        self._drawn = Plausibility(chargepoint.rating)
        self._fed_back = (
            Plausibility(chargepoint.export_rating) if isinstance(chargepoint, Bidirectional) else None
        )

    async def run(self) -> None:
        while True:
            began = self._clock.now()
            reading, name = await self._read(), self._chargepoint.resource_id
            self._on_reading(name, _believed(reading, self._drawn))
            if self._fed_back:
                fed_back = reading.fed_back if isinstance(reading, Measurement) else None
                self._on_reading(export_of(name), _believed(fed_back, self._fed_back))
            await self._clock.sleep_until(began + self._every)

    async def _read(self) -> Measurement | None:
        if not isinstance(self._chargepoint, Metered):
            return None
        try:
            return await in_time(self._chargepoint.measure, DEADLINE)
        except Exception:  # whatever a meter raises means that there is no value
            return None


def _believed(reading: Measurement | None, plausibility: Plausibility) -> Measurement | None:
    """None for what cannot be so."""
    if reading is None or not _is_sound(reading):
        return None
    if not _are_sound(reading.volts):
        reading = replace(reading, volts=())
    return reading if plausibility.believes(reading, asyncio.get_running_loop().time()) else None


def _is_sound(reading: Measurement) -> bool:
    """NaN, infinity and floats are no values: they could not even be reported."""
    return isinstance(reading, Measurement) and _are_sound((*reading.amps, reading.watts, reading.energy_wh))


def _are_sound(values: Iterable[object]) -> bool:
    return all(isinstance(value, Decimal) and value.is_finite() for value in values)
