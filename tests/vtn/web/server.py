"""The real server on a free port of this machine, with real mutual TLS, and VENs that may say anything."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from certs import Profile, Sha256, fingerprint
from certs.authority import KeyType
from certs.folder import VTN, Folder
from oadr.wire import envelope
from oadr.wire.messages import Message
from tests.pki import VEN_ECC, VEN_RSA, make_pki, ven_context, vtn_context
from tests.vtn.world import HOME, NETWORK, PARK, World, schema
from vtn import clock
from vtn.model.network import Network, Site
from vtn.web.connections import Connections
from vtn.web.journal import Journal
from vtn.web.listener import Listener
from vtn.web.metrics import Metrics
from vtn.web.openadr import Endpoint
from vtn.web.signing import Signers

XML: Final = {"Content-Type": "application/xml"}
UNKNOWN: Final = "ven-unknown"


@dataclass(slots=True)
class Memory:
    """A log that remembers its lines: level, event, fields."""

    lines: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def info(self, event: str, **fields: object) -> None:
        self.lines.append(("info", event, fields))

    def warning(self, event: str, **fields: object) -> None:
        self.lines.append(("warning", event, fields))

    def error(self, event: str, **fields: object) -> None:
        self.lines.append(("error", event, fields))

    def take(self) -> list[dict[str, object]]:
        """The refusals since the last take."""
        found = [fields for level, event, fields in self.lines if (level, event) == ("warning", "refused")]
        self.lines.clear()
        return found


@dataclass(slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> Message:
        return envelope.read(self.body, schema())


@dataclass(slots=True)
class Peer:
    """One certificate that calls."""

    port: int
    prefix: str
    session: aiohttp.ClientSession

    async def send(
        self,
        body: object,
        service: str = "OadrPoll",
        method: str = "POST",
        headers: Mapping[str, str] = XML,
    ) -> Answer:
        raw = envelope.write(body) if isinstance(body, Message) else body
        raw = BytesIO(raw) if isinstance(raw, bytes) else raw
        url = f"https://127.0.0.1:{self.port}{self.prefix}/OpenADR2/Simple/2.0b/{service}"
        async with self.session.request(method, url, data=raw, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.read())


@dataclass(slots=True)
class Served:
    """The server and three that call it: a registered site, another one, and one that nobody knows."""

    world: World
    log: Memory
    journal: Journal
    port: int
    home: Peer
    park: Peer
    unknown: Peer
    endpoint: Endpoint
    metrics: Metrics
    connections: Connections
    listener: Listener


def pki(folder: Path) -> Folder:
    made = make_pki(folder)
    made.issue_ven(UNKNOWN, KeyType.ECC, clock.now())
    return made


def identity(made: Folder, name: str) -> Sha256:
    """The first certificate in its file is its own."""
    return fingerprint.sha256(ssl.PEM_cert_to_DER_cert(first_certificate(made.public(name))))


def first_certificate(path: Path) -> str:
    end = "-----END CERTIFICATE-----"
    text = path.read_text()
    return text[text.index("-----BEGIN CERTIFICATE") : text.index(end) + len(end)]


@asynccontextmanager
async def serving(
    world: World, made: Folder, prefix: str = "", profile: Profile = Profile.OPENADR
) -> AsyncIterator[Served]:
    """`world`, whose clock is the real one from now on, with `home` and `park` approved by their certificates."""
    world.now = clock.now()
    sites = tuple(
        Site(ven_id=ven_id, certificate=identity(made, name))
        for ven_id, name in ((HOME, VEN_ECC), (PARK, VEN_RSA))
    )
    await world.build(Network(NETWORK.feeders, sites, NETWORK.chargepoints[:3]))
    log = Memory()
    journal = Journal(log)
    application = web.Application()
    metrics, connections = Metrics(), Connections()
    endpoint = Endpoint(world.desk, schema(), journal, metrics)
    application.add_routes(endpoint.routes(prefix))
    application.on_cleanup.append(endpoint.settle)
    listener = Listener(application, connections)
    signers = Signers.load(made.secret(name) for name in VTN.values())
    await listener.open("127.0.0.1", 0, vtn_context(made, profile), signers)
    sessions = [session(made, name, profile) for name in (VEN_ECC, VEN_RSA, UNKNOWN)]
    home, park, unknown = (Peer(listener.port, prefix, one) for one in sessions)
    try:
        yield Served(
            world, log, journal, listener.port, home, park, unknown, endpoint, metrics, connections, listener
        )
    finally:
        for one in sessions:
            await one.close()
        await listener.close()


def session(made: Folder, name: str, profile: Profile) -> aiohttp.ClientSession:
    """Says no more than it is told to, and does not unpack."""
    connector = aiohttp.TCPConnector(ssl=ven_context(made, name, profile))
    silent = frozenset({"Accept-Encoding", "Accept", "User-Agent"})
    return aiohttp.ClientSession(connector=connector, auto_decompress=False, skip_auto_headers=silent)
