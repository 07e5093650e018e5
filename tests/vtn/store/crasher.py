"""A process that orders one intervention after the other, says which were acknowledged, and waits to be killed."""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.vtn.world import ORDER, World
from vtn.delivery import orders


async def main(folder: Path) -> None:
    world = World(folder)
    await world.start()
    await world.build()
    while True:
        given = await orders.give(world.store, replace(ORDER, start=world.now), world.now)
        sys.stdout.write(f"{given.intervention_id}\n")
        sys.stdout.flush()
        world.now += timedelta(hours=1)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
