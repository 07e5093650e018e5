"""A process that orders one intervention after the other, says which were acknowledged, and waits to be killed."""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.vtn.world import ORDER, World
from vtn.delivery import orders


async def main(folder: Path, url: str | None = None) -> None:
    world = World(folder, url)
    await world.start()
    await world.build()
    while True:
        given = await orders.give(world.store, replace(ORDER, start=world.now), world.now)
        sys.stdout.write(f"{given.intervention_id}\n")
        sys.stdout.flush()
        world.now += timedelta(days=31)  # seldom enough to take nobody else


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
