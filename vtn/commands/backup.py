"""`vtn backup`: the whole store in one file, while the server serves on."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from vtn.commands.options import ConfigFile, Overrides, settings
from vtn.model.errors import NotNow
from vtn.store import backup as copying
from vtn.store import engine, ledger_key


def backup(
    path: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="Replaced if it is there.")],
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Write the store into FILE. Keys are not in it: keep a copy of them elsewhere."""
    given = settings(file, overrides)
    if not engine.is_there(given.state, given.store):
        raise NotNow(f"there is no store in {given.state}; begin with: vtn feeders import FILE")
    asyncio.run(copying.save(given.state, given.store, path))
    typer.echo(
        f"{path} holds the store as it is now, people's data included. The key that signs the record is not in it: "
        f"{given.state / ledger_key.FILE}"
    )
