"""What the HTTP transport lets be recorded, over real mutual TLS."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from certs.folder import Folder
from oadr.wire import envelope
from oadr.wire.errors import Unreachable
from oadr.wire.ids import VenId
from oadr.wire.messages import Poll
from oadr.wire.messages.registration import ServiceName
from oadr.wire.recording import Direction
from tests.pki import VEN_ECC, make_pki, ven_context, vtn_context
from tests.ven.stage import response
from ven.clock import SystemClock
from ven.recording import Recorder
from ven.session import Request
from ven.transport.http import HttpPull

POLL = Request(ServiceName.POLL, Poll(ven_id=VenId("Ven-1")))
NOTHING = envelope.write(response())
OUT, IN = Direction.OUT, Direction.IN


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return make_pki(tmp_path_factory.mktemp("recording") / "pki")


class Line:
    """A server that answers, fails, or says nothing, and what the client has recorded of it."""

    def __init__(self, pki: Folder) -> None:
        self.pki = pki
        self.bodies: list[bytes] = []
        self.recorder = Recorder(10, SystemClock().now)
        self.answer: web.Response | None = web.Response(body=NOTHING, content_type="application/xml")

    async def exchange(self) -> str:
        """The error, if there is one."""
        runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=vtn_context(self.pki)).start()
        url = f"https://localhost:{runner.addresses[0][1]}"
        context = ven_context(self.pki, VEN_ECC)
        transport = HttpPull(url, context, None, timedelta(seconds=0.5), recorder=self.recorder)
        try:
            await transport.exchange(POLL)
        except Unreachable as error:
            return str(error)
        finally:
            await transport.close()
            await runner.cleanup()
        return ""

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.bodies.append(await request.read())
        if self.answer is None:
            await asyncio.sleep(5)
        return self.answer or web.Response()


@pytest.fixture
def line(pki: Folder) -> Line:
    return Line(pki)


async def test_both_ways_are_recorded_byte_by_byte(line: Line) -> None:
    assert await line.exchange() == ""
    out, in_ = line.recorder.messages
    assert ([out.xml.encode()], in_.xml.encode()) == (line.bodies, NOTHING)
    assert [(one.direction, one.service, one.message) for one in (out, in_)] == [
        (OUT, "OadrPoll", "oadrPoll"),
        (IN, "OadrPoll", "oadrResponse"),
    ]
    assert (out.verdict, in_.verdict) == ("200", "")


async def test_silence_is_recorded(line: Line) -> None:
    line.answer = None
    assert await line.exchange()
    (out,) = line.recorder.messages
    assert "TimeoutError" in out.verdict
    assert out.verdict.startswith("no reply: ")


async def test_a_status_is_recorded(line: Line) -> None:
    line.answer = web.Response(status=406)
    assert await line.exchange()
    (out,) = line.recorder.messages
    assert out.verdict == "HTTP status 406"


async def test_an_answer_that_is_none_is_recorded_with_what_is_wrong(line: Line) -> None:
    line.answer = web.Response(body=b"<html/>", content_type="application/xml")
    error = await line.exchange()
    _, in_ = line.recorder.messages
    assert (in_.xml, in_.message, in_.verdict) == ("<html/>", "html", error)


async def test_no_header_is_recorded(line: Line) -> None:
    line.answer = web.Response(body=NOTHING, headers={"Set-Cookie": "secret=c2VjcmV0"})
    await line.exchange()
    assert "c2VjcmV0" not in repr(line.recorder.messages)
    assert "localhost" not in repr(line.recorder.messages)
