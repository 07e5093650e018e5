"""What the server keeps of its conversations: over real mutual TLS, and only where it is wanted."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from certs.folder import Folder
from oadr.wire import envelope
from oadr.wire.ids import RequestId, VenId
from oadr.wire.messages import CancelPartyRegistration, Poll
from oadr.wire.messages.registration import CreatedPartyRegistration
from oadr.wire.recording import Direction, Recorded
from oadr.wire.signature import SignaturePolicy
from tests.vtn.web.server import XML, Answer, Served, pki, serving
from tests.vtn.world import HOME, PARK, World, registration
from vtn.store import engine, messages, network
from vtn.web import recorder

POLL = Poll(ven_id=HOME)
RAW = envelope.write(POLL)
IN, OUT = Direction.IN, Direction.OUT
PATIENCE = 10.0


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return pki(tmp_path_factory.mktemp("vtn") / "pki")


@pytest.fixture
async def site(bare: World, made: Folder) -> AsyncIterator[Served]:
    async with serving(bare, made) as started:
        yield started


async def want(site: Served, last: int | None = 50, ven_id: VenId = HOME) -> None:
    async with site.world.store.writing() as tx:
        await messages.want(tx, ven_id, last)
    await site.world.index.refresh(site.world.store, site.world.now)


async def kept(site: Served, number: int, ven_id: VenId = HOME) -> tuple[Recorded, ...]:
    """As soon as there are so many."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with site.world.store.reading() as tx:
                found = await messages.of(tx, ven_id)
            if len(found) >= number:
                return found
            await asyncio.sleep(0.01)


async def register(site: Served) -> CreatedPartyRegistration:
    reply = (await site.home.send(registration(), "EiRegisterParty")).message
    assert isinstance(reply, CreatedPartyRegistration)
    return reply


def summary(recorded: tuple[Recorded, ...]) -> list[tuple[Direction, str, str, str]]:
    return [(one.direction, one.service, one.message, one.verdict) for one in recorded]


async def test_nothing_is_kept_unless_somebody_wants_it(site: Served) -> None:
    """The exchange that comes last is kept: had the others been, they would stand before it."""
    await site.home.send(registration(), "EiRegisterParty")
    await site.home.send(POLL)
    await site.park.send(Poll(ven_id=PARK))
    await want(site, ven_id=PARK)
    await site.park.send(Poll(ven_id=PARK))
    assert len(await kept(site, 1, PARK)) == 2
    assert await kept(site, 0) == ()


async def test_both_ways_of_an_exchange_are_kept_byte_by_byte(site: Served) -> None:
    await want(site)
    said = envelope.write(registration())
    answer = await site.home.send(said, "EiRegisterParty")
    sent, got = await kept(site, 2)
    assert (sent.xml.encode(), got.xml.encode()) == (said, answer.body)
    assert summary((sent, got)) == [
        (IN, "EiRegisterParty", "oadrCreatePartyRegistration", "200"),
        (OUT, "EiRegisterParty", "oadrCreatedPartyRegistration", ""),
    ]
    assert sent.at <= got.at
    assert (sent.size, got.size) == (len(said), len(answer.body))


async def test_an_answer_is_kept_as_it_is_before_it_is_packed(site: Served) -> None:
    await want(site)
    answer = await site.home.send(POLL, headers={**XML, "Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    _, got = await kept(site, 2)
    assert got.message == "oadrResponse"


async def test_of_a_refusal_is_kept_what_it_was_refused_for(site: Served) -> None:
    await want(site)
    await register(site)
    refused: tuple[tuple[bytes, str, str], ...] = (
        (envelope.write(Poll(ven_id=PARK)), "OadrPoll", "452 venID"),
        (RAW.replace(b"venID", b"venId"), "OadrPoll", "HTTP 406 "),
        (RAW.replace(b"home", b"h\xfcme"), "OadrPoll", "HTTP 406 not UTF-8"),
        (b" " * 70_000, "OadrPoll", "HTTP 413 larger than 65536 bytes"),
        (RAW, "EiEvent", "HTTP 404 oadrPoll does not belong to EiEvent"),
        (RAW, "EiNonsense", "HTTP 404 no such service"),
    )
    for raw, service, _ in refused:
        await site.home.send(raw, service)
    found = [one for one in await kept(site, 9) if one.direction is IN][1:]
    assert [one.service for one in found] == [service for _, service, _ in refused]
    for one, (_, _, why) in zip(found, refused, strict=True):
        assert one.verdict.startswith(why)
    assert [one.message for one in found] == ["oadrPoll", "oadrPoll", "", "", "oadrPoll", ""]
    assert "h\ufffdme" in found[2].xml
    assert found[3].xml == ""  # nobody waits for a body that is announced as too large


async def test_a_missing_signature_is_kept_with_what_was_not_signed(site: Served) -> None:
    await want(site)
    async with site.world.store.writing() as tx:
        await network.demand(tx, HOME, SignaturePolicy.REQUIRED)
    await site.world.index.refresh(site.world.store, site.world.now)
    assert (await site.home.send(RAW)).status == 403
    (one,) = await kept(site, 1)
    assert (one.verdict, one.xml.encode()) == ("HTTP 403 not signed", RAW)


async def test_a_request_without_a_body_of_ours_is_kept_all_the_same(site: Served) -> None:
    await want(site)
    await site.home.send(RAW, headers={"Content-Type": "text/plain"})
    await site.home.send(b"", method="GET")
    wrong, got = await kept(site, 2)
    assert (wrong.verdict, wrong.xml) == ("HTTP 406 wrong content type", "")
    assert got.verdict == "HTTP 501 method GET"


async def test_no_more_than_the_last_ones_are_kept(site: Served) -> None:
    await want(site, 3)
    await register(site)
    for _ in range(3):
        await site.home.send(b"hello")
    found = await kept(site, 3)
    while [one.message for one in found] != ["", "", ""]:  # the last of them may still be on its way
        found = await kept(site, 3)
    assert len(found) == 3


async def test_a_header_is_never_kept_nor_a_stranger(site: Served) -> None:
    await want(site)
    secret = "c2VjcmV0OnBhc3N3b3Jk"
    await site.home.send(POLL, headers={**XML, "Authorization": f"Basic {secret}", "X-Api-Key": secret})
    await site.unknown.send(Poll(ven_id=VenId("nobody-knows-me")))
    await site.home.send(b"last")
    assert len(await kept(site, 3)) == 3
    stored = b"".join(path.read_bytes() for path in site.world.folder.glob(f"{engine.FILE}*"))
    assert b"oadrPoll" in stored
    assert secret.encode() not in stored
    assert b"nobody-knows-me" not in stored
    assert b"PRIVATE KEY" not in stored


async def test_the_end_of_a_registration_deletes_what_was_said_before_it(site: Served) -> None:
    await want(site)
    known = await register(site)
    assert known.registration_id
    farewell = CancelPartyRegistration(
        request_id=RequestId("C1"), registration_id=known.registration_id, ven_id=HOME
    )
    await asyncio.gather(*(site.home.send(RAW) for _ in range(5)))
    assert (await site.home.send(farewell, "EiRegisterParty")).status == 200
    await site.home.send(b"last")
    found = await kept(site, 3)
    assert [one.message for one in found] == [
        "oadrCancelPartyRegistration",
        "oadrCanceledPartyRegistration",
        "",
    ]


async def test_a_store_that_takes_none_costs_no_answer_and_is_told_once(site: Served) -> None:
    await want(site)
    await in_store(
        site, "CREATE TRIGGER full BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    await register(site)
    for _ in range(3):
        assert (await site.home.send(POLL)).status == 200
    await until_told(site)
    await in_store(site, "DROP TRIGGER full")
    await site.home.send(b"again")
    assert [one.xml for one in await kept(site, 1)] == ["again"]
    assert [level for level, event, _ in site.log.lines if event == recorder.NOT_RECORDED] == ["error"]


async def in_store(site: Served, command: str) -> None:
    async with site.world.store.writing() as tx:
        await tx.execute(text(command))


async def until_told(site: Served) -> None:
    async with asyncio.timeout(PATIENCE):
        while not any(event == recorder.NOT_RECORDED for _, event, _ in site.log.lines):
            await asyncio.sleep(0.01)


async def test_too_many_that_wait_are_left_out_and_told(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WAITING", 2)
    await want(site)
    async with site.world.store.writing():  # nobody else can write meanwhile
        answers: list[Answer] = [await site.home.send(b"hello") for _ in range(5)]
    assert {answer.status for answer in answers} == {406}
    assert len(await kept(site, 2)) == 2
    assert [fields["why"] for _, event, fields in site.log.lines if event == recorder.NOT_RECORDED] == [
        "too many wait for the store"
    ]


async def test_what_waits_is_kept_before_the_store_is_closed(bare: World, made: Folder) -> None:
    free = asyncio.Event()

    async def busy() -> None:
        async with bare.store.writing():
            await free.wait()

    async with serving(bare, made) as site:
        await want(site)
        task = asyncio.create_task(busy())
        await site.home.send(b"hello")
        asyncio.get_running_loop().call_later(0.05, free.set)
    async with bare.store.reading() as tx:
        assert len(await messages.of(tx, HOME)) == 1
    await task
