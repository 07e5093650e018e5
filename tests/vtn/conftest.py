"""A VTN on an empty disk, and one with a small network of three approved sites."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.vtn.world import World


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path / "state")
    await world.start()
    yield world
    await world.store.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a VTN with its network, made once and copied to wherever a test wants it."""

    async def build(world: World) -> None:
        await world.start()
        await world.build()
        await world.store.close()

    folder = tmp_path_factory.mktemp("vtn") / "state"
    asyncio.run(build(World(folder)))
    return folder


@pytest.fixture
async def world(built: Path, tmp_path: Path) -> AsyncIterator[World]:
    world = World(shutil.copytree(built, tmp_path / "state"))
    await world.start()
    yield world
    await world.store.close()
