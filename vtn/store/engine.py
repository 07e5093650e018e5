"""Opening the store, and its transactions.

What a `writing` block has done is on disk when the block is left, or none of it is. Everything foreign that can
go wrong becomes `StoreAway`, which is answered by "later", never by an empty list: an empty list is an order.

One writes at a time, in whatever process and on whatever database: the record is one chain, so every effect that is
recorded waits for the one before anyhow, and nobody who writes ever sees what another is about to change.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy.exc import SQLAlchemyError

from vtn.store import postgresql, revisions, sqlite
from vtn.store.backend import Backend
from vtn.store.backend import StoreAway as StoreAway
from vtn.store.backend import Tx as Tx

FILE: Final = "vtn.sqlite"
"""The store in the folder of the state, where no URL says that it is elsewhere."""


def is_there(folder: Path, url: str | None) -> bool:
    """Whether somebody has begun a store in a file; of a server only the server knows. Raises `StoreAway`."""
    if url is not None and postgresql.means(url):
        return True
    return (sqlite.path(url) if url else folder / FILE).exists()


class Store:
    """A database, and the folder of what is remembered beside it. Open it with `Store.open`, and close it."""

    def __init__(self, backend: Backend, folder: Path) -> None:
        self.folder = folder
        self._backend = backend
        self._foreign: tuple[type[Exception], ...] = (SQLAlchemyError, OSError, *backend.foreign)
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, folder: Path, url: str | None = None) -> Self:
        """The store, begun if it is a file that is not there. Raises `StoreAway`, also for one of another program."""
        store = await cls.found(folder, url)
        try:
            async with store.writing() as tx:
                await revisions.check(tx, may_begin=store._backend.is_made_at_once)
        except BaseException:
            await store.close()
            raise
        return store

    @classmethod
    async def found(cls, folder: Path, url: str | None = None) -> Self:
        """The store at whatever revision it is, for whoever brings it up or puts it back. Raises `StoreAway`."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreAway(f"{folder} cannot be used: {error.strerror}") from error
        if url is not None and postgresql.means(url):
            return cls(postgresql.backend(url), folder)
        return cls(await sqlite.backend(sqlite.path(url) if url else folder / FILE), folder)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """One consistent view. Raises `StoreAway`."""
        async with self._transaction(self._backend.reading) as tx:
            yield tx

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Tx]:
        """Committed and flushed when left without an error, else undone. Raises `StoreAway`."""
        async with self._writing, self._transaction(self._backend.writing, self._backend.turn) as tx:
            yield tx

    @asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[Tx]:
        """As `writing`, for as long as it takes. Raises `StoreAway`."""
        first = (self._backend.unbounded, self._backend.turn)
        async with self._writing, self._transaction(self._backend.writing, *first) as tx:
            yield tx

    @asynccontextmanager
    async def _transaction(self, options: Mapping[str, Any], *first: str | None) -> AsyncIterator[Tx]:
        try:
            async with self._backend.engine.connect() as connection:
                await connection.execution_options(**options)
                async with connection.begin():
                    for statement in filter(None, first):
                        await connection.exec_driver_sql(statement)
                    yield connection
        except self._foreign as error:
            raise StoreAway(f"the store cannot be used: {self._backend.cause(error)}") from error

    async def close(self) -> None:
        await self._backend.engine.dispose()
