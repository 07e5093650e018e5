"""Scenarios of robustness that need the real door: certificates, headers, methods, and bodies of all sizes."""

import gzip
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from certs import Profile, authority
from certs.authority import KeyType
from certs.folder import VEN_CA, Folder
from oadr.wire import envelope
from oadr.wire.ids import RequestId
from oadr.wire.messages import (
    CreatedPartyRegistration,
    DistributeEvent,
    Poll,
    QueryRegistration,
    RequestEvent,
)
from tests.pki import VEN_ECC
from tests.vtn.web.server import XML, Answer, Peer, Served, pki, serving, session
from tests.vtn.world import HOME, PARK, World, registration

POLL = Poll(ven_id=HOME)
RAW = envelope.write(POLL)
QUESTION = QueryRegistration(request_id=RequestId("Q1"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return pki(tmp_path_factory.mktemp("robust") / "pki")


@pytest.fixture
async def site(bare: World, made: Folder) -> AsyncIterator[Served]:
    """`home` is registered."""
    async with serving(bare, made) as started:
        await started.home.send(registration(), "EiRegisterParty")
        yield started


def code(answer: Answer) -> str:
    assert answer.status == 200
    return str(answer.message.response.code)  # type: ignore[attr-defined]


async def serves_on(site: Served) -> bool:
    return isinstance((await site.home.send(QUESTION, "EiRegisterParty")).message, CreatedPartyRegistration)


async def refuses(
    site: Served, status: int, body: bytes | None, method: str = "POST", **headers: str
) -> None:
    """Whoever it is, with a status and nothing else, and goes on."""
    for peer in (site.home, site.unknown):
        answer = await peer.send(body, method=method, headers=XML | headers)
        assert (answer.status, answer.body) == (status, b"")
    assert await serves_on(site)


@pytest.mark.proves("certificate_expired", "r516")
async def test_certificate_expired(site: Served, made: Folder) -> None:
    then = datetime.now(UTC) - timedelta(days=1000)
    expired = authority.leaf(made.issuer(VEN_CA), VEN_ECC, KeyType.ECC, then)
    made.secret("expired").write_bytes(expired.key_pem + expired.chain_pem)
    async with session(made, "expired", Profile.OPENADR) as client:
        with pytest.raises(aiohttp.ClientConnectionError):
            await Peer(site.port, "", client).send(POLL)
    assert await serves_on(site)


@pytest.mark.proves("certificate_missing", "r516")
async def test_certificate_missing(site: Served) -> None:
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.minimum_version = bare.maximum_version = ssl.TLSVersion.TLSv1_2
    bare.check_hostname = False
    bare.verify_mode = ssl.CERT_NONE
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=bare)) as client:
        with pytest.raises(aiohttp.ClientConnectionError):
            await Peer(site.port, "", client).send(POLL)
    assert await serves_on(site)


@pytest.mark.proves("certificate_unknown", "r517")
async def test_certificate_unknown(site: Served) -> None:
    assert code(await site.unknown.send(POLL)) == "463"
    asked = RequestEvent(request_id=RequestId("E1"), ven_id=HOME)
    events = (await site.unknown.send(asked, "EiEvent")).message
    assert isinstance(events, DistributeEvent)
    assert events.response is not None
    assert (events.response.code, events.events) == ("463", ())
    refused = (await site.unknown.send(registration(), "EiRegisterParty")).message
    assert isinstance(refused, CreatedPartyRegistration)
    assert (refused.response.accepted, refused.ven_id) == (False, None)


@pytest.mark.proves("certificate_of_another_ven", "r517")
async def test_certificate_of_another_ven(site: Served) -> None:
    await site.park.send(registration(), "EiRegisterParty")
    assert code(await site.park.send(Poll(ven_id=HOME))) == "452"
    assert code(await site.home.send(Poll(ven_id=PARK))) == "452"
    await site.world.give()
    asked = RequestEvent(request_id=RequestId("E1"), ven_id=HOME)
    events = (await site.park.send(asked, "EiEvent")).message
    assert isinstance(events, DistributeEvent)
    assert events.response is not None
    assert (events.response.code, events.events) == ("452", ())


@pytest.mark.proves("forged_proxy_header")
async def test_forged_proxy_header(site: Served, made: Folder) -> None:
    claims = {
        "X-Forwarded-For": "127.0.0.1",
        "Forwarded": f"for={HOME}",
        "X-Forwarded-Client-Cert": f"Subject=CN={HOME}",
        "X-SSL-Client-Verify": "SUCCESS",
        "X-SSL-Client-Cert": made.public(VEN_ECC).read_text().replace("\n", "%0A"),
        "X-Client-DN": f"CN={HOME}",
        "Authorization": "Basic aG9tZTpob21l",
    }
    assert code(await site.unknown.send(POLL, headers=XML | claims)) == "463"
    assert {line["remote"] for line in site.log.take()} == {"127.0.0.1"}
    assert code(await site.park.send(POLL, headers=XML | claims)) == "463", "it is still not the home"


@pytest.mark.proves("doctype")
async def test_doctype(site: Served) -> None:
    kinds = (
        b"<!DOCTYPE a>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]>',
    )
    declaration, root = RAW[: RAW.index(b"?>") + 2], RAW[RAW.index(b"?>") + 2 :]
    for kind in kinds:
        await refuses(site, 406, declaration + kind + root)


@pytest.mark.proves("body_too_large")
async def test_body_too_large(site: Served) -> None:
    await refuses(site, 413, RAW + b" " * envelope.REQUEST_LIMIT)
    await refuses(site, 413, RAW + b" " * envelope.REPORT_LIMIT)


@pytest.mark.proves("wrong_method")
async def test_wrong_method(site: Served) -> None:
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"):
        await refuses(site, 501, RAW, method)


@pytest.mark.proves("wrong_type")
async def test_wrong_type(site: Served) -> None:
    for kind in ("text/plain", "application/json", "application/x-www-form-urlencoded", "x", ""):
        await refuses(site, 406, RAW, **{"Content-Type": kind})


@pytest.mark.proves("encoded_body")
async def test_encoded_body(site: Served) -> None:
    for body, encoding in ((gzip.compress(RAW), "gzip"), (RAW, "deflate"), (RAW, "br"), (RAW, "snail")):
        await refuses(site, 415, body, **{"Content-Encoding": encoding})
