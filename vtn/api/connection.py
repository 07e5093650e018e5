"""Connections to the API's port: not too many, and none that only pretends to ask for something (A01)."""

import asyncio
from typing import Any, Final

from aiohttp import web

MOST: Final = 256
HEAD_SECONDS: Final = 10.0
"""How long a connection may be open before its first request, and how long the head of any request may take."""


class Connection(web.RequestHandler):
    """aiohttp's, which knows no deadline for heads by itself."""

    __slots__ = ("_deadline", "_everyone")

    def __init__(self, server: web.Server, everyone: set["Connection"], **options: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._everyone = everyone
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(self._everyone) >= MOST:
            self.force_close()
            return
        self._everyone.add(self)
        self._deadline = self._loop.call_later(HEAD_SECONDS, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """A head is late if it was begun and has not ended in time. Bodies are the gate's to wait for."""
        begun = self._request_count
        super().data_received(data)
        if self._request_count != begun:
            self._disarm()
        elif self._deadline is None and self._waiter is not None and not self._waiter.done():
            self._deadline = self._loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._disarm()
        self._everyone.discard(self)
        super().connection_lost(exc)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self.force_close()
