"""How a request of the session reaches the VTN."""

from typing import Protocol

from oadr.wire.messages import Message
from ven.session import Request


class Transport(Protocol):
    """One exchange. Raises `Unreachable`, and nothing else, when no usable answer came."""

    async def exchange(self, request: Request) -> Message | None:
        """The VTN's answer, or None for an empty one."""
        ...

    async def close(self) -> None: ...
