"""Whatever a VTN has acknowledged is there after a kill, after a power cut and on a disk that fails.

    python -m tests.faults.vtn_power --cycles 200 [--by kill|power|errors] [--seed 7]

One process on SQLite. How that is done, and the exit codes, are in `tests.faults.cuts`.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from oadr.ledger.verification import verify
from tests.faults import cuts, vtn_writer
from tests.faults.cuts import Lost
from tests.faults.vtn_found import Found
from tests.faults.vtn_room import AWAY
from tests.vtn.world import NOW
from vtn.delivery.index import Index
from vtn.store import ledger_key
from vtn.store.opening import open_store

KINDS: Final[dict[str, Callable[[Found, str, str], bool]]] = {
    "registered": Found.is_registered,
    "reading": Found.has_reading,
    "schedule": Found.has_schedule,
    "unscheduled": Found.has_cancelled,
    "ordered": Found.is_ordered,
    "cancelled": Found.is_cancelled,
    "key": Found.knows_key,
    "answer": Found.is_answered,
    "opt": Found.is_opted,
    "proposed": Found.is_proposed,
    "approved": Found.is_approved,
    "rejected": Found.is_rejected,
    "person": Found.knows_person,
    "halt": Found.is_halted,
    "sealed": Found.is_sealed,
    "noted": Found.is_noted,
    "entry": Found.has_entry,
}
"""Of an acknowledgement: whether what was found has it."""


class Vtn:
    lives = 10
    most_lines = 80
    longest_recovery = 2.0

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], str] = {}
        """The last value of each kind and name."""

    def write_for_ever(self, folder: Path, output: int, *, careless: bool) -> None:
        asyncio.run(vtn_writer.write_for_ever(folder, output, careless=careless))

    def hear(self, line: str) -> None:
        what, name, value = line.split(" ")
        if what != AWAY:
            self._said[what, name] = value

    def check(self, folder: Path) -> float:
        return asyncio.run(self._check(folder))

    async def _check(self, folder: Path) -> float:
        begun = time.monotonic()
        key = ledger_key.load_or_make(folder)
        store = await open_store(folder, key, NOW)
        try:
            await Index().refresh(store, NOW)
            took = time.monotonic() - begun
            found = await Found.load(store, key, folder)
        finally:
            await store.close()
        found.must_be_whole(verify(found.export, key=key.public_key()))
        for (what, name), value in self._said.items():
            if not KINDS[what](found, name, value):
                raise Lost(f"{what} {name} {value}")
        return took


if __name__ == "__main__":
    sys.exit(cuts.main(Vtn, "tests.faults.vtn_power"))
