"""Bringing a store up to this program: all steps that it lacks in one transaction, or none of them."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from vtn.store import revisions
from vtn.store.backend import StoreAway
from vtn.store.engine import Store

SCRIPTS: Final = Path(__file__).with_name("migrations")


async def bring_up(store: Store) -> str | None:
    """Which revision it had; None: there was nothing. Raises `StoreAway`, also for a newer one."""
    async with store.rebuilding() as tx:
        before = await revisions.revision(tx)
        if before is None:
            await revisions.begin(tx)
        elif before > revisions.NEWEST:
            raise StoreAway(
                f"the store has revision {before}, this program knows {revisions.NEWEST}: update it"
            )
        elif before < revisions.NEWEST:
            await tx.run_sync(_upgrade)
        return before


def _upgrade(connection: Connection) -> None:
    from alembic import command  # slow to load, and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if not connection.dialect.has_table(connection, revisions.version_table.name):
        command.stamp(config, revisions.UNMARKED)
    command.upgrade(config, revisions.NEWEST)
