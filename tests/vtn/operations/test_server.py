"""The whole server under what operations do to it, over real sockets and TLS."""

import asyncio
import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509

from certs import Profile, authority
from certs.folder import VEN_CA, VTN_CA, Folder
from oadr.wire import envelope
from oadr.wire.ids import ReportRequestId, RequestId
from oadr.wire.messages import DistributeEvent, Poll, RegisterReport, RequestEvent
from tests.pki import VEN_ECC, make_pki, ven_context
from tests.vtn.service.offers import interval, update
from tests.vtn.web.server import Memory, Peer, identity, session
from tests.vtn.world import F1, HOME, HOME_EVSE, NETWORK, ORDER, registered_report, registration
from vtn import clock
from vtn.app import Server
from vtn.config import Place, Settings
from vtn.delivery import orders
from vtn.model.network import Network, Site
from vtn.store import interventions, ledger_key, network
from vtn.store.engine import FILE, Store
from vtn.store.opening import open_store
from vtn.web.journal import Journal

POLL = Poll(ven_id=HOME)
SOON = 30.0
"""Seconds, for a machine that is busy; it is a matter of milliseconds."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return make_pki(tmp_path_factory.mktemp("operations") / "pki")


@pytest.fixture
def made(original: Folder, tmp_path: Path) -> Folder:
    """The test's own, for it may change it."""
    return Folder(shutil.copytree(original.path, tmp_path / "pki"))


@pytest.fixture
def settings(made: Folder, tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "state": tmp_path / "state",
            "port": 0,
            "operations": "127.0.0.1:0",
            "chains": (made.secret("vtn-rsa"), made.secret("vtn-ecc")),
            "trust": made.public(VEN_CA),
            "crl": made.path / "crl.pem",
        }
    )


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens every few seconds happens at once."""
    for name in (
        "vtn.app.WATCH_EVERY",
        "vtn.operations.upkeep.CLOCK_EVERY",
        "vtn.operations.upkeep.RENEW_EVERY",
    ):
        monkeypatch.setattr(name, timedelta(seconds=0.05))
    for name in ("DISK_EVERY", "COUNT_EVERY"):
        monkeypatch.setattr(f"vtn.operations.upkeep.{name}", timedelta(seconds=0.05))


@dataclass(slots=True)
class Room:
    """A server, the operator's own view of the store, one site, and somebody who monitors."""

    server: Server
    store: Store
    home: Peer
    log: Memory
    monitor: aiohttp.ClientSession

    async def look(self, path: str) -> tuple[int, str]:
        async with self.monitor.get(f"http://127.0.0.1:{self.server.operations_port}/{path}") as answer:
            return answer.status, await answer.text()

    async def not_ready(self) -> dict[str, str]:
        status, text = await self.look("readyz")
        told: dict[str, Any] = json.loads(text)
        assert told["ready"] is (status == 200) is (not told["not_ready"])
        return told["not_ready"]  # type: ignore[no-any-return]

    async def until_not_ready(self, what: str) -> None:
        async with asyncio.timeout(SOON):
            while what not in await self.not_ready():
                await asyncio.sleep(0.01)

    async def give(self) -> None:
        await orders.give(self.store, replace(ORDER, start=clock.now(), feeder_ids=(F1,)), clock.now())
        await asyncio.sleep(0.1)


@pytest.fixture
async def room(settings: Settings, made: Folder) -> AsyncIterator[Room]:
    publish(made)
    async with opened(settings, made) as found:
        yield found


@asynccontextmanager
async def opened(settings: Settings, made: Folder) -> AsyncIterator[Room]:
    store = await open_store(settings.state, ledger_key.load_or_make(settings.state), clock.now())
    try:
        evse = tuple(one for one in NETWORK.chargepoints if one.resource_id == HOME_EVSE)
        site = Site(ven_id=HOME, name="Mrs Canary", certificate=identity(made, VEN_ECC))
        async with store.writing() as tx:
            await network.merge(tx, Network(NETWORK.feeders, (site,), evse))
        log = Memory()
        async with (
            Server(settings, Journal(log)) as server,
            session(made, VEN_ECC, Profile.OPENADR) as client,
            aiohttp.ClientSession() as monitor,
        ):
            home = Peer(server.port, "", client)
            await home.send(registration(ven_name="canary"), "EiRegisterParty")
            greeting = (await home.send(POLL)).message
            assert isinstance(greeting, RegisterReport)
            await home.send(registered_report(greeting), "EiReport")
            yield Room(server, store, home, log, monitor)
    finally:
        await store.close()


def publish(made: Folder, *revoked: str) -> None:
    """A list of revoked certificates."""
    taken_back = [x509.load_pem_x509_certificate(made.public(name).read_bytes()) for name in revoked]
    crl = authority.revocation_list(made.issuer(VEN_CA), taken_back, clock.now(), timedelta(days=7))
    fresh = made.path / "crl.new"
    fresh.write_bytes(crl)
    fresh.replace(made.path / "crl.pem")


async def test_operations_have_a_port_of_their_own(room: Room) -> None:
    assert await room.look("livez") == (200, '{"live": true}')
    assert await room.not_ready() == {}
    status, text = await room.look("metrics")
    assert status == 200
    assert "vtn_ready 1.0" in text
    assert 'vtn_certificate_days_left{certificate="crl"} 6.9' in text
    assert (await room.look("OpenADR2/Simple/2.0b/OadrPoll"))[0] == 404
    for path in ("livez", "readyz", "metrics"):
        answer = await room.home.send(b"", f"../../../{path}", "GET")
        assert answer.status in (404, 501)


async def test_a_port_for_operations_that_is_taken_keeps_nobody_from_the_limits(
    room: Room, settings: Settings, made: Folder, tmp_path: Path
) -> None:
    place = Place("127.0.0.1", room.server.operations_port)
    taken = settings.model_copy(update={"operations": place, "state": tmp_path / "other"})
    async with opened(taken, made) as other:
        assert (await other.home.send(POLL)).status == 200
        assert [what for level, what, _ in other.log.lines if level == "error"] == ["operations"]


@pytest.mark.proves("VT04", "S6")
async def test_without_its_store_a_server_is_not_ready(room: Room) -> None:
    await room.server._store.close()
    away = Path(room.server._settings.state).rename(room.server._settings.state.with_name("away"))
    await room.until_not_ready("store")
    assert "vtn_store_up 0.0" in (await room.look("metrics"))[1]
    away.rename(room.server._settings.state)
    async with asyncio.timeout(SOON):
        while await room.not_ready():
            await asyncio.sleep(0.01)


@pytest.mark.proves("VT09", "S6")
async def test_a_clock_that_was_set_releases_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day later every event is over: a list made then would release all limits."""
    await room.give()
    assert isinstance((await room.home.send(POLL)).message, DistributeEvent)
    monkeypatch.setattr("vtn.clock.now", lambda: datetime.now(UTC) + timedelta(days=1))
    await room.until_not_ready("clock")
    asked = RequestEvent(request_id=RequestId("E"), ven_id=HOME)
    answer = await room.home.send(asked, "EiEvent")
    assert (answer.status, answer.body) == (503, b"")
    async with room.store.reading() as tx:
        (given,) = await interventions.load(tx)
    assert given.outcome_at is None, "and nothing is closed by such a clock"


@pytest.mark.proves("VT08")
async def test_when_the_disk_is_nearly_full_telemetry_is_refused_and_events_go_on(
    settings: Settings, made: Folder
) -> None:
    publish(made)
    async with opened(settings.model_copy(update={"disk_reserve_mb": 10**12}), made) as room:
        async with asyncio.timeout(SOON):
            while not any(what == "disk" for _, what, _ in room.log.lines):
                await asyncio.sleep(0.01)
        report = update(ReportRequestId("Q"), interval("1", clock.now()))
        answer = await room.home.send(report, "EiReport")
        assert (answer.status, answer.body) == (503, b"")
        assert int(answer.headers["Retry-After"]) >= 5
        await room.give()
        assert isinstance((await room.home.send(POLL)).message, DistributeEvent)
        assert "vtn_disk_free_bytes" in (await room.look("metrics"))[1]


@pytest.mark.proves("VT07")
async def test_polls_get_their_events_while_nothing_can_be_written(room: Room, settings: Settings) -> None:
    """Another program holds the store for itself, and there are more reports than places for them."""
    await room.give()
    blocker = sqlite3.connect(settings.state / FILE, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    report = update(ReportRequestId("Q"), interval("1", clock.now()))
    registering = RegisterReport(request_id=RequestId("O"), ven_id=HOME)
    reports = [asyncio.create_task(room.home.send(each, "EiReport")) for each in (report, registering) * 6]
    await asyncio.sleep(0.1)
    assert not any(each.done() for each in reports)
    assert isinstance((await room.home.send(POLL)).message, DistributeEvent)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert {answer.status for answer in await asyncio.gather(*reports)} <= {200, 503}


@pytest.mark.proves("I12")
async def test_a_revoked_site_is_hung_up_on_within_a_moment_of_the_list(room: Room, made: Folder) -> None:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", room.server.port, ssl=ven_context(made), server_hostname="localhost"
    )
    publish(made, VEN_ECC)
    async with asyncio.timeout(SOON):
        assert await reader.read() == b""
    writer.transport.abort()
    with pytest.raises(aiohttp.ClientError):
        await room.home.send(POLL)


@pytest.mark.proves("I12")
async def test_a_site_whose_certificate_was_replaced_is_hung_up_on_within_a_moment(
    room: Room, made: Folder
) -> None:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", room.server.port, ssl=ven_context(made), server_hostname="localhost"
    )
    async with room.store.writing() as tx:
        await network.approve(tx, HOME, type(identity(made, VEN_ECC))("e" * 64))
    async with asyncio.timeout(SOON):
        assert await reader.read() == b""
    writer.transport.abort()


@pytest.mark.proves("B21")
async def test_renewed_files_are_taken_over_and_broken_ones_are_not(room: Room, made: Folder) -> None:
    chain = made.secret("vtn-ecc")
    kept = chain.read_bytes()
    chain.write_bytes(b"no certificate")
    async with asyncio.timeout(SOON):
        while not any(what == "certificates not renewed" for _, what, _ in room.log.lines):
            await asyncio.sleep(0.01)
    assert (await room.home.send(POLL)).status == 200
    fresh = authority.leaf(
        made.issuer(VTN_CA), "vtn", authority.KeyType.ECC, clock.now(), hosts=("localhost", "127.0.0.1")
    )
    chain.write_bytes(fresh.key_pem + fresh.chain_pem)
    async with asyncio.timeout(SOON):
        while not any(what == "certificates read" for _, what, _ in room.log.lines):
            await asyncio.sleep(0.01)
    _, writer = await asyncio.open_connection(
        "127.0.0.1", room.server.port, ssl=ven_context(made), server_hostname="localhost"
    )
    shown = x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    writer.transport.abort()
    assert shown == fresh.certificate
    assert kept != chain.read_bytes()


@pytest.mark.proves("A07")
async def test_the_log_holds_nothing_that_somebody_said_or_is_called(room: Room) -> None:
    await room.give()
    raw = envelope.write(POLL).replace(b"</oadr:oadrPoll>", b"<!-- canary --></oadr:oadrPoll>")
    for body in (b"<canary/>", raw, raw.replace(HOME.encode(), b"canary"), b"canary"):
        await room.home.send(body)
    await room.home.send(b"canary", "canary", headers={"X-Canary": "canary", "User-Agent": "canary"})
    assert len(room.log.lines) >= 3
    assert "anary" not in str(room.log.lines)


# --- as a program ---


async def until_refused(port: int) -> None:
    """Nobody listens there any more."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                return
            await asyncio.sleep(0.01)


@pytest.fixture
def program(settings: Settings, made: Folder) -> Iterator[tuple[subprocess.Popen[str], int]]:
    publish(made)
    given = {
        "state": settings.state,
        "port": 0,
        "operations": "off",
        "chains": ",".join(map(str, settings.chains)),
        "trust": settings.trust,
    }
    flags = [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "vtn.cli", "serve", *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        told = json.loads(process.stderr.readline())
        yield process, told["port"]
        process.kill()


async def test_who_is_in_the_midst_of_asking_is_answered_before_the_program_ends(
    program: tuple[subprocess.Popen[str], int], made: Folder
) -> None:
    process, port = program
    process.send_signal(signal.SIGHUP)
    raw = envelope.write(POLL)
    head = (
        "POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(raw)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=ven_context(made), server_hostname="localhost"
    )
    writer.write(head.encode() + raw[:-1])
    await asyncio.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    await until_refused(port)
    assert process.poll() is None
    writer.write(raw[-1:])
    assert b" 200 " in await reader.readline()
    assert await asyncio.to_thread(process.wait, 10) == 0
    writer.transport.abort()
