"""Who may do what over the API: keys with scopes, people with roles, and what is told to whoever has neither."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from oadr.ledger.entry import EntryType
from tests.vtn.api.rooms import ADMIN, ANNA, BEN, ORDER, VERA, Client, Room, given, serving
from tests.vtn.world import World
from vtn.api.forms import moment
from vtn.api.route import AnyRoute
from vtn.api.routes import ROUTES
from vtn.api.throttle import PER_MINUTE, Throttle
from vtn.model.keys import KeyScope, scopes_of
from vtn.model.people import Role
from vtn.store import alarms, people

ANYTHING = {
    "feeder": "F1",
    "site": "home",
    "intervention": "I1",
    "proposal": "1",
    "halt": "1",
    "key": "0" * 12,
}


def example(route: AnyRoute) -> str:
    return route.path.format(person="P-1", **ANYTHING)


@pytest.mark.proves("O04")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_every_operation_takes_a_key_with_its_scope(room: Room, route: AnyRoute) -> None:
    refused = await room.stranger.ask(route.method, example(route))
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.headers["Content-Type"] == "application/problem+json"
    for scope in set(KeyScope) - set(route.scopes):
        async with room.world.store.writing() as tx:
            await people.name(tx, "api:all", frozenset(Role))
        lacking = await room.client("api:all", (scope,))
        answer = await lacking.ask(route.method, example(route))
        assert answer.status == 403, scope
        assert "this takes the scope" in answer.json["detail"]


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer fg_{name}_" + "0" * 64])
async def test_a_wrong_key_opens_nothing(room: Room, shown: str) -> None:
    right = await room.client(ANNA)
    assert right.token is not None
    name = right.token.split("_")[1]
    answer = await room.stranger.get("/me", Authorization=shown.format(name=name))
    assert answer.status == 401
    assert (await right.get("/me")).status == 200


async def test_a_key_never_opens_more_than_its_person_may_at_that_moment(room: Room) -> None:
    anna = await room.client(ANNA)
    its = await given(anna)
    async with room.world.store.writing() as tx:
        await people.name(tx, ANNA, (Role.VIEWER,))
    assert (await anna.get("/me")).json["scopes"] == ["read"]
    assert (await anna.post(f"/interventions/{its}/cancel", {"reason": "x"})).status == 403
    assert (await anna.get(f"/interventions/{its}")).status == 200


async def test_a_key_that_has_expired_or_was_revoked_opens_nothing(room: Room) -> None:
    admin = await room.client(ADMIN)
    me = (await (await room.client(ANNA)).get("/me")).json["person"]
    until = moment(room.world.now + timedelta(hours=1))
    made = await admin.post("/keys", {"person": me, "scopes": ["read"], "expires_at": until})
    short = Client(admin.port, admin.session, made.json["token"])
    assert (await short.get("/me")).json["scopes"] == ["read"]
    room.world.later(hours=2)
    assert (await short.get("/me")).status == 401
    lasting = await room.client(ANNA)
    own = (await lasting.get("/me")).json["key"]
    assert (await lasting.ask("DELETE", f"/keys/{own}")).json["holds"] is False
    assert (await lasting.get("/me")).status == 401


async def test_a_key_of_another_person_is_an_admins_to_revoke(room: Room) -> None:
    anna, ben, admin = [await room.client(one) for one in (ANNA, BEN, ADMIN)]
    its = (await ben.get("/me")).json["key"]
    assert (await anna.ask("DELETE", f"/keys/{its}")).status == 403
    assert (await ben.get("/me")).status == 200
    assert (await admin.ask("DELETE", f"/keys/{its}")).status == 200
    assert (await ben.get("/me")).status == 401
    assert (await admin.ask("DELETE", f"/keys/{'0' * 12}")).status == 404


async def test_an_admin_adds_people_and_gives_them_keys(room: Room) -> None:
    admin = await room.client(ADMIN)
    somebody = await admin.post("/people", {"account": "carla", "roles": ["operator"]})
    assert (somebody.status, somebody.json["roles"]) == (201, ["operator"])
    assert (await admin.post("/people", {"account": "carla", "roles": []})).status == 409
    person = somebody.json["person"]
    beyond = await admin.post("/keys", {"person": person, "scopes": ["approve"]})
    assert beyond.status == 409
    assert "give the role first" in beyond.json["detail"]
    made = await admin.post("/keys", {"person": person, "label": "her console"})
    assert (made.status, made.json["scopes"]) == (201, ["halt", "order", "read"])
    carla = Client(admin.port, admin.session, made.json["token"])
    await given(carla)
    assert (await admin.ask("PUT", f"/people/{person}/roles", {"roles": ["viewer"]})).status == 200
    assert (await carla.post("/interventions", ORDER, Idempotency_Key="9")).status == 403
    told = [one for one in await room.world.entries() if one.type is EntryType.CONFIG_CHANGE]
    assert [one.body["what"] for one in told][-3:] == ["roles", "api key", "roles"]
    async with room.world.store.writing() as tx:
        assert "api key" in [one.kind for one in await alarms.take(tx, room.world.now)]


async def test_somebody_stays_an_admin(room: Room) -> None:
    admin = await room.client(ADMIN)
    me = (await admin.get("/me")).json["person"]
    answer = await admin.ask("PUT", f"/people/{me}/roles", {"roles": ["viewer"]})
    assert answer.status == 403
    assert (await admin.get("/me")).json["roles"] == ["admin"]


async def test_a_viewer_sees_neither_people_nor_keys(room: Room) -> None:
    vera = await room.client(VERA)
    assert (await vera.get("/interventions")).status == 200
    assert {(await vera.get(path)).status for path in ("/people", "/keys")} == {403}


async def test_the_list_of_keys_holds_no_secret(room: Room) -> None:
    admin = await room.client(ADMIN)
    assert admin.token is not None
    secret = admin.token.split("_")[2]
    found = await admin.get("/keys")
    assert found.json["items"][0]["key"] == admin.token.split("_")[1]
    for text in (secret, hashlib.sha256(secret.encode()).hexdigest()):
        assert text.encode() not in found.body


async def test_a_secret_is_neither_in_the_store_nor_in_the_log(bare: World) -> None:
    async with serving(bare) as room:
        admin = await room.client(ADMIN)
        assert admin.token is not None
        await admin.get("/nowhere")
        await admin.post("/keys", {"person": "P-1", "label": admin.token})
        await room.stranger.get("/me", Authorization=f"Bearer {admin.token}x")
        secret = admin.token.split("_")[2]
        assert secret not in repr(room.log.lines)
        files = [path for path in bare.folder.rglob("*") if path.is_file()]
        assert files
        assert all(secret.encode() not in path.read_bytes() for path in files)


async def test_too_many_wrong_keys_are_told_to_wait_and_right_ones_are_not(room: Room) -> None:
    right = await room.client(ANNA)
    for _ in range(PER_MINUTE):
        assert (await room.stranger.get("/me", Authorization="Bearer x")).status == 401
    late = await room.stranger.get("/me", Authorization="Bearer x")
    assert late.status == 429
    assert 0 < int(late.headers["Retry-After"]) <= 60
    assert (await right.get("/me")).status == 200
    assert len([one for one in room.log.lines if one[1] == "refused"]) == PER_MINUTE


def test_whoever_waits_a_minute_may_try_again() -> None:
    throttle = Throttle()
    waits = [throttle.failed("a", 5.0) for _ in range(PER_MINUTE + 1)]
    assert waits == [0] * PER_MINUTE + [60]
    assert throttle.failed("b", 5.0) == 0
    assert throttle.failed("a", 64.0) == 1
    assert throttle.failed("a", 65.0) == 0


def test_what_each_role_opens() -> None:
    opened: dict[Any, Any] = {role: scopes_of((role,)) for role in Role}
    assert opened[Role.VIEWER] == {KeyScope.READ}
    assert KeyScope.ORDER in opened[Role.OPERATOR]
    assert KeyScope.APPROVE not in opened[Role.OPERATOR]
    assert KeyScope.ORDER not in opened[Role.APPROVER] | opened[Role.ADMIN] | opened[Role.AUDITOR]
    assert scopes_of(()) == frozenset()
