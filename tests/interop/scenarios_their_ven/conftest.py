"""One server for all tests of a module, without signatures and with them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from certs.authority import KeyType
from oadr.wire.signature import SignaturePolicy
from tests.interop.conftest import Lines
from tests.interop.office import Office
from tests.interop.scenarios_their_ven.street import Street, build
from tests.interop.site import PROGRAMMES, Home
from tests.interop.their_ven import TheirVen
from tests.pair.town import in_memory
from tests.pki import make_pki
from vtn.app import Server
from vtn.config import Settings
from vtn.store import ledger_key
from vtn.store.opening import open_store
from vtn.web.journal import Journal

HOMES = {KeyType.ECC: 50, KeyType.RSA: 1}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def street(signatures: SignaturePolicy) -> AsyncIterator[Street]:
    with in_memory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("vtn.app.WATCH_EVERY", timedelta(seconds=0.05))  # what the desk does is soon seen
        pki = make_pki(folder / "pki")
        settings = Settings.model_validate(
            {
                "state": folder / "vtn",
                "port": 0,
                "chains": (pki.secret("vtn-rsa"), pki.secret("vtn-ecc")),
                "trust": pki.public("ven-ca"),
                "market_contexts": PROGRAMMES,
                "poll_every": 3600,  # the timers of the VENs stay silent: the tests poll
                "signatures": signatures,
            }
        )
        store = await open_store(settings.state, ledger_key.load_or_make(settings.state), datetime.now(UTC))
        homes = await build(store, pki, HOMES)
        async with Server(settings, Journal(Lines())) as server:
            yield Street(pki, store, server, signatures, homes)
        await store.close()


@pytest.fixture
def key() -> KeyType:
    """Of the VEN; a test may ask for another."""
    return KeyType.ECC


@pytest.fixture
def home(street: Street, key: KeyType) -> Home:
    return next(street.homes[key])


@pytest.fixture
def office(street: Street, home: Home) -> Office:
    return Office(street.store, home)


@pytest_asyncio.fixture(loop_scope="module")
async def new_ven(street: Street, home: Home) -> AsyncIterator[TheirVen]:
    """openleadr's, not registered yet."""
    async with street.ven(home) as ven:
        yield ven


@pytest_asyncio.fixture(loop_scope="module")
async def ven(new_ven: TheirVen) -> TheirVen:
    """openleadr's, registered and with no mail."""
    await new_ven.run()
    return new_ven
