"""Orders over the API: given, changed and taken back, once each, and by two people where it takes two."""

from typing import Any

import pytest

from tests.vtn.api.rooms import ADMIN, ANNA, BEN, ORDER, Client, Room, given, serving
from tests.vtn.world import HOME, World, created_event, word
from vtn.model.keys import KeyScope
from vtn.store import alarms


@pytest.fixture
async def anna(room: Room) -> Client:
    return await room.client(ANNA)


async def listed(client: Client) -> list[Any]:
    found = (await client.get("/interventions")).json["items"]
    assert isinstance(found, list)
    return found


async def test_a_preview_orders_nothing_and_says_what_hangs_on_it(anna: Client) -> None:
    found = (await anna.post("/previews", {**ORDER, "curve": True, "need_w": 5000})).json
    assert found["at_stake_w"] == 12144
    assert found["counts"]["offline"] == 2
    assert [row["chargepoint"] for row in found["chargepoints"]] == ["home-evse", "park-1"]
    assert [step["percent"] for step in found["curve"]][:2] == [90, 80]
    assert await listed(anna) == []


async def test_an_order_holds_at_once_and_reaches_its_sites(room: Room, anna: Client) -> None:
    answer = await anna.post("/interventions", ORDER, Idempotency_Key="1")
    its = answer.json["intervention"]["intervention"]
    assert (answer.status, answer.headers["ETag"]) == (201, '"0"')
    assert answer.headers["Location"] == f"/api/v1/interventions/{its}"
    await room.world.index.refresh(room.world.store, room.world.now)
    await room.world.register()
    (event,) = await room.world.events()
    await room.world.say(created_event(word(event), ven_id=HOME))
    found = (await anna.get(f"/interventions/{its}")).json
    assert found["sites"] == {"acknowledged": 1, "declined": 0, "reached": 0, "silent": 1}
    assert [(one["site"], one["reach"]) for one in found["deliveries"]] == [
        ("home", "acknowledged"),
        ("park", "silent"),
    ]
    assert found["laggards"] == ["park"]


@pytest.mark.proves("S5")
async def test_a_key_of_another_order_is_refused(anna: Client) -> None:
    first = await anna.post("/interventions", ORDER, Idempotency_Key="1")
    spaced = b'{ "reason": "transformer at 112 %", "seconds": 1800, "percent": 40.0, "feeders": ["F1"],\n'
    spaced += b'"programme": "supply-limit"}'
    again = await anna.ask("POST", "/interventions", raw=spaced, Idempotency_Key="1")
    assert again.json == first.json, "blanks make no other order of it"
    other = await anna.post("/interventions", {**ORDER, "percent": 50}, Idempotency_Key="1")
    assert other.status == 409
    assert "used for another request" in other.json["detail"]
    assert len(await listed(anna)) == 1


async def test_an_order_without_a_key_of_its_own_is_refused(anna: Client) -> None:
    answer = await anna.post("/interventions", ORDER)
    assert answer.status == 400
    assert "Idempotency-Key" in answer.json["detail"]


async def test_what_makes_no_sense_is_named_by_pointers(anna: Client) -> None:
    wrong = {**ORDER, "percent": 101, "feeders": ["F1", ""], "colour": "red", "seconds": True}
    answer = await anna.post("/interventions", wrong, Idempotency_Key="1")
    assert answer.status == 422
    assert {one["pointer"] for one in answer.json["errors"]} == {
        "/percent",
        "/feeders/1",
        "/colour",
        "/seconds",
    }
    too_long = await anna.post("/interventions", {**ORDER, "seconds": 10_000}, Idempotency_Key="1")
    assert too_long.status == 422
    assert [one["pointer"] for one in too_long.json["errors"]] == ["/seconds"]
    assert await listed(anna) == []


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[1", b'"text'])
async def test_a_body_that_is_no_json_is_malformed(anna: Client, raw: bytes) -> None:
    answer = await anna.ask("POST", "/previews", raw=raw)
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")


async def test_a_body_has_its_bounds(anna: Client) -> None:
    large = await anna.ask("POST", "/previews", raw=b" " * 70_000)
    assert large.status == 413
    plain = await anna.ask("POST", "/previews", raw=b"{}", Content_Type="text/plain")
    assert plain.status == 415
    packed = await anna.ask("POST", "/previews", raw=b"{}", Content_Encoding="gzip")
    assert packed.status in (400, 415)


async def test_an_unknown_feeder_is_named(anna: Client) -> None:
    answer = await anna.post("/interventions", {**ORDER, "feeders": ["F9"]}, Idempotency_Key="1")
    assert answer.status == 409
    assert "there is no feeder F9" in answer.json["detail"]


async def test_a_change_names_the_modification_that_was_seen(anna: Client) -> None:
    path = f"/interventions/{await given(anna)}"
    change = {"percent": 60, "reason": "load is falling"}
    assert (await anna.ask("PATCH", path, change)).status == 428
    assert (await anna.ask("PATCH", path, change, If_Match="*")).status == 400
    changed = await anna.ask("PATCH", path, change, If_Match='"0"')
    assert (changed.status, changed.headers["ETag"]) == (200, '"1"')
    assert changed.json["intervention"]["percent"] == 60
    assert changed.json["intervention"]["changes"][0]["percent"] == 40
    stale = await anna.ask("PATCH", path, {**change, "percent": 70}, If_Match='"0"')
    assert stale.status == 412
    assert (await anna.get(path)).json["percent"] == 60


async def test_a_repeated_change_with_a_key_has_the_same_answer(anna: Client) -> None:
    path = f"/interventions/{await given(anna)}"
    headers = {"If_Match": '"0"', "Idempotency_Key": "c1"}
    first, again = [
        await anna.ask("PATCH", path, {"percent": 60, "reason": "less"}, raw=None, **headers)
        for _ in range(2)
    ]
    assert (first.status, again.status) == (200, 200)
    assert first.json == again.json
    assert (await anna.get(path)).json["modification"] == 1


async def test_one_person_may_always_take_it_back(room: Room, anna: Client) -> None:
    its = await given(anna)
    switch = await room.client(BEN, (KeyScope.HALT,))
    cancelled = await switch.post(f"/interventions/{its}/cancel", {"reason": "load is down"})
    assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
    again = await switch.post(f"/interventions/{its}/cancel", {"reason": "load is down"})
    assert again.status == 409
    assert (await switch.post("/interventions", ORDER, Idempotency_Key="1")).status == 403


@pytest.mark.proves("O04")
async def test_above_the_threshold_another_person_releases_it(world: World) -> None:
    async with serving(world, two_people_above_kw=5) as room:
        anna, ben = await room.client(ANNA), await room.client(BEN)
        asked = await anna.post("/interventions", ORDER, Idempotency_Key="1")
        assert (asked.status, asked.json["intervention"]) == (202, None)
        path, digest = asked.headers["Location"].removeprefix("/api/v1"), asked.json["proposal"]["digest"]
        own = await anna.post(f"{path}/approve", {"digest": digest})
        assert own.status == 403
        assert "your own" in own.json["detail"]
        assert (await ben.post(f"{path}/approve", {"digest": "0" * 64})).status == 409
        assert await listed(ben) == []
        released = await ben.post(f"{path}/approve", {"digest": digest})
        assert released.status == 200
        one = released.json["intervention"]
        assert one["second"] == (await ben.get("/me")).json["person"]
        assert one["released_by"] == (await anna.get("/me")).json["person"]
        repeated = await anna.post("/interventions", ORDER, Idempotency_Key="1")
        assert repeated.json["intervention"]["intervention"] == one["intervention"]
        assert len(await listed(ben)) == 1


@pytest.mark.proves("O04")
async def test_the_glass_can_be_broken_and_everybody_hears_of_it(world: World) -> None:
    async with serving(world, two_people_above_kw=5) as room:
        anna = await room.client(ANNA)
        asked = await anna.post("/interventions", ORDER, Idempotency_Key="1")
        path = asked.headers["Location"].removeprefix("/api/v1")
        broken = await anna.post(f"{path}/break-glass", {"reason": "nobody answers"})
        assert broken.json["intervention"]["break_glass"] == "nobody answers"
        async with world.store.writing() as tx:
            assert "break-glass" in [one.kind for one in await alarms.take(tx, world.now)]


async def test_a_draft_is_revised_submitted_rejected_or_withdrawn(world: World) -> None:
    async with serving(world, two_people_above_kw=5) as room:
        anna, ben = await room.client(ANNA), await room.client(BEN)
        made = await anna.post("/proposals", ORDER)
        assert (made.status, made.json["stage"]) == (201, "draft")
        path = made.headers["Location"].removeprefix("/api/v1")
        assert (await ben.ask("PUT", path, {**ORDER, "feeders": ["F9"]})).status == 409
        assert (await ben.ask("PUT", path, {**ORDER, "percent": 50})).json["percent"] == 50
        waiting = await ben.post(f"{path}/submit")
        assert waiting.status == 202
        assert waiting.json["proposal"]["stage"] == "awaits a second person"
        assert (await ben.post(f"{path}/withdraw")).json["stage"] == "withdrawn"
        second = (await anna.post("/interventions", ORDER, Idempotency_Key="1")).headers["Location"]
        path = second.removeprefix("/api/v1")
        rejected = await ben.post(f"{path}/reject", {"reason": "too much"})
        assert (rejected.status, rejected.json["stage"]) == (200, "rejected")
        assert (await anna.get("/proposals")).json["items"] == []
        assert [one["proposal"] for one in (await anna.get("/proposals?every=true")).json["items"]] == [2, 1]
        assert (await anna.get("/proposals/99")).status == 404


async def test_a_draft_that_one_may_release_holds_when_submitted(anna: Client) -> None:
    made = await anna.post("/proposals", ORDER, Idempotency_Key="d1")
    assert (await anna.post("/proposals", ORDER, Idempotency_Key="d1")).json == made.json
    released = await anna.post("/proposals/1/submit")
    assert released.status == 200
    assert released.json["proposal"]["intervention"] == released.json["intervention"]["intervention"]


async def test_the_kill_switch_lets_go_and_an_admin_lifts_it(room: Room, anna: Client) -> None:
    its = await given(anna)
    assert (await anna.post("/halts", {"reason": "wrong feeder"})).status == 422
    pulled = await anna.post("/halts", {"everything": True, "reason": "wrong feeder"})
    assert (pulled.status, pulled.json["cancelled"]) == (201, [its])
    number = pulled.json["halt"]["halt"]
    assert (await anna.post("/interventions", ORDER, Idempotency_Key="2")).status == 409
    assert (await anna.post(f"/halts/{number}/lift", {"reason": "found"})).status == 403
    admin = await room.client(ADMIN)
    assert (await admin.post(f"/halts/{number}/lift", {"reason": "found"})).status == 200
    assert (await admin.post(f"/halts/{number}/lift", {"reason": "found"})).status == 404
    assert (await anna.get("/halts")).json == {"items": []}
    await given(anna)


@pytest.mark.proves("VT09")
async def test_while_the_clock_is_in_doubt_nothing_is_ordered_but_load_can_be_given_back(
    world: World,
) -> None:
    async with serving(world) as room:
        anna = await room.client(ANNA)
        its = await given(anna)
        room.doubt = "it was set by +3600 s"
        for method, path in (("POST", "/interventions"), ("PATCH", f"/interventions/{its}")):
            body = ORDER if method == "POST" else {"percent": 60, "reason": "less"}
            answer = await anna.ask(method, path, body, Idempotency_Key="2", If_Match='"0"')
            assert answer.status == 503
            assert answer.headers["Retry-After"]
        assert (await anna.post(f"/interventions/{its}/cancel", {"reason": "down"})).status == 200
