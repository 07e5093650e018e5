"""A VTN and a VEN as programs of their own on this machine, over real mutual TLS, and what is done to them."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import certs
from certs.folder import Folder
from oadr.charging.electricity import Rating
from oadr.wire.ids import GroupId, ResourceId, VenId
from tests.pki import VEN_ECC, make_pki
from tests.ven.daemon.served import PATIENCE, ROOT, Program, running
from vtn.model.network import Chargepoint, Feeder, Network, Site
from vtn.store import ledger_key, network
from vtn.store.engine import Store
from vtn.store.opening import open_store

FEEDER = GroupId("F12")
SITE = VenId("Car_Park_7")
LIMITED = 12.8
"""A at 40 % of 32 A."""


def chargepoint(name: str = "evse-1", feeder_id: GroupId = FEEDER) -> Chargepoint:
    rating = Rating(Decimal(32), 3)
    return Chargepoint(resource_id=ResourceId(name), ven_id=SITE, feeder_id=feeder_id, rating=rating)


class Street:
    """One site, and the folder that every file is in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pki: Folder = make_pki(folder / "pki")
        self.port = free_port()
        self.vtn_state = folder / "vtn-state"
        (folder / "vtn.toml").write_text(_VTN.format(port=self.port), encoding="utf-8")
        (folder / "ven.toml").write_text(_VEN.format(port=self.port, ven=VEN_ECC), encoding="utf-8")

    def vtn(self, **environment: str) -> AbstractAsyncContextManager[Program]:
        return running("-m", "vtn.cli", "serve", "--config", self.folder / "vtn.toml", **environment)

    def ven(self) -> AbstractAsyncContextManager[Program]:
        return running("-m", "ven.daemon.cli", "run", "--config", self.folder / "ven.toml")

    async def build(self, *chargepoints: Chargepoint) -> None:
        """The network: these chargepoints at one approved site, with the feeders that they hang on."""
        digest = certs.describe(self.pki.public(VEN_ECC), datetime.now(UTC)).sha256
        whole = Network(
            feeders=tuple(Feeder(feeder_id=one.feeder_id) for one in chargepoints),
            sites=(Site(ven_id=SITE, certificate=certs.Sha256(digest)),),
            chargepoints=chargepoints,
        )
        async with self.store() as store, store.writing() as tx:
            await network.merge(tx, whole)

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """What is on disk, as another process sees it."""
        key = ledger_key.load_or_make(self.vtn_state)
        store = await open_store(self.vtn_state, key, datetime.now(UTC))
        try:
            yield store
        finally:
            await store.close()

    async def operator(self, *command: str | Path) -> Any:
        """What a command of the operator's answers as JSON, once it has ended well."""
        return await self._told("vtn.cli", *command, "--config", self.folder / "vtn.toml")

    async def limit(self) -> None:
        order = ("--percent", "40", "--for", "10m", "--reason", "transformer at 112 %", "--yes")
        await self.operator("limit", FEEDER, *order)

    async def sites(self) -> dict[str, int]:
        """How many sites the order has reached, and how far."""
        (order,) = await self.operator("events")
        found: dict[str, int] = order["sites"]
        return found

    async def status(self) -> Any:
        """As somebody at the site sees it."""
        return await self._told("ven.daemon.cli", "status", "--config", self.folder / "ven.toml")

    async def _told(self, module: str, *arguments: str | Path) -> Any:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *map(str, arguments), "--json"),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(PATIENCE):
            printed, complaint = await process.communicate()
        assert process.returncode == 0, complaint.decode()
        return json.loads(printed)


def free_port() -> int:
    """One that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def kill(program: Program) -> None:
    """As when the power goes: nothing is tidied up."""
    program.process.kill()
    await program.ended()


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    """Returns when `what` is so; a test that waits in vain fails."""
    async with asyncio.timeout(PATIENCE):
        while not await what():
            await asyncio.sleep(0.05)


_VTN = """\
state = "vtn-state"
port = {port}
chains = ["pki/secrets/vtn-rsa.pem", "pki/secrets/vtn-ecc.pem"]
trust = "pki/certs/ven-ca.pem"
market_contexts = "http://dso.example/programmes"
poll_every = 1
report_every = 1
log = "json"
"""

_VEN = """\
vtn_url = "https://localhost:{port}"
certificate = "pki/secrets/{ven}.pem"
trust = "pki/certs/vtn-ca.pem"
state = "ven-state"
market_contexts = "http://dso.example/programmes"
retry_cap = 0.3
log = "json"

[[chargepoint]]
resource_id = "evse-1"
amps = 32
phases = 3
driver = "simulated"
"""
