"""Opens the store as a server does, and lets a control room work there for ever."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event

from oadr.charging.electricity import Rating
from tests.faults.vtn_room import APART, AWAY, Room, tell
from tests.vtn.world import CERTIFICATES, F1, F2, HOME, HOME_EVSE, LATE, LATE_EVSE, NOW, PARK, PARK_1
from vtn.model.network import Chargepoint, Feeder, Network, Site
from vtn.store import halts, interventions, ledger_key, network, proposals
from vtn.store.engine import Store, StoreAway
from vtn.store.opening import open_store

SMALL: Final = 100
"""Pages of a write-ahead log, so that it is often carried over into the store."""
NETWORK: Final = Network(
    feeders=(Feeder(feeder_id=F1), Feeder(feeder_id=F2)),
    sites=tuple(Site(ven_id=ven_id, certificate=digest) for ven_id, digest in CERTIFICATES.items()),
    chargepoints=(
        Chargepoint(resource_id=HOME_EVSE, ven_id=HOME, feeder_id=F1, rating=Rating(Decimal(32), 1)),
        Chargepoint(resource_id=PARK_1, ven_id=PARK, feeder_id=F2, rating=Rating(Decimal(16), 3)),
        Chargepoint(resource_id=LATE_EVSE, ven_id=LATE, feeder_id=F2, rating=Rating(Decimal(32), 1)),
    ),
)


async def write_for_ever(folder: Path, output: int, *, careless: bool) -> None:
    """Each line of `output` is a kind, a name and a value. A `careless` one does not wait for the disk."""
    while True:
        try:
            async with _opened(folder, careless=careless) as (store, key):
                room = Room(store, key, folder, output, await _today(store))
                await room.work_for_ever()
        except StoreAway:
            tell(output, AWAY, "-", "-")


@asynccontextmanager
async def _opened(folder: Path, *, careless: bool) -> AsyncIterator[tuple[Store, Ed25519PrivateKey]]:
    """As a server opens it, with a network."""
    key = ledger_key.load_or_make(folder)
    store = await open_store(folder, key, NOW)

    def configure(connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA wal_autocheckpoint={SMALL}")
        if careless:
            cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    event.listen(store._backend.engine.sync_engine, "checkout", configure)
    try:
        async with store.writing() as tx:
            if not (await network.load(tx)).sites:
                await network.merge(tx, NETWORK)
        yield store, key
    finally:
        await store.close()


async def _today(store: Store) -> datetime:
    """After all that there is."""
    async with store.reading() as tx:
        ordered = [one.ordered_at for one in await interventions.load(tx)]
        written = [one.written_at for one in await proposals.load(tx)]
        known = await halts.pulled(tx)
    return max((*ordered, *written, *(one.since for one in known)), default=NOW) + APART
