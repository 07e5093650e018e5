"""From an emergency on its way to the charger's driver: how long the VEN takes, and where the time goes.

    python -m bench.emergency

A VEN as `ven run` has it (uvloop, journal on disk, mutual TLS on a kept connection) polls a server in a process of
its own, which wants a report of every second's values all the while. Each order is lower than the one before. The
clock starts when the server hands over its answer and stops when the driver is called. "limit" is the bar, 50 ms;
"message read" is when the VEN has the message out of the wire, verified against the schema: the rest is deciding.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from aiohttp import web
from uvloop import new_event_loop

import certs
from bench.figures import tell
from certs.authority import KeyType
from certs.folder import Folder
from oadr.wire import envelope
from oadr.wire.ids import ResourceId
from oadr.wire.messages import DistributeEvent, Message, Poll, UpdateReport
from oadr.wire.messages.registration import ServiceName
from oadr.wire.schema import Schema, installed_folder
from tests.ven.stage import BASE, FakeVtn, event, report_request
from ven import Limit, Measurement, Rating, Ven, VenConfig
from ven.session import Request
from ven.transport.http import HttpPull

ROUNDS: Final = 5
ORDERS: Final = 90
"""In one round: from 98 % downwards, one percent each."""
BAR: Final = 50.0
"""ms, for all but one in a hundred."""
Times = dict[Decimal, float]
"""When something happened to the order of so many percent."""


class Charger:
    def __init__(self) -> None:
        self.resource_id = ResourceId("evse-1")
        self.rating = Rating(Decimal(1000), 3, step=1)
        self.told: Times = {}
        self.finished = asyncio.Event()

    async def apply(self, limit: Limit | None) -> None:
        if limit is not None:
            self.told.setdefault(limit.percent, perf_counter())
        if len(self.told) >= ORDERS:
            self.finished.set()

    async def measure(self) -> Measurement:
        return Measurement((Decimal(6),) * 3, Decimal(4140), Decimal(0))


class Watched(HttpPull):
    """The VEN's own transport, and when it had each order read."""

    read: Times
    reports: int = 0

    async def exchange(self, request: Request) -> Message | None:
        reply = await super().exchange(request)
        self.reports += isinstance(request.message, UpdateReport)
        if isinstance(reply, DistributeEvent) and reply.events:
            share = reply.events[0].signals[0].intervals[0].value
            self.read.setdefault((share * 100).quantize(Decimal("0.1")), perf_counter())
        return reply


def serve(pki: Path, pipe: Connection) -> None:
    """In a process of its own: a VTN that has another order at each poll. It tells when it hands one over."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(Folder(pki), pipe))


async def _serve(pki: Folder, pipe: Connection) -> None:
    began = datetime.now(UTC)
    vtn = FakeVtn(lambda: datetime.now(UTC))
    vtn.poll_seconds = 1
    vtn.piggyback = (report_request("evse-1:P", every=1, grain=1),)
    numbers = count()

    async def handle(request: web.Request) -> web.Response:
        message = envelope.read(await request.read(), None, limit=envelope.REPORT_LIMIT)
        order: Decimal | None = None
        if isinstance(message, Poll) and (number := next(numbers)) < ORDERS:
            order = Decimal(98 - number)
            vtn.offer(event(number=number, share=str(order / 100), start=began))
        reply = vtn.answer(Request(ServiceName(request.match_info["service"]), message))
        assert reply is not None
        raw = envelope.write(reply)
        if order is not None:
            pipe.send((order, perf_counter()))
        return web.Response(body=raw, content_type="application/xml", charset="utf-8")

    application = web.Application()
    application.router.add_post("/OpenADR2/Simple/2.0b/{service}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    context = certs.server_context((pki.secret("vtn-ecc"),), pki.public("ven-ca"))
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    pipe.send(runner.addresses[0][1])
    await asyncio.Event().wait()


async def one_round(pki: Folder, state: Path, port: int) -> tuple[Times, Times]:
    """When each order was read, and when the driver was told."""
    config = VenConfig(
        vtn_url=f"https://127.0.0.1:{port}",
        certificate=pki.secret("bench"),
        trust=pki.public("vtn-ca"),
        state=state,
        market_contexts=BASE,
    )
    folder = installed_folder()
    context = certs.client_context(config.certificate, config.trust)
    wire = Watched(config.vtn_url, context, Schema(folder) if folder else None, config.request_timeout)
    wire.read = {}
    charger = Charger()
    async with Ven(config, [charger], transport=wire):
        await asyncio.wait_for(charger.finished.wait(), 120)
    assert wire.reports, "no report was under way"
    return wire.read, charger.told


def measured(pki: Folder, state: Path) -> Mapping[str, list[float]]:
    """ms after the server's handing over, for each order of one round."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(pki.path, theirs), daemon=True)
    server.start()
    try:
        port = ours.recv()
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            read, told = runner.run(one_round(pki, state, port))
        given: Times = {}
        while ours.poll():
            order, at = ours.recv()
            given[order.quantize(Decimal("0.1"))] = at
    finally:
        server.kill()
        server.join()
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for order, at in given.items():
        taken["message read"].append((read[order] - at) * 1000)
        taken["ours"].append((told[order] - at) * 1000)
    return taken


def main() -> None:
    found: defaultdict[str, list[float]] = defaultdict(list)
    middle: defaultdict[str, list[float]] = defaultdict(list)
    with TemporaryDirectory() as name:
        pki = Folder(Path(name) / "pki")
        pki.init(("127.0.0.1",), datetime.now(UTC))
        pki.issue_ven("bench", KeyType.ECC, datetime.now(UTC))
        for number in range(ROUNDS):
            for part, values in measured(pki, Path(name) / f"state-{number}").items():
                found[part].append(quantiles(values, n=100)[98])
                middle[part].append(median(values))
    limit = {"limit": [BAR] * ROUNDS}
    tell("emergency, bytes on their way to driver called, 99 of 100", "ms", {**found, **limit})
    tell("emergency, bytes on their way to driver called, median", "ms", {**middle, **limit})


if __name__ == "__main__":
    main()
