"""Who types, as far as this machine can tell.

There is no password on a command line: whoever logged in to this machine, it is. Linux keeps that over sudo and su, so
two people who both act as the user that owns the store are still two. Where nobody logged in, as in a container, or on
another system, it is the user of the process. The machine's root can be everybody, and so can whoever logs in as two.
"""

import os
from pathlib import Path
from typing import Final

LOGIN: Final = Path("/proc/self/loginuid")
NOBODY: Final = 2**32 - 1
"""As the kernel writes that nobody logged in."""


def here() -> str:
    login = _number(LOGIN)
    return of(os.getuid() if login is None else login)


def of(user: int) -> str:
    return f"uid:{user}"


def _number(path: Path) -> int | None:
    """None: nobody logged in, or this system does not keep it."""
    try:
        number = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if number == NOBODY else number
