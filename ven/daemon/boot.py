"""Whether this machine has started anew since the VEN last ran: then the street may have been dark.

A program that was only started again, by an update or after a fault, holds no charger back. Where the machine does not
say when it started, as on a system without `/proc`, nobody is held back either.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

from ven.files import write_whole

FILE: Final = "boot"
"""In the state folder: under which start of the machine the VEN has run last."""
STARTED: Final = Path("/proc/sys/kernel/random/boot_id")
"""Another value after each start of the machine (random(4))."""


def power_returned(state: Path, started: Path = STARTED) -> bool:
    """False too where a VEN has never run here, or nobody can tell."""
    last, current = _read(state / FILE), _read(started)
    return bool(last and current) and last != current


def remember(state: Path, started: Path = STARTED) -> None:
    """For the next start. That it cannot be written is no reason to stop obeying."""
    if (current := _read(started)) and current != _read(state / FILE):
        with suppress(OSError):
            write_whole(state / FILE, current)


def _read(path: Path) -> bytes:
    """Empty where there is no such file."""
    try:
        return path.read_bytes().strip()
    except OSError:
        return b""
