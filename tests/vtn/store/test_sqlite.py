"""What SQLite in a real folder promises beyond what every store does."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.vtn.store.acts import change_and, number
from vtn.store import changes
from vtn.store.backend import PATIENCE_MS
from vtn.store.engine import FILE, Store, StoreAway
from vtn.store.sqlite import PRAGMAS


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "state")
    yield opened
    await opened.close()


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
    monkeypatch.setattr("vtn.store.sqlite.PRAGMAS", (("journal_mode", "clay"),))
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
    monkeypatch.setattr("vtn.store.sqlite.PRAGMAS", (("busy_timeout", 10), *PRAGMAS[1:]))
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
