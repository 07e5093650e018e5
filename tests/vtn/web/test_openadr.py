"""What the server answers to bytes of all kinds, over real mutual TLS."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certs import Profile, Sha256
from certs.folder import Folder
from oadr.wire import envelope
from oadr.wire.ids import NO_REQUEST, ReportRequestId, RequestId, VtnId
from oadr.wire.messages import (
    DistributeEvent,
    Poll,
    QueryRegistration,
    RegisterReport,
    RequestEvent,
    Response,
)
from oadr.wire.messages.registration import CreatedPartyRegistration
from tests.pki import VEN_ECC, ven_context
from tests.vtn.service.offers import interval, offer, update
from tests.vtn.web.server import XML, Answer, Served, identity, pki, serving
from tests.vtn.world import HOME, NOW, PARK, World, created_event, registered_report, registration, word
from vtn.store import network
from vtn.web.admission import SHORTEST
from vtn.web.journal import PER_MINUTE

POLL = Poll(ven_id=HOME)
RAW = envelope.write(POLL)
BIG = b"x" * 5_000_000
OWN = DistributeEvent(request_id=RequestId("D"), vtn_id=VtnId("VTN-1"))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return pki(tmp_path_factory.mktemp("vtn") / "pki")


@pytest.fixture
async def site(bare: World, made: Folder) -> AsyncIterator[Served]:
    async with serving(bare, made) as started:
        yield started


@pytest.fixture
async def registered(site: Served) -> Served:
    reply = (await site.home.send(registration(), "EiRegisterParty")).message
    assert isinstance(reply, CreatedPartyRegistration)
    assert (reply.response.code, reply.ven_id) == ("200", HOME)
    greeting = (await site.home.send(POLL)).message
    assert isinstance(greeting, RegisterReport)
    assert code(await site.home.send(registered_report(greeting), "EiReport")) == "200"
    return site


def code(answer: Answer) -> str:
    assert answer.status == 200
    message = answer.message
    assert isinstance(message, Response)
    return message.response.code


async def alive(site: Served) -> bool:
    answer = await site.home.send(QueryRegistration(request_id=RequestId("alive")), "EiRegisterParty")
    return answer.status == 200


@pytest.mark.proves("r67", "r501", "r511", "r53", "W64")
async def test_an_order_reaches_its_site_over_the_wire_and_is_answered(registered: Served) -> None:
    site = registered
    await site.world.give()
    answer = await site.home.send(POLL)
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert "Transfer-Encoding" not in answer.headers
    events = answer.message
    assert isinstance(events, DistributeEvent)
    said = created_event(word(events.events[0]))
    assert code(await site.home.send(said, "EiEvent")) == "200"
    (delivery,) = await site.world.deliveries()
    assert delivery.settled
    assert site.log.take() == []


@pytest.mark.proves("r517", "P4", "P5", "I01", "I02")
async def test_who_calls_is_told_by_the_certificate_alone(registered: Served) -> None:
    site = registered
    assert code(await site.unknown.send(POLL)) == "463"
    assert code(await site.park.send(Poll(ven_id=PARK))) == "463", "approved, but not registered"
    await site.park.send(registration(), "EiRegisterParty")
    assert code(await site.park.send(POLL)) == "452"
    assert isinstance((await site.park.send(Poll(ven_id=PARK))).message, RegisterReport)
    refused = site.log.take()
    assert [line["what"] for line in refused] == ["oadrPoll 463", "oadrPoll 463", "oadrPoll 452"]
    assert all(line["remote"] == "127.0.0.1" for line in refused)


HTTP = {
    "no XML": (b"hello", "OadrPoll", "POST", XML, 406),
    "empty": (b"", "OadrPoll", "POST", XML, 406),
    "against the schema": (RAW.replace(b"venID", b"venId"), "OadrPoll", "POST", XML, 406),
    "a document type": (
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "OadrPoll", "POST", XML, 406,
    ),
    "not UTF-8": (RAW.replace(b"home", b"h\xfcme"), "OadrPoll", "POST", XML, 406),
    "no content type": (RAW, "OadrPoll", "POST", {"Content-Type": ""}, 406),
    "another content type": (RAW, "OadrPoll", "POST", {"Content-Type": "text/plain"}, 406),
    "another charset": (RAW, "OadrPoll", "POST", {"Content-Type": "application/xml; charset=latin-1"}, 406),
    "much too large": (BIG, "OadrPoll", "POST", XML, 413),
    "too large for a request": (b" " * 70_000, "OadrPoll", "POST", XML, 413),
    "packed": (gzip.compress(RAW), "OadrPoll", "POST", {**XML, "Content-Encoding": "gzip"}, 415),
    "badly packed": (b"no gzip", "OadrPoll", "POST", {**XML, "Content-Encoding": "gzip"}, 415),
    "oddly packed": (RAW, "OadrPoll", "POST", {**XML, "Content-Encoding": "snail"}, 415),
    "GET": (None, "OadrPoll", "GET", {}, 501),
    "PUT": (RAW, "OadrPoll", "PUT", XML, 501),
    "OPTIONS": (None, "OadrPoll", "OPTIONS", {}, 501),
    "an unknown service": (RAW, "EiNothing", "POST", XML, 404),
    "the wrong service": (RAW, "EiEvent", "POST", XML, 404),
    "a message that a VTN sends": (envelope.write(OWN), "EiEvent", "POST", XML, 404),
}  # fmt: skip


@pytest.mark.proves("B3", "X01", "X02", "X03", "X08", "X10", "r33")
async def test_what_is_no_openadr_has_its_status_one_line_in_the_log_and_no_body(registered: Served) -> None:
    site = registered
    for what, (body, service, method, headers, status) in HTTP.items():
        for peer in (site.home, site.unknown):
            answer = await peer.send(body, service, method, headers)
            assert answer.status == status, what
            assert answer.body == b"", what
            (line,) = site.log.take()
            assert line["what"] == f"HTTP {status}", what
    assert await alive(site)


@pytest.mark.parametrize(
    "parameter", ['charset="', "charset*=x''%zz", "charset", ";;=", "charset=" + "x" * 500]
)
async def test_odd_words_after_the_content_type_cause_a_refusal_at_most(
    registered: Served, parameter: str
) -> None:
    answer = await registered.home.send(POLL, headers={"Content-Type": f"application/xml; {parameter}"})
    assert answer.status in (200, 406)


@pytest.mark.proves("X03")
async def test_a_known_site_may_send_long_reports_and_nobody_else(registered: Served) -> None:
    site = registered
    reply = (await site.home.send(offer(), "EiReport")).message
    (request,) = reply.requests  # type: ignore[attr-defined]
    long = update(request.request_id, *(interval("1", NOW),) * 200)
    raw = envelope.write(long)
    assert 64 * 1024 < len(raw) < 1024 * 1024
    assert (await site.home.send(raw, "EiReport")).message.response.code == "200"  # type: ignore[attr-defined]
    assert (await site.unknown.send(raw, "EiReport")).status == 413
    assert (await site.home.send(raw, "EiEvent")).status == 413
    assert (await site.home.send(raw + b" " * 1_000_000, "EiReport")).status == 413


async def test_a_body_in_chunks_is_taken_as_far_as_a_whole_one_would_be(registered: Served) -> None:
    async def chunks(count: int) -> AsyncIterator[bytes]:
        for place in range(0, len(RAW), 100):
            yield RAW[place : place + 100]
        for _ in range(count):
            yield b" " * 10_000

    assert code(await registered.home.send(chunks(1))) == "200"
    registered.log.take()
    assert (await registered.home.send(chunks(100))).status == 413
    assert [line["what"] for line in registered.log.take()] == ["HTTP 413"]
    assert await alive(registered)


async def test_answers_are_packed_for_whom_it_suits(registered: Served) -> None:
    unpack: dict[str | None, Callable[[bytes], bytes]] = {
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
        None: bytes,
    }
    for accepted, coding in {
        "gzip": "gzip",
        "deflate, gzip;q=0.5": "gzip",
        "deflate": "deflate",
        "GZIP;q=0, deflate": "deflate",
        "br, identity": None,
        "": None,
    }.items():
        answer = await registered.home.send(POLL, headers={**XML, "Accept-Encoding": accepted})
        assert answer.headers.get("Content-Encoding") == coding, accepted
        assert int(answer.headers["Content-Length"]) == len(answer.body)
        assert "Transfer-Encoding" not in answer.headers
        assert code(replace(answer, body=unpack[coding](answer.body))) == "200"


@pytest.mark.proves("r511")
@pytest.mark.parametrize("service", ["OadrPoll/", "%4FadrPoll", "OadrPoll?", "./OadrPoll"])
async def test_equivalent_addresses_are_the_same(registered: Served, service: str) -> None:
    assert (await registered.home.send(POLL, service)).status == 200


@pytest.mark.proves("X09")
async def test_readable_nonsense_is_answered_in_openadr_to_whom_we_know(registered: Served) -> None:
    raw = envelope.write(update(ReportRequestId("Q"), interval("1", NOW)))
    raw = raw.replace(b"<ei:value>1</ei:value>", b"<ei:value>NaN</ei:value>")
    assert b"NaN" in raw
    assert code(await registered.home.send(raw, "EiReport")) == "454"
    assert code(await registered.unknown.send(raw, "EiReport")) == "463"
    assert [line["what"] for line in registered.log.take()] == ["EiReport 454", "EiReport 463"]


@pytest.mark.proves("X18", "X16")
async def test_a_signed_or_doubled_message_is_refused(registered: Served) -> None:
    signed = RAW.replace(
        b"<oadr:oadrSignedObject>",
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
        b'<ds:CanonicalizationMethod Algorithm="a"/><ds:SignatureMethod Algorithm="a"/>'
        b'<ds:Reference><ds:DigestMethod Algorithm="a"/><ds:DigestValue>YQ==</ds:DigestValue></ds:Reference>'
        b"</ds:SignedInfo><ds:SignatureValue>YQ==</ds:SignatureValue></ds:Signature><oadr:oadrSignedObject>",
    )
    assert signed != RAW
    assert (await registered.home.send(signed)).status == 403
    start, end = RAW.index(b"<oadr:oadrPoll"), RAW.index(b"</oadr:oadrSignedObject>")
    doubled = RAW[:end] + RAW[start:end] + RAW[end:]
    assert (await registered.home.send(doubled)).status == 406


@pytest.mark.proves("S6", "VT04")
async def test_when_the_store_is_away_the_answer_is_come_back_later(registered: Served) -> None:
    site = registered
    await site.world.give()
    await site.world.store.close()
    moved = site.world.folder.rename(site.world.folder.with_name("away"))
    for message, service in (
        (POLL, "OadrPoll"),
        (RequestEvent(request_id=RequestId("E"), ven_id=HOME), "EiEvent"),
    ):
        answer = await site.home.send(message, service)
        assert (answer.status, answer.body) == (503, b"")
        assert SHORTEST <= int(answer.headers["Retry-After"]) <= 3 * SHORTEST
    moved.rename(site.world.folder)
    assert isinstance((await site.home.send(POLL)).message, DistributeEvent)


@pytest.mark.proves("X10", "I03")
async def test_refusals_give_away_nothing_of_ours(registered: Served, made: Folder) -> None:
    site = registered
    answers = [
        await site.unknown.send(POLL),
        await site.park.send(POLL),
        await site.home.send(b"x" * 70_000),
        await site.home.send(RAW.replace(b"venID", b"venId")),
        await site.home.send(b"\x00"),
        await site.home.send(b"", headers={}),
    ]
    secrets = [str(site.world.folder), str(Path.cwd()), "sqlite", "Traceback", ".py", identity(made, VEN_ECC)]
    for answer in answers:
        told = f"{answer.headers} {answer.body.decode()}"
        assert not [word for word in secrets if word in told]
        assert ":".join(["%02X"] * 3) not in told


@pytest.mark.proves("A07")
async def test_bad_input_cannot_flood_the_log(registered: Served) -> None:
    site = registered
    for number in range(PER_MINUTE + 40):
        await site.home.send(b"<forged line\n\x1b[2J" + str(number).encode())
    assert code(await site.unknown.send(POLL)) == "463"
    lines = site.log.take()
    by_peer = [line["peer"] for line in lines]
    assert len(lines) == PER_MINUTE + 1, "another peer's line is not lost for it"
    assert len(set(by_peer)) == 2
    site.journal.minute()
    (line,) = site.log.lines
    assert line == ("warning", "refusals left out", {"peer": by_peer[0], "count": 40})
    assert not any(mark in str(one) for one in lines for mark in ("\x1b", "\n"))


@pytest.mark.proves("B3", "P12", "X06", "X07")
async def test_no_bytes_cause_more_than_a_refusal(registered: Served) -> None:
    seeds = [
        (RAW, "OadrPoll"),
        (envelope.write(registration()), "EiRegisterParty"),
        (envelope.write(created_event()), "EiEvent"),
        (envelope.write(offer()), "EiReport"),
        (envelope.write(update(ReportRequestId("Q"), interval("1", NOW))), "EiReport"),
    ]
    asked: list[tuple[bytes, str]] = []

    @settings(max_examples=300, database=None, suppress_health_check=list(HealthCheck))
    @given(
        seed=st.sampled_from(seeds),
        cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
        put=st.binary(max_size=12),
    )
    def draw(seed: tuple[bytes, str], cut: tuple[float, float], put: bytes) -> None:
        raw, service = seed
        start, end = sorted(int(each * len(raw)) for each in cut)
        asked.append((raw[:start] + put + raw[end:], service))
        asked.append((raw[:start] + put + raw[start:], service))

    draw()
    asked.append((b"<a>" * 20_000, "OadrPoll"))
    asked.append((b"<a " + b" ".join(b'a%d=""' % n for n in range(5_000)) + b"/>", "OadrPoll"))
    statuses = set()
    for raw, service in asked:
        answer = await registered.home.send(raw, service)
        statuses.add(answer.status)
    assert statuses <= {200, 403, 404, 406, 413}
    assert {200, 406} <= statuses
    assert await alive(registered)


@pytest.mark.proves("P13", "I14")
async def test_two_servers_with_opposite_settings_share_a_process(
    registered: Served, made: Folder, tmp_path: Path
) -> None:
    """The second has other ids, another prefix, another store, weaker TLS; the first stays as it was."""
    other = World(tmp_path / "other")
    await other.start()
    other.desk = replace(
        other.desk, terms=replace(other.desk.terms, vtn_id=type(other.desk.terms.vtn_id)("VTN-2"))
    )
    async with serving(other, made, prefix="/two/", profile=Profile.MODERN) as second:
        query = QueryRegistration(request_id=NO_REQUEST)
        first_says = (await registered.home.send(query, "EiRegisterParty")).message
        second.home.prefix = "/two"
        second_says = (await second.home.send(query, "EiRegisterParty")).message
        assert (first_says.vtn_id, second_says.vtn_id) == ("VTN-1", "VTN-2")  # type: ignore[attr-defined]
        assert second_says.ven_id is None  # type: ignore[attr-defined]
        assert first_says.ven_id == HOME  # type: ignore[attr-defined]
        with pytest.raises(aiohttp.ClientConnectorError):
            await replace(second.home, port=registered.port).send(POLL)
        assert (await replace(registered.home, prefix="/two").send(POLL)).status == 404
    await other.store.close()


@pytest.mark.proves("I07")
async def test_without_a_certificate_or_without_tls_there_is_no_service(site: Served, made: Folder) -> None:
    context = ven_context(made)
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.minimum_version = bare.maximum_version = ssl.TLSVersion.TLSv1_2
    bare.check_hostname = False
    bare.verify_mode = ssl.CERT_NONE
    url = f"https://127.0.0.1:{site.port}/OpenADR2/Simple/2.0b/OadrPoll"
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.post(url, data=RAW, headers=XML, ssl=bare)
        with pytest.raises(aiohttp.ClientError):
            await client.post(url.replace("https", "http"), data=RAW, headers=XML)
        async with client.post(url, data=RAW, headers=XML, ssl=context) as answer:
            assert answer.status == 200


async def test_a_peer_that_hangs_up_in_mid_body_leaves_a_line_and_no_trace(
    registered: Served, made: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection(
        "127.0.0.1", registered.port, ssl=ven_context(made), server_hostname="localhost"
    )
    head = "POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"
    writer.write(f"{head}Content-Length: {len(RAW)}\r\n\r\n".encode() + RAW[:50])
    await writer.drain()
    writer.transport.abort()
    while not registered.log.lines:
        await asyncio.sleep(0.005)
    (line,) = registered.log.take()
    assert line["what"] == "HTTP 406"
    assert await alive(registered)
    assert not caplog.records


@pytest.mark.proves("A01")
async def test_a_body_that_drips_is_cut_off(
    registered: Served, made: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.web.intake.BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", registered.port, ssl=ven_context(made), server_hostname="localhost"
    )
    writer.write(
        b"POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"
        b"Content-Length: 1000\r\n\r\n<"
    )
    await writer.drain()
    assert b" 408 " in await reader.readline()
    writer.transport.abort()
    assert await alive(registered)


@pytest.mark.proves("I12")
async def test_a_certificate_that_was_replaced_is_refused_on_an_open_connection(
    registered: Served,
) -> None:
    site = registered
    assert (await site.home.send(POLL)).status == 200
    async with site.world.store.writing() as tx:
        await network.approve(tx, HOME, Sha256("e" * 64))
    await site.world.index.refresh(site.world.store, site.world.now)
    assert code(await site.home.send(POLL)) == "463"


@pytest.mark.proves("r516", "r517")
async def test_a_certificate_that_expires_on_an_open_connection_ends_the_traffic(
    registered: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await registered.home.send(POLL)).status == 200
    monkeypatch.setattr("vtn.clock.now", lambda: datetime(2099, 1, 1, tzinfo=UTC))
    assert (await registered.home.send(POLL)).status == 403
    assert [line["what"] for line in registered.log.take()] == ["HTTP 403"]
