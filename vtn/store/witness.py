"""The hashes of the record, in a file beside the store: they show when the store is older than what it has promised.

Sixty-four bytes for each entry: its hash, which is how its place in the chain is known, and that of its leaf in the
tree. Nobody learns anything from them, but of entries that were lost with the store they are all that the record needs
to go on where it was: old checkpoints stay true, and the gap is there for everyone to see (S7).
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from oadr.ledger import export
from oadr.ledger.entry import Entry
from oadr.ledger.export import Hole
from vtn.store import record
from vtn.store.backend import StoreAway, Tx

FILE: Final = "record.hashes"
HASH: Final = 32
WIDTH: Final = 2 * HASH
BATCH: Final = 1024
"""So many are written before they are flushed: only among the last so many can a power cut leave a hole."""


async def follow(tx: Tx, folder: Path) -> None:
    """Note what the record has got since. Raises `StoreAway` for a store that lacks some of what is noted.

    Two processes may do this at once: they write the same bytes to the same places.
    """
    noted = _size(folder)  # before the store is looked at: what another process notes meanwhile is no loss
    size = (await record.head(tx)).size
    if lost := await _beyond(tx, folder, noted, size):
        raise StoreAway(
            f"the store is older than what it has acknowledged: the record had {noted} entries, {len(lost)} of them "
            f"are gone. If a backup was put back, say so with: vtn restore"
        )
    if noted < size:
        fresh = [_hashes(raw) async for raw in record.entries(tx, noted)]
        for start in range(0, len(fresh), BATCH):
            _write(folder, noted + start, b"".join(fresh[start : start + BATCH]))


async def beyond(tx: Tx, folder: Path) -> Sequence[Hole]:
    """What is noted of entries that the store does not have. Raises `StoreAway` where it has others instead."""
    return await _beyond(tx, folder, _size(folder), (await record.head(tx)).size)


async def _beyond(tx: Tx, folder: Path, noted: int, size: int) -> Sequence[Hole]:
    if common := min(noted, size):
        raw = await record.entry(tx, common - 1)
        if _hashes(raw) != _read(folder, common - 1, common):
            raise StoreAway(
                f"the record of this store is not the one of which {folder / FILE} has the hashes"
            )
    found = _read(folder, size, noted)
    return [
        Hole(size + place, found[at : at + HASH], found[at + HASH : at + WIDTH])
        for place, at in enumerate(range(0, len(found), WIDTH))
    ]


def _hashes(raw: bytes) -> bytes:
    line = export.read_line(raw + b"\n")
    hole = Hole.where(line) if isinstance(line, Entry) else line
    assert isinstance(hole, Hole), "the record holds entries, and what is left of them"
    return hole.digest + hole.leaf


def _size(folder: Path) -> int:
    """How many entries are noted without a gap: of a note, a power cut may have left the end and not the beginning."""
    try:
        noted = (folder / FILE).stat().st_size // WIDTH
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreAway(f"{folder / FILE} cannot be read: {error.strerror}") from error
    start = max(0, noted - BATCH)
    found = _read(folder, start, noted)
    gaps = (place for place, at in enumerate(range(0, len(found), WIDTH)) if not any(found[at : at + WIDTH]))
    return start + next(gaps, noted - start)


def _read(folder: Path, first: int, end: int) -> bytes:
    if end <= first:
        return b""
    try:
        with (folder / FILE).open("rb") as file:
            file.seek(first * WIDTH)
            return file.read((end - first) * WIDTH)
    except OSError as error:
        raise StoreAway(f"{folder / FILE} cannot be read: {error.strerror}") from error


def _write(folder: Path, first: int, hashes: bytes) -> None:
    """On disk when this returns; what could not be flushed is taken back, for nobody knows what is there of it (S9)."""
    path = folder / FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            try:
                file.seek(first * WIDTH)
                if file.write(hashes) != len(hashes):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            except OSError:
                file.truncate(first * WIDTH)
                raise
    except OSError as error:
        raise StoreAway(f"{path} cannot be written: {error.strerror}") from error
