"""A VTN on an empty disk, and one with a small network of three approved sites; on PostgreSQL where a folder asks."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import cluster
from tests.cluster import Cluster, Database
from tests.vtn.world import World
from vtn.store import migrating, tables
from vtn.store.engine import Store

OTHERS_LEAVE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def _build(world: World) -> None:
    await world.start()
    await world.build()
    await world.store.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a VTN with its network, made once and copied to wherever a test wants it."""
    folder = tmp_path_factory.mktemp("vtn") / "state"
    asyncio.run(_build(World(folder)))
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    if cluster.programs() is None:
        pytest.skip("needs PostgreSQL 15 or newer; on Debian: apt install postgresql")
    with cluster.running() as running:
        yield running


@pytest.fixture(scope="session")
def shared(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One database for all tests, one after the other; what `built` holds is kept in it beside."""
    name, folder = postgres.make(), tmp_path_factory.mktemp("shared")

    async def begin() -> None:
        store = await Store.found(folder, postgres.url(name))
        await migrating.bring_up(store)
        await store.close()
        await _build(World(folder, postgres.url(name)))

    asyncio.run(begin())
    keep = (f"CREATE TABLE kept.{table} AS TABLE {table}" for table in tables.metadata.tables)
    postgres.run("psql", "--quiet", "--command", "; ".join(("CREATE SCHEMA kept", *keep)), name)
    return name


def _reset(is_built: bool) -> str:
    """Nobody is connected any more, and nothing is there but what a new store has, or a built one."""
    ordered = tables.metadata.sorted_tables
    kept = (f"INSERT INTO {table.name} SELECT * FROM kept.{table.name}" for table in ordered)
    return "; ".join(
        (
            OTHERS_LEAVE,
            *(f"DELETE FROM {table.name}" for table in reversed(ordered)),
            *(kept if is_built else ["INSERT INTO changes VALUES (1, 0)"]),
        )
    )


@pytest.fixture
def engine() -> str:
    """Folders whose tests are for both databases say so in their own conftest."""
    return "sqlite"


@pytest.fixture
def database(engine: str, request: pytest.FixtureRequest) -> Database:
    if engine == "sqlite":
        return lambda _: None
    server: Cluster = request.getfixturevalue("postgres")
    name: str = request.getfixturevalue("shared")

    def make(is_built: bool) -> str:
        server.run("psql", "--quiet", "--output", os.devnull, "--command", _reset(is_built), name)
        return server.url(name)

    return make


@pytest.fixture
def own(engine: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A database without anything, which the test may turn upside down."""
    if engine == "sqlite":
        yield None
        return
    server: Cluster = request.getfixturevalue("postgres")
    name = server.make()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def bare(tmp_path: Path, database: Database) -> AsyncIterator[World]:
    world = World(tmp_path / "state", database(False))
    await world.start()
    yield world
    await world.store.close()


@pytest.fixture
async def world(built: Path, tmp_path: Path, database: Database) -> AsyncIterator[World]:
    world = World(tmp_path / "state", database(True))
    if world.url is None:
        shutil.copytree(built, world.folder)
    await world.start()
    yield world
    await world.store.close()
