"""Whatever a VEN has acknowledged is there after a kill, after a power cut and on a disk that fails.

    python -m tests.faults.power --cycles 200 [--by kill|power|errors] [--seed 7]

How that is done, and the exit codes, are in `tests.faults.cuts`.
"""

import sys
import time
from contextlib import closing
from pathlib import Path

from tests.faults import cuts
from tests.faults.cuts import Lost
from tests.faults.power_writer import LAST, NOW, number, write_for_ever
from ven.disk import DiskJournal
from ven.security_log import DAMAGED, SecurityLog, verify


class Ven:
    lives = 1000
    most_lines = 40
    longest_recovery = 2.0

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        """Acknowledged number of each kind."""

    def write_for_ever(self, folder: Path, output: int, *, careless: bool) -> None:
        write_for_ever(folder, output, careless=careless)

    def hear(self, line: str) -> None:
        what, count = line.split()
        self._last[what] = int(count)

    def check(self, folder: Path) -> float:
        begun = time.monotonic()
        with closing(DiskJournal(folder)) as journal, closing(SecurityLog(folder, NOW)) as log:
            memory = journal.load()
            took = time.monotonic() - begun
            self._check_numbers("event", [number(one.event.event_id) for one in memory.held])
            self._check_numbers("opt", [number(one.opt_id) for one in memory.opts])
            if (folder / DAMAGED).exists() or verify(folder) != log.head:
                raise Lost("the log is not as it was written")
            if log.head.number < self._last.get("log", 0):
                raise Lost(f"log entry {self._last['log']}; the last one is {log.head.number}")
        return took

    def _check_numbers(self, what: str, found: list[int]) -> None:
        last = found[-1] if found else 0
        if found != list(range(max(1, last - LAST + 1), last + 1)) or last < self._last.get(what, 0):
            raise Lost(f"{what} {self._last.get(what, 0)}; there are {found}")


if __name__ == "__main__":
    sys.exit(cuts.main(Ven, "tests.faults.power"))
