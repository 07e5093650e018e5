"""What a VEN signs and what it believes, over real mutual TLS, against a VTN with either kind of key."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from certs import identity, server_context
from certs.folder import VEN_CA, Folder
from oadr.wire import envelope
from oadr.wire.envelope import Terms
from oadr.wire.errors import Forged, Unreachable
from oadr.wire.ids import NO_REQUEST, RequestId, VenId
from oadr.wire.messages import Message, Poll, Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ServiceName
from oadr.wire.signature import SignaturePolicy
from oadr.wire.signing import Signer
from tests.pki import VEN_ECC, VEN_RSA, make_pki, ven_context
from tests.vtn.world import schema
from ven.config import VenConfig
from ven.session import Request
from ven.transport.http import REPLY_LIMIT, HttpPull, Rejected
from ven.transport.signatures import Signatures

OFF, IF_PRESENT, REQUIRED = SignaturePolicy.OFF, SignaturePolicy.IF_PRESENT, SignaturePolicy.REQUIRED
POLICIES = pytest.mark.parametrize("policy", SignaturePolicy)
KINDS = pytest.mark.parametrize("kind", ["rsa", "ecc"])

POLL = Request(ServiceName.POLL, Poll(ven_id=VenId("Ven-1")))
REPLY = Response(response=EiResponse(request_id=RequestId("R1")), ven_id=VenId("Ven-1"))
NONCE = "0123456789abcdef"
EARLY = timedelta(minutes=6)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return make_pki(tmp_path_factory.mktemp("signatures") / "pki")


def signer(chain: Path) -> Signer:
    own = identity(chain)
    return Signer(own.key, own.certificate)


@dataclass
class Vtn:
    """Says what it was given, with the key of its TLS, and remembers what it was told."""

    port: int
    own: Signer
    say: Callable[[], bytes] = bytes
    heard: list[bytes] = field(default_factory=list)

    def signed(self, message: Message = REPLY, nonce: str = NONCE, ahead: timedelta = timedelta()) -> bytes:
        return self.own.sign(message, datetime.now(UTC) + ahead, nonce)


@asynccontextmanager
async def talking(
    pki: Folder, policy: SignaturePolicy, kind: str = "ecc", ven: str = VEN_ECC
) -> AsyncIterator[tuple[HttpPull, Vtn]]:
    chain = pki.secret(f"vtn-{kind}")

    async def handle(request: web.BaseRequest) -> web.Response:
        vtn.heard.append(await request.read())
        return web.Response(body=vtn.say(), content_type="application/xml")

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(
        runner, "127.0.0.1", 0, ssl_context=server_context((chain,), pki.public(VEN_CA))
    ).start()
    vtn = Vtn(runner.addresses[0][1], signer(chain))
    config = VenConfig(
        vtn_url=f"https://localhost:{vtn.port}",
        certificate=pki.secret(ven),
        trust=pki.public("vtn-ca"),
        state=pki.path,
        market_contexts="http://dso.example",
        signatures=policy,
    )
    signatures = Signatures.load(config, lambda: datetime.now(UTC))
    context = ven_context(pki, ven)
    transport = HttpPull(config.vtn_url, context, schema(), config.request_timeout, signatures)
    try:
        yield transport, vtn
    finally:
        await transport.close()
        await runner.cleanup()


async def refused(transport: HttpPull, request: Request = POLL) -> str:
    with pytest.raises(Unreachable) as caught:
        await transport.exchange(request)
    assert isinstance(caught.value, Rejected)
    return str(caught.value)


@pytest.mark.proves("r514")
@KINDS
@POLICIES
async def test_what_the_vtn_signs_with_the_key_of_its_tls_is_believed(
    pki: Folder, policy: SignaturePolicy, kind: str
) -> None:
    async with talking(pki, policy, kind) as (transport, vtn):
        for number in range(3):  # on one connection
            raw = vtn.signed(nonce=f"n{number}")
            vtn.say = lambda raw=raw: raw  # type: ignore[misc]
            assert await transport.exchange(POLL) == REPLY


@pytest.mark.proves("r514", "X12")
@pytest.mark.parametrize(("policy", "believed"), [(OFF, True), (IF_PRESENT, True), (REQUIRED, False)])
async def test_what_is_not_signed_is_believed_unless_signatures_are_required(
    pki: Folder, policy: SignaturePolicy, believed: bool
) -> None:
    async with talking(pki, policy) as (transport, vtn):
        vtn.say = lambda: envelope.write(REPLY)
        if believed:
            assert await transport.exchange(POLL) == REPLY
        else:
            assert "not signed" in await refused(transport)


@pytest.mark.proves("X12")
async def test_an_empty_reply_acknowledges_nothing_where_signatures_are_required(pki: Folder) -> None:
    """But to an oadrResponse, which has no answer of its own."""
    response = Request(ServiceName.REGISTER_PARTY, Response(response=EiResponse(request_id=NO_REQUEST)))
    async with talking(pki, IF_PRESENT) as (transport, _):
        assert await transport.exchange(POLL) is None
    async with talking(pki, REQUIRED) as (transport, _):
        assert "not signed" in await refused(transport)
        assert await transport.exchange(response) is None


@pytest.mark.proves("r514", "X14")
@POLICIES
async def test_what_was_changed_or_signed_by_another_key_is_never_believed(
    pki: Folder, policy: SignaturePolicy
) -> None:
    """Not even by the VTN's own other key: it is not the one of this connection."""
    async with talking(pki, policy) as (transport, vtn):
        tampered = vtn.signed().replace(b">R1<", b">R2<")
        others = [
            signer(pki.secret(name)).sign(REPLY, datetime.now(UTC), NONCE) for name in ("vtn-rsa", VEN_ECC)
        ]
        for raw in (tampered, *others, vtn.signed(ahead=EARLY), vtn.signed(ahead=-EARLY)):
            vtn.say = lambda raw=raw: raw  # type: ignore[misc]
            await refused(transport)
        vtn.say = vtn.signed
        assert await transport.exchange(POLL) == REPLY, "none of them has spent the nonce"


@pytest.mark.proves("X20", "I05")
@POLICIES
async def test_a_reply_is_believed_once(pki: Folder, policy: SignaturePolicy) -> None:
    async with talking(pki, policy) as (transport, vtn):
        raw = vtn.signed()
        vtn.say = lambda: raw
        assert await transport.exchange(POLL) == REPLY
        assert "replayed" in await refused(transport)


@pytest.mark.proves("r514")
@pytest.mark.parametrize("ven", [VEN_ECC, VEN_RSA])
async def test_each_attempt_is_signed_anew_with_the_key_of_our_tls(pki: Folder, ven: str) -> None:
    async with talking(pki, IF_PRESENT, ven=ven) as (transport, vtn):
        for _ in range(2):
            await transport.exchange(POLL)
    terms = Terms(REQUIRED, signer(pki.secret(ven)).certificate)
    opened = [envelope.open(raw, schema(), terms, datetime.now(UTC)) for raw in vtn.heard]
    assert [one.message for one in opened] == [POLL.message] * 2
    nonces = {one.once.nonce for one in opened if one.once}
    assert len(nonces) == 2


async def test_nothing_is_signed_where_signatures_are_off(pki: Folder) -> None:
    async with talking(pki, OFF) as (transport, vtn):
        await transport.exchange(POLL)
    assert envelope.read(vtn.heard[0], schema()) == POLL.message


def test_without_a_readable_certificate_of_the_connection_no_signature_holds(pki: Folder) -> None:
    now = datetime.now(UTC)
    raw = signer(pki.secret("vtn-ecc")).sign(REPLY, now, NONCE)
    ours = Signatures(OFF, None, lambda: now)
    for shown in (None, b"garbage"):
        with pytest.raises(Forged):
            ours.read(raw, POLL.message, None, limit=REPLY_LIMIT, shown=shown, elapsed=0.0)
