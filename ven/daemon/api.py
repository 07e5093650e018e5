"""The local API: JSON over HTTP inside `ven run`, for the people of a site and their page. Off unless it is set.

HTTP, not HTTPS: on loopback nobody listens, and no authority certifies a box in a private network. Who opens it to a
LAN has to trust that LAN, for the code of the unit travels over it. Everything needs that code, reading too: what a
site draws says when somebody is at home, and the files beside it are readable to their owner only as well.

It must not be able to hurt control: few connections, each with one request, a bounded body and deadlines.
"""

import asyncio
from typing import Final, cast

from aiohttp import web

from oadr.wire.errors import Misuse
from ven.daemon.address import Address
from ven.daemon.feed import Feed
from ven.daemon.guard import Guard, Handler
from ven.daemon.http_log import logger
from ven.daemon.log import Log
from ven.daemon.refusal import Refusal
from ven.daemon.routes import Routes
from ven.daemon.shown import words
from ven.opts import CannotDecline

BODY_LIMIT: Final = 64 * 1024 + 4096
"""Bytes: the longest calendar, and its envelope."""
PATIENCE: Final = 5.0
"""Seconds for the head of a request, and as many for its body."""
MOST_CONNECTIONS: Final = 32
LINGERING: Final = 2.0
"""Seconds that the rest of a body which is not wanted may still come, so that its sender reads the answer."""
GOODBYE: Final = 0.5
"""Seconds that answers in progress get at the end."""
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Connection": "close",
    "Server": "ven",
}


class LocalApi:
    def __init__(self, routes: Routes, guard: Guard, feed: Feed, log: Log) -> None:
        self._guard = guard
        self._feed = feed
        app = web.Application(middlewares=[self._middleware], client_max_size=BODY_LIMIT)
        app.add_routes(routes.table())
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=logger(log),
            lingering_time=LINGERING,
            keepalive_timeout=PATIENCE,
            shutdown_timeout=GOODBYE,
            handle_signals=False,
        )
        self._server: asyncio.Server | None = None

    async def start(self, address: Address) -> None:
        """Raises `OSError`."""
        await self._runner.setup()
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._connection, str(address.host), address.port
            )
        except OSError:
            await self._runner.cleanup()
            raise

    @property
    def port(self) -> int:
        assert self._server, "it has been started"
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._feed.close()
        await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        """One too many is closed at once, so that the VEN keeps the sockets that it needs for the grid operator."""
        server = self._runner.server
        assert server, "it is set up before it listens"
        return server() if len(server.connections) < MOST_CONNECTIONS else _Full()

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Everything that is refused comes from here, as JSON, and says why."""
        try:
            self._guard.check(request)
            async with asyncio.timeout(PATIENCE):
                await request.read()  # kept in the request
            response = await handler(request)
        except Refusal as refusal:
            response = _refused(refusal.status, refusal.why, refusal.headers)
        except CannotDecline as error:
            response = _refused(409, str(error))
        except Misuse as error:
            response = _refused(400, str(error))
        except TimeoutError:
            response = _refused(408, "the request did not come in time")
        except web.RequestPayloadError:
            response = _refused(400, "the body is not what its head says")
        except web.HTTPException as error:
            allow = {name: value for name, value in error.headers.items() if name == "Allow"}
            response = _refused(error.status, _plain(error), allow)
        if not response.prepared:
            response.headers.update(HEADERS)
            response.force_close()
        return response


class _Full(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.WriteTransport, transport).abort()


def _refused(status: int, why: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": words(why)}, status=status, headers=headers)


def _plain(error: web.HTTPException) -> str:
    if error.status == 413:
        return f"a body is at most {BODY_LIMIT} bytes long"
    return (error.reason or "refused").lower()
