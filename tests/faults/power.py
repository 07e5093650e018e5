"""Whatever was acknowledged is there after a kill, and after a power cut: so many times, at points drawn by chance.

    python -m tests.faults.power --cycles 200 [--by kill|power] [--seed 7]

A cycle forks a writer, ends it by SIGKILL and looks for everything that it had acknowledged. By `power` the disk is
one that forgets (`power_shim.c`): each file is put back as it was when it was flushed last, and of what was written
since, each sector arrives or does not. Sectors are never torn; what the file system does to names counts as done.

Exit codes: 0 nothing was lost, 1 something was, 77 no C compiler is here, so that no disk can be made to forget.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.power_writer import LAST, NOW, number, write_for_ever
from ven.disk import DiskJournal
from ven.security_log import DAMAGED, SecurityLog, verify

SHIM: Final = Path(__file__).with_name("power_shim.c")
SECTOR: Final = 512
MOST_LINES: Final = 40
"""A cycle is cut off after up to so many acknowledgements."""
LONGEST_RECOVERY: Final = 2.0
"""Seconds from the start of a program to everything being there again."""
NO_COMPILER: Final = 77

Acknowledged = dict[str, int]
"""The last number of each kind."""


class Lost(Exception):
    """Says what is not there any more."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills and power cuts at points drawn by chance.")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--by", choices=("kill", "power"), default="kill")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--careless", action="store_true", help="the writer does not wait for the disk")
    wanted = parser.parse_args()
    seed = wanted.seed if wanted.seed is not None else int.from_bytes(os.urandom(4))
    if wanted.by == "power" and "POWER_IMAGES" not in os.environ:
        return _with_a_disk_that_forgets()
    images = Path(os.environ["POWER_IMAGES"]) if wanted.by == "power" else None
    with tempfile.TemporaryDirectory(prefix="power-") as folder:
        state = images.with_name("state") if images else Path(folder)
        return _cycles(state, images, wanted.cycles, Random(seed), f"seed {seed}", careless=wanted.careless)


def _with_a_disk_that_forgets() -> int:
    """This program again, in another process with the shim before the C library."""
    compiler = shutil.which("cc")
    if compiler is None:
        sys.stdout.write("no C compiler (cc) is here: no disk can be made to forget\n")
        return NO_COMPILER
    with tempfile.TemporaryDirectory(prefix="power-") as name:
        folder = Path(name).resolve()
        for each in ("images", "state"):
            (folder / each).mkdir()
        library = folder / "shim.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SHIM, "-ldl"], check=True)
        scene = {
            "LD_PRELOAD": str(library),
            "POWER_FOLDER": str(folder / "state"),
            "POWER_IMAGES": str(folder / "images"),
        }
        again = [sys.executable, "-m", "tests.faults.power", *sys.argv[1:]]
        return subprocess.run(again, env={**os.environ, **scene}, check=False).returncode


def _cycles(state: Path, images: Path | None, cycles: int, dice: Random, seed: str, *, careless: bool) -> int:
    acknowledged: Acknowledged = {}
    slowest = 0.0
    for cycle in range(1, cycles + 1):
        acknowledged |= _one_life(state, dice, careless=careless)
        if images:
            _forget(state, images, dice)
        begin = time.monotonic()
        try:
            _check(state, acknowledged)
        except Exception as error:  # whatever it is, something that was promised is not there
            sys.stdout.write(f"cycle {cycle}, {seed}: {type(error).__name__}: {error}\n")
            return 1
        slowest = max(slowest, time.monotonic() - begin)
    told = ", ".join(f"{count} {what}" for what, count in acknowledged.items())
    sys.stdout.write(
        f"{cycles} cycles, {seed}: nothing lost of {told}; back within {slowest * 1000:.0f} ms\n"
    )
    return 0


def _one_life(state: Path, dice: Random, *, careless: bool) -> Acknowledged:
    """Of a writer, until it is killed. Returns what it had acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(state, writing, careless=careless)
        finally:
            os._exit(1)
    os.close(writing)
    lines, wanted = b"", dice.randint(0, MOST_LINES)
    with os.fdopen(reading, "rb", buffering=0) as output:
        while lines.count(b"\n") < wanted and (more := output.read(4096)):
            lines += more
        time.sleep(dice.uniform(0, 0.005))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        lines += output.read()
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise RuntimeError("the writer ended by itself")
    found: Acknowledged = {}
    for line in lines.decode().splitlines():
        what, count = line.split()
        found[what] = int(count)
    return found


def _forget(state: Path, images: Path, dice: Random) -> None:
    """The power comes back to what had reached the disk."""
    for path in sorted(state.iterdir()):
        image = images / path.name
        if image.exists():
            path.write_bytes(_arrived(image.read_bytes(), path.read_bytes(), dice))
        elif dice.random() < 0.5:
            path.unlink()
        else:
            path.write_bytes(_arrived(b"", path.read_bytes(), dice))
        if path.exists():
            shutil.copyfile(path, image)  # from now on that is what is on the disk


def _arrived(safe: bytes, written: bytes, dice: Random) -> bytes:
    """Each sector is the old or the new one, and the file as long as the one or the other."""
    size = dice.choice((len(safe), len(written)))
    old, new = safe[:size].ljust(size, b"\0"), written[:size].ljust(size, b"\0")
    sectors = range(0, size, SECTOR)
    return b"".join(dice.choice((old, new))[begin : begin + SECTOR] for begin in sectors)


def _check(state: Path, acknowledged: Acknowledged) -> None:
    """Raises `Lost`, and whatever else is raised by a folder that cannot be read."""
    with closing(DiskJournal(state)) as journal, closing(SecurityLog(state, NOW)) as log:
        memory = journal.load()
        _check_numbers("event", [number(one.event.event_id) for one in memory.held], acknowledged)
        _check_numbers("opt", [number(one.opt_id) for one in memory.opts], acknowledged)
        if (state / DAMAGED).exists() or verify(state) != log.head:
            raise Lost("the log is not as it was written")
        if log.head.number < acknowledged.get("log", 0):
            raise Lost(f"log entry {acknowledged['log']}; the last one is {log.head.number}")


def _check_numbers(what: str, found: list[int], acknowledged: Acknowledged) -> None:
    last = found[-1] if found else 0
    if found != list(range(max(1, last - LAST + 1), last + 1)) or last < acknowledged.get(what, 0):
        raise Lost(f"{what} {acknowledged.get(what, 0)}; there are {found}")


if __name__ == "__main__":
    sys.exit(main())
