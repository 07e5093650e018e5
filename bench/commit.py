"""What it costs to have something on disk before it is acknowledged: one entry of the record, committed.

    python -m bench.commit

Ours on SQLite and on a PostgreSQL of its own, both on the same disk with full synchronisation; beside them the floor of
each, the driver alone with one INSERT and its COMMIT. They take turns.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from time import perf_counter
from typing import Any, Final

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.figures import ROUNDS, tell
from oadr.ledger.entry import EntryType
from tests import cluster
from vtn.store import migrating, record
from vtn.store.engine import Store
from vtn.store.opening import open_store

COMMITS: Final = 100
"""Of each contestant in a round."""
INSERT: Final = "INSERT INTO floor VALUES ($1)"
ENTRY: Final = b"x" * 400

Act = Callable[[], Awaitable[object]]


async def ours(folder: Path, url: str | None) -> tuple[Store, Act]:
    now = datetime.now(UTC)
    begun = await Store.found(folder, url)
    await migrating.bring_up(begun)
    await begun.close()
    store = await open_store(folder, Ed25519PrivateKey.generate(), now, url)

    async def commit() -> None:
        async with store.writing() as tx:
            await record.append(tx, EntryType.CONFIG_CHANGE, {"text": "x" * 100}, now)

    return store, commit


@asynccontextmanager
async def contestants(folder: Path, url: str) -> AsyncIterator[dict[str, Act]]:
    lite, on_sqlite = await ours(folder / "sqlite", None)
    server, on_postgresql = await ours(folder / "postgresql", url)
    plain = sqlite3.connect(folder / "floor", isolation_level=None)
    plain.executescript("PRAGMA journal_mode=wal; PRAGMA synchronous=FULL; CREATE TABLE floor (entry BLOB)")
    bare: Any = await asyncpg.connect(url)
    await bare.execute("CREATE TABLE floor (entry bytea)")

    async def sqlite_alone() -> None:
        plain.execute(INSERT.replace("$1", "?"), (ENTRY,))

    yield {
        "ours": on_sqlite,
        "ours on PostgreSQL": on_postgresql,
        "sqlite3 alone": sqlite_alone,
        "asyncpg alone": lambda: bare.execute(INSERT, ENTRY),
    }
    plain.close()
    await bare.close()
    await lite.close()
    await server.close()


async def measure(folder: Path, url: str) -> dict[str, list[float]]:
    async with contestants(folder, url) as acts:
        taken: dict[str, list[float]] = {name: [] for name in acts}
        for _ in range(ROUNDS):
            for name, act in acts.items():
                start = perf_counter()
                for _ in range(COMMITS):
                    await act()
                taken[name].append((perf_counter() - start) / COMMITS * 1e6)
    return taken


def main() -> None:
    with TemporaryDirectory() as folder, cluster.running(Path(gettempdir())) as server:
        taken = asyncio.run(measure(Path(folder), server.url(server.make())))
    tell("one entry of the record, committed", "µs", taken)


if __name__ == "__main__":
    main()
