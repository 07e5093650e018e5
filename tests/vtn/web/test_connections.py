"""Connections as such, over real TLS: slow ones, revoked ones, and those that outlive a certificate of ours."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from certs import Profile, Revoked, Sha256, authority, fingerprint, revoked, server_context
from certs.authority import KeyType
from certs.folder import VEN_CA, VTN, VTN_CA, Folder
from oadr.wire import envelope
from oadr.wire.messages import Poll, RegisterReport
from tests.pki import VEN_ECC, VEN_RSA, ven_context, vtn_context
from tests.vtn.web.server import Served, identity, pki, serving
from tests.vtn.world import HOME, World, registered_report, registration
from vtn import clock
from vtn.web.metrics import Cause
from vtn.web.request_ids import HEADER
from vtn.web.signing import Signers

RAW = envelope.write(Poll(ven_id=HOME))
HEAD = (
    b"POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"
    b"Content-Length: %d\r\n\r\n" % len(RAW)
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return pki(tmp_path_factory.mktemp("connections") / "pki")


@pytest.fixture
async def site(bare: World, made: Folder) -> AsyncIterator[Served]:
    async with serving(bare, made) as started:
        await started.home.send(registration(), "EiRegisterParty")
        yield started


@dataclass(slots=True)
class Line:
    """One connection, byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, raw: bytes = HEAD + RAW) -> bytes:
        """The status line, once the whole answer is there."""
        self.writer.write(raw)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        await self.reader.readexactly(length)
        return head.partition(b"\r\n")[0]

    async def is_closed(self) -> bool:
        """By the other end, within a second."""
        try:
            async with asyncio.timeout(1):
                return await self.reader.read() == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        finally:
            self.writer.transport.abort()

    @property
    def shown(self) -> Sha256:
        """The certificate of the server."""
        return fingerprint.sha256(self.writer.get_extra_info("ssl_object").getpeercert(binary_form=True))


Connect = Callable[..., Awaitable[Line]]


@pytest.fixture
async def connect(site: Served, made: Folder) -> AsyncIterator[Connect]:
    """With the certificate of this name."""
    lines: list[Line] = []

    async def connected(name: str = VEN_ECC) -> Line:
        streams = await asyncio.open_connection(
            "127.0.0.1", site.port, ssl=ven_context(made, name), server_hostname="localhost"
        )
        lines.append(Line(*streams))
        return lines[-1]

    yield connected
    for line in lines:
        line.writer.transport.abort()


# --- slow ones ---


@pytest.mark.proves("A01")
async def test_a_head_that_drips_is_cut_off(
    site: Served, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.web.connections.HEAD_SECONDS", 0.1)
    line = await connect()
    assert b" 200 " in await line.ask()
    for place in range(30):  # each byte comes in time, the head never does
        line.writer.write(HEAD[place : place + 1])
        await asyncio.sleep(0.01)
    assert await line.is_closed()
    assert site.connections.cut_off[Cause.SLOW_HEAD] == 1


@pytest.mark.proves("A01")
async def test_a_connection_that_says_nothing_is_cut_off(
    site: Served, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.web.connections.HEAD_SECONDS", 0.05)
    assert await (await connect()).is_closed()
    assert site.connections.cut_off[Cause.SLOW_HEAD] == 1


async def test_a_connection_that_is_quiet_between_two_polls_stays(
    site: Served, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.web.connections.HEAD_SECONDS", 0.3)
    line = await connect()
    for _ in range(2):
        assert b" 200 " in await line.ask()
        await asyncio.sleep(0.35)
    for part in (HEAD[:50], HEAD[50:] + RAW[:20], RAW[20:-1]):  # in parts, but in time
        line.writer.write(part)
        await asyncio.sleep(0.01)
    assert b" 200 " in await line.ask(RAW[-1:])
    assert site.connections.count >= 1


@pytest.mark.proves("A01")
async def test_a_handshake_that_does_not_come_to_an_end_is_cut_off(
    site: Served, made: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.web.listener.HANDSHAKE_SECONDS", 0.1)
    await site.listener.renew(vtn_context(made), signers(made))
    line = Line(*await asyncio.open_connection("127.0.0.1", site.port))
    line.writer.write(b"\x16\x03\x01")
    assert await line.is_closed()


# --- revoked ones ---


def crl(made: Folder, *names: str, lasts: timedelta = timedelta(days=1), by: str = VEN_CA) -> Path:
    taken_back = [x509.load_pem_x509_certificate(made.public(name).read_bytes()) for name in names]
    path = made.path / "crl.pem"
    path.write_bytes(authority.revocation_list(made.issuer(by), taken_back, clock.now(), lasts))
    return path


@pytest.mark.proves("I12")
async def test_a_revoked_certificate_loses_its_open_connections_and_gets_no_new_one(
    site: Served, connect: Connect, made: Folder
) -> None:
    ours, other = await connect(), await connect(VEN_RSA)
    assert b" 200 " in await ours.ask()
    site.connections.revoke(revoked(crl(made, VEN_ECC), made.public(VEN_CA)))
    assert await ours.is_closed(), "it was idle"
    assert await (await connect()).is_closed()
    assert b" 200 " in await other.ask()
    assert site.connections.cut_off[Cause.REVOKED] == 3, "and the one by which it has registered"
    site.connections.revoke(Revoked())
    assert b" 200 " in await (await connect()).ask(), "taken from the list again"


@pytest.mark.proves("I12")
async def test_a_certificate_that_acts_for_no_site_any_more_is_hung_up_on(
    site: Served, connect: Connect, made: Folder
) -> None:
    line = await connect()
    assert b" 200 " in await line.ask()
    site.connections.part(frozenset({identity(made, VEN_RSA)}), Cause.NO_SITE_ANY_MORE)
    assert b" 200 " in await line.ask(), "somebody else's"
    site.connections.part(frozenset({identity(made, VEN_ECC)}), Cause.NO_SITE_ANY_MORE)
    assert await line.is_closed()


# --- the end ---


async def test_at_the_end_who_is_still_asking_is_answered_and_nobody_new_is(
    site: Served, connect: Connect
) -> None:
    asking, idle = await connect(), await connect()
    assert b" 200 " in await idle.ask()
    asking.writer.write(HEAD + RAW[:-1])
    await asyncio.sleep(0.02)
    end = asyncio.create_task(site.listener.close())
    assert await idle.is_closed()
    with pytest.raises(ConnectionError):
        await connect()
    assert not end.done()
    assert b" 200 " in await asking.ask(RAW[-1:])
    assert await asking.is_closed()
    await end


async def test_at_the_end_who_never_stops_asking_is_not_waited_for(
    site: Served, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.web.listener.GOODBYE", 0.05)
    monkeypatch.setattr("vtn.web.listener.LAST_GOODBYE", 0.05)
    line = await connect()
    line.writer.write(HEAD + RAW[:-1])
    await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        await site.listener.close()
    assert await line.is_closed()


# --- renewed ones ---


def signers(made: Folder) -> Signers:
    return Signers.load(made.secret(name) for name in VTN.values())


def renewed(made: Folder, folder: Path) -> tuple[ssl.SSLContext, Signers]:
    """Certificates of today, with keys of their own, from the same authority."""
    chains = []
    for kind, name in VTN.items():
        one = authority.leaf(made.issuer(VTN_CA), "vtn", kind, clock.now(), hosts=("localhost",))
        path = folder / f"{name}.pem"
        path.write_bytes(one.key_pem + one.chain_pem)
        chains.append(path)
    context = server_context(tuple(chains), made.public(VEN_CA), Profile.OPENADR)
    return context, Signers.load(chains)


@pytest.mark.proves("B21")
async def test_certificates_are_renewed_under_load_without_a_failed_poll(
    site: Served, connect: Connect, made: Folder, tmp_path: Path
) -> None:
    before, is_over = await connect(), asyncio.Event()
    assert b" 200 " in await before.ask()

    async def load() -> int:
        """Polls on an old connection and on ever new ones."""
        count = 0
        while not is_over.is_set():
            line = await connect()
            assert b" 200 " in await line.ask()
            assert b" 200 " in await before.ask() if count % 2 else True
            line.writer.transport.abort()
            count += 1
        return count

    polls = asyncio.create_task(load())
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        await site.listener.renew(*renewed(made, folder))
        await asyncio.sleep(0.05)
    is_over.set()
    assert await polls > 3
    after = await connect()
    assert after.shown not in (before.shown, identity(made, VTN[KeyType.ECC]))
    assert b" 200 " in await before.ask(), "it knows nothing of all that"


# --- names of requests ---


async def test_a_request_has_a_name_of_ours_which_its_line_in_the_log_has_too(site: Served) -> None:
    site.log.lines.clear()
    first = await site.home.send(b"no XML", headers={"Content-Type": "application/xml", HEADER: "theirs"})
    second = await site.home.send(RAW.replace(b"home", b"park"))
    third = await site.home.send(registration(), "EiRegisterParty")
    assert [line["request"] for line in site.log.take()] == [first.headers[HEADER], second.headers[HEADER]]
    assert len({each.headers[HEADER] for each in (first, second, third)} | {"theirs"}) == 4


async def test_a_poll_with_nothing_to_say_leaves_no_line_and_has_no_name(site: Served) -> None:
    while isinstance(greeting := (await site.home.send(Poll(ven_id=HOME))).message, RegisterReport):
        await site.home.send(registered_report(greeting), "EiReport")
    site.log.lines.clear()
    answer = await site.home.send(Poll(ven_id=HOME))
    assert answer.status == 200
    assert HEADER not in answer.headers
    assert not site.log.lines
