"""What most commands share: where the settings are, JSON or a table, and how a command reaches the store."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vtn import clock, config
from vtn.config import CONFIG_VARIABLE, PREFIX, BadSetting, Settings
from vtn.model.errors import NotNow
from vtn.store import engine, ledger_key, witness
from vtn.store.engine import Store, StoreAway
from vtn.store.opening import open_store

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar=CONFIG_VARIABLE,
        show_default=False,
        help=f"The settings; {config.FILE} if it is there.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        show_default=False,
        help=f"Overrides a key of the file, and the environment ({PREFIX}KEY); may be repeated.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Who = Annotated[
    str,
    typer.Option("--as", help="In whose name; the record is public, so a role rather than a person."),
]


@dataclass(frozen=True, slots=True)
class Office:
    """The store, open for one command, and the moment at which the command was given."""

    settings: Settings
    store: Store
    key: Ed25519PrivateKey
    now: datetime


def settings(file: Path | None, overrides: list[str] | None) -> Settings:
    """Raises `BadSetting`."""
    pairs = [text.partition("=") for text in overrides or ()]
    for key, equals, _ in pairs:
        if not equals:
            raise BadSetting(f"--set {key}: write it as KEY=VALUE")
    return config.load(file, os.environ, {key: text for key, _, text in pairs})


def somebody_is_there() -> bool:
    """Whether a question would reach a person."""
    return sys.stdin is not None and sys.stdin.isatty()


@asynccontextmanager
async def opened(given: Settings, *, may_make: bool = False) -> AsyncIterator[Office]:
    """Raises `NotNow` where there is no store and the command is none that begins one."""
    if not may_make and not engine.is_there(given.state, given.store):
        raise NotNow(f"there is no store in {given.state}; begin with: vtn feeders import FILE")
    now = clock.now()
    key = ledger_key.load_or_make(given.state)
    store = await open_store(given.state, key, now, given.store)
    try:
        yield Office(given, store, key, now)
        with suppress(StoreAway):  # what the command did is done; the next one notes what this one could not
            async with store.reading() as tx:
                await witness.follow(tx, given.state)
    finally:
        await store.close()
