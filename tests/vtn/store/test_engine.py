"""What every store must promise, asked of SQLite in a real folder."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from oadr.ledger.entry import Entry
from oadr.ledger.log import Head
from tests.vtn.world import World
from vtn.store import changes, interventions, record, tables
from vtn.store.engine import FILE, PATIENCE_MS, PRAGMAS, Store, StoreAway
from vtn.store.tables import Moment

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "state")
    yield opened
    await opened.close()


async def number(store: Store) -> int:
    async with store.reading() as tx:
        return await changes.number(tx)


@pytest.mark.proves("S1")
async def test_every_connection_writes_through_to_the_disk(store: Store) -> None:
    async with store.reading() as one, store.reading() as two, store.writing() as three:
        for tx in (one, two, three):
            for name, wanted in PRAGMAS:
                assert (await tx.execute(text(f"PRAGMA {name}"))).scalar_one() == wanted
    assert dict(PRAGMAS)["synchronous"] == 2


@pytest.mark.proves("S1")
async def test_a_store_that_does_not_keep_its_promise_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite ignores a journal mode that it does not know, without a word."""
    monkeypatch.setattr("vtn.store.engine.PRAGMAS", (("journal_mode", "clay"),))
    with pytest.raises(StoreAway, match="journal_mode"):
        await Store.open(tmp_path)


@pytest.mark.proves("D02")
async def test_only_its_owner_can_read_it(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with store.writing() as tx:
        await changes.announce(tx)
        files = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert files == {FILE: 0o600, f"{FILE}-wal": 0o600, f"{FILE}-shm": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_store_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / FILE).touch(0o644)
    await (await Store.open(tmp_path)).close()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["a b", "50%", "why?", "#1", "ü"])
async def test_its_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    await (await Store.open(tmp_path / name)).close()
    assert (tmp_path / name / FILE).exists()


class Whatever(Exception):
    """Something of the caller's own."""


async def change_and(store: Store, then: BaseException | str) -> None:
    """Raise the number, and go wrong before the transaction is over."""
    async with store.writing() as tx:
        await changes.announce(tx)
        if isinstance(then, BaseException):
            raise then
        await tx.execute(text(then))


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


async def test_processes_that_open_and_write_at_once_queue(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.vtn.store.writer", str(tmp_path / "state"), "10"]
    children = [await asyncio.create_subprocess_exec(*program, cwd=ROOT) for _ in range(2)]
    assert [await child.wait() for child in children] == [0, 0]
    store = await Store.open(tmp_path / "state")
    assert await number(store) == 20
    await store.close()


async def test_a_new_store_is_waited_for_while_another_program_is_busy_with_it(tmp_path: Path) -> None:
    """SQLite itself would not wait here."""
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("CREATE TABLE anything (one)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"), closing(plain(tmp_path)) as second:
            second.execute("PRAGMA journal_mode=wal")
        opening = asyncio.create_task(Store.open(tmp_path))
        await asyncio.wait((opening,), timeout=0.1)
        assert not opening.done()
        other.execute("COMMIT")
        store = await opening
    await store.close()


def plain(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / FILE, isolation_level=None)
    database.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
    return database


@pytest.mark.proves("S6", "VT04")
async def test_a_store_that_another_holds_is_away_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.store.engine.PRAGMAS", (("busy_timeout", 10), *PRAGMAS[1:]))
    store = await Store.open(tmp_path)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        with pytest.raises(StoreAway, match="locked"):
            await change_and(store, "SELECT 1")
    assert await number(store) == 0, "reading goes on"
    other.execute("COMMIT")
    other.close()
    async with store.writing() as tx:
        await changes.announce(tx)
    assert await number(store) == 1
    await store.close()


@pytest.mark.proves("S6")
@pytest.mark.parametrize("content", [b"this is no database, but it is long enough to be one " * 20, None])
async def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        (tmp_path / FILE).mkdir()
    else:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreAway):
        await Store.open(tmp_path)


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreAway, match="cannot be used"):
        await Store.open(tmp_path / "file" / "state")


@pytest.mark.proves("S11")
async def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    await (await Store.open(tmp_path)).close()
    newer = sqlite3.connect(tmp_path / FILE)
    newer.execute(f"PRAGMA user_version={tables.VERSION + 1}")
    newer.execute("DROP TABLE readings")
    newer.close()
    with pytest.raises(StoreAway, match="update it"):
        await Store.open(tmp_path)
    untouched = sqlite3.connect(tmp_path / FILE)
    assert untouched.execute("SELECT name FROM sqlite_master WHERE name='readings'").fetchall() == []
    untouched.close()


async def test_an_error_shows_no_values(store: Store) -> None:
    with pytest.raises(StoreAway) as caught:
        await change_and(store, "INSERT INTO feeders (feeder_id, name) VALUES ('secret', NULL)")
    assert "NOT NULL" in str(caught.value)
    assert "secret" not in str(caught.value)


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_to_the_microsecond(at: datetime) -> None:
    kept = Moment().process_bind_param(at, None)
    assert isinstance(kept, int)
    assert Moment().process_result_value(kept, None) == at


@pytest.mark.proves("P3", "S4", "S3", "VT01")
async def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.vtn.store.crasher", str(folder), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=DEVNULL,
    )  # fmt: skip
    assert child.stdout
    acknowledged = [(await child.stdout.readline()).decode().strip() for _ in range(15)]
    child.kill()
    rest = (await child.stdout.read()).decode()
    await child.wait()
    acknowledged += rest[: rest.rfind("\n") + 1].split()

    world = World(folder)
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
