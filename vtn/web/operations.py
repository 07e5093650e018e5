"""The port for operations: plain HTTP for this machine's own monitoring, never on the port of the sites.

GET /livez    200 as soon as anything answers
GET /readyz   200, or 503 with what is wrong
GET /metrics  for Prometheus
"""

from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from vtn.web.connections import HEAD_SECONDS

GOODBYE: Final = 0.5
"""Seconds for an answer that is under way."""


class OperationsPort:
    """Open it, and close it once. `troubles` says what is not ready, `metrics` what is measured."""

    def __init__(self, troubles: Callable[[], Mapping[str, str]], metrics: Callable[[], bytes]) -> None:
        self._troubles = troubles
        self._metrics = metrics
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def open(self, host: str, port: int) -> None:
        """Raises `OSError`."""
        application = web.Application()
        application.router.add_get("/livez", self._live)
        application.router.add_get("/readyz", self._ready)
        application.router.add_get("/metrics", self._measured)
        runner = web.AppRunner(
            application, access_log=None, keepalive_timeout=HEAD_SECONDS, shutdown_timeout=GOODBYE
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _live(self, _: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def _ready(self, _: web.Request) -> web.Response:
        troubles = self._troubles()
        told = {"ready": not troubles, "not_ready": dict(troubles)}
        return web.json_response(told, status=503 if troubles else 200)

    async def _measured(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={"Content-Type": CONTENT_TYPE_LATEST})
