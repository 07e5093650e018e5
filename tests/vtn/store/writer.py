"""A process that opens the store and raises its number so many times."""

import asyncio
import sys
from pathlib import Path

from vtn.store import changes
from vtn.store.engine import Store


async def main(folder: Path, times: int) -> None:
    store = await Store.open(folder)
    for _ in range(times):
        async with store.writing() as tx:
            await changes.announce(tx)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
