"""A meter is read at a steady pace; one that fails costs its own values only."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.charging.limit import Limit
from oadr.wire.ids import ResourceId
from tests.ven.stage import EVSE_1, RATING
from tests.ven.virtual import VirtualClock, run
from ven.driver import Measurement
from ven.meter import DEADLINE, Meter

GOOD = Measurement((Decimal(6),), Decimal(1380), Decimal(10))


class Meterless:
    resource_id = EVSE_1
    rating = RATING

    async def apply(self, limit: Limit | None) -> None:
        """Obeys."""


class Metered(Meterless):
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def measure(self) -> Measurement:
        match self.answer:
            case float():
                await asyncio.sleep(self.answer)
                return GOOD
            case BaseException():
                raise self.answer
        return self.answer  # type: ignore[no-any-return]


def readings(charger: Meterless, seconds: float = 3.5) -> list[tuple[float, Measurement | None]]:
    async def main() -> list[tuple[float, Measurement | None]]:
        seen: list[tuple[float, Measurement | None]] = []
        loop = asyncio.get_running_loop()

        def on_reading(resource_id: ResourceId, reading: Measurement | None) -> None:
            assert resource_id == EVSE_1
            seen.append((loop.time(), reading))

        task = asyncio.create_task(Meter(charger, VirtualClock(), timedelta(seconds=1), on_reading).run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait((task,))
        return seen

    return run(main())


def test_a_meter_is_read_each_second_however_long_it_takes_within_it() -> None:
    assert readings(Metered(GOOD)) == [(second, GOOD) for second in range(4)]
    assert readings(Metered(0.4)) == [(second + 0.4, GOOD) for second in range(4)]


@pytest.mark.proves("VE10", "P15")
@pytest.mark.parametrize(
    "answer",
    [
        ConnectionError("gone"),
        asyncio.CancelledError(),
        None,
        Measurement((Decimal("NaN"),), Decimal(0), Decimal(0)),
        Measurement((Decimal(6),), Decimal("Infinity"), Decimal(0)),
        Measurement((Decimal(6),), 1380.0, Decimal(0)),  # type: ignore[arg-type]
    ],
)
def test_a_meter_that_fails_or_makes_no_sense_is_a_value_that_is_missing(answer: object) -> None:
    assert readings(Metered(answer)) == [(second, None) for second in range(4)]


@pytest.mark.proves("VE10")
def test_a_meter_that_hangs_is_given_up_and_asked_again() -> None:
    assert readings(Metered(3600.0), 5) == [(DEADLINE, None), (2 * DEADLINE, None)]


@pytest.mark.proves("P15")
def test_a_chargepoint_without_a_meter_has_no_values() -> None:
    assert {reading for _, reading in readings(Meterless())} == {None}
