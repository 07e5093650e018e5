"""Opening the store, and its transactions.

What a `writing` block has done is on disk when the block is left, or none of it is. Everything foreign that can
go wrong becomes `StoreAway`, which is answered by "later", never by an empty list: an empty list is an order.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import sleep
from typing import Any, Final, Self

from sqlalchemy import URL, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from vtn.store import tables

FILE: Final = "vtn.sqlite"
PATIENCE_MS: Final = 5000
"""How long a writer waits for another one."""
PAUSE_MS: Final = 20
PRAGMAS: Final = (
    ("busy_timeout", PATIENCE_MS),
    ("journal_mode", "wal"),
    ("synchronous", 2),  # FULL; with NORMAL acknowledged rows are lost when the power goes
    ("foreign_keys", 1),
    ("secure_delete", 1),
)
"""As SQLite shows them; every connection sets them and looks whether they hold."""

Tx = AsyncConnection
"""A transaction, which the modules beside this one take as their first argument."""


class StoreAway(Exception):
    """The store cannot be used now."""


class Store:
    """SQLite in a file of its own folder. Open it with `Store.open`, and close it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, folder: Path) -> Self:
        """The store in `folder`, made if there is none. Raises `StoreAway`."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / FILE).touch(mode=0o600)
            (folder / FILE).open("rb+").close()  # the driver leaves a thread behind where it cannot connect
            (folder / FILE).chmod(0o600)  # SQLite gives the same to the files that it puts beside it
        except OSError as error:
            raise StoreAway(f"{folder} cannot be used: {error.strerror}") from error
        await asyncio.to_thread(_begin_wal, folder / FILE)
        store = cls(_engine(folder / FILE))
        try:
            async with store.writing() as tx:
                await _prepare(tx)
        except BaseException:
            await store.close()
            raise
        return store

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """One consistent view. Raises `StoreAway`."""
        async with self._transaction("BEGIN") as tx:
            yield tx

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Tx]:
        """Committed and flushed when left without an error, else undone. Raises `StoreAway`."""
        async with self._writing, self._transaction("BEGIN IMMEDIATE") as tx:
            yield tx

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[Tx]:
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(begin=begin)
                async with connection.begin():
                    yield connection
        except (SQLAlchemyError, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else type(error).__name__
            raise StoreAway(f"the store cannot be used: {cause}") from error

    async def close(self) -> None:
        await self._engine.dispose()


def _begin_wal(path: Path) -> None:
    """WAL mode, which then stays with the file; so that two programs may open a new store at once.

    SQLite may refuse at once while another one is just doing the same, whatever its busy_timeout, so the waiting is
    done here. Raises `StoreAway`.
    """
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
        for is_last in (*[False] * (PATIENCE_MS // PAUSE_MS), True):
            try:
                database.execute("PRAGMA journal_mode=wal")
                return
            except sqlite3.Error as error:
                if is_last or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise StoreAway(f"the store cannot be used: {error}") from error
            sleep(PAUSE_MS / 1000)


def _engine(path: Path) -> AsyncEngine:
    engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(path)), hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        try:
            _configure(connection)
        except BaseException:
            connection.close()  # it is in no pool yet: nobody else would end its thread
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _configure(connection: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for name, wanted in PRAGMAS:
        cursor.execute(f"PRAGMA {name}={wanted}")
        cursor.execute(f"PRAGMA {name}")
        if (found := cursor.fetchone()[0]) != wanted:
            raise StoreAway(f"the store does not keep to {name}={wanted}, but to {found}")
    cursor.close()


async def _prepare(tx: Tx) -> None:
    """Make the tables, or refuse a store that a newer program has written."""
    version = (await tx.execute(text("PRAGMA user_version"))).scalar_one()
    if version > tables.VERSION:
        raise StoreAway(f"the store has version {version}, this program knows {tables.VERSION}: update it")
    if version == 0:
        await tx.run_sync(tables.metadata.create_all)
        await tx.execute(text("INSERT INTO changes (only, number) VALUES (1, 0)"))
        await tx.execute(text(f"PRAGMA user_version={tables.VERSION}"))
