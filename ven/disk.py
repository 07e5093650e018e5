"""The journal and the record on disk: one SQLite file in the VEN's state folder, every commit flushed.

One process a folder: a lock held on the file keeps a second controller from the same chargepoints.
"""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Final

from ven.journal import Corrupt, Memory, decode, encode

FILE: Final = "journal.sqlite"
VERSION: Final = 1


class InUse(Exception):
    """Another process runs on this state folder."""


class DiskJournal:
    """Saves are atomic and flushed (synchronous=FULL): what `save` returned from survives a power cut."""

    def __init__(self, folder: Path) -> None:
        """Open or make the journal in `folder`. Raises `InUse`, `OSError`, `Corrupt`."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise InUse(f"another VEN runs on {folder}") from error
        self._path = folder / FILE
        self._database = _open(self._path)

    def load(self) -> Memory:
        try:
            row = self._database.execute("SELECT memory FROM journal").fetchone()
        except sqlite3.DatabaseError as error:
            raise Corrupt(str(error)) from error
        return decode(row[0]) if row else Memory()

    def save(self, memory: Memory) -> None:
        try:
            self._database.execute(
                "INSERT INTO journal (only, memory) VALUES (1, ?) "
                "ON CONFLICT (only) DO UPDATE SET memory = excluded.memory",
                (encode(memory),),
            )
        except sqlite3.Error as error:
            raise OSError(f"the journal cannot be written: {error}") from error

    def quarantine(self) -> Path:
        """Set an unreadable journal aside and start an empty one; the old file is kept for inspection."""
        self._database.close()
        kept = self._path.with_suffix(".corrupt")
        os.replace(self._path, kept)
        self._database = _open(self._path)
        return kept

    def close(self) -> None:
        self._database.close()
        os.close(self._lock)


def read_only(folder: Path) -> Memory:
    """The memory of a VEN that may be running, for people who look. Raises `Corrupt`, `OSError`."""
    path = folder / FILE
    if not path.exists():
        raise OSError(f"there is no journal in {folder}")
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        row = database.execute("SELECT memory FROM journal").fetchone()
        database.close()
    except sqlite3.Error as error:
        raise Corrupt(str(error)) from error
    return decode(row[0]) if row else Memory()


def _open(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("PRAGMA secure_delete=ON")
        if database.execute("PRAGMA user_version").fetchone()[0] > VERSION:
            raise Corrupt("the journal was written by a newer version")
        database.execute(
            "CREATE TABLE IF NOT EXISTS journal (only INTEGER PRIMARY KEY CHECK (only = 1), memory BLOB)"
        )
        database.execute(f"PRAGMA user_version={VERSION}")
    except sqlite3.DatabaseError as error:
        raise Corrupt(str(error)) from error
    path.chmod(0o600)
    return database
