"""Files of the state folder that are written whole, and files that go.

A file is overwritten before it is removed. On flash memory that reaches what the controller of the flash lets it
reach; a unit whose owner needs more keeps its state on an encrypted volume and destroys the key.
"""

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

_AT_ONCE: Final = 1024 * 1024


def write_whole(path: Path, content: bytes) -> None:
    """For its owner only, on disk when this returns, whole or not at all. Raises `OSError`."""
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Names in it are on disk when this returns. Raises `OSError`."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def empty(path: Path) -> None:
    """The file stays, with nothing in it; one that is not there stays so. Raises `OSError`."""
    if not path.exists():
        return
    with path.open("rb+", buffering=0) as file:
        for begin in range(0, os.fstat(file.fileno()).st_size, _AT_ONCE):
            file.seek(begin)
            file.write(bytes(min(_AT_ONCE, os.fstat(file.fileno()).st_size - begin)))
        os.fsync(file.fileno())
        file.truncate(0)
        os.fsync(file.fileno())


def shred(path: Path) -> None:
    """Overwritten and gone; a link only goes. Raises `OSError`."""
    if path.is_file() and not path.is_symlink():
        empty(path)
    path.unlink(missing_ok=True)


def shred_all_but(folder: Path, kept: Collection[str]) -> None:
    """Every file and folder in `folder` whose name is not in `kept`. Raises `OSError`."""
    for path in folder.iterdir():
        if path.name in kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shred_all_but(path, ())
            path.rmdir()
        else:
            shred(path)
    sync_folder(folder)


def all_files(folder: Path) -> Iterator[Path]:
    """All files in it, at any depth."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def holding(paths: Iterable[Path], traces: Collection[bytes]) -> tuple[Path, ...]:
    """The files in which one of these stands. Raises `OSError`."""
    return tuple(path for path in paths if _holds(path.read_bytes(), traces))


def _holds(raw: bytes, traces: Collection[bytes]) -> bool:
    return any(one in raw for one in traces)
