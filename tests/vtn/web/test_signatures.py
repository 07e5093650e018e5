"""Signed messages at the server, over real mutual TLS: what is taken, what has no effect, and how it is answered."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import aiohttp
import pytest
from lxml import etree
from sqlalchemy import select

import certs
from certs import Profile, Sha256, identity
from certs.folder import VTN, Folder
from oadr.wire import envelope
from oadr.wire.envelope import Terms
from oadr.wire.errors import Forged, PeerError
from oadr.wire.ids import ReportRequestId, RequestId, VenId
from oadr.wire.messages import Message, Poll, QueryRegistration, RequestEvent, Response
from oadr.wire.messages.registration import CreatedPartyRegistration
from oadr.wire.replay import Once
from oadr.wire.signature import SignaturePolicy
from oadr.wire.signing import Signer
from tests.oadr.wire.sealing import seal
from tests.pki import VEN_ECC, VEN_RSA, ven_context
from tests.vtn.service.offers import interval, update
from tests.vtn.web.server import UNKNOWN, Answer, Peer, Served, pki, serving
from tests.vtn.world import HOME, NOW, PARK, TERMS, World, registration, schema
from vtn.store import asked, network, tables
from vtn.web import once
from vtn.web.signing import Signers

OFF, IF_PRESENT, REQUIRED = SignaturePolicy.OFF, SignaturePolicy.IF_PRESENT, SignaturePolicy.REQUIRED
POLICIES = pytest.mark.parametrize("policy", SignaturePolicy)

POLL = Poll(ven_id=HOME)
QUESTIONS = {
    "OadrPoll": POLL,
    "EiRegisterParty": QueryRegistration(request_id=RequestId("Q")),
    "EiEvent": RequestEvent(request_id=RequestId("E"), ven_id=HOME),
}
RSA_ONLY = "AES128-SHA256"
_nonces = count()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return pki(tmp_path_factory.mktemp("signatures") / "pki")


@pytest.fixture(scope="module")
def keys(made: Folder) -> "Keys":
    return Keys(*(signer(made, name) for name in (VEN_ECC, VEN_RSA, UNKNOWN, "vtn-ecc", "vtn-rsa")))


@pytest.fixture
async def site(bare: World, made: Folder) -> AsyncIterator[Served]:
    async with serving(bare, made) as started:
        yield started


@dataclass(frozen=True, slots=True)
class Keys:
    home: Signer
    park: Signer
    unknown: Signer
    vtn_ecc: Signer
    vtn_rsa: Signer


def signer(made: Folder, name: str) -> Signer:
    own = identity(made.secret(name))
    return Signer(own.key, own.certificate)


def sign(message: Message, own: Signer, ahead: timedelta = timedelta()) -> bytes:
    return own.sign(message, datetime.now(UTC) + ahead, f"nonce-{next(_nonces)}")


async def demand(site: Served, policy: SignaturePolicy, ven_id: VenId = HOME) -> None:
    """As another process does it: the server notices by itself."""
    async with site.world.store.writing() as tx:
        await network.demand(tx, ven_id, policy)
    await site.world.index.refresh(site.world.store, site.world.now)


def signed_by(answer: Answer, own: Signer) -> Message:
    """The message, if the answer holds with this certificate. Raises `Forged`."""
    assert answer.status == 200
    return envelope.open(answer.body, schema(), Terms(REQUIRED, own.certificate), datetime.now(UTC)).message


def is_signed(answer: Answer) -> bool:
    return b"SignatureValue" in answer.body


async def kept(site: Served) -> dict[str, list[Any]]:
    """Every row of every table."""
    async with site.world.store.reading() as tx:
        return {
            table.name: list(await tx.execute(select(table).order_by(*table.primary_key)))
            for table in tables.metadata.sorted_tables
        }


async def refused(site: Served, peer: Peer, raw: bytes, service: str = "EiRegisterParty") -> None:
    """With 403 and no body, one line in the log, and without any effect: the site was not even seen."""
    before = await kept(site)
    site.world.index.take_seen()
    site.log.take()
    answer = await peer.send(raw, service)
    assert (answer.status, answer.body) == (403, b"")
    assert [line["what"] for line in site.log.take()] == ["HTTP 403"]
    assert await kept(site) == before
    assert not site.world.index.take_seen()


def code(answer: Answer) -> str:
    response = answer.message if not is_signed(answer) else None
    assert response is not None
    return str(response.response.code)  # type: ignore[attr-defined]


# --- who may say what ---


@pytest.mark.proves("r514", "X12", "X14")
@POLICIES
async def test_a_sites_own_signature_holds_whatever_the_policy_and_is_answered_by_ours(
    site: Served, keys: Keys, policy: SignaturePolicy
) -> None:
    for ven_id, peer, own in ((HOME, site.home, keys.home), (PARK, site.park, keys.park)):
        await demand(site, policy, ven_id)
        answer = await peer.send(sign(registration(), own), "EiRegisterParty")
        created = signed_by(answer, keys.vtn_ecc)
        assert isinstance(created, CreatedPartyRegistration)
        assert created.ven_id == ven_id


@pytest.mark.proves("r514", "X12", "I15")
@pytest.mark.parametrize("message", QUESTIONS.values(), ids=QUESTIONS)
async def test_what_is_not_signed_is_ignored_where_signatures_are_required(
    site: Served, keys: Keys, message: Message
) -> None:
    service = next(name for name, one in QUESTIONS.items() if one == message)
    for policy in (OFF, IF_PRESENT):
        await demand(site, policy)
        answer = await site.home.send(message, service)
        assert (answer.status, is_signed(answer)) == (200, False)
    await demand(site, REQUIRED)
    await refused(site, site.home, envelope.write(message), service)
    await refused(site, site.home, envelope.write(registration()))
    await refused(site, site.home, stripped(sign(registration(), keys.home)))
    assert is_signed(await site.home.send(sign(message, keys.home), service))


def stripped(raw: bytes) -> bytes:
    start, end = raw.index(b"<ds:Signature>"), raw.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    return raw[:start] + raw[end:]


async def test_a_bare_payload_is_taken_only_where_nobody_signs(site: Served) -> None:
    raw = codec_bytes(POLL)
    for policy, status in ((OFF, 200), (IF_PRESENT, 406), (REQUIRED, 403)):
        await demand(site, policy)
        assert (await site.home.send(raw)).status == status


def codec_bytes(message: Message) -> bytes:
    return etree.tostring(envelope.build(message)[0][0])


FORGED: dict[str, Callable[[Keys], bytes]] = {
    "tampered": lambda keys: sign(registration("R1"), keys.home).replace(b">R1<", b">R2<"),
    "another site's": lambda keys: sign(registration(), keys.park),
    "a stranger's": lambda keys: sign(registration(), keys.unknown),
    "ours": lambda keys: sign(registration(), keys.vtn_ecc),
    "too old": lambda keys: sign(registration(), keys.home, timedelta(minutes=-6)),
    "from the future": lambda keys: sign(registration(), keys.home, timedelta(minutes=6)),
    "a year old": lambda keys: sign(registration(), keys.home, timedelta(days=-365)),
    "another's KeyInfo": lambda keys: replace_certificate(sign(registration(), keys.park), keys),
}


def replace_certificate(raw: bytes, keys: Keys) -> bytes:
    start, end = raw.index(b"<ds:KeyInfo>"), raw.index(b"</ds:KeyInfo>")
    right = sign(POLL, keys.home)
    return raw[:start] + right[right.index(b"<ds:KeyInfo>") : right.index(b"</ds:KeyInfo>")] + raw[end:]


@pytest.mark.proves("r514", "X14", "signature_vectors")
@POLICIES
async def test_a_signature_that_does_not_hold_has_no_effect_whatever_the_policy(
    site: Served, keys: Keys, policy: SignaturePolicy
) -> None:
    await demand(site, policy)
    for forge in FORGED.values():
        await refused(site, site.home, forge(keys))
    assert is_signed(await site.home.send(sign(registration(), keys.home), "EiRegisterParty"))


# --- replays ---


@pytest.mark.proves("X20", "F3", "B4")
@POLICIES
async def test_a_message_acts_once_also_at_a_second_server_and_after_a_restart(
    bare: World, made: Folder, keys: Keys, policy: SignaturePolicy
) -> None:
    raw = sign(registration(), keys.home)
    other = World(bare.folder)
    async with serving(bare, made) as first:
        await demand(first, policy)
        assert (await first.home.send(raw, "EiRegisterParty")).status == 200
        await refused(first, first.home, raw)
        await other.start()
        async with serving(other, made) as second:
            await refused(second, second.home, raw)
        await other.store.close()
    await bare.restart()
    async with serving(bare, made) as again:
        await refused(again, again.home, raw)
        assert (await again.home.send(sign(registration(), keys.home), "EiRegisterParty")).status == 200


@pytest.mark.proves("X20")
@pytest.mark.parametrize("message", QUESTIONS.values(), ids=QUESTIONS)
async def test_a_question_is_answered_once(site: Served, keys: Keys, message: Message) -> None:
    service = next(name for name, one in QUESTIONS.items() if one == message)
    raw = sign(message, keys.home)
    assert (await site.home.send(raw, service)).status == 200
    await refused(site, site.home, raw, service)


@pytest.mark.proves("X20", "B4")
async def test_many_replays_in_any_order_all_fail(
    site: Served, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.web.admission.FLOOR", 1e6)  # so many would be told to come later
    raws = [sign(registration(f"R{number}"), keys.home) for number in range(10)]
    for raw in raws:
        assert (await site.home.send(raw, "EiRegisterParty")).status == 200
    before = await kept(site)
    for raw in raws[::-1] * 10:
        assert (await site.home.send(raw, "EiRegisterParty")).status == 403
    assert await kept(site) == before


@pytest.mark.proves("X20", "F3", "B4")
@pytest.mark.parametrize("message", QUESTIONS.values(), ids=QUESTIONS)
async def test_a_question_is_not_answered_again_after_a_restart(
    bare: World, made: Folder, keys: Keys, message: Message
) -> None:
    service = next(name for name, one in QUESTIONS.items() if one == message)
    raw = sign(message, keys.home)
    async with serving(bare, made) as first:
        assert (await first.home.send(raw, service)).status == 200
    await bare.restart()
    async with serving(bare, made) as again:
        await refused(again, again.home, raw, service)
        assert (await again.home.send(sign(message, keys.home), service)).status == 200


async def test_questions_leave_nothing_in_the_store_and_a_bounded_number_in_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "REMEMBERED", 3)
    spent, at = once.Spent(world.store), NOW + timedelta(minutes=5)
    for number in range(4):
        await spent.spend(HOME, POLL, Once(f"n{number}", at))
    await spent.spend(PARK, POLL, Once("n3", at))
    with pytest.raises(Forged):
        await spent.spend(HOME, POLL, Once("n3", at))
    await spent.spend(HOME, POLL, Once("n0", at))  # the oldest was forgotten
    async with world.store.reading() as tx:
        assert not list(await tx.execute(select(tables.nonces)))


async def test_a_stranger_has_no_place_in_our_memory(site: Served, keys: Keys) -> None:
    raw = sign(POLL, keys.unknown)
    for _ in range(2):
        answer = await site.unknown.send(raw)
        assert signed_by(answer, keys.vtn_ecc).response.code == "463"  # type: ignore[attr-defined]
    async with site.world.store.reading() as tx:
        assert not list(await tx.execute(select(tables.nonces)))


@pytest.mark.proves("X12", "I01")
@POLICIES
async def test_a_poll_that_is_known_again_is_judged_by_what_its_certificate_is_worth_today(
    site: Served, keys: Keys, policy: SignaturePolicy
) -> None:
    """Both memories of polls know bytes, not rights: the site may have another certificate by now."""

    def poll() -> bytes:
        return envelope.write(POLL) if policy is OFF else sign(POLL, keys.home)

    await demand(site, policy)
    for _ in range(2):
        assert (await site.home.send(poll())).status == 200
        assert HOME in site.world.index.take_seen()
    async with site.world.store.writing() as tx:
        await network.approve(tx, HOME, Sha256("0" * 64))
    await site.world.index.refresh(site.world.store, site.world.now)
    answer = await site.home.send(poll())
    message = answer.message if policy is OFF else signed_by(answer, keys.vtn_ecc)
    assert isinstance(message, Response)
    assert message.response.code == "463"
    assert not site.world.index.take_seen()


@pytest.mark.proves("X20")
async def test_a_signed_poll_that_is_known_again_is_spent_like_any_other(site: Served, keys: Keys) -> None:
    raws = [sign(POLL, keys.home) for _ in range(3)]
    for raw in raws:
        assert (await site.home.send(raw)).status == 200
    for raw in raws:
        await refused(site, site.home, raw, "OadrPoll")
    await refused(site, site.home, sign(POLL, keys.home, timedelta(minutes=-6)), "OadrPoll")
    await refused(site, site.home, sign(POLL, keys.park), "OadrPoll")
    await refused(site, site.park, sign(POLL, keys.home), "OadrPoll")


@pytest.mark.proves("X07")
async def test_no_report_keeps_the_server_busy_by_what_is_canonicalised(site: Served, keys: Keys) -> None:
    """Any site may send 1 MiB there, and the work was done before its signature had to hold."""
    raw = sign(POLL, keys.home)
    namespaces = b"".join(b' xmlns:n%d="u:"' % number for number in range(50_000))
    attributes = b"".join(b' a%d=""' % number for number in range(90_000))
    flood = raw.replace(b"<oadr:oadrPayload", b"<oadr:oadrPayload" + namespaces, 1)
    other = raw.replace(b"<dsp:nonce", b'<x xmlns="u:"' + attributes + b"/><dsp:nonce", 1)
    for body in (flood, other):
        started = time.process_time()
        assert (await site.home.send(body, "EiReport")).status == 406
        assert time.process_time() - started < 2


# --- our answer ---


@pytest.mark.proves("r514", "r68")
async def test_an_answer_is_signed_with_the_key_that_the_connection_has_shown(
    site: Served, made: Folder, keys: Keys
) -> None:
    context = ven_context(made, VEN_ECC)
    context.set_ciphers(RSA_ONLY)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        by_rsa = await Peer(site.port, "", session).send(sign(POLL, keys.home))
    by_ecc = await site.home.send(sign(POLL, keys.home))
    for answer, own, other in (
        (by_rsa, keys.vtn_rsa, keys.vtn_ecc),
        (by_ecc, keys.vtn_ecc, keys.vtn_rsa),
    ):
        signed_by(answer, own)
        with pytest.raises(PeerError):
            signed_by(answer, other)


async def test_in_tls_1_3_the_certificate_shown_is_the_one_that_signs(bare: World, made: Folder) -> None:
    """There the suite does not name the key, so we rely on what OpenSSL prefers."""
    async with serving(bare, made, profile=Profile.MODERN) as site:
        context = ven_context(made, VEN_ECC, Profile.MODERN)
        _, writer = await asyncio.open_connection(
            "127.0.0.1", site.port, ssl=context, server_hostname="localhost"
        )
        tls = writer.get_extra_info("ssl_object")
        assert tls.version() == "TLSv1.3"
        shown = tls.getpeercert(binary_form=True)
        writer.transport.abort()
    signers = Signers.load(made.secret(name) for name in VTN.values())
    raw = signers.sign(POLL, tls, datetime.now(UTC))
    terms = Terms(REQUIRED, certs.peer(shown).certificate)
    assert envelope.open(raw, schema(), terms, datetime.now(UTC)).message == POLL


async def test_no_two_answers_have_one_nonce(site: Served, keys: Keys) -> None:
    answers = [await site.home.send(sign(POLL, keys.home)) for _ in range(5)]
    terms, now = Terms(REQUIRED, keys.vtn_ecc.certificate), datetime.now(UTC)
    opened = [envelope.open(answer.body, schema(), terms, now).once for answer in answers]
    assert len({one.nonce for one in opened if one}) == 5


@pytest.mark.proves("X09")
async def test_signed_nonsense_gets_a_signed_answer(site: Served, keys: Keys) -> None:
    raw = sign(update(ReportRequestId("Q"), interval("1", NOW)), keys.home)
    twisted = raw.replace(b"<ei:value>1</ei:value>", b"<ei:value>NaN</ei:value>")
    answer = await site.home.send(seal(etree.fromstring(twisted), keys.home.key), "EiReport")
    assert signed_by(answer, keys.vtn_ecc).response.code == "454"  # type: ignore[attr-defined]
    await refused(site, site.home, twisted, "EiReport")


# --- registration, and servers beside each other ---


@pytest.mark.proves("r514")
@pytest.mark.parametrize(("policy", "expected"), [(OFF, "451"), (IF_PRESENT, "200"), (REQUIRED, "200")])
async def test_who_says_that_it_signs_is_registered_where_that_is_wanted(
    site: Served, keys: Keys, policy: SignaturePolicy, expected: str
) -> None:
    await demand(site, policy)
    raw = sign(registration(xml_signature=True), keys.home)
    created = signed_by(await site.home.send(raw, "EiRegisterParty"), keys.vtn_ecc)
    assert created.response.code == expected  # type: ignore[attr-defined]


@asynccontextmanager
async def with_policy(world: World, made: Folder, policy: SignaturePolicy) -> AsyncIterator[Served]:
    """A server whose settings say so for every site."""
    world.desk = replace(world.desk, terms=replace(TERMS, signatures=policy))
    async with serving(world, made) as site:
        yield site


@pytest.mark.proves("I14", "P13", "X12")
async def test_two_servers_of_one_process_have_opposite_policies(
    bare: World, made: Folder, keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = World(tmp_path_factory.mktemp("other"))
    await other.start()
    async with with_policy(bare, made, REQUIRED) as strict, with_policy(other, made, OFF) as open_:
        for _ in range(2):
            assert (await open_.home.send(POLL)).status == 200
            await refused(strict, strict.home, envelope.write(POLL), "OadrPoll")
        raw = sign(POLL, keys.home)
        for one in (strict, open_):  # neither knows what the other has heard
            assert (await one.home.send(raw)).status == 200
        assert (await strict.unknown.send(POLL)).status == 403
        await demand(strict, OFF)
        assert (await strict.home.send(POLL)).status == 200, "a site's own policy goes before the settings"
        assert (await strict.park.send(Poll(ven_id=PARK))).status == 403
    await other.store.close()
