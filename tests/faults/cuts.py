"""A writer that is killed, or whose power goes, so many times at points drawn by chance, and what is there afterwards.

A cycle forks a writer, ends it by SIGKILL and looks for everything that it had acknowledged. By `power` the disk is
one that forgets (`power_shim.c`): each file is put back as it was when it was flushed last, and of what was written
since, each sector arrives or does not. Sectors are never torn; what the file system does to names counts as done.
By `errors` the same disk also refuses some writes and flushes in a row, as one that is broken or full.

Exit codes: 0 nothing was lost, 1 something was, 77 no C compiler is here, so that no disk can be made to forget.
"""

import argparse
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, Protocol

SHIM: Final = Path(__file__).with_name("power_shim.c")
SECTOR: Final = 512
LATEST_FAILURE: Final = 200
"""The first write or flush that fails is one of the first so many."""
LONGEST_FAILURE: Final = 20
NO_COMPILER: Final = 77


class Lost(Exception):
    """Says what is not there any more."""


class End(Protocol):
    """A VEN or a VTN with one state folder: how it writes, what it has acknowledged, and whether that is there."""

    lives: int
    """So many cycles use one folder; then another end begins anew."""
    most_lines: int
    """A cycle is cut off after up to so many acknowledgements."""
    longest_recovery: float
    """Seconds from the start of a program to everything being there again."""

    def write_for_ever(self, folder: Path, output: int, *, careless: bool) -> None:
        """One line of `output` for each acknowledgement, after it; its first word is the kind.

        A `careless` one does not wait for the disk.
        """

    def hear(self, line: str) -> None:
        """This was acknowledged."""

    def check(self, folder: Path) -> float:
        """Seconds that the recovery took. Raises `Lost`, and whatever a folder raises that cannot be read."""


@dataclass(frozen=True, slots=True)
class Disk:
    state: Path
    images: Path | None
    """What is safe of it; None: a disk that keeps what it was given."""
    refuses: bool
    """Some writes."""


def main(make: Callable[[], End], module: str) -> int:
    """As the command line of `module` says."""
    parser = argparse.ArgumentParser(description="Kills and power cuts at points drawn by chance.")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--by", choices=("kill", "power", "errors"), default="kill")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--careless", action="store_true", help="the writer does not wait for the disk")
    wanted = parser.parse_args()
    seed = wanted.seed if wanted.seed is not None else int.from_bytes(os.urandom(4))
    if wanted.by != "kill" and "POWER_IMAGES" not in os.environ:
        return _with_a_disk_that_forgets(module)
    with tempfile.TemporaryDirectory(prefix="power-") as name:
        disk = Disk(Path(name) / "state", None, refuses=False)
        if wanted.by != "kill":
            images = Path(os.environ["POWER_IMAGES"])
            disk = Disk(images.with_name("state"), images, refuses=wanted.by == "errors")
        return _cycles(make, disk, wanted.cycles, Random(seed), f"seed {seed}", careless=wanted.careless)


def _with_a_disk_that_forgets(module: str) -> int:
    """This program again, in another process with the shim before the C library."""
    compiler = shutil.which("cc")
    if compiler is None:
        sys.stdout.write("no C compiler (cc) is here: no disk can be made to forget\n")
        return NO_COMPILER
    with tempfile.TemporaryDirectory(prefix="power-") as name:
        folder = Path(name).resolve()
        (folder / "images").mkdir()
        library = folder / "shim.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SHIM, "-ldl"], check=True)
        scene = {
            "LD_PRELOAD": str(library),
            "POWER_FOLDER": str(folder / "state"),
            "POWER_IMAGES": str(folder / "images"),
        }
        again = [sys.executable, "-m", module, *sys.argv[1:]]
        return subprocess.run(again, env={**os.environ, **scene}, check=False).returncode


def _cycles(
    make: Callable[[], End], disk: Disk, cycles: int, dice: Random, seed: str, *, careless: bool
) -> int:
    end, heard, slowest, begun = make(), Counter[str](), 0.0, time.monotonic()
    for cycle in range(cycles):
        if cycle % end.lives == 0:
            end = make()
            _renew(disk)
        for line in _one_life(end, disk, dice, careless=careless):
            heard[line.partition(" ")[0]] += 1
            end.hear(line)
        if disk.images:
            _forget(disk.state, disk.images, dice)
        try:
            slowest = max(slowest, took := end.check(disk.state))
            if took > end.longest_recovery:
                raise Lost(f"{took:.1f} s until it was back")
        except Exception as error:  # whatever it is, something that was promised is not there
            sys.stdout.write(f"cycle {cycle + 1}, {seed}: {type(error).__name__}: {error}\n")
            return 1
    told = ", ".join(f"{count} {what}" for what, count in heard.items())
    pace = cycles / (time.monotonic() - begun)
    sys.stdout.write(
        f"{cycles} cycles, {pace:.1f} a second, {seed}: nothing lost of {told}; "
        f"back within {slowest * 1000:.0f} ms\n"
    )
    return 0


def _renew(disk: Disk) -> None:
    for folder in filter(None, (disk.state, disk.images)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)


def _one_life(end: End, disk: Disk, dice: Random, *, careless: bool) -> list[str]:
    """Of a writer, until it is killed. Returns what it had acknowledged."""
    wanted, refusals = dice.randint(0, end.most_lines), _refusals(dice) if disk.refuses else {}
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.environ.update(refusals)
        try:
            end.write_for_ever(disk.state, writing, careless=careless)
        finally:
            os._exit(1)
    os.close(writing)
    lines = b""
    with os.fdopen(reading, "rb", buffering=0) as output:
        while lines.count(b"\n") < wanted and (more := output.read(4096)):
            lines += more
        time.sleep(dice.uniform(0, 0.005))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        lines += output.read()
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise RuntimeError("the writer ended by itself")
    return lines.decode().splitlines()


def _refusals(dice: Random) -> dict[str, str]:
    """From which write or flush on how many fail, and how."""
    first, count = dice.randint(1, LATEST_FAILURE), dice.randint(1, LONGEST_FAILURE)
    return {"POWER_REFUSES": f"{first} {count} {dice.choice((errno.EIO, errno.ENOSPC))}"}


def _forget(state: Path, images: Path, dice: Random) -> None:
    """The power comes back to what had reached the disk."""
    there = {path: images / f"{path.stat().st_ino}" for path in sorted(state.iterdir())}
    for left in set(images.iterdir()).difference(there.values()):
        left.unlink()  # of a file that is gone: another one may get its number
    for path, image in there.items():
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
