"""Our VTN and our VEN with signatures, over real mutual TLS with either kind of key."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from certs import Sha256, describe
from certs.folder import Folder
from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId, ResourceId, VenId
from oadr.wire.replay import Once
from oadr.wire.signature import SignaturePolicy
from tests.pki import VEN_ECC, VEN_RSA, make_pki
from tests.vtn.web.server import Memory
from ven import Measurement, Ven, VenConfig
from ven.news import ContactLost, News, RegistrationRefused
from ven.ven import LimitChanged, Trouble
from vtn.app import Server
from vtn.config import Settings
from vtn.delivery import orders
from vtn.model.intervention import Order
from vtn.model.network import Chargepoint, Feeder, Network, Site
from vtn.store import interventions, ledger_key, network, nonces, tables
from vtn.store.engine import Store
from vtn.store.opening import open_store
from vtn.web.journal import Journal

OFF, IF_PRESENT, REQUIRED = SignaturePolicy.OFF, SignaturePolicy.IF_PRESENT, SignaturePolicy.REQUIRED
FEEDER, SITE, EVSE = GroupId("F12"), VenId("Car_Park_7"), ResourceId("evse-1")
RATING = Rating(Decimal(32), 3)
PROGRAMMES = "http://dso.example/programmes"
VENS = {"rsa": VEN_RSA, "ecc": VEN_ECC}
PATIENCE = 20.0


class Charger:
    resource_id = EVSE
    rating = RATING

    def __init__(self) -> None:
        self.limit: Limit | None = None

    async def apply(self, limit: Limit | None) -> None:
        self.limit = limit

    async def measure(self) -> Measurement:
        return Measurement((Decimal(16),) * 3, Decimal(11_040), Decimal(0))


@dataclass
class Pair:
    store: Store
    log: Memory
    ven: Ven
    charger: Charger

    async def settled(self) -> bool:
        async with self.store.reading() as tx:
            return all(one.settled for one in await interventions.of_ven(tx, SITE))

    async def nonces(self) -> int:
        async with self.store.reading() as tx:
            return int((await tx.execute(select(func.count()).select_from(tables.nonces))).scalar_one())

    async def news(self, kind: type[News]) -> News:
        """The first of its kind."""
        async with asyncio.timeout(PATIENCE):
            while not isinstance(item := await self.ven.news.get(), kind):
                assert not isinstance(item, Trouble), item
            assert not isinstance(item, LimitChanged | Trouble)
            return item


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await what():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def pair(folder: Path, kind: str, vtn: SignaturePolicy, ven: SignaturePolicy) -> AsyncIterator[Pair]:
    """A site that is to be limited as soon as it has registered."""
    pki = make_pki(folder / "pki")
    settings = Settings.model_validate(
        {
            "state": folder / "vtn-state",
            "port": 0,
            "chains": (pki.secret(f"vtn-{kind}"),),
            "trust": pki.public("ven-ca"),
            "market_contexts": PROGRAMMES,
            "poll_every": 1,
            "signatures": OFF if vtn is REQUIRED else vtn,
        }
    )
    log = Memory()
    store = await open_store(settings.state, ledger_key.load_or_make(settings.state), datetime.now(UTC))
    await furnish(store, pki, VENS[kind], REQUIRED if vtn is REQUIRED else None)
    try:
        async with Server(settings, Journal(log)) as server:
            config = VenConfig(
                vtn_url=f"https://localhost:{server.port}",
                certificate=pki.secret(VENS[kind]),
                trust=pki.public("vtn-ca"),
                state=folder / "ven-state",
                market_contexts=PROGRAMMES,
                signatures=ven,
            )
            charger = Charger()
            async with Ven(config, [charger]) as running:
                yield Pair(store, log, running, charger)
    finally:
        await store.close()


async def furnish(store: Store, pki: Folder, ven: str, policy: SignaturePolicy | None) -> None:
    now = datetime.now(UTC)
    site = Site(ven_id=SITE, certificate=Sha256(describe(pki.public(ven), now).sha256), signatures=policy)
    chargepoint = Chargepoint(resource_id=EVSE, ven_id=SITE, feeder_id=FEEDER, rating=RATING)
    async with store.writing() as tx:
        await network.merge(tx, Network((Feeder(feeder_id=FEEDER),), (site,), (chargepoint,)))
    order = Order(
        programme=Programme.SUPPLY_LIMIT,
        feeder_ids=(FEEDER,),
        percent=Decimal(40),
        start=now,
        duration=timedelta(minutes=30),
        reason="transformer at 112 %, <urgent> & real",
        ordered_by="operator",
    )
    await orders.give(store, order, now)


@pytest.mark.proves("r514", "W64")
@pytest.mark.parametrize(
    ("kind", "vtn", "ven"),
    [
        ("rsa", REQUIRED, REQUIRED),
        ("ecc", REQUIRED, REQUIRED),
        ("ecc", IF_PRESENT, IF_PRESENT),
        ("rsa", IF_PRESENT, REQUIRED),
        ("ecc", IF_PRESENT, OFF),
    ],
)
async def test_an_order_is_obeyed_and_answered_where_both_policies_agree(
    tmp_path: Path, kind: str, vtn: SignaturePolicy, ven: SignaturePolicy
) -> None:
    async with pair(tmp_path, kind, vtn, ven) as both:

        async def obeyed() -> bool:
            return both.charger.limit is not None and await both.settled()

        await until(obeyed)
        assert both.charger.limit is not None
        assert both.charger.limit.amps == Decimal("12.8")
        assert bool(await both.nonces()) == (ven is not OFF)
        assert both.log.take() == []


@pytest.mark.proves("r514", "X12")
async def test_a_ven_that_does_not_sign_is_ignored_where_signatures_are_required(tmp_path: Path) -> None:
    async with pair(tmp_path, "ecc", REQUIRED, OFF) as both:
        assert await both.news(ContactLost) == ContactLost("HTTP status 403")
        assert [line["why"] for line in both.log.take()] == ["not signed"]
        assert both.charger.limit is None


async def test_what_is_too_old_to_come_again_leaves_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.app.FORGET_EVERY", timedelta(seconds=0.1))
    async with pair(tmp_path, "ecc", OFF, OFF) as both:
        async with both.store.writing() as tx:
            await nonces.spend(tx, SITE, Once("old", datetime.now(UTC) - timedelta(hours=2)))

        async def forgotten() -> bool:
            return await both.nonces() == 0

        await until(forgotten)


async def test_a_ven_that_wants_signatures_is_told_that_there_are_none(tmp_path: Path) -> None:
    async with pair(tmp_path, "ecc", OFF, REQUIRED) as both:
        refusal = await both.news(RegistrationRefused)
        assert refusal == RegistrationRefused("451", "signatures are off for this site")
