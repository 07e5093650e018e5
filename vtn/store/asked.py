"""Which questions were answered. They are most of the traffic, and to wait for the disk would cost more than to answer.

So they are noted in a file that is only ever appended to. What is written there outlives the process, however that
ends. When the power goes, the last seconds of it may be lost: one of these questions could then be asked again by
whoever holds the site's certificate, and would be answered, and change nothing.
"""

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
        self._begin()

    def spend(self, ven_id: VenId, nonce: str) -> None:
        """Raises `Forged` if the site has used this nonce, and `StoreAway`."""
        note = sha256(f"{ven_id}\n{nonce}".encode()).digest()
        if note in self._notes:
            raise Forged("replayed")
        try:
            os.write(self._file, note)
        except OSError as error:
            raise StoreAway(f"{self._path} cannot be written: {error.strerror}") from error
        self._notes[note] = None
        self._appended += 1
        if len(self._notes) > self._limit:
            self._notes.popitem(last=False)
        if self._appended >= self._limit:
            self._begin()

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
        fresh = self._path.with_suffix(".new")
        try:
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            closing = finalize(self, os.close, file)
            os.write(file, b"".join(self._notes))
            os.replace(fresh, self._path)
        except OSError as error:
            raise StoreAway(f"{self._path} cannot be written: {error.strerror}") from error
        if self._closing:
            self._closing()
        self._file, self._closing, self._appended = file, closing, 0
