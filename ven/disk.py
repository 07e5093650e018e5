"""The journal on disk: one SQLite file in the VEN's state folder, every commit flushed.

One process a folder: a lock held on a file beside it keeps a second controller from the same chargepoints.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from ven.files import shred
from ven.journal import Corrupt, Memory, decode, encode

FILE: Final = "journal.sqlite"
LOCK: Final = "lock"
VERSION: Final = 3
"""Goes up with `ven.journal.FORMAT`, so that an older program leaves alone what it cannot read."""
FULL: Final = 2
"""`PRAGMA synchronous` as SQLite says it back."""
SIDECARS: Final = ("", "-wal", "-shm")
"""A SQLite file and what belongs to it."""


class InUse(Exception):
    """Another process runs on this state folder."""


class TooNew(Exception):
    """The journal was written by a newer version of this program, which must go on with it."""


class DiskJournal:
    """Saves are atomic and flushed (synchronous=FULL): what `save` returned from survives a power cut.

    `save` may be called from another thread than the rest.
    """

    def __init__(self, folder: Path) -> None:
        """Take possession of `folder`, made if it is not there. Raises `InUse`, `OSError`."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / FILE
        self._database: sqlite3.Connection | None = None
        self._busy = Lock()
        self._lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise InUse(f"another VEN runs on {folder}") from error

    def load(self) -> Memory:
        """Raises `Corrupt`, `TooNew`, `OSError`."""
        with self._busy, _translated():
            return _memory(self._opened())

    def save(self, memory: Memory) -> None:
        """On disk when this returns. Raises `OSError`."""
        raw = encode(memory)
        try:
            with self._busy, _translated():
                self._opened().execute(
                    "INSERT INTO journal (only, memory) VALUES (1, ?) "
                    "ON CONFLICT (only) DO UPDATE SET memory = excluded.memory",
                    (raw,),
                )
        except Corrupt as error:
            raise OSError(f"the journal cannot be written: {error}") from error

    def quarantine(self) -> Path:
        """Set an unreadable journal aside and start an empty one; the old file is kept for inspection."""
        with self._busy:
            self._shut()
            kept = self._path.with_suffix(".corrupt")
            for suffix in SIDECARS:
                part = Path(f"{self._path}{suffix}")
                if part.exists():
                    os.replace(part, f"{kept}{suffix}")
        return kept

    def scrub(self) -> None:
        """Nothing is left in the files of what was saved before the last memory. Raises `Corrupt`, `OSError`."""
        with self._busy, _translated():
            database = self._opened()
            database.execute("PRAGMA temp_store=MEMORY")
            database.execute("VACUUM")
            if database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise OSError("somebody is reading the journal")

    def erase(self) -> None:
        """The folder stays ours, and holds no journal. Raises `OSError`."""
        with self._busy:
            self._shut()
            for suffix in SIDECARS:
                shred(Path(f"{self._path}{suffix}"))

    def close(self) -> None:
        """After a save that may be under way."""
        with self._busy:
            self._shut()
            os.close(self._lock)

    def _opened(self) -> sqlite3.Connection:
        self._database = self._database or _open(self._path)
        return self._database

    def _shut(self) -> None:
        if self._database:
            self._database.close()
        self._database = None


def read_only(folder: Path) -> Memory:
    """The memory of a VEN that may be running, for people who look. Raises `Corrupt`, `TooNew`, `OSError`."""
    path = folder / FILE
    if not path.exists():
        raise FileNotFoundError(f"there is no journal in {folder}")
    with _translated(), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        _check_version(database)
        return _memory(database)


def _memory(database: sqlite3.Connection) -> Memory:
    row = database.execute("SELECT memory FROM journal").fetchone()
    if row is None:
        return Memory()
    if not isinstance(row[0], bytes):
        raise Corrupt("the journal is damaged")
    return decode(row[0])


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # its sidecars take over the mode
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _check_version(database)
        journal_mode = database.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        database.execute("PRAGMA synchronous=FULL")
        if (journal_mode, database.execute("PRAGMA synchronous").fetchone()[0]) != ("wal", FULL):
            raise OSError(f"{path} cannot be written through to the disk")
        database.execute("PRAGMA secure_delete=ON")
        database.execute(
            "CREATE TABLE IF NOT EXISTS journal (only INTEGER PRIMARY KEY CHECK (only = 1), memory BLOB)"
        )
        database.execute(f"PRAGMA user_version={VERSION}")
    except BaseException:
        database.close()
        raise
    return database


def _check_version(database: sqlite3.Connection) -> None:
    if database.execute("PRAGMA user_version").fetchone()[0] > VERSION:
        raise TooNew("the journal was written by a newer version of this program")


@contextmanager
def _translated() -> Iterator[None]:
    """SQLite's errors as ours: `OSError` for a disk or file that does not serve, `Corrupt` for wrong content."""
    try:
        yield
    except sqlite3.Error as error:
        our_tables_are_not_there = error.sqlite_errorcode == sqlite3.SQLITE_ERROR
        if isinstance(error, sqlite3.OperationalError) and not our_tables_are_not_there:
            raise OSError(f"the journal cannot be used: {error}") from error
        raise Corrupt(str(error)) from error
