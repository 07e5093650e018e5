"""The API's port on a free port of this machine, and people with keys who call it."""

import json
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from oadr.ledger.entry import LogId
from tests.vtn.web.server import Memory
from tests.vtn.world import KEY, World
from vtn.api import keyring
from vtn.api.port import ApiPort
from vtn.api.route import AnyRoute, Office
from vtn.api.routes import ROUTES
from vtn.config import Settings
from vtn.model.keys import KeyScope
from vtn.model.people import Role
from vtn.store import people, record
from vtn.web.journal import Journal

ADMIN, ANNA, BEN, VERA = "uid:1000", "api:anna", "api:ben", "api:vera"
ROLES: Mapping[str, frozenset[Role]] = {
    ADMIN: frozenset({Role.ADMIN}),
    ANNA: frozenset({Role.OPERATOR, Role.APPROVER}),
    BEN: frozenset({Role.OPERATOR, Role.APPROVER}),
    VERA: frozenset({Role.VIEWER}),
}
"""Two who may order and approve, one who looks, one who gives roles."""


@dataclass(slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Client:
    """One person with a key, or somebody with none."""

    port: int
    session: aiohttp.ClientSession
    token: str | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """`Idempotency_Key="1"` among the headers is sent as Idempotency-Key."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        url = f"http://127.0.0.1:{self.port}/api/v1{path}"
        async with self.session.request(method, url, data=content, headers=sent) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, None, raw=None, **headers)

    async def post(self, path: str, body: object = None, **headers: str) -> Answer:
        return await self.ask("POST", path, body, raw=None, **headers)


@dataclass(slots=True)
class Room:
    world: World
    session: aiohttp.ClientSession
    log: Memory
    port: ApiPort = field(init=False)
    doubt: str | None = None
    """Of the server in its clock."""

    async def client(self, account: str, scopes: Iterable[KeyScope] = ()) -> Client:
        """With a key of this person; no scopes: all that the roles allow."""
        async with self.world.store.writing() as tx:
            person = await people.meet(tx, account)
            by = next((one.person for one in await people.load(tx) if Role.ADMIN in one.person.roles), person)
            made = await keyring.issue(tx, by, person, scopes, "", None, self.world.now)
        return Client(self.port.port, self.session, made.token)

    @property
    def stranger(self) -> Client:
        return Client(self.port.port, self.session)


@asynccontextmanager
async def serving(world: World, routes: Iterable[AnyRoute] = ROUTES, **settings: Any) -> AsyncIterator[Room]:
    """On this world's store and by its clock, with the people of `ROLES`."""
    async with world.store.writing() as tx:
        await record.begin(tx, LogId("vtn-test"), KEY, world.now)
        for account, roles in ROLES.items():
            await people.name(tx, account, roles)
    log = Memory()
    given = Settings(state=world.folder, **settings)
    async with aiohttp.ClientSession() as session:
        room = Room(world, session, log)
        office = Office(
            settings=given, store=world.store, key=KEY, clock=lambda: world.now, doubt=lambda: room.doubt
        )
        room.port = ApiPort(office, Journal(log), routes)
        await room.port.open("127.0.0.1", 0)
        try:
            yield room
        finally:
            await room.port.close()


ORDER: Mapping[str, Any] = {
    "programme": "supply-limit",
    "feeders": ["F1"],
    "percent": 40,
    "seconds": 1800,
    "reason": "transformer at 112 %",
}


async def given(client: Client, **changes: Any) -> str:
    """An intervention that holds."""
    key = secrets.token_hex(4)
    answer = await client.post("/interventions", {**ORDER, **changes}, Idempotency_Key=key)
    assert answer.status == 201, answer.body
    return str(answer.json["intervention"]["intervention"])
