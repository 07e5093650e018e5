"""A process that asks for the same order ten times under one key, and says what came of each."""

import asyncio
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.vtn.world import NOW, ORDER
from vtn.delivery import release
from vtn.delivery.release import Key
from vtn.model.release import Rules
from vtn.store.engine import Store


async def main(folder: Path, url: str | None) -> None:
    store = await Store.open(folder, url)
    order, key = replace(ORDER, percent=Decimal(60), start=NOW), Key.of("click-1", b"the same")
    for _ in range(10):
        came = await release.order(store, "uid:1001", order, Rules(), NOW, key)
        assert came.intervention is not None
        sys.stdout.write(f"{came.intervention.intervention_id}\n")
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] or None))
