"""A VTN alone, with a small network, in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.vtn.world import World


@asynccontextmanager
async def vtn_in(folder: Path) -> AsyncIterator[World]:
    world = World(folder / "vtn")
    await world.start()
    await world.build()
    yield world
    await world.store.close()


@pytest.fixture
async def world(folder: Path) -> AsyncIterator[World]:
    async with vtn_in(folder) as found:
        yield found
