"""Whether a store is as this program knows it. What is behind is brought up by `vtn migrate`, and by nothing else."""

from typing import Final

from sqlalchemy import Column, MetaData, String, Table, insert, inspect, select

from vtn.store import tables
from vtn.store.backend import StoreAway, Tx

NEWEST: Final = "0003"
"""What this program reads and writes; the last file of migrations/versions. Revisions sort by age."""
UNMARKED: Final = "0001"
"""Of stores that were made before revisions were noted."""

version_table: Final = Table(
    "alembic_version", MetaData(), Column("version_num", String(32), primary_key=True)
)
"""alembic's own, where it keeps its word for a revision."""


async def check(tx: Tx, *, may_begin: bool) -> None:
    """Begin an empty store, if that may be; leave alone one of another revision. Raises `StoreAway`."""
    found = await revision(tx)
    if found is None and may_begin:
        await begin(tx)
    elif found is None:
        raise StoreAway("there is no store in this database yet; begin one with: vtn migrate")
    elif found < NEWEST:
        raise StoreAway(
            f"the store has revision {found}, this program needs {NEWEST}; make a backup, and then: vtn migrate"
        )
    elif found > NEWEST:
        raise StoreAway(f"the store has revision {found}, this program knows {NEWEST}: update it")


async def revision(tx: Tx) -> str | None:
    """None: there is nothing yet."""
    if await _has(tx, version_table):
        found = (await tx.execute(select(version_table.c.version_num))).scalar()
        return None if found is None else str(found)
    return UNMARKED if await _has(tx, tables.changes) else None


async def _has(tx: Tx, table: Table) -> bool:
    return await tx.run_sync(lambda connection: inspect(connection).has_table(table.name))


async def begin(tx: Tx) -> None:
    """All tables, as all migrations together would make them."""
    await tx.run_sync(tables.metadata.create_all)
    await tx.execute(insert(tables.changes).values(only=1, number=0))
    await mark(tx, NEWEST)


async def mark(tx: Tx, revision: str) -> None:
    """A store that has no mark gets this one."""
    await tx.run_sync(version_table.create)
    await tx.execute(insert(version_table).values(version_num=revision))
