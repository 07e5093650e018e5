"""A name for each request that leaves a trace: it goes back to the caller, and into every line of the log about it.

Ours alone: what a caller puts into that header is not looked at. A poll with nothing to say leaves no line, so it gets
no name: nearly all requests are such, and a name would cost each a tenth of what it costs at all.
"""

import secrets
from contextvars import ContextVar
from typing import Final

HEADER: Final = "X-Request-ID"
REQUEST: Final[ContextVar[str | None]] = ContextVar("request", default=None)
"""Of the request that is being answered here; each has a task, and so a context, of its own."""
_BITS: Final = 64
_MASK: Final = 2**_BITS - 1


class RequestIds:
    """Never the same twice in one process, and neither their order nor their number can be told from them at sight."""

    def __init__(self) -> None:
        self._last = secrets.randbits(_BITS)
        self._step = secrets.randbits(_BITS) | 1  # odd, so all others come before the first comes again

    def name(self) -> str:
        """Of the request that is being answered here: the one it has, or the next one from now on."""
        if (known := REQUEST.get()) is not None:
            return known
        self._last = last = (self._last + self._step) & _MASK
        taken = f"{last:016x}"
        REQUEST.set(taken)
        return taken
