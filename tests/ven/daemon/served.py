"""The VTN of the stage behind real sockets and real TLS, and programs that are run and listened to."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from certs.folder import Folder
from oadr.wire import envelope
from oadr.wire.messages.registration import ServiceName
from tests.pki import vtn_context
from tests.ven.stage import FakeVtn, event
from ven.session import Request

ROOT = Path(__file__).parents[3]
PATIENCE = 20.0
"""Seconds that a test waits for a line before it fails; none needs a tenth of it."""


def reserved() -> socket.socket:
    """A port that refuses whoever comes, until somebody serves at it."""
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    return found


def address(at: socket.socket) -> str:
    return f"https://127.0.0.1:{at.getsockname()[1]}"


@asynccontextmanager
async def serving(pki: Folder, at: socket.socket) -> AsyncIterator[FakeVtn]:
    """A VTN that has limited everybody to 40 % just now."""
    now = datetime.now(UTC)
    vtn = FakeVtn(lambda: datetime.now(UTC), poll_seconds=1)
    vtn.offer(event(share="0.4", start=now - timedelta(seconds=1)))

    async def answer(request: web.Request) -> web.Response:
        message = envelope.read(await request.read(), None, limit=envelope.REPORT_LIMIT)
        reply = vtn.answer(Request(ServiceName(request.match_info["service"]), message))
        return web.Response(body=envelope.write(reply) if reply else b"", content_type="application/xml")

    app = web.Application()
    app.router.add_post("/OpenADR2/Simple/2.0b/{service}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.SockSite(runner, at, ssl_context=vtn_context(pki)).start()
        yield vtn
    finally:
        await runner.cleanup()


class Program:
    """A program under test; `line_with` reads on until a line holds what is waited for."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def line_with(self, words: str) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            async for raw in self.process.stdout:
                self.lines.append(raw.decode())
                if words in self.lines[-1]:
                    return self.lines[-1]
        raise AssertionError(f"it ended without {words!r}: {''.join(self.lines)}")

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            rest, _ = await self.process.communicate()
        self.lines += rest.decode().splitlines(keepends=True)
        assert self.process.returncode is not None
        return self.process.returncode


@contextmanager
def _ctrl_c_means_something() -> Iterator[None]:
    """A shell's background jobs ignore SIGINT, and so would every program that is started here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@asynccontextmanager
async def running(*arguments: str | Path, **environment: str) -> AsyncIterator[Program]:
    """`python arguments...` with both of its outputs in one; it does not outlive the test."""
    with _ctrl_c_means_something():
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *map(str, arguments),
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
