"""The scenario of TLS: our VTN's server and our VEN's client, over real connections of this machine."""

import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from certs import Profile, server_context
from certs.authority import KeyType
from certs.folder import ROOT, VEN_CA, VTN, Folder
from oadr.wire import envelope
from oadr.wire.errors import Unreachable
from oadr.wire.ids import NO_REQUEST, RequestId
from oadr.wire.messages import CreatedPartyRegistration, Poll, QueryRegistration, Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ServiceName
from tests.certs.handshake import stranger
from tests.pki import VEN_ECC, VEN_RSA, ven_context
from tests.vtn.web.server import Served, serving
from tests.vtn.web.server import pki as make_pki
from tests.vtn.world import HOME, World, schema
from ven.session import Request
from ven.transport.http import HttpPull

RSA_SUITE = "AES128-SHA256"
ECC_SUITE = "ECDHE-ECDSA-AES128-SHA256"
QUERY = Request(ServiceName.REGISTER_PARTY, QueryRegistration(request_id=RequestId("Q1")))
POLL = Request(ServiceName.POLL, Poll(ven_id=HOME))
NOTHING = envelope.write(Response(response=EiResponse(request_id=NO_REQUEST), ven_id=HOME))
TIMEOUT = timedelta(seconds=5)
BROKEN_OFF = re.compile("^Client|^ServerDisconnected")
"""And not: no answer in time."""
OLD = "ignore:ssl.TLSVersion.TLSv1_1 is deprecated"

Change = Callable[[ssl.SSLContext], None]


def suites(names: str) -> Change:
    """Of TLS 1.2; everything that this machine's OpenSSL still can."""

    def change(context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{names}:@SECLEVEL=0")

    return change


def only(version: ssl.TLSVersion) -> Change:
    def change(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.minimum_version = version

    return change


OTHERS = {
    "AES-GCM": suites("ECDHE+AESGCM"),
    "RSA with SHA-1": suites("AES128-SHA"),
    "256 bits": suites("AES256-SHA256"),
    "ECDHE-RSA": suites("ECDHE-RSA-AES128-SHA256"),
    "TLS 1.1": only(ssl.TLSVersion.TLSv1_1),
    "TLS 1.3": only(ssl.TLSVersion.TLSv1_3),
}


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return make_pki(tmp_path_factory.mktemp("tls") / "pki")


@pytest.fixture
async def vtn(folder: Path, pki: Folder) -> AsyncIterator[Served]:
    world = World(folder)
    await world.start()
    async with serving(world, pki) as served:
        yield served
    await world.store.close()


async def asked(port: int, context: ssl.SSLContext, request: Request) -> object:
    """What our VEN reads there. Raises `Unreachable`."""
    transport = HttpPull(f"https://localhost:{port}", context, schema(), TIMEOUT)
    try:
        return await transport.exchange(request)
    finally:
        await transport.close()


@pytest.mark.proves("tls_suites_and_certificates", "r67", "r68")
@pytest.mark.parametrize("ven", [VEN_ECC, VEN_RSA])
@pytest.mark.parametrize("suite", [RSA_SUITE, ECC_SUITE, f"{ECC_SUITE}:{RSA_SUITE}"])
async def test_tls_suites_and_certificates(vtn: Served, pki: Folder, ven: str, suite: str) -> None:
    context = ven_context(pki, ven)
    context.set_ciphers(suite)
    told = await asked(vtn.port, context, QUERY)
    assert isinstance(told, CreatedPartyRegistration)
    assert told.response == EiResponse(request_id=RequestId("Q1"))


@pytest.mark.proves("tls_suites_and_certificates", "r67", "I07")
@pytest.mark.filterwarnings(OLD)
@pytest.mark.parametrize("ven", [VEN_ECC, VEN_RSA])
async def test_tls_suites_and_certificates_vtn(vtn: Served, pki: Folder, ven: str) -> None:
    """Whoever has only what is not in the profile, or shows no certificate, is not heard; who has both, is."""
    for other in OTHERS.values():
        context = stranger(pki.public(ROOT), pki.secret(ven))
        other(context)
        with pytest.raises(Unreachable, match=BROKEN_OFF):
            await asked(vtn.port, context, QUERY)
    for chain, outcome in ((None, Unreachable), (pki.secret(ven), None)):
        context = stranger(pki.public(ROOT), chain)
        with pytest.raises(outcome, match=BROKEN_OFF) if outcome else nullcontext():
            assert isinstance(await asked(vtn.port, context, QUERY), CreatedPartyRegistration)
    assert vtn.log.take() == []


@asynccontextmanager
async def other_vtn(context: ssl.SSLContext) -> AsyncIterator[tuple[int, list[str]]]:
    """A server that answers every request; its port, and the suites under which it was asked."""
    heard: list[str] = []

    async def nothing(request: web.BaseRequest) -> web.Response:
        heard.append(request.get_extra_info("cipher")[0])
        return web.Response(body=NOTHING, content_type="application/xml")

    runner = web.ServerRunner(web.Server(nothing), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield runner.addresses[0][1], heard
    finally:
        await runner.cleanup()


@pytest.mark.proves("tls_suites_and_certificates", "r67", "r68")
@pytest.mark.parametrize("ven", [VEN_ECC, VEN_RSA])
@pytest.mark.filterwarnings(OLD)
@pytest.mark.parametrize("kind", VTN)
async def test_tls_suites_and_certificates_ven(pki: Folder, ven: str, kind: KeyType) -> None:
    """A VTN with one of the keys and the suite that belongs to it will do; one that has only others will not."""
    chain = pki.secret(VTN[kind])
    async with other_vtn(server_context((chain,), pki.public(VEN_CA))) as (port, heard):
        assert isinstance(await asked(port, ven_context(pki, ven), POLL), Response)
        assert heard == [RSA_SUITE if kind is KeyType.RSA else ECC_SUITE]
    both = tuple(pki.secret(name) for name in VTN.values())
    for other in OTHERS.values():
        context = server_context(both, pki.public(VEN_CA), Profile.MODERN)
        somebody = stranger(pki.public(ROOT), pki.secret(ven))
        other(context)
        other(somebody)
        async with other_vtn(context) as (port, heard):
            with pytest.raises(Unreachable, match=BROKEN_OFF):
                await asked(port, ven_context(pki, ven), POLL)
            assert heard == []
            assert isinstance(await asked(port, somebody, POLL), Response), "which others can talk to"
