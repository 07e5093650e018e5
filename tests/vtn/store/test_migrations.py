"""A store of any age becomes one of today, on either database, or stays as it was."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from tests.vtn.world import NETWORK, World
from vtn.store import migrating, network, revisions, tables
from vtn.store.engine import Store, StoreAway


def config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(migrating.SCRIPTS))
    made.attributes["connection"] = connection
    return made


async def aged(store: Store, revision: str = "0001", *, marked: bool = False) -> None:
    """A store as an older program left it; the first ones carried no mark."""
    async with store.rebuilding() as tx:
        await tx.run_sync(lambda connection: command.upgrade(config(connection), revision))
        await tx.execute(text("INSERT INTO feeders (feeder_id, name) VALUES ('F1', 'Elm Street')"))
        if not marked:
            await tx.execute(text("DROP TABLE alembic_version"))


async def names(store: Store) -> set[str]:
    async with store.reading() as tx:
        return set(await tx.run_sync(lambda connection: inspect(connection).get_table_names()))


@pytest.fixture
async def store(tmp_path: Path, own: str | None) -> Any:
    found = await Store.found(tmp_path, own)
    yield found
    await found.close()


def test_the_newest_revision_is_the_last_of_the_steps() -> None:
    script = ScriptDirectory.from_config(config())
    assert script.get_current_head() == revisions.NEWEST
    assert script.get_base() == revisions.UNMARKED


@pytest.mark.parametrize("begins", ["at once", "step by step"])
async def test_both_ways_to_a_store_of_today_end_at_the_same_tables(store: Store, begins: str) -> None:
    if begins == "step by step":
        await aged(store)
    await migrating.bring_up(store)

    def difference(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, tables.metadata))

    async with store.reading() as tx:
        assert await tx.run_sync(difference) == []
        assert await revisions.revision(tx) == revisions.NEWEST


@pytest.mark.parametrize("marked", [False, True])
async def test_what_an_older_program_has_kept_is_there_afterwards(
    store: Store, tmp_path: Path, own: str | None, marked: bool
) -> None:
    await aged(store, marked=marked)
    assert await migrating.bring_up(store) == "0001"
    assert await migrating.bring_up(store) == revisions.NEWEST, "and again, which does nothing"
    world = World(tmp_path, own)
    await world.start()
    async with world.store.reading() as tx:
        assert [feeder.name for feeder in (await network.load(tx)).feeders] == ["Elm Street"]
    await world.build()
    async with world.store.reading() as tx:
        assert (await network.load(tx)).feeders == NETWORK.feeders
    await world.give()
    await world.store.close()


@pytest.mark.proves("S11")
@pytest.mark.parametrize(("revision", "advice"), [("0001", "vtn migrate"), ("9999", "update it")])
async def test_a_store_of_another_revision_is_refused_and_left_alone(
    store: Store, tmp_path: Path, own: str | None, revision: str, advice: str
) -> None:
    await aged(store, marked=True)
    async with store.writing() as tx:
        await tx.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    before = await names(store)
    with pytest.raises(StoreAway, match=advice):
        await Store.open(tmp_path, own)
    if revision == "9999":
        with pytest.raises(StoreAway, match=advice):
            await migrating.bring_up(store)
    assert await names(store) == before


@pytest.mark.proves("S11")
async def test_steps_that_cannot_all_be_taken_are_not_taken(store: Store) -> None:
    await aged(store)
    async with store.writing() as tx:
        await tx.execute(text("CREATE TABLE request_keys (one INTEGER)"))
    before = await names(store)
    with pytest.raises(StoreAway, match="request_keys"):
        await migrating.bring_up(store)
    assert await names(store) == before
    async with store.reading() as tx:
        assert await revisions.revision(tx) == "0001"
