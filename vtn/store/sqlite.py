"""The store as a file of SQLite, in WAL mode with full synchronisation: for one machine, without anything to run."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from time import sleep
from typing import Any, Final

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from vtn.store.backend import PATIENCE_MS, Backend, StoreAway

PAUSE_MS: Final = 20
PRAGMAS: Final = (
    ("busy_timeout", PATIENCE_MS),
    ("journal_mode", "wal"),
    ("synchronous", 2),  # FULL; with NORMAL acknowledged rows are lost when the power goes
    ("foreign_keys", 1),
    ("secure_delete", 1),
)
"""As SQLite shows them; every connection sets them and looks whether they hold."""


async def backend(path: Path) -> Backend:
    """The file, begun if there is none. Raises `StoreAway`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.open("rb+").close()  # the driver leaves a thread behind where it cannot connect
        path.chmod(0o600)  # SQLite gives the same to the files that it puts beside it
    except OSError as error:
        raise StoreAway(f"{path.parent} cannot be used: {error.strerror}") from error
    await asyncio.to_thread(_begin_wal, path)
    return Backend(
        engine=_engine(path),
        reading={"begin": "BEGIN"},
        writing={"begin": "BEGIN IMMEDIATE"},
        cause=_cause,
        is_made_at_once=True,
    )


def path(url: str) -> Path:
    """Where the file of a URL is: three slashes from here, four from the root. Raises `StoreAway`."""
    try:
        found = make_url(url)
    except ArgumentError as error:
        raise StoreAway("the store's URL cannot be read") from error
    if found.get_backend_name() != "sqlite" or not found.database:
        raise StoreAway("the store's URL begins with sqlite:/// or postgresql://")
    return Path(found.database)


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


def _cause(error: Exception) -> str:
    return str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
