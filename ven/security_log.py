"""What happens to the security of a device, so that nobody can hide it: a file that is only ever added to.

Only the last seal, kept elsewhere, shows that the end was cut off: the program prints it when it starts. Lines hold
fixed words and numbers: nothing about persons, no message. There are two files at the most; a reserve on the disk is
given up for the next line when the disk is full.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from ven.files import sync_folder
from ven.security_line import Entry, Head, Kind, read

FILE: Final = "security.log"
OLDER: Final = "security.1.log"
DAMAGED: Final = "security.damaged.log"
BALLAST: Final = "security.ballast"
FILES: Final = frozenset({FILE, OLDER, DAMAGED, BALLAST})
MOST_BYTES: Final = 1024 * 1024
"""Of one file; then it becomes the older one."""
BALLAST_BYTES: Final = 4 * 1024 * 1024
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Broken(Exception):
    """The log is not as it was written; says where."""


class SecurityLog:
    """Open for one process; the lock on the state folder sees to that."""

    def __init__(self, folder: Path, now: datetime, most_bytes: int = MOST_BYTES) -> None:
        """A last line that power has torn is dropped: nobody was told that it is there. A log that is damaged
        otherwise is set aside, and the next one begins with that. Raises `OSError`.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._most_bytes = most_bytes
        damage = _mended(folder)
        self._file = _opened(folder)
        self._reserve()
        before = entries(folder)
        self.last: Entry | None = before[-1] if before else None
        if damage:
            self.append(Kind.TAMPERING, f"the log before is damaged: {damage}", now)

    @property
    def head(self) -> Head:
        return Head(self.last.number, self.last.seal) if self.last else Head()

    def append(self, kind: Kind, what: str, now: datetime) -> Entry:
        """On disk when this returns, also on a disk that has just become full. Raises `OSError`."""
        if os.fstat(self._file).st_size >= self._most_bytes:
            self._turn(now)
        return self._write(self.head.next(now, kind, what))

    def close(self) -> None:
        os.close(self._file)

    def _write(self, entry: Entry) -> Entry:
        try:
            self._put(entry.line)
        except OSError as error:
            if error.errno not in _FULL or not self._released():
                raise
            self._put(entry.line)
        self.last = entry
        return entry

    def _put(self, line: bytes) -> None:
        """Whole and flushed, or not at all."""
        size = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fdatasync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, size)
            raise

    def _turn(self, now: datetime) -> None:
        """The oldest lines make room; the chain goes on, and says so."""
        lost = len(list(_entries(self._folder / OLDER)))
        os.replace(self._folder / FILE, self._folder / OLDER)
        os.close(self._file)
        self._file = _opened(self._folder)
        if lost:
            self._write(self.head.next(now, Kind.CLEARED, f"the oldest {lost} lines made room"))

    # --- the reserve ---

    def _reserve(self) -> None:
        """On a disk that has no room for it there is none."""
        ballast = self._folder / BALLAST
        with suppress(OSError):
            file = os.open(ballast, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, BALLAST_BYTES)
            except OSError:
                ballast.unlink()
            finally:
                os.close(file)

    def _released(self) -> bool:
        with suppress(OSError):
            (self._folder / BALLAST).unlink()
            sync_folder(self._folder)  # file systems with a journal give the room back with this
            return True
        return False


def entries(folder: Path) -> tuple[Entry, ...]:
    """All lines that can be read, the oldest first. Raises `OSError`."""
    return (*_entries(folder / OLDER), *_entries(folder / FILE))


def verify(folder: Path) -> Head:
    """The last line of a log that is as it was written. Raises `Broken` and `OSError`.

    Lines older than the two files hold have made room: what the oldest one comes after is believed.
    """
    older = _checked(folder / OLDER, Head(), is_cut=True)
    return _checked(folder / FILE, older)


def verify_sealed(path: Path) -> Head:
    """The same for what `sealed` has given. Raises `Broken` and `OSError`."""
    return _checked(path, Head(), is_cut=True)


def sealed(folder: Path) -> bytes:
    """The whole log as one file, to be kept elsewhere. Raises `OSError`."""
    return b"".join((folder / name).read_bytes() for name in (OLDER, FILE) if (folder / name).exists())


def _checked(path: Path, head: Head, *, is_cut: bool = False) -> Head:
    """The last line of a file that goes on after `head`; `is_cut`: after whatever its first line says."""
    for count, line in enumerate(_lines(path), 1):
        entry = read(line)
        if entry is None:
            raise Broken(f"{path.name}, line {count} is none")
        if is_cut and count == 1:
            head = Head(entry.number - 1, entry.after)
        if not head.takes(entry):
            raise Broken(f"{path.name}, line {count} is not the one that was written")
        head = Head(entry.number, entry.seal)
    return head


def _opened(folder: Path) -> int:
    file = os.open(folder / FILE, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
    sync_folder(folder)
    return file


def _entries(path: Path) -> Iterator[Entry]:
    return filter(None, map(read, _lines(path)))


def _lines(path: Path) -> list[str]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    return raw.decode("ascii", errors="replace").removesuffix("\n").split("\n") if raw else []


def _mended(folder: Path) -> str:
    """What is wrong with the files, which are then set aside; empty: nothing."""
    _drop_torn_line(folder / FILE)
    try:
        verify(folder)
    except Broken as error:
        for path in (folder / OLDER, folder / FILE):  # of two the newer one is kept
            if path.exists():
                os.replace(path, folder / DAMAGED)
        return str(error)
    return ""


def _drop_torn_line(path: Path) -> None:
    """What comes after the last line's end was never acknowledged; nor was a last line parts of which never came."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return
    whole = raw[: raw.rfind(b"\n") + 1]
    begin = whole.removesuffix(b"\n").rfind(b"\n") + 1
    if b"\0" in whole[begin:]:
        whole = whole[:begin]
    if whole != raw:
        with path.open("rb+") as file:
            file.truncate(len(whole))
            os.fsync(file.fileno())
