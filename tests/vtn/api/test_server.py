"""The API within a whole server: an order reaches who polls, a taken port keeps nobody, and it can be off."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from certs.folder import VEN_CA, VTN
from tests.pki import make_pki
from tests.vtn.api.rooms import ORDER, Client
from tests.vtn.web.server import Memory
from tests.vtn.world import NETWORK
from vtn import clock
from vtn.api import keyring
from vtn.app import Server
from vtn.config import Place, Settings
from vtn.store import network, people
from vtn.web.journal import Journal


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = make_pki(tmp_path / "pki")
    return Settings.model_validate(
        {
            "state": tmp_path / "state",
            "port": 0,
            "operations": "off",
            "api": "127.0.0.1:0",
            "chains": tuple(made.secret(name) for name in VTN.values()),
            "trust": made.public(VEN_CA),
        }
    )


@asynccontextmanager
async def serving(settings: Settings, log: Memory) -> AsyncIterator[tuple[Server, Client]]:
    """With a network, and the key of one who may do anything."""
    async with Server(settings, Journal(log)) as server, aiohttp.ClientSession() as session:
        async with server._store.writing() as tx:
            await network.merge(tx, NETWORK)
            person = await people.meet(tx, "uid:1000")
            made = await keyring.issue(tx, person, person, (), "", None, clock.now())
        yield server, Client(server.api_port, session, made.token)


async def test_an_order_over_the_api_is_mail_for_its_sites(settings: Settings) -> None:
    async with serving(settings, Memory()) as (server, operator):
        url = f"http://127.0.0.1:{operator.port}/api/v1/changes"
        headers = {"Authorization": f"Bearer {operator.token}"}
        async with operator.session.get(url, headers=headers) as stream, asyncio.timeout(10):
            await told(stream)
            answer = await operator.post("/interventions", ORDER, Idempotency_Key="1")
            assert answer.status == 201
            assert "orders" in await told(stream), "the server's own job tells whoever listens"
        verdict = (await operator.get("/record/verification")).json
        assert verdict["believed"] is True
        server.reload()


async def told(stream: aiohttp.ClientResponse) -> list[str]:
    while not (line := await stream.content.readline()).startswith(b"data: "):
        assert line
    changed: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return list(changed["changed"])


async def test_a_port_that_is_taken_keeps_nobody_from_the_limits(settings: Settings, tmp_path: Path) -> None:
    async with serving(settings, Memory()) as (first, _):
        place = Place("127.0.0.1", first.api_port)
        log = Memory()
        other = settings.model_copy(update={"api": place, "state": tmp_path / "other"})
        async with Server(other, Journal(log)) as second:
            assert second.port
            assert second.api_port == 0
            assert [what for level, what, _ in log.lines if level == "error"] == ["api"]


async def test_it_is_off_unless_somebody_says_where(settings: Settings) -> None:
    assert Settings().api is None
    async with Server(settings.model_copy(update={"api": None}), Journal(Memory())) as server:
        assert server.api_port == 0
        server.reload()


async def test_a_record_that_was_altered_is_not_believed(settings: Settings) -> None:
    async with serving(settings, Memory()) as (server, operator):
        async with server._store.writing() as tx:
            await tx.exec_driver_sql("DELETE FROM log WHERE seq = 1")
        verdict = (await operator.get("/record/verification")).json
        assert (verdict["believed"], verdict["first_bad"]) == (False, 1)
        assert verdict["why"]
