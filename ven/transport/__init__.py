"""How a request of the session reaches the VTN."""

from datetime import timedelta
from typing import Protocol, runtime_checkable

from oadr.wire.messages import Message
from ven.session import Request


class Transport(Protocol):
    """One exchange. Raises `Unreachable`, and nothing else, when no usable answer came."""

    async def exchange(self, request: Request) -> Message | None:
        """The VTN's answer, or None for an empty one."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Dated(Protocol):
    """A transport whose VTN tells the time with its answers."""

    @property
    def off_by(self) -> timedelta | None:
        """How far our clock was ahead of the VTN's at its newest answer; None: it did not say."""
        ...
