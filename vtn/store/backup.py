"""A copy of the whole store in one file, while it is in use; and such a file put in its place again.

Keys are no part of it, nor are the hashes of the record: those stay where they are, and tell what a backup lacks.
"""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from vtn.store import postgresql, sqlite
from vtn.store.backend import StoreAway
from vtn.store.engine import FILE

KINDS: Final = {b"SQLite format 3\0": "SQLite", b"PGDMP": "PostgreSQL"}
"""How such a file begins."""
REMAINS: Final = ".before-restore"
"""Behind the name of what a backup took the place of."""
EMPTY: Final = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"


async def save(folder: Path, url: str | None, file: Path) -> None:
    """All of the store, as it is at one moment, whole or not at all. Raises `StoreAway`."""
    await asyncio.to_thread(_save, folder, url, file)


async def bring_back(folder: Path, url: str | None, file: Path) -> None:
    """What the file holds takes the place of the store, whole or not at all. Raises `StoreAway`.

    Nobody may use the store meanwhile. Its numbers are old ones until `restoring.put_back` has raised them, and no
    program takes it before.
    """
    await asyncio.to_thread(_bring_back, folder, url, file)


def _save(folder: Path, url: str | None, file: Path) -> None:
    with _fresh(file) as fresh:
        if url is not None and postgresql.means(url):
            _dump(url, fresh)
        else:
            _copy(sqlite.path(url) if url else folder / FILE, fresh)


def _copy(path: Path, fresh: Path) -> None:
    if not path.exists():
        raise StoreAway(f"there is no store in {path}")
    with _away(path), closing(sqlite3.connect(path)) as store, closing(sqlite3.connect(fresh)) as copy:
        store.backup(copy)
        _check(copy)


def _check(database: sqlite3.Connection) -> None:
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StoreAway(f"the store is damaged: {found}")


def _bring_back(folder: Path, url: str | None, file: Path) -> None:
    into = "PostgreSQL" if url is not None and postgresql.means(url) else "SQLite"
    if (kind := _kind(file)) != into:
        raise StoreAway(
            f"{file} is {'a backup of ' + kind if kind else 'no backup'}; this store needs one of {into}"
        )
    if url is not None and into == "PostgreSQL":
        with _fresh(folder / f"postgresql{REMAINS}") as before:
            _dump(url, before)
        _load(url, file)
    else:
        _replace(sqlite.path(url) if url else folder / FILE, file)


def _kind(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            begins = opened.read(16)
    except OSError as error:
        raise StoreAway(f"{file} cannot be read: {error.strerror}") from error
    return next((kind for mark, kind in KINDS.items() if begins.startswith(mark)), None)


def _replace(path: Path, file: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _fresh(path) as fresh:
        with _away(file), closing(sqlite3.connect(file)) as backup, closing(sqlite3.connect(fresh)) as copy:
            backup.backup(copy)
            _check(copy)
        _set_aside(path)


def _set_aside(path: Path) -> None:
    """What there was is kept, damaged or not. Raises `StoreAway` while a program has it open."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as store:
        try:
            store.execute("PRAGMA locking_mode=EXCLUSIVE")
            store.execute("BEGIN EXCLUSIVE")
            store.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise StoreAway("the store is in use; end vtn serve and all other commands first") from error
        except sqlite3.DatabaseError:  # it is damaged, which may be why a backup is put back
            pass
    before = path.with_name(path.name + REMAINS)
    before.unlink(missing_ok=True)
    os.link(path, before)
    for suffix in (
        "-wal",
        "-shm",
    ):  # there are none unless the store is damaged, and none may meet another store
        with suppress(FileNotFoundError):
            os.replace(f"{path}{suffix}", f"{before}{suffix}")


def _dump(url: str, file: Path) -> None:
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={file}", "--dbname", url)


def _load(url: str, file: Path) -> None:
    others = _run(
        "psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname", url, "--command",
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'",
    )  # fmt: skip
    if others.strip() != "0":
        raise StoreAway("the store is in use; end vtn serve and all other commands first")
    with tempfile.TemporaryDirectory() as name:
        script = Path(name) / "store.sql"
        _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(file))
        _run(
            "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", "--dbname", url,
            "--output", os.devnull, "--command", EMPTY, "--file", str(script),
        )  # fmt: skip


def _run(program: str, *words: str) -> str:
    """One of PostgreSQL's own programs; its password comes from where ours does."""
    if shutil.which(program) is None:
        raise StoreAway(
            f"{program} is missing: it comes with PostgreSQL's client, on Debian: postgresql-client"
        )
    ended = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise StoreAway(f"{program}: {ended.stderr.strip().partition(chr(10))[0] or ended.returncode}")
    return ended.stdout


@contextmanager
def _away(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreAway(f"{path}: {error}") from error


@contextmanager
def _fresh(file: Path) -> Iterator[Path]:
    """A file for its owner alone that takes the place of `file` if all goes well; a whole one or the old one."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        yield fresh
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        fresh.replace(file)
        descriptor = os.open(file.parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    except OSError as error:
        raise StoreAway(f"{error.filename or file}: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)
