"""Both ends of ours against openleadr, over real mutual TLS, without signatures and with them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import certs
from certs.folder import Folder
from oadr.charging.electricity import Rating
from oadr.wire.ids import GroupId, ResourceId, VenId
from oadr.wire.signature import SignaturePolicy
from tests.pki import VEN_ECC, make_pki
from vtn.app import Server
from vtn.config import Settings
from vtn.model.network import Chargepoint, Feeder, Network, Site
from vtn.store import changes, ledger_key, network
from vtn.store.engine import Store
from vtn.store.opening import open_store
from vtn.web.journal import Journal

FEEDER = GroupId("F12")
SITE = VenId("Car_Park_7")
EVSE = ResourceId("evse-1")
PROGRAMMES = "http://dso.example/programmes"
BOTH_WAYS = pytest.mark.parametrize("signatures", [SignaturePolicy.OFF, SignaturePolicy.REQUIRED])
PATIENCE = 30.0
"""Seconds that a stranger may take; ours is done in a fraction of one."""


class Lines:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))

    warning = error = info


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    """Returns when `what` is so; a test that waits in vain fails."""
    async with asyncio.timeout(PATIENCE):
        while not await what():
            await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _quiet_peer() -> None:
    """openleadr logs to the root's handlers what it thinks of certificates and time zones."""
    logging.getLogger("openleadr").setLevel(logging.CRITICAL)


@pytest.fixture
def pki(tmp_path: Path) -> Folder:
    return make_pki(tmp_path / "pki")


@pytest.fixture
def signatures() -> SignaturePolicy:
    """Of both ends; a test may ask for another."""
    return SignaturePolicy.OFF


@pytest.fixture
def settings(tmp_path: Path, pki: Folder, signatures: SignaturePolicy) -> Settings:
    return Settings.model_validate(
        {
            "state": tmp_path / "vtn-state",
            "port": 0,
            "chains": (pki.secret("vtn-rsa"), pki.secret("vtn-ecc")),
            "trust": pki.public("ven-ca"),
            "market_contexts": PROGRAMMES,
            "poll_every": 1,
            "report_every": 1,
            "signatures": signatures,
        }
    )


@pytest.fixture
async def desk(settings: Settings, pki: Folder) -> AsyncIterator[Store]:
    """The operator's own view of the state, as another process has it; one site is approved."""
    der = certs.describe(pki.public(VEN_ECC), datetime.now(UTC)).sha256
    store = await open_store(settings.state, ledger_key.load_or_make(settings.state), datetime.now(UTC))
    async with store.writing() as tx:
        await network.merge(
            tx,
            Network(
                feeders=(Feeder(feeder_id=FEEDER),),
                sites=(Site(ven_id=SITE, certificate=certs.Sha256(der)),),
                chargepoints=(
                    Chargepoint(
                        resource_id=EVSE, ven_id=SITE, feeder_id=FEEDER, rating=Rating(Decimal(32), 3)
                    ),
                ),
            ),
        )
        await changes.announce(tx)
    yield store
    await store.close()


@pytest.fixture
async def vtn(settings: Settings, desk: Store) -> AsyncIterator[Server]:
    assert desk
    async with Server(settings, Journal(Lines())) as server:
        yield server
