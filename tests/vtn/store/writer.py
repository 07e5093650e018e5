"""A process that opens the store and raises its number so many times."""

import asyncio
import sys
from pathlib import Path

from vtn.store import changes
from vtn.store.engine import Store


async def main(times: int, folder: Path, url: str | None = None) -> None:
    store = await Store.open(folder, url)
    for _ in range(times):
        async with store.writing() as tx:
            await changes.announce(tx)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
