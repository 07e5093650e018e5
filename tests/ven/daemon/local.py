"""A site of the stage whose program has a local API, on a real socket; time is virtual. And somebody who asks it."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout

from tests.ven.site import Site
from tests.ven.stage import RATING
from tests.ven.virtual import VirtualLoop, run
from ven import Ven
from ven.daemon import codes
from ven.daemon.address import Address
from ven.daemon.chargepoints import Described
from ven.daemon.config import LogForm, Settings
from ven.daemon.log import Log
from ven.daemon.routes import ROOT
from ven.daemon.run import Watcher, local_api

HERE = Address(ip_address("127.0.0.1"), 0)


@contextmanager
def patiently(seconds: float = 0.1) -> Iterator[None]:
    """What travels over a socket is not overtaken by time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.wait_for_files(seconds)
    try:
        yield
    finally:
        loop.wait_for_files(0)


@dataclass
class Caller:
    """Has the code, and says it unless it is told otherwise."""

    port: int
    code: str
    session: ClientSession

    async def ask(
        self, method: str, path: str, body: Any = None, *, code: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        said = self.code if code is None else code
        sent = {"Authorization": f"Bearer {said}"} if said else {}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        with patiently():
            async with self.session.request(method, self.url(path), data=data, headers=sent) as response:
                self.headers = dict(response.headers)
                return response.status, await response.json()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{ROOT}{path}"

    async def raw(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with patiently():
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(data)
            return reader, writer

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Callable[[], Awaitable[tuple[str, dict[str, Any]]]]]:
        """To be called for the next thing that happens: its kind and what is said of it."""
        headers = {"Authorization": f"Bearer {self.code}"}
        async with self.session.get(self.url("/changes"), headers=headers) as response:
            assert (response.status, response.content_type) == (200, "text/event-stream")

            async def following() -> tuple[str, dict[str, Any]]:
                while True:
                    with patiently(0.01):
                        lines = (await response.content.readuntil(b"\n\n")).decode().splitlines()
                    if not lines:
                        raise EOFError
                    if not lines[0].startswith(":"):
                        kind, data = (line.partition(": ")[2] for line in lines[:2])
                        return kind, json.loads(data)

            yield following


class House:
    """The site, the folder of its state, and what its program has written into the log."""

    def __init__(self, folder: Path, *slow: float, **config: Any) -> None:
        self.site = Site(*(slow or (0.0, 0.0)))
        self.site.config = replace(self.site.config, state=folder, **config)
        self.names = frozenset({"charger.local"})
        self.written = io.StringIO()

    def settings(self) -> Settings:
        points = tuple(
            Described(one.resource_id, RATING, lambda _, one=one: one)  # type: ignore[misc]
            for one in self.site.chargers
        )
        return Settings(self.site.config, points, LogForm.JSON, HERE, self.names)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Ven, Caller]]:
        log = Log(LogForm.JSON, self.written)
        async with self.site.ven() as ven, ClientSession(timeout=ClientTimeout()) as session:
            watcher = Watcher(ven, log, self.site.clock)
            api = await local_api(self.settings(), ven, watcher, log)
            assert api
            telling = asyncio.create_task(watcher.tell())
            try:
                yield ven, Caller(api.port, codes.read(self.site.config.state) or "", session)
            finally:
                telling.cancel()
                await api.stop()


def served(folder: Path, play: Callable[[House, Ven, Caller], Awaitable[None]], **config: Any) -> House:
    async def main() -> House:
        house = House(folder, **config)
        async with house.running() as (ven, caller):
            await house.site.settle(5)
            await play(house, ven, caller)
        return house

    return run(main())
