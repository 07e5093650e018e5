"""The store on PostgreSQL: for several processes, several machines, and whoever runs such a server anyhow.

The URL is as PostgreSQL's own programs read it, `postgresql://user@host/name?sslmode=verify-full`, and no password
stands in it: that comes from the file that PGPASSFILE names, or from `~/.pgpass`. The connection is direct, since
a pooler between us would have to keep sessions together.
"""

from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from vtn.store.backend import PATIENCE_MS, Backend, StoreAway

SCHEMES: Final = ("postgresql://", "postgres://")
OLDEST: Final = 150_000
"""PostgreSQL 15, as the server writes its own version."""
KEPT_OPEN: Final = 5
MOST_OPEN: Final = 10
"""Connections of one process: writers queue before they take one, and a poll without mail needs none."""
PROMISES: Final = (
    ("fsync", ("on",)),
    ("full_page_writes", ("on",)),
    ("synchronous_commit", ("on", "remote_apply")),
    ("data_sync_retry", ("off",)),  # a failed flush is the end of that server process, not a second try
    ("server_encoding", ("UTF8",)),
)
"""What makes "committed" mean "on disk"; every connection looks whether they hold."""

WRITERS: Final = (0x0ADB, 1)
"""The lock of whoever writes. Another second number is another turn: of whoever does what time calls for."""
SETTINGS: Final = {
    "application_name": "feederguard",
    "statement_timeout": str(PATIENCE_MS),
    "lock_timeout": str(PATIENCE_MS),
    "idle_in_transaction_session_timeout": "60000",  # who stands still in its turn must not stop everyone
    "TimeZone": "UTC",
}
LOST_AFTER: Final = PATIENCE_MS / 1000 + 2
"""Seconds: a server that has not even refused by then is gone."""


def means(url: str) -> bool:
    return url.startswith(SCHEMES)


def backend(url: str) -> Backend:
    """Nothing is connected yet."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={
            "dsn": url,
            "timeout": PATIENCE_MS / 1000,
            "command_timeout": LOST_AFTER,
            "server_settings": SETTINGS,
        },
        hide_parameters=True,
        pool_size=KEPT_OPEN,
        max_overflow=MOST_OPEN - KEPT_OPEN,
        pool_timeout=PATIENCE_MS / 1000,
    )
    event.listen(engine.sync_engine, "connect", _look)
    driver: Any = engine.dialect.loaded_dbapi
    return Backend(
        engine=engine,
        reading={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        # each statement of a writer sees all that was committed before its turn came
        writing={"isolation_level": "READ COMMITTED"},
        turn=f"SELECT pg_advisory_xact_lock({WRITERS[0]}, {WRITERS[1]})",
        unbounded="SET LOCAL statement_timeout = 0",
        foreign=(driver.asyncpg.PostgresError, driver.asyncpg.InterfaceError),
        cause=_cause,
        is_made_at_once=False,
    )


def _look(connection: Any, _: Any) -> None:
    """Raises `StoreAway` for a server that is too old, or that does not write through to its disk."""
    try:
        found = _settings(connection)
        version = int(found["server_version_num"])
        if version < OLDEST:
            raise StoreAway(
                f"PostgreSQL {version // 10_000} is too old, this program needs {OLDEST // 10_000}"
            )
        for name, wanted in PROMISES:
            if found[name] not in wanted:
                raise StoreAway(f"the store does not keep to {name}={wanted[0]}, but to {found[name]}")
    except BaseException:
        connection.terminate()  # it is in no pool yet
        raise


def _settings(connection: Any) -> dict[str, str]:
    names = ", ".join(f"'{name}'" for name in ("server_version_num", *(name for name, _ in PROMISES)))
    cursor = connection.cursor()
    cursor.execute(f"SELECT name, setting FROM pg_settings WHERE name IN ({names})")
    found = dict(cursor.fetchall())
    cursor.close()
    connection.rollback()
    return found


def _cause(error: Exception) -> str:
    """The server's sentence; its details hold values, and what the driver itself says may."""
    own = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
    if isinstance(own, OSError):
        return f"PostgreSQL cannot be reached ({type(own).__name__})"
    has_sentence = own is not None and getattr(own, "sqlstate", None) and own.args
    return str(own.args[0]) if own and has_sentence else type(own).__name__
