"""HTTP PULL over real mutual TLS, against a server that does what a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from certs import client_context, server_context
from certs.authority import KeyType, leaf, root
from certs.folder import VEN_CA, VTN_CA, Folder
from oadr.charging.ceilings import Share
from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.wire import envelope
from oadr.wire.errors import Unreachable
from oadr.wire.ids import RequestId, VenId
from oadr.wire.messages import Message, Poll, RegisterReport
from oadr.wire.messages.registration import ServiceName
from oadr.wire.schema import Schema, installed_folder
from tests.ven.stage import BASE, EVSE_1, FakeVtn, event, response
from ven import Trouble, Ven, VenConfig
from ven.clock import SystemClock
from ven.contract import Contract
from ven.failsafe import Link
from ven.news import ContactLost
from ven.pace import LONGEST_POLL
from ven.session import Request
from ven.transport import http
from ven.transport.http import REPLY_LIMIT, Busy, HttpPull, Rejected

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
POLL = Request(ServiceName.POLL, Poll(ven_id=VenId("Ven-1")))
NOTHING = envelope.write(response())


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Made anew in each run; nothing of it is ever kept."""
    folder = Folder(tmp_path_factory.mktemp("pki"))
    folder.init(("localhost",), datetime.now(UTC))
    folder.issue_ven("ven-1", KeyType.ECC, datetime.now(UTC))
    return folder


@pytest.fixture(scope="module")
def schema() -> Schema:
    folder = installed_folder()
    assert folder
    return Schema(folder)


class Server:
    """Remembers each request and the connection that it came on."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[web.BaseRequest] = []
        self.connections: set[int] = set()
        self.bodies: list[bytes] = []
        self.port = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        self.connections.add(id(request.transport))
        self.bodies.append(await request.read())
        return await self.handler(request)

    @asynccontextmanager
    async def running(self, context: ssl.SSLContext) -> AsyncIterator["Server"]:
        runner = web.ServerRunner(web.Server(self.handle), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()


class Line:
    """A server and one client of it."""

    def __init__(self, pki: Folder, schema: Schema | None = None) -> None:
        self.pki = pki
        self.schema = schema
        self.prefix = ""
        self.host = "localhost"
        self.timeout = timedelta(seconds=5)
        self.client = client_context(pki.secret("ven-1"), pki.public(VTN_CA))
        self.server = server_context((pki.secret("vtn-rsa"), pki.secret("vtn-ecc")), pki.public(VEN_CA))

    @asynccontextmanager
    async def to(self, handler: Handler) -> AsyncIterator[tuple[HttpPull, Server]]:
        async with Server(handler).running(self.server) as server:
            url = f"https://{self.host}:{server.port}{self.prefix}"
            transport = HttpPull(url, self.client, self.schema, self.timeout)
            try:
                yield transport, server
            finally:
                await transport.close()

    async def failure(self, handler: Handler) -> Unreachable:
        async with self.to(handler) as (transport, _):
            with pytest.raises(Unreachable) as caught:
                await transport.exchange(POLL)
            return caught.value


@pytest.fixture
def line(pki: Folder, schema: Schema) -> Line:
    return Line(pki, schema)


def answering(body: bytes, status: int = 200, **headers: str) -> Handler:
    async def answer(_: web.BaseRequest) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=named, content_type="application/xml")

    return answer


# --- what is sent ---


@pytest.mark.proves("r53", "r511", "r37", "r501", "r45")
async def test_a_request_is_one_plain_post_with_its_length(line: Line) -> None:
    async with line.to(answering(NOTHING)) as (transport, server):
        assert await transport.exchange(POLL) == response()
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/OpenADR2/Simple/2.0b/OadrPoll")
    assert request.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert request.headers["Accept"] == "application/xml"
    assert request.headers["Content-Length"] == str(len(server.bodies[0]))
    assert request.headers["Host"] == f"localhost:{server.port}"
    assert not {"Accept-Encoding", "Transfer-Encoding", "Content-Encoding", "Expect"} & set(request.headers)
    assert envelope.read(server.bodies[0], line.schema) == POLL.message
    assert b"schemaLocation" not in server.bodies[0]


@pytest.mark.proves("r53")
async def test_a_large_report_is_not_sent_in_chunks_either(line: Line) -> None:
    report = RegisterReport(request_id=RequestId("R" * 300_000))
    async with line.to(answering(NOTHING)) as (transport, server):
        await transport.exchange(Request(ServiceName.REPORT, report))
    assert server.requests[0].headers["Content-Length"] == str(len(server.bodies[0]))
    assert "Transfer-Encoding" not in server.requests[0].headers
    assert len(server.bodies[0]) > 250_000


@pytest.mark.proves("r511")
@pytest.mark.parametrize("prefix", ["/east", "/east/"])
async def test_the_vtn_may_live_under_a_prefix(line: Line, prefix: str) -> None:
    line.prefix = prefix
    async with line.to(answering(NOTHING)) as (transport, server):
        await transport.exchange(Request(ServiceName.REGISTER_PARTY, POLL.message))
    assert server.requests[0].path == "/east/OpenADR2/Simple/2.0b/EiRegisterParty"


async def test_polls_share_one_connection(line: Line) -> None:
    async with line.to(answering(NOTHING)) as (transport, server):
        for _ in range(5):
            await transport.exchange(POLL)
            await asyncio.sleep(0.02)
    assert len(server.requests) == 5
    assert len(server.connections) == 1


def test_a_connection_is_kept_longer_than_any_poll_interval() -> None:
    assert http.KEEP_ALIVE >= LONGEST_POLL


async def test_no_cookie_is_kept(line: Line) -> None:
    async with line.to(answering(NOTHING, Set_Cookie="a=b")) as (transport, server):
        await transport.exchange(POLL)
        await transport.exchange(POLL)
    assert all("Cookie" not in request.headers for request in server.requests)


# --- what comes back ---


async def test_an_empty_answer_is_none(line: Line) -> None:
    async with line.to(answering(b"")) as (transport, _):
        assert await transport.exchange(POLL) is None


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 403, 404, 406, 413, 500, 501])
async def test_any_status_but_200_is_a_rejection_and_no_redirect_is_followed(line: Line, status: int) -> None:
    async with line.to(answering(NOTHING, status, Location="/elsewhere")) as (transport, server):
        with pytest.raises(Rejected, match=str(status)):
            await transport.exchange(POLL)
    assert len(server.requests) == 1


async def test_a_vtn_that_is_busy_has_not_rejected_anything(line: Line) -> None:
    async with line.to(answering(NOTHING, 503)) as (transport, _):
        with pytest.raises(Busy):
            await transport.exchange(POLL)


@pytest.mark.proves("VE18", "X01", "P12")
@pytest.mark.parametrize(
    "body",
    [
        b"<html>Bad Gateway</html>",
        b"\xff\xfe\x00",
        NOTHING[:-20],
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>' + NOTHING.partition(b"?>")[2],
        NOTHING.replace(b"responseCode", b"responseCodes"),
    ],
)
async def test_garbage_is_a_rejection(line: Line, body: bytes) -> None:
    assert isinstance(await line.failure(answering(body)), Rejected)


@pytest.mark.proves("X04")
async def test_a_compressed_answer_is_not_unpacked(line: Line) -> None:
    import gzip

    bomb = gzip.compress(b" " * 10_000_000)
    assert isinstance(await line.failure(answering(bomb, Content_Encoding="gzip")), Rejected)


@pytest.mark.proves("X04")
async def test_an_answer_without_end_is_given_up_at_the_limit(line: Line) -> None:
    sent = 0

    async def flood(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        with suppress(ConnectionError):
            while sent < 1 << 30 and request.transport and not request.transport.is_closing():
                await answer.write(b" " * 65_536)
                sent += 65_536
                await asyncio.sleep(0)
        return answer

    failure = await line.failure(flood)
    assert isinstance(failure, Rejected)
    assert str(REPLY_LIMIT) in str(failure)
    assert sent < 16 * REPLY_LIMIT


async def test_the_largest_answer_is_still_read(line: Line) -> None:
    filler = b" " * (REPLY_LIMIT - len(NOTHING))
    async with line.to(answering(NOTHING + filler)) as (transport, _):
        assert await transport.exchange(POLL) == response()
    assert isinstance(await line.failure(answering(NOTHING + filler + b" ")), Rejected)


@pytest.mark.proves("X05")
async def test_an_answer_that_drips_is_given_up_in_time(line: Line) -> None:
    line.timeout = timedelta(seconds=0.3)

    async def drip(request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        with suppress(ConnectionError):
            for _ in range(100):
                await answer.write(b" ")
                await asyncio.sleep(0.02)
        return answer

    began = asyncio.get_running_loop().time()
    failure = await line.failure(drip)
    assert not isinstance(failure, Rejected)
    assert asyncio.get_running_loop().time() - began < 1.5


async def test_a_server_that_says_nothing_is_given_up_in_time(line: Line) -> None:
    line.timeout = timedelta(seconds=0.2)

    async def silent(_: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(1)
        return web.Response()

    assert not isinstance(await line.failure(silent), Rejected)


async def test_a_server_that_hangs_up_is_unreachable_and_can_be_asked_again(line: Line) -> None:
    is_first = True

    async def once(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal is_first
        if is_first and request.transport:
            is_first = False
            request.transport.abort()
        return web.Response(body=NOTHING)

    async with line.to(once) as (transport, _):
        with pytest.raises(Unreachable):
            await transport.exchange(POLL)
        assert await transport.exchange(POLL) == response()


# --- who is at the other end ---


async def test_nobody_there_is_unreachable(line: Line) -> None:
    async with line.to(answering(NOTHING)) as (transport, server):
        pass
    transport = HttpPull(f"https://localhost:{server.port}", line.client, None, line.timeout)
    with pytest.raises(Unreachable) as caught:
        await transport.exchange(POLL)
    assert not isinstance(caught.value, Rejected)
    await transport.close()


@pytest.mark.proves("I07")
@pytest.mark.parametrize("url", ["http://localhost:1", "localhost:1", "ftp://localhost"])
async def test_there_is_no_way_without_tls(line: Line, url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        HttpPull(url, line.client, None, line.timeout)


@pytest.mark.proves("I07")
async def test_a_server_under_another_authority_is_unreachable(line: Line) -> None:
    """Even if it is the authority of the VENs, whose certificates cannot pass for a VTN's."""
    line.server = server_context((line.pki.secret("ven-1"),), line.pki.public(VEN_CA))
    assert not isinstance(await line.failure(answering(NOTHING)), Rejected)


@pytest.mark.proves("I07")
async def test_a_server_that_does_not_know_us_is_unreachable(line: Line) -> None:
    line.server = server_context((line.pki.secret("vtn-ecc"),), line.pki.public(VTN_CA))
    assert not isinstance(await line.failure(answering(NOTHING)), Rejected)


async def test_a_server_of_another_name_is_unreachable_unless_names_are_not_checked(line: Line) -> None:
    line.host = "127.0.0.1"
    assert not isinstance(await line.failure(answering(NOTHING)), Rejected)
    line.client = client_context(line.pki.secret("ven-1"), line.pki.public(VTN_CA), check_hostname=False)
    async with line.to(answering(NOTHING)) as (transport, _):
        assert await transport.exchange(POLL) == response()


@pytest.mark.proves("r516")
async def test_a_server_whose_certificate_has_expired_is_unreachable(line: Line, tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=900)
    issuer = root("root", long_ago)
    expired = leaf(issuer, "vtn", KeyType.ECC, long_ago, hosts=("localhost",))
    (tmp_path / "root.pem").write_bytes(issuer.chain_pem)
    (tmp_path / "old.pem").write_bytes(expired.key_pem + expired.chain_pem)
    line.client = client_context(line.pki.secret("ven-1"), tmp_path / "root.pem")
    line.server = server_context((tmp_path / "old.pem",), line.pki.public(VEN_CA))
    assert "expired" in str(await line.failure(answering(NOTHING)))


# --- all of it together ---


class Charger:
    resource_id = EVSE_1
    rating = Rating(amps=Decimal(32), phases=3)

    def __init__(self) -> None:
        self.limited = asyncio.Event()

    async def apply(self, limit: Limit | None) -> None:
        if limit and limit.amps == Decimal("12.8"):
            self.limited.set()


@pytest.mark.proves("W05", "W10")
async def test_a_ven_registers_and_obeys_over_real_tls_and_disk(line: Line, tmp_path: Path) -> None:
    vtn = FakeVtn(SystemClock().now)
    vtn.offer(event(start=SystemClock().now()))

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        service = ServiceName(request.path.rpartition("/")[2])
        message = envelope.read(await request.read(), line.schema, limit=envelope.REPORT_LIMIT)
        answer: Message | None = vtn.answer(Request(service, message))
        return web.Response(body=envelope.write(answer) if answer else b"", content_type="application/xml")

    charger = Charger()
    async with Server(serve).running(line.server) as server:
        config = VenConfig(
            vtn_url=f"https://localhost:{server.port}",
            certificate=line.pki.secret("ven-1"),
            trust=line.pki.public(VTN_CA),
            state=tmp_path / "state",
            market_contexts=BASE,
        )
        async with Ven(replace(config, name="site"), [charger]):
            await asyncio.wait_for(charger.limited.wait(), 5)
            while vtn.has_news:
                await asyncio.sleep(0.01)
        assert len(server.connections) == 1


@pytest.mark.proves("VE19")
async def test_our_own_certificate_that_has_expired_is_silence_and_the_people_here_are_told(
    line: Line, tmp_path: Path
) -> None:
    late = leaf(line.pki.issuer(VEN_CA), "ven-1", KeyType.ECC, datetime.now(UTC) - timedelta(days=900))
    (tmp_path / "late.pem").write_bytes(late.key_pem + late.chain_pem)
    async with Server(answering(NOTHING)).running(line.server) as server:
        config = VenConfig(
            vtn_url=f"https://localhost:{server.port}",
            certificate=tmp_path / "late.pem",
            trust=line.pki.public(VTN_CA),
            state=tmp_path / "state",
            market_contexts=BASE,
            contract=Contract(failsafe=Share(Decimal("0.5"))),
        )
        async with Ven(config, [Charger()]) as ven, asyncio.timeout(5):
            told = [await ven.news.get()]
            while not isinstance(told[-1], Trouble):
                told.append(await ven.news.get())
            assert told[-1] == Trouble("our certificate: EXPIRED")
            assert any(isinstance(one, ContactLost) for one in told)
            assert ven.link.link is Link.INIT, "its failsafe level holds, as in any silence"
        assert server.requests == []


# --- the time of the other end ---


@pytest.mark.proves("W02")
@pytest.mark.parametrize("behind", [0, 300, -86_400])
async def test_how_far_the_clocks_are_apart_is_known_by_the_date_of_an_answer(
    line: Line, behind: int
) -> None:
    date = format_datetime(datetime.now(UTC) - timedelta(seconds=behind), usegmt=True)
    async with line.to(answering(NOTHING, Date=date)) as (transport, _):
        assert transport.off_by is None
        await transport.exchange(POLL)
        assert transport.off_by is not None
        assert abs(transport.off_by - timedelta(seconds=behind)) <= timedelta(seconds=2)


async def test_an_answer_that_is_refused_for_its_content_tells_the_time_too_and_an_odd_date_none(
    line: Line,
) -> None:
    async with line.to(answering(b"<html/>")) as (transport, _):
        with pytest.raises(Rejected):
            await transport.exchange(POLL)
        assert transport.off_by == timedelta()
    async with line.to(answering(NOTHING, Date="half past nine")) as (transport, _):
        await transport.exchange(POLL)
        assert transport.off_by is None
