"""What a kind of database must say of itself, so that the rest of the store need not know which one it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

PATIENCE_MS: Final = 5000
"""How long a writer waits for another one, and anybody for the database."""

Tx = AsyncConnection
"""A transaction, which the modules beside this one take as their first argument."""


class StoreAway(Exception):
    """The store cannot be used now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Its engine, and in what its transactions differ from another's."""

    engine: AsyncEngine
    reading: Mapping[str, Any]
    """Options of a transaction that sees one moment."""
    writing: Mapping[str, Any]
    """Options of one that changes something."""
    turn: str | None = None
    """With this statement a writer waits until no other writes, where beginning has not done that already."""
    unbounded: str | None = None
    """With this one a transaction may take longer than anybody waits for a VEN's answer."""
    foreign: tuple[type[Exception], ...] = ()
    """Errors of the driver that SQLAlchemy hands on as they are."""
    cause: Callable[[Exception], str]
    """What an error says, without any values."""
    is_made_at_once: bool
    """Whether a store that is not there yet is simply begun: nobody else can be about to do the same."""
