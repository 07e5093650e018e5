"""The one thing that SQLite and PostgreSQL say in the same words, but SQLAlchemy by two different names."""

from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from vtn.store.backend import Tx

_INSERTS: Final[dict[str, Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def insert(tx: Tx, table: Table) -> Any:
    """An INSERT that may go on to say ON CONFLICT."""
    return _INSERTS[tx.dialect.name](table)
