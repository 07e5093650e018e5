"""One evening on the street, from a seed to a verdict."""

from datetime import timedelta
from random import Random
from typing import Final

from tests.pair.loop import run
from tests.pair.town import in_memory
from tests.simulation.inline import without_threads
from tests.simulation.judge import Broken, Judge
from tests.simulation.street import CALM, Street

SIZE: Final = 50
MINUTES: Final = (4, 15)
"""How long the trouble lasts, each time another while: short evenings end in the middle of things."""
LOOK_EVERY: Final = timedelta(seconds=5)
ENOUGH: Final = 40
"""Minutes within which all must be well again after the last fault."""


class Failed(AssertionError):
    """What did not hold, and all that had happened before."""


def evening(seed: int, *, size: int = SIZE, minutes: int | None = None) -> Judge:
    """Raises `Failed`."""
    minutes = minutes or Random(seed).randint(*MINUTES)
    with in_memory() as folder, without_threads():
        judge = Judge()
        street: list[Street] = []

        async def main() -> None:
            street.append(Street(folder, seed, size, judge))
            await _evening(street[0], judge, minutes)

        try:
            run(main())
        except AssertionError as error:
            raise Failed("\n".join([f"seed {seed}: {error}", *street[0].log])) from error
    return judge


async def _evening(street: Street, judge: Judge, minutes: int) -> None:
    await street.open()
    try:
        for home in street.homes:
            await home.start()
        for _ in range(minutes):
            await street.minute()
            await judge.look(street)
        street.weather = CALM
        for _ in range(ENOUGH):
            await street.quiet_minute()
            await judge.look(street)
            if not (wrong := await judge.settled(street)):
                return
        raise Broken("; ".join(wrong))
    finally:
        await street.close()
