"""The API's port, apart from that of the sites: its operations, its description, and the page that shows it.

Plain HTTP only on this machine; anywhere else a key would be read on its way, so there TLS is a must.
"""

import asyncio
import json
import ssl
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Final

from aiohttp import web

from vtn.api import openapi
from vtn.api.connection import Connection
from vtn.api.gate import ROOT, SAFE, Gate
from vtn.api.route import AnyRoute, Handler, Office
from vtn.api.routes import ROUTES
from vtn.web import http_log
from vtn.web.journal import Journal

GOODBYE: Final = 0.5
"""Seconds for an answer that is under way."""
KEEP_ALIVE: Final = 75.0
PAGE: Final = {
    "": ("page.html", "text/html"),
    "page.js": ("page.js", "text/javascript"),
    "page.css": ("page.css", "text/css"),
}


class ApiPort:
    """Open it, and close it once."""

    def __init__(self, office: Office, journal: Journal, routes: Iterable[AnyRoute] = ROUTES) -> None:
        self._office = office
        self._journal = journal
        self._routes = tuple(routes)
        self._connections: set[Connection] = set()
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._chain: Path | None = None
        self._tls: ssl.SSLContext | None = None
        self.port = 0

    async def open(self, host: str, port: int, chain: Path | None = None) -> None:
        """With TLS where there is a chain. Raises `OSError`, `ssl.SSLError` among them."""
        self._chain = chain
        self._tls = None if chain is None else _context(chain)
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=GOODBYE)
        await runner.setup()
        server = runner.server
        assert server is not None, "it is set up"
        options = {
            "access_log": None,
            "keepalive_timeout": KEEP_ALIVE,
            "logger": http_log.logger(self._journal),
        }
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Connection(server, self._connections, **options), host, port, ssl=self._tls
            )
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = self._server.sockets[0].getsockname()[1]

    def renew(self) -> None:
        """Its certificate is read again, for whoever comes from now on. Raises `OSError`."""
        if self._tls is not None and self._chain is not None:
            self._tls.load_cert_chain(self._chain)

    async def watch(self) -> None:
        """Whoever listens for changes hears of them. Call it twice a second. Raises `StoreAway`."""
        await self._office.changes.watch(self._office.store)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = Gate(self._office, self._routes, self._journal).application()
        described = json.dumps(openapi.document(self._routes)).encode()
        application.router.add_get(
            f"{ROOT}/openapi.json", _file(described, "application/json"), allow_head=False
        )
        folder = resources.files(__package__ or "vtn.api") / "page"
        for name, (file, media) in PAGE.items():
            served = _file((folder / file).read_bytes(), media)
            application.router.add_get(f"{ROOT}/{name}", served, allow_head=False)
        for short in ("/", ROOT):
            application.router.add_get(short, _to_the_page, allow_head=False)
        return application


def _context(chain: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chain)
    return context


def _file(body: bytes, media: str) -> Handler:
    async def serve(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={**SAFE, "Content-Type": f"{media}; charset=utf-8"})

    return serve


async def _to_the_page(_: web.Request) -> web.StreamResponse:
    return web.Response(status=308, headers={**SAFE, "Location": f"{ROOT}/"})
