"""Both ends of ours against openleadr, over real mutual TLS, without signatures and with them."""

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import certs
from certs.folder import Folder
from oadr.wire.signature import SignaturePolicy
from tests.interop.office import Office
from tests.interop.site import PROGRAMMES, Home
from tests.interop.their_ven import TheirVen
from tests.interop.their_vtn import TheirVtn
from tests.pair.town import in_memory
from tests.pki import make_pki
from vtn.app import Server
from vtn.config import Settings
from vtn.store import changes, ledger_key, network
from vtn.store.engine import Store
from vtn.store.opening import open_store
from vtn.web.journal import Journal


class Lines:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))

    warning = error = info


@pytest.fixture(autouse=True)
def _quiet_peer() -> None:
    """openleadr logs to the root's handlers what it thinks of certificates and time zones."""
    logging.getLogger("openleadr").setLevel(logging.CRITICAL)


@pytest.fixture
def pki(tmp_path: Path) -> Folder:
    return make_pki(tmp_path / "pki")


@pytest.fixture
def memory() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder


@pytest.fixture
def signatures() -> SignaturePolicy:
    """Of both ends; a test may ask for another."""
    return SignaturePolicy.OFF


@pytest.fixture
def home() -> Home:
    return Home()


@pytest.fixture
def vtn_settings() -> dict[str, Any]:
    """What a test wants of our VTN besides."""
    return {}


@pytest.fixture
def settings(
    memory: Path, pki: Folder, signatures: SignaturePolicy, vtn_settings: dict[str, Any]
) -> Settings:
    return Settings.model_validate(
        {
            "state": memory / "vtn-state",
            "port": 0,
            "chains": (pki.secret("vtn-rsa"), pki.secret("vtn-ecc")),
            "trust": pki.public("ven-ca"),
            "market_contexts": PROGRAMMES,
            "poll_every": 1,
            "report_every": 1,
            "signatures": signatures,
            **vtn_settings,
        }
    )


@pytest.fixture
async def desk(settings: Settings, pki: Folder, home: Home) -> AsyncIterator[Store]:
    """The operator's own view of the state, as another process has it; one site is approved."""
    der = certs.describe(pki.public(home.certificate), datetime.now(UTC)).sha256
    store = await open_store(settings.state, ledger_key.load_or_make(settings.state), datetime.now(UTC))
    async with store.writing() as tx:
        await network.merge(tx, home.network(certs.Sha256(der)))
        await changes.announce(tx)
    yield store
    await store.close()


@pytest.fixture
async def vtn(settings: Settings, desk: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    assert desk
    monkeypatch.setattr("vtn.app.WATCH_EVERY", timedelta(seconds=0.05))  # what the desk does is soon seen
    async with Server(settings, Journal(Lines())) as server:
        yield server


@pytest.fixture
def office(desk: Store, home: Home) -> Office:
    return Office(desk, home)


@pytest.fixture
async def new_ven(
    pki: Folder, vtn: Server, signatures: SignaturePolicy, home: Home
) -> AsyncIterator[TheirVen]:
    """openleadr's, not registered yet."""
    async with TheirVen(pki, vtn, signatures, home) as ven:
        yield ven


@pytest.fixture
async def ven(new_ven: TheirVen) -> TheirVen:
    """openleadr's, registered and with no mail."""
    await new_ven.run()
    return new_ven


@pytest.fixture
async def their_vtn(
    pki: Folder, capsys: pytest.CaptureFixture[str], signatures: SignaturePolicy
) -> AsyncIterator[TheirVtn]:
    async with TheirVtn(pki, signatures) as vtn:
        yield vtn
    capsys.readouterr()  # it prints where it listens
