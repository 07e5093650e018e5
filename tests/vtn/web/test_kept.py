"""What of a poll is done only once: the short way says what the long one does, and nobody can fill it up."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from certs.folder import Folder
from oadr.wire import envelope
from oadr.wire.ids import NO_REQUEST, RequestId, VenId
from oadr.wire.messages import Message, Poll, Response
from oadr.wire.messages.common import EiResponse
from tests.pki import ven_context
from tests.vtn.web.server import Served, pki, serving
from tests.vtn.world import HOME, World, registration
from vtn.web import replies

RAW = envelope.write(Poll(ven_id=HOME))
HEAD = "POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return pki(tmp_path_factory.mktemp("kept") / "pki")


@pytest.fixture
async def site(bare: World, made: Folder) -> AsyncIterator[Served]:
    async with serving(bare, made) as started:
        await started.home.send(registration(), "EiRegisterParty")
        yield started


def nothing(ven_id: str, request_id: str = NO_REQUEST, code: str = "200") -> Response:
    return Response(response=EiResponse(code=code, request_id=RequestId(request_id)), ven_id=VenId(ven_id))


def test_an_answer_that_is_kept_is_the_same_bytes_and_nobodys_elses() -> None:
    answers: list[Message] = [nothing("V1"), nothing("V2"), nothing("V1", code="452"), nothing("V1", "Q")]
    for _ in range(2):
        for answer in answers:
            assert replies.written(answer) == envelope.write(answer)


def test_what_echoes_a_peers_words_is_not_kept() -> None:
    before = replies._kept.cache_info().currsize
    for number in range(10):
        replies.written(nothing("V1", f"{number}" + "x" * 60_000))
    assert replies._kept.cache_info().currsize == before
    assert replies._kept.cache_info().maxsize == replies.KEPT


async def exchange(site: Served, made: Folder, *parts: bytes) -> bytes:
    """The status line for a request that comes in these parts, each when the one before is read."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", site.port, ssl=ven_context(made), server_hostname="localhost"
    )
    for part in parts:
        writer.write(part)
        await writer.drain()
        for _ in range(50):
            await asyncio.sleep(0)
    status = await reader.readline()
    writer.transport.abort()
    return status


async def test_a_body_is_the_same_whether_it_comes_with_its_head_or_after_it(
    site: Served, made: Folder
) -> None:
    length = f"{HEAD}Content-Length: {len(RAW)}\r\n\r\n".encode()
    chunked = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{len(RAW):x}\r\n".encode()
    for parts in (
        (length + RAW,),
        (length, RAW),
        (length + RAW[:100], RAW[100:]),
        (chunked + RAW + b"\r\n0\r\n\r\n",),
        (chunked + RAW, b"\r\n0\r\n\r\n"),
    ):
        assert b" 200 " in await exchange(site, made, *parts)


@pytest.mark.proves("X03")
async def test_a_body_that_is_all_there_at_once_has_the_same_bound(site: Served, made: Folder) -> None:
    big = b" " * (envelope.REQUEST_LIMIT + 1)
    chunked = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{len(big):x}\r\n".encode()
    assert b" 413 " in await exchange(site, made, chunked + big + b"\r\n0\r\n\r\n")
    assert [line["what"] for line in site.log.take()][-1] == "HTTP 413"
