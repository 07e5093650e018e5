"""The OpenADR port: TLS around the application, renewed while it is open.

New certificates get a new TLS context, and that a new listener on the same socket. Connections that are open stay as
they are; whoever comes is served by the new ones. Sessions of the old context are resumed by nobody.
"""

import asyncio
import os
import socket
import ssl
from typing import Final

from aiohttp import web

from vtn.web.connections import Connection, Connections
from vtn.web.signing import Signers

HANDSHAKE_SECONDS: Final = 10.0
KEEP_ALIVE: Final = 75 * 60.0
"""Seconds; longer than a VEN keeps its connection, or we would hang up just when it speaks."""
GOODBYE: Final = 10.0
"""Seconds that requests under way get when the server stops."""
LAST_GOODBYE: Final = 0.5
"""More, for aiohttp to find that they were in vain."""
BACKLOG: Final = 1024


class Listener:
    """Open it, renew it, and close it once."""

    def __init__(self, application: web.Application, connections: Connections, **options: object) -> None:
        """`options` are those of aiohttp's RequestHandler."""
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=LAST_GOODBYE)
        self._connections = connections
        self._options = {
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": KEEP_ALIVE,
            **options,
        }
        # what is packed is refused (415), so nobody unpacks it before
        self._servers: tuple[asyncio.Server, ...] = ()
        self.port = 0

    async def open(self, host: str, port: int, context: ssl.SSLContext, signers: Signers) -> None:
        """Raises `OSError`."""
        loop = asyncio.get_running_loop()
        bound = await loop.create_server(asyncio.Protocol, host, port, start_serving=False)
        sockets = _again(bound)
        bound.close()
        self.port = sockets[0].getsockname()[1]
        await self._runner.setup()
        await self._serve(sockets, context, signers)

    async def renew(self, context: ssl.SSLContext, signers: Signers) -> None:
        """From now on with these. Nobody who is connected notices, and nobody who is just coming."""
        old = self._servers
        await self._serve([one for each in old for one in _again(each)], context, signers)
        for each in old:
            each.close()

    async def close(self) -> None:
        """Nobody new is served; what is under way gets `GOODBYE` seconds, and then all connections are closed."""
        for each in self._servers:
            each.close()
        await self._connections.goodbye(GOODBYE)
        await self._runner.cleanup()

    async def _serve(self, sockets: list[socket.socket], context: ssl.SSLContext, signers: Signers) -> None:
        server = self._runner.server
        assert server is not None, "it is set up"
        loop = asyncio.get_running_loop()

        def connection() -> Connection:
            return Connection(server, self._connections, signers, **self._options)

        self._servers = tuple(
            [
                await loop.create_server(
                    connection,
                    sock=one,
                    backlog=BACKLOG,
                    ssl=context,
                    ssl_handshake_timeout=HANDSHAKE_SECONDS,
                )
                for one in sockets
            ]
        )


def _again(server: asyncio.Server) -> list[socket.socket]:
    """Its sockets, once more: they stay open when it closes."""
    return [socket.socket(fileno=os.dup(one.fileno())) for one in server.sockets]
