"""The last messages in a file beside the live one, for `ven status --messages`: only where the settings want it.

`messages.json` in the state folder is replaced whole when a message has come, and readable to its owner only. It
outlives the program, for the messages before a crash are those that somebody looks for. A program whose settings do
not want it deletes it.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from oadr.wire.recording import Recorded

FILE: Final = "messages.json"


def write(folder: Path, recorded: Sequence[Recorded]) -> None:
    """Raises `OSError`."""
    fresh = folder / f".{FILE}.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([one.fields for one in recorded], file)
    os.replace(fresh, folder / FILE)


def read(folder: Path) -> tuple[Recorded, ...]:
    """The last ones that were written; none where there is no file that can be read."""
    try:
        return tuple(map(Recorded.read, json.loads((folder / FILE).read_text(encoding="utf-8"))))
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def remove(folder: Path) -> None:
    with suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)
