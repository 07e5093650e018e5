"""What an idle site costs: resident memory and processor time of `ven run`, registered and polling, with nothing to do.

    python -m bench.idle

A real `vtn serve` on loopback, with mutual TLS; one simulated chargepoint, its meter read every second, the journal on
disk, no local API. "limit" is the bar: 60 MiB, and a hundredth of a core. "bare" is an interpreter that has imported
aiohttp and lxml and does nothing, at the same moment: less than that no VEN in Python with these two can have.
"""

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.figures import tell
from tests.faults.street import Street, chargepoint
from tests.ven.daemon.served import Program, running

ROUNDS: Final = 3
SETTLED: Final = 5.0
"""Seconds after registration until what a start leaves behind is collected."""
WATCHED: Final = 20.0
MEMORY_BAR: Final = 60.0
CPU_BAR: Final = 1.0
BARE: Final = "import aiohttp, lxml.etree; print('there', flush=True); import time; time.sleep(3600)"
"""Imports of the contestant, and patience."""


def resident(program: Program) -> float:
    """MiB."""
    status = Path(f"/proc/{program.process.pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def used(program: Program) -> float:
    """Seconds of processor time since its start, its own and the system's for it."""
    fields = Path(f"/proc/{program.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def one_round(folder: Path) -> tuple[float, float, float]:
    """MiB of ours and of the bare one, and percent of a core."""
    street = Street(folder)
    await street.build(chargepoint())
    config = folder / "vtn.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("poll_every = 1\n", "poll_every = 10\n"))
    async with street.vtn() as vtn:
        await vtn.line_with("serving")
        async with street.ven() as ven, running("-c", BARE) as bare:
            await bare.line_with("there")
            await ven.line_with('"registered"')
            await asyncio.sleep(SETTLED)
            before = used(ven)
            await asyncio.sleep(WATCHED)
            return resident(ven), resident(bare), 100 * (used(ven) - before) / WATCHED


def main() -> None:
    if sys.platform != "linux":
        sys.exit("the figures are read from /proc")
    rounds = []
    for _ in range(ROUNDS):
        with TemporaryDirectory() as name:
            rounds.append(asyncio.run(one_round(Path(name))))
    ours, bare, share = map(list, zip(*rounds, strict=True))
    tell("idle VEN, resident memory", "MiB", {"ours": ours, "bare": bare, "limit": [MEMORY_BAR] * ROUNDS})
    tell("idle VEN, share of a core", "%", {"ours": share, "limit": [CPU_BAR] * ROUNDS})


if __name__ == "__main__":
    main()
