"""`vtn ledger`: hand the record out, seal it, check it."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

import typer

from oadr.ledger import __main__ as verifier
from oadr.ledger import export
from oadr.ledger.header import Header
from oadr.ledger.keys import write_public_key
from vtn.commands.options import ConfigFile, Json, Overrides, opened, settings
from vtn.config import Settings
from vtn.store import record

ALL: Final = "everything"
ledger = typer.Typer(no_args_is_help=True, help="The record: every order, answer, change and effect.")


@ledger.command("export")
def export_(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", dir_okay=False, allow_dash=True, help="- is standard output.")
    ],
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Write the record as JSON lines, for whoever wants to check it."""
    lines, _ = asyncio.run(_exported(settings(file, overrides)))
    if str(path) == "-":
        sys.stdout.buffer.writelines(lines)
        return
    _replace(path, iter(lines))
    typer.echo(f"{path} holds {len(lines)} lines. Anyone can check them: ledger verify {path}")


@ledger.command()
def checkpoint(file: ConfigFile = None, overrides: Overrides = None) -> None:
    """Sign the record as it stands, and print the newest checkpoint: whoever keeps it notices later changes."""
    typer.echo(asyncio.run(_sealed(settings(file, overrides))))


@ledger.command()
def verify(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", show_default=False, help="An export; else the store itself."),
    ] = None,
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Whether the record is to be believed: 0 yes, 1 no. `ledger verify` does the same without this program."""
    options = ("--json",) if as_json else ()
    if path is not None:
        raise typer.Exit(verifier.main(("verify", str(path), *options)))
    lines, key = asyncio.run(_exported(settings(file, overrides)))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "record.jsonl"
        copy.write_bytes(b"".join(lines))
        raise typer.Exit(verifier.main(("verify", str(copy), "--key", key, *options)))


async def _exported(given: Settings) -> tuple[list[bytes], str]:
    """The lines, and the public key that signed them."""
    async with opened(given) as office, office.store.reading() as tx:
        sealed = await record.sealed(tx)
        header = Header.sign(
            await record.head(tx),
            office.key,
            office.now,
            checkpoints=len(sealed),
            software=f"feederguard {version('feederguard')}",
            query=ALL,
        )
        entries = [raw async for raw in record.entries(tx)]
    return list(export.write(header, entries, sealed)), write_public_key(office.key.public_key())


async def _sealed(given: Settings) -> str:
    async with opened(given) as office, office.store.writing() as tx:
        await record.seal(tx, office.key, office.now)
        return (await record.sealed(tx))[-1].raw.decode()


def _replace(path: Path, lines: Iterator[bytes]) -> None:
    """A whole file or the old one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as opened_:
            opened_.writelines(lines)
            opened_.flush()
            os.fsync(opened_.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
