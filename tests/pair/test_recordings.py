"""What both ends have recorded of one conversation over real mutual TLS: the same bytes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.folder import Folder
from oadr.wire.recording import Direction, Recorded
from oadr.wire.signature import SignaturePolicy
from tests.pair.test_signed import OFF, PROGRAMMES, REQUIRED, SITE, Charger, furnish, until
from tests.pki import VEN_ECC, make_pki
from tests.vtn.web.server import Memory
from ven import Ven, VenConfig
from vtn.app import Server
from vtn.config import Settings
from vtn.store import interventions, ledger_key, messages
from vtn.store.engine import Store
from vtn.store.opening import open_store
from vtn.web.journal import Journal

IN, OUT = Direction.IN, Direction.OUT
SAID = {
    "oadrCreatePartyRegistration",
    "oadrRegisterReport",
    "oadrPoll",
    "oadrDistributeEvent",
    "oadrCreatedEvent",
}


class Street:
    """A server that runs, and what another process, such as a command line, sees and changes in its store."""

    def __init__(self, folder: Path, pki: Folder, store: Store, port: int) -> None:
        self._folder = folder
        self._pki = pki
        self._store = store
        self._port = port

    def ven(self, signatures: SignaturePolicy = OFF, record_messages: int = 0) -> Ven:
        config = VenConfig(
            vtn_url=f"https://localhost:{self._port}",
            certificate=self._pki.secret(VEN_ECC),
            trust=self._pki.public("vtn-ca"),
            state=self._folder / "ven-state",
            market_contexts=PROGRAMMES,
            signatures=signatures,
            record_messages=record_messages,
        )
        return Ven(config, [Charger()])

    async def want(self, last: int | None) -> None:
        async with self._store.writing() as tx:
            await messages.want(tx, SITE, last)

    async def keep(self, *recorded: Recorded) -> None:
        async with self._store.writing() as tx:
            await messages.keep(tx, SITE, recorded)

    async def kept(self) -> tuple[Recorded, ...]:
        async with self._store.reading() as tx:
            return await messages.of(tx, SITE)

    async def is_settled(self) -> bool:
        async with self._store.reading() as tx:
            return all(one.settled for one in await interventions.of_ven(tx, SITE))


@asynccontextmanager
async def street(
    folder: Path, policy: SignaturePolicy = OFF, last: int | None = None
) -> AsyncIterator[Street]:
    """A site that is to be limited as soon as it has registered, and of which the `last` messages are wanted."""
    pki = make_pki(folder / "pki")
    settings = Settings.model_validate(
        {
            "state": folder / "vtn-state",
            "port": 0,
            "chains": (pki.secret("vtn-ecc"),),
            "trust": pki.public("ven-ca"),
            "market_contexts": PROGRAMMES,
            "poll_every": 1,
        }
    )
    store = await open_store(settings.state, ledger_key.load_or_make(settings.state), datetime.now(UTC))
    try:
        await furnish(store, pki, VEN_ECC, policy)
        async with store.writing() as tx:
            await messages.want(tx, SITE, last)
        async with Server(settings, Journal(Memory())) as server:
            yield Street(folder, pki, store, server.port)
    finally:
        await store.close()


def crossed(recorded: tuple[Recorded, ...]) -> list[tuple[Direction, str, str, str, int]]:
    """As the other end sees it."""
    return [
        (IN if one.direction is OUT else OUT, one.service, one.message, one.xml, one.size) for one in recorded
    ]


def straight(recorded: tuple[Recorded, ...]) -> list[tuple[Direction, str, str, str, int]]:
    return [(one.direction, one.service, one.message, one.xml, one.size) for one in recorded]


@pytest.mark.parametrize("policy", [OFF, REQUIRED])
async def test_both_ends_have_recorded_the_same_bytes(tmp_path: Path, policy: SignaturePolicy) -> None:
    async with street(tmp_path, policy, last=1000) as both:
        async with both.ven(policy, record_messages=200) as ven:
            await until(both.is_settled)
        theirs = ven.messages

        async def has_all() -> bool:
            return len(await both.kept()) >= len(theirs)

        await until(has_all)
        ours = await both.kept()
    assert straight(ours)[: len(theirs)] == crossed(theirs)
    assert {one.verdict for one in ours if one.direction is IN} == {"200"}
    assert {one.verdict for one in theirs if one.direction is OUT} == {"200"}
    assert ("SignatureValue" in ours[0].xml) is (policy is REQUIRED)


async def test_what_is_too_old_is_deleted_by_the_server_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtn.app.FORGET_EVERY", timedelta(seconds=0.1))
    async with street(tmp_path, last=5) as both:
        now = datetime.now(UTC)
        old, new = (Recorded.of(b"x", IN, "OadrPoll", "200", now - timedelta(days=days)) for days in (8, 6))
        await both.keep(old, new)

        async def is_gone() -> bool:
            return await both.kept() == (new,)

        await until(is_gone)


async def test_a_server_that_runs_notices_that_messages_are_wanted(tmp_path: Path) -> None:
    async with street(tmp_path) as both, both.ven() as ven:
        await until(both.is_settled)
        assert await both.kept() == ()
        await both.want(2)
        asked = datetime.now(UTC)

        async def has_some() -> bool:
            return len(await both.kept()) == 2

        await until(has_some)
        request, answer = await both.kept()
        assert (request.direction, answer.direction) == (IN, OUT)
        assert request.at > asked
        await both.want(None)
        assert await both.kept() == ()
        assert ven.messages == ()
