"""The servers of `bench.poll`, each a process of its own: ours, openleadr's, and aiohttp with the same parse.

    python -m bench.poll_servers ours|ours-asyncio|openleadr|openleadr-signed|bare|bare-uvloop PKI STATE ecc|rsa

All speak mutual TLS with the same certificate and the same suites, each on the event loop that it is shipped with:
ours on uvloop, as `vtn serve` does it, openleadr's on asyncio's own. Two more show what the loop alone makes of it.
Ours verifies what is signed, and then signs its answer; openleadr's does so with settings of its own. The port is
printed once it is open. The last word says of which kind the keys of both ends are.
"""

import asyncio
import logging
import secrets
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Final

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from uvloop import new_event_loop

import certs
from certs.folder import Folder
from oadr.wire import envelope
from oadr.wire.ids import NO_REQUEST, RegistrationId, RequestId, VenId, VtnId
from oadr.wire.messages import Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.schema import Schema, installed_folder
from vtn.delivery.index import Index
from vtn.model.network import Network, Site
from vtn.model.registration import Registration
from vtn.service.desk import Desk, Terms
from vtn.store import changes, network, registrations
from vtn.store.engine import Store
from vtn.web.connections import Connections
from vtn.web.journal import Journal
from vtn.web.listener import Listener
from vtn.web.metrics import Metrics
from vtn.web.openadr import Endpoint
from vtn.web.signing import Signers

VEN: Final = VenId("V1")
PATH: Final = "/OpenADR2/Simple/2.0b/OadrPoll"
LISTENERS: Final[list[Listener]] = []
"""Kept, or nobody would hold them."""
LOOPS: Final = {"ours": new_event_loop, "bare-uvloop": new_event_loop}
"""All others run on asyncio's own."""


class Silence:
    """A log that keeps nothing."""

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def error(self, event: str, **fields: object) -> None: ...


def schema() -> Schema:
    folder = installed_folder()
    assert folder, "the official schemas come with openleadr"
    return Schema(folder)


async def ours(pki: Folder, state: Path, key: str) -> int:
    """The whole server but for its jobs; on a port of its own."""
    store = await Store.open(state)
    der = certs_der(pki, key)
    async with store.writing() as tx:
        await network.merge(tx, Network(sites=(Site(ven_id=VEN, certificate=certs.peer(der).sha256),)))
        registration = Registration(
            ven_id=VEN,
            registration_id=RegistrationId("R1"),
            request_id=RequestId("Q1"),
            registered_at=datetime.now(UTC),
            greeted=True,
            offered=True,
        )
        await registrations.replace(tx, registration)
        await registrations.greet(tx, VEN, answered=True)
        await changes.announce(tx)
    index = Index()
    await index.refresh(store, datetime.now(UTC))
    terms = Terms(
        vtn_id=VtnId("VTN"),
        market_contexts="http://dso.example/programmes",
        poll_every=timedelta(seconds=10),
        report_every=timedelta(seconds=10),
    )
    desk = Desk(terms=terms, store=store, index=index, new_id=lambda: f"V{secrets.token_hex(12)}")
    application = web.Application()
    application.add_routes(Endpoint(desk, schema(), Journal(Silence()), Metrics()).routes(""))
    listener = Listener(application, Connections())
    signers = Signers.load((pki.secret(f"vtn-{key}"),))
    await listener.open("127.0.0.1", 0, certs.server_context(*own(pki, key)), signers)
    LISTENERS.append(listener)
    return listener.port


def own(pki: Folder, key: str) -> tuple[tuple[Path, ...], Path]:
    """The server's chains, and whom it trusts."""
    return (pki.secret(f"vtn-{key}"),), pki.public("ven-ca")


def bare(_: Folder, __: str) -> web.Application:
    """The least that such a server can do: parse, validate, a prepared answer."""
    judge = schema()
    answer = envelope.write(Response(response=EiResponse(request_id=NO_REQUEST), ven_id=VEN))

    async def poll(request: web.Request) -> web.Response:
        judge.check(etree.fromstring(await request.read()))
        return web.Response(body=answer, content_type="application/xml")

    application = web.Application()
    application.router.add_post(PATH, poll)
    return application


def peer(pki: Folder, key: str, *, signs: bool = False) -> web.Application:
    """openleadr's server; it has nothing to say either."""
    from openleadr import OpenADRServer

    known = {"ven_name": "bench", "registration_id": "R1"}
    known["fingerprint"] = certs.peer(certs_der(pki, key)).fingerprint
    own = (_leaf(pki, key), str(pki.secret(f"vtn-{key}"))) if signs else (None, None)
    with redirect_stdout(StringIO()):
        server = OpenADRServer(
            vtn_id="VTN",
            cert=own[0],
            key=own[1],
            verify_message_signatures=signs,
            ven_lookup=lambda ven_id: {"ven_id": ven_id, **known},
        )
    application: web.Application = server.app
    return application


def _leaf(pki: Folder, key: str) -> str:
    """A file with the server's certificate alone: of a chain openleadr takes no fingerprint."""
    path = pki.path / f"leaf-{key}.pem"
    chain = x509.load_pem_x509_certificates(pki.public(f"vtn-{key}").read_bytes())
    path.write_bytes(chain[0].public_bytes(Encoding.PEM))
    return str(path)


def certs_der(pki: Folder, key: str) -> bytes:
    return x509.load_pem_x509_certificate(pki.public(ven_name(key)).read_bytes()).public_bytes(Encoding.DER)


def ven_name(key: str) -> str:
    """Of the certificate, among those of `pki`."""
    return f"bench-{key}"


async def main(kind: str, pki: Folder, state: Path, key: str) -> None:
    logging.disable(logging.CRITICAL)
    others: dict[str, Callable[[Folder, str], web.Application]] = {
        "bare": bare,
        "bare-uvloop": bare,
        "openleadr": peer,
        "openleadr-signed": partial(peer, signs=True),
    }
    port = await theirs(others[kind](pki, key), pki, key) if kind in others else await ours(pki, state, key)
    print(port, flush=True)
    await asyncio.Event().wait()


async def theirs(application: web.Application, pki: Folder, key: str) -> int:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    context = certs.server_context(*own(pki, key))
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    port: int = runner.addresses[0][1]
    return port


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=LOOPS.get(sys.argv[1])) as runner:
        runner.run(main(sys.argv[1], Folder(Path(sys.argv[2])), Path(sys.argv[3]), sys.argv[4]))
