"""Which questions were answered. They are most of the traffic, and to wait for the disk would cost more than to answer.

So they are noted in a file that is only ever appended to. What is written there outlives the process, however that
ends. When the power goes, the last seconds of it may be lost: one of these questions could then be asked again by
whoever holds the site's certificate, and would be answered, and change nothing.
"""

import errno
import os
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from typing import Final
from weakref import finalize

from oadr.wire.errors import Forged
from oadr.wire.ids import VenId
from vtn.store.engine import StoreAway

FILE: Final = "asked"
REMEMBERED: Final = 100_000
"""Questions of all sites; a day's worth of one, or ten minutes of 1600 that poll every ten seconds."""
WIDTH: Final = 32
"""Bytes of a note. It is a hash, so the file says nothing about anybody."""


class Asked:
    """The newest questions of one process, and of the one before it."""

    def __init__(self, folder: Path, limit: int = REMEMBERED) -> None:
        """Raises `StoreAway`."""
        self._path = folder / FILE
        self._limit = limit
        self._notes = OrderedDict.fromkeys(self._read()[-limit:])
        self._closing: finalize[[int], Asked] | None = None
        self._appended = 0
        self._begin()

    def spend(self, ven_id: VenId, nonce: str) -> None:
        """Raises `Forged` if the site has used this nonce, and `StoreAway`."""
        note = sha256(f"{ven_id}\n{nonce}".encode()).digest()
        if note in self._notes:
            raise Forged("replayed")
        if self._appended >= self._limit:
            self._begin()
        try:
            _write(self._file, note)
        except OSError as error:
            self._appended = self._limit  # a torn note would spoil those behind it: they go into a new file
            raise StoreAway(f"{self._path} cannot be written: {error.strerror}") from error
        self._notes[note] = None
        self._appended += 1
        if len(self._notes) > self._limit:
            self._notes.popitem(last=False)

    def _read(self) -> list[bytes]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreAway(f"{self._path} cannot be read: {error.strerror}") from error
        return [raw[at : at + WIDTH] for at in range(0, len(raw) - WIDTH + 1, WIDTH)]

    def _begin(self) -> None:
        """A new file with what is remembered; the old one holds until it is there."""
        try:
            file = _created(self._path, b"".join(self._notes))
        except OSError as error:
            raise StoreAway(f"{self._path} cannot be written: {error.strerror}") from error
        if self._closing:
            self._closing()
        self._file, self._closing, self._appended = file, finalize(self, os.close, file), 0


def _created(path: Path, notes: bytes) -> int:
    """A file with these notes, to which more can be appended. Raises `OSError`, and then nothing is left open."""
    fresh = path.with_suffix(".new")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        _write(file, notes)
        os.fsync(file)  # else a power cut may leave the new name with nothing behind it
        os.replace(fresh, path)
    except OSError:
        os.close(file)
        raise
    return file


def _write(file: int, data: bytes) -> None:
    """All of it. Raises `OSError`, also where a disk that is full has taken the beginning and said nothing."""
    if os.write(file, data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
