"""Every message, under every name, with every certificate, over real mutual TLS."""

import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from certs import Profile, authority
from certs.authority import Issued, KeyType
from certs.folder import VEN_CA, Folder
from oadr.wire import envelope
from oadr.wire.messages import CancelOpt, CreatedEvent, CreateOpt, Message, Poll, RegisterReport, RequestEvent
from tests.pki import VEN_ECC
from tests.vtn.service.said import SAID
from tests.vtn.web.server import Peer, Served, pki, serving, session
from tests.vtn.world import HOME, PARK, World, registered_report, registration
from vtn.service.dispatch import SERVICES
from vtn.store.engine import FILE

VEN_ID: Final = re.compile(rb"<ei:venID>[^<]*</ei:venID>")
NAMES: Final = {"own": HOME, "another": PARK, "unknown": "nobody", "none": None}
MUST_BE_NAMED: Final = (Poll, RequestEvent, CreatedEvent, CreateOpt, CancelOpt)
"""Where the schema wants a venID: without one there is nothing to read."""
HOLDERS: Final = {"own": HOME, "another's": PARK}
"""Whose certificates these are, of those that get through the handshake."""
NO_HANDSHAKE: Final = "no handshake"
"""The server hangs up; why, is told by tests/certs/test_trust.py, where both ends are in sight."""
REFUSED: Final = {
    "expired": NO_HANDSHAKE,
    "foreign": NO_HANDSHAKE,
    "expired since": "HTTP 403",
}
CHANGED: Final = "changed the store"


@dataclass(frozen=True, slots=True)
class Cell:
    """What is said, under which name, with which certificate."""

    said: str
    name: str
    certificate: str

    @property
    def message(self) -> Message:
        return SAID[self.said][0]

    @property
    def raw(self) -> bytes:
        name = NAMES[self.name]
        element = f"<ei:venID>{name}</ei:venID>".encode() if name else b""
        return VEN_ID.sub(element, envelope.write(self.message))

    @property
    def service(self) -> str:
        return next(service for service, known in SERVICES.items() if type(self.message) in known)

    @property
    def genuine(self) -> bool:
        """Whether a site speaks here for itself; `own` is the name of HOME, whatever the certificate."""
        named = VEN_ID.search(envelope.write(self.message)) is not None
        allowed = (HOLDERS.get(self.certificate), None)
        return self.certificate in HOLDERS and (not named or NAMES[self.name] in allowed)

    @property
    def wanted(self) -> str:
        if self.certificate in REFUSED:
            return REFUSED[self.certificate]
        if self.name == "none" and isinstance(self.message, MUST_BE_NAMED):
            return "HTTP 406"
        return SAID[self.said][2] if self.genuine else "452"

    def __str__(self) -> str:
        return f"{self.said}, venID: {self.name}, certificate: {self.certificate}"


def cells(*certificates: str) -> Iterator[Cell]:
    for said, name, certificate in product(SAID, NAMES, certificates):
        yield Cell(said, name, certificate)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """With two more certificates in the name of `home`: one of the right CA that has expired, one of another CA."""
    folder, now = pki(tmp_path_factory.mktemp("identity") / "pki"), datetime.now(UTC)
    expired = authority.leaf(folder.issuer(VEN_CA), VEN_ECC, KeyType.ECC, now - timedelta(days=1000))
    elsewhere = authority.root("Feederguard VEN CA", now)
    save(folder, "expired", expired)
    save(folder, "foreign", authority.leaf(elsewhere, VEN_ECC, KeyType.ECC, now))
    return folder


def save(folder: Folder, name: str, issued: Issued) -> None:
    folder.secret(name).write_bytes(issued.key_pem + issued.chain_pem)


@pytest.fixture
async def site(bare: World, made: Folder) -> AsyncIterator[Served]:
    """Both sites are registered, and nothing waits for them."""
    async with serving(bare, made) as started:
        for peer, ven_id in ((started.home, HOME), (started.park, PARK)):
            await peer.send(registration(), "EiRegisterParty")
            while isinstance(mail := (await peer.send(Poll(ven_id=ven_id))).message, RegisterReport):
                await peer.send(registered_report(replace(mail, ven_id=ven_id)), "EiReport")
        yield started


@pytest.fixture
async def peers(site: Served, made: Folder) -> AsyncIterator[dict[str, Peer]]:
    """One for each certificate."""
    strangers = {name: session(made, name, Profile.OPENADR) for name in ("expired", "foreign")}
    others = {name: Peer(site.port, "", one) for name, one in strangers.items()}
    yield {"own": site.home, "another's": site.park, "expired since": site.home, **others}
    for one in strangers.values():
        await one.close()


async def outcome(cell: Cell, peer: Peer) -> str:
    """The code of OpenADR, or the status of HTTP, or that it came to neither."""
    try:
        answer = await peer.send(cell.raw, cell.service)
    except aiohttp.ClientConnectorError:
        return NO_HANDSHAKE
    if answer.status != 200:
        return f"HTTP {answer.status}"
    reply = answer.message
    response = getattr(reply, "response", None)
    return response.code if response else "200"  # what waits at a poll answers nothing


def stored(folder: Path) -> tuple[str, ...]:
    """All that is in the store, as it would be typed."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        return tuple(connection.iterdump())


async def wrong(site: Served, peers: dict[str, Peer], tried: Iterator[Cell]) -> list[str]:
    """A line for each cell that ends otherwise than it should."""
    found, before = [], stored(site.world.folder)
    for cell in tried:
        got = await outcome(cell, peers[cell.certificate])
        after = stored(site.world.folder)
        if got != cell.wanted:
            found.append(f"{cell}: got {got}, wanted {cell.wanted}")
        if after != before and not cell.genuine:
            found.append(f"{cell}: {CHANGED}: {sorted(set(after) ^ set(before))}")
        before = after
    return found


@pytest.mark.proves("B5", "P4", "P5", "I01", "I02", "r500", "r516", "r517")
async def test_every_message_under_every_name_with_every_certificate(
    site: Served, peers: dict[str, Peer]
) -> None:
    tried = cells("own", "another's", "expired", "foreign")
    if found := await wrong(site, peers, tried):
        pytest.fail("\n".join(found))


@pytest.mark.proves("B5", "P5", "r516", "r517")
async def test_no_message_passes_on_an_open_connection_once_its_certificate_has_expired(
    site: Served, peers: dict[str, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.clock.now", lambda: datetime(2099, 1, 1, tzinfo=UTC))
    if found := await wrong(site, peers, cells("expired since")):
        pytest.fail("\n".join(found))
