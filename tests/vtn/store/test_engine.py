"""What every store must promise, whatever it is kept in."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.ledger.entry import Entry
from oadr.ledger.log import Head
from tests.cluster import Database
from tests.vtn.store.acts import Whatever, change_and, number
from tests.vtn.world import World
from vtn.store import changes, interventions, record
from vtn.store.engine import Store, StoreAway
from vtn.store.tables import Moment

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def store(tmp_path: Path, database: Database) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "state", database(False))
    yield opened
    await opened.close()


@pytest.mark.proves("S3")
async def test_a_transaction_is_whole_or_nothing(store: Store) -> None:
    for then, raised in (
        (Whatever(), Whatever),
        (asyncio.CancelledError(), asyncio.CancelledError),
        ("INSERT INTO nowhere VALUES (1)", StoreAway),
    ):
        with pytest.raises(raised):
            await change_and(store, then)
    assert await number(store) == 0


async def test_a_reader_sees_one_moment_and_waits_for_no_writer(store: Store) -> None:
    async with store.reading() as before:
        assert await changes.number(before) == 0
        async with store.writing() as tx:
            await changes.announce(tx)
            assert await number(store) == 0, "not yet committed"
        assert await number(store) == 1
        assert await changes.number(before) == 0


async def test_many_writers_in_one_process_take_turns(store: Store) -> None:
    async def write() -> None:
        async with store.writing() as tx:
            await changes.announce(tx)

    await asyncio.gather(*(write() for _ in range(50)))
    assert await number(store) == 50


async def test_processes_that_open_and_write_at_once_queue(tmp_path: Path, database: Database) -> None:
    url = database(False)
    program = [
        sys.executable,
        "-m",
        "tests.vtn.store.writer",
        "10",
        str(tmp_path / "state"),
        *filter(None, [url]),
    ]
    children = [await asyncio.create_subprocess_exec(*program, cwd=ROOT) for _ in range(2)]
    assert [await child.wait() for child in children] == [0, 0]
    store = await Store.open(tmp_path / "state", url)
    assert await number(store) == 20
    await store.close()


async def test_an_error_shows_no_values(store: Store) -> None:
    with pytest.raises(StoreAway) as caught:
        await change_and(store, "INSERT INTO feeders (feeder_id, name) VALUES ('secret', NULL)")
    assert "not" in str(caught.value).lower()
    assert "null" in str(caught.value).lower()
    assert "secret" not in str(caught.value)


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_to_the_microsecond(at: datetime) -> None:
    kept = Moment().process_bind_param(at, None)
    assert isinstance(kept, int)
    assert Moment().process_result_value(kept, None) == at


@pytest.mark.proves("P3", "S4", "S3", "VT01")
async def test_a_killed_process_loses_nothing_that_it_acknowledged(
    tmp_path: Path, database: Database
) -> None:
    folder, url = tmp_path / "state", database(False)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.vtn.store.crasher", str(folder), *filter(None, [url]), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=DEVNULL,
    )  # fmt: skip
    assert child.stdout
    acknowledged = [(await child.stdout.readline()).decode().strip() for _ in range(15)]
    child.kill()
    rest = (await child.stdout.read()).decode()
    await child.wait()
    acknowledged += rest[: rest.rfind("\n") + 1].split()

    world = World(folder, url)
    await world.start()
    async with world.store.reading() as tx:
        stored = {one.intervention_id for one in await interventions.load(tx)}
        raw = [entry async for entry in record.entries(tx)]
        head = await record.head(tx)
    assert len(acknowledged) >= 15
    assert stored.issuperset(acknowledged)
    assert Head.of(raw) == head
    recorded = {Entry.read(one).body.get("intervention") for one in raw}
    assert recorded - {None} == stored, "each with its entry, and no entry without it"
    assert {one.intervention.intervention_id for one in await world.deliveries()} == stored
    await world.store.close()
