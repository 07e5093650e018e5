"""`vtn migrate`: a store of an older program becomes one of this program, or a new one is begun."""

import asyncio

import typer

from vtn.commands.options import ConfigFile, Overrides, settings
from vtn.config import Settings
from vtn.store import migrating, revisions
from vtn.store.engine import Store


def migrate(file: ConfigFile = None, overrides: Overrides = None) -> None:
    """Bring the store up to this program, once for all servers that share it. There is no way back but a backup."""
    before = asyncio.run(_migrated(settings(file, overrides)))
    if before == revisions.NEWEST:
        typer.echo(f"The store has revision {before} already, which is the newest.")
    elif before is None:
        typer.echo(f"A new store is there, of revision {revisions.NEWEST}.")
    else:
        typer.echo(f"The store had revision {before} and has {revisions.NEWEST} now.")


async def _migrated(given: Settings) -> str | None:
    store = await Store.found(given.state, given.store)
    try:
        return await migrating.bring_up(store)
    finally:
        await store.close()
