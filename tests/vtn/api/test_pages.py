"""What the API shows: the network, pages and filters, CSV, reports and the record."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from oadr.ledger.verification import verify
from tests.vtn.api.rooms import ADMIN, ANNA, ORDER, Client, Room, given
from tests.vtn.world import F1, HOME, KEY, World
from vtn.api.forms import moment
from vtn.api.paging import cursor
from vtn.commands import listing, proposing
from vtn.model.network import Feeder, Network, Site
from vtn.store import interventions, network, proposals, record


@pytest.fixture
async def anna(room: Room) -> Client:
    return await room.client(ANNA)


def rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode())))


async def names(client: Client, path: str, name: str) -> list[Any]:
    answer = await client.get(path)
    assert answer.status == 200, answer.body
    return [one[name] for one in answer.json["items"]]


async def test_the_network_can_be_looked_at_from_every_side(room: Room, anna: Client) -> None:
    async with room.world.store.writing() as tx:
        await network.seen(tx, {HOME: room.world.now})
    feeder = (await anna.get("/feeders/F1")).json
    assert (feeder["name"], feeder["rating_w"], feeder["installed_w"]) == ("Elm Street", 400_000, 18_400)
    assert (feeder["half_hours_30_days"], feeder["most_half_hours"]) == (0, 8)
    assert await names(anna, "/sites?feeder=F1", "site") == ["home", "park"]
    assert await names(anna, "/sites?online=true", "site") == ["home"]
    assert await names(anna, "/sites?registered=true", "site") == []
    assert await names(anna, "/chargepoints?site=park", "chargepoint") == ["park-1", "park-2"]
    assert await names(anna, "/chargepoints?feeder=F2&online=false", "chargepoint") == ["late-evse", "park-2"]
    assert await names(anna, "/programmes", "may_be_declined") == [False, True, True]
    for path in ("/feeders/F9", "/sites/nobody", "/interventions/I0", "/interventions/I0/report"):
        answer = await anna.get(path)
        assert answer.status == 404
        assert answer.json["instance"] == f"/api/v1{path}"
        assert answer.json["request_id"] == answer.headers["X-Request-ID"]


async def test_how_often_a_feeder_was_limited_is_counted(room: Room, anna: Client) -> None:
    await given(anna, seconds=3600)
    room.world.later(hours=2)
    assert (await anna.get("/feeders/F1")).json["half_hours_30_days"] == 2
    room.world.later(days=31)
    found = (await anna.get("/feeders/F1")).json
    assert (found["half_hours_30_days"], found["half_hours_365_days"]) == (0, 2)


async def test_an_admin_approves_a_site_and_ends_its_registration(room: Room, anna: Client) -> None:
    admin = await room.client(ADMIN)
    body = {"sha256": "a" * 64, "signatures": "required"}
    assert (await anna.ask("PUT", "/sites/home/approval", body)).status == 403
    approved = (await admin.ask("PUT", "/sites/home/approval", body)).json
    assert (approved["certificate"], approved["signatures"]) == ("a" * 64, "required")
    taken = await admin.ask("PUT", "/sites/park/approval", body)
    assert taken.status == 409
    parting = {"what": "deregister"}
    assert (await admin.post("/sites/home/registration", parting)).status == 409
    assert (await admin.post("/sites/nobody/registration", parting)).status == 404


async def test_pages_lead_on_until_there_are_no_more(anna: Client) -> None:
    seen, path = [], "/chargepoints?limit=3"
    for _ in range(2):
        answer = await anna.get(path)
        seen += [one["chargepoint"] for one in answer.json["items"]]
        if answer.json["next"] is None:
            break
        path = f"/chargepoints?limit=3&after={answer.json['next']}"
        assert answer.headers["Link"] == f'</api/v1{path}>; rel="next"'
    assert seen == ["home-evse", "late-evse", "park-1", "park-2"]
    assert "Link" not in answer.headers


async def test_what_is_new_meanwhile_shifts_no_page(room: Room, anna: Client) -> None:
    first = [await given(anna, feeders=["F2"])]
    room.world.later(hours=1)
    first.append(await given(anna, feeders=["F2"]))
    page = (await anna.get("/interventions?limit=1")).json
    assert [one["intervention"] for one in page["items"]] == first[1:]
    room.world.later(hours=1)
    await given(anna)
    assert await names(anna, f"/interventions?limit=1&after={page['next']}", "intervention") == first[:1]


async def test_interventions_are_filtered(room: Room, anna: Client) -> None:
    over = await given(anna)
    room.world.later(hours=1)
    runs = await given(anna, feeders=["F2"], test=True)
    since = moment(room.world.now - timedelta(minutes=1))
    for query, found in (
        ("state=over", [over]),
        ("state=running", [runs]),
        ("feeder=F1", [over]),
        ("test=true", [runs]),
        ("programme=load-shift", []),
        (f"since={since}", [runs]),
        (f"until={since}", [over]),
    ):
        assert await names(anna, f"/interventions?{query}", "intervention") == found, query


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("after=?", "after"),
        ("colour=red", "colour"),
        ("feeder=F1&feeder=F2", "feeder"),
        ("feeder=", "feeder"),
        ("feeder=%00", "feeder"),
        ("online=perhaps", "online"),
        ("format=pdf", "format"),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_named(anna: Client, query: str, parameter: str) -> None:
    answer = await anna.get(f"/chargepoints?{query}")
    assert answer.status == 422
    assert answer.json["errors"][0]["parameter"] == parameter


async def test_a_cursor_of_our_making_names_a_place_and_not_a_row(anna: Client) -> None:
    assert await names(anna, f"/chargepoints?after={cursor(('o',))}", "chargepoint") == ["park-1", "park-2"]
    assert await names(anna, f"/record/entries?after={cursor(('x',))}&limit=1", "seq") == [0]


async def test_a_table_can_be_had_as_csv(anna: Client) -> None:
    await given(anna)
    asked = await anna.get("/chargepoints?format=csv&limit=2")
    assert asked.headers["Content-Type"].startswith("text/csv")
    assert [one["chargepoint"] for one in rows(asked.body)] == ["home-evse", "late-evse"]
    assert 'rel="next"' in asked.headers["Link"]
    accepted = await anna.get("/interventions", Accept="text/csv, */*;q=0.1")
    (line,) = rows(accepted.body)
    assert (line["feeders"], line["sites.silent"], line["test"]) == ("F1", "2", "false")
    its = line["intervention"]
    report = rows((await anna.get(f"/interventions/{its}/report?format=csv")).body)
    assert [one["limit_a"] for one in report] == ["12.8", "6.4"]
    entries = rows((await anna.get("/record/entries?format=csv")).body)
    assert entries[-1]["type"] == "intervention"
    assert its in entries[-1]["body"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "=cmd|' /C calc'!A0"])
async def test_no_name_becomes_a_formula(world: World, room: Room, name: str) -> None:
    async with world.store.writing() as tx:
        feeders = (Feeder(feeder_id=F1, name=name),)
        await network.merge(tx, Network(feeders=feeders, sites=(Site(ven_id=HOME, name=name),)))
    anna = await room.client(ANNA)
    for path in ("/feeders", "/sites"):
        found = rows((await anna.get(f"{path}?format=csv")).body)
        assert f"'{name}" in [one["name"] for one in found]
        assert name in await names(anna, path, "name")


async def test_a_report_says_who_has_not_been_reached(anna: Client) -> None:
    its = await given(anna)
    found = (await anna.get(f"/interventions/{its}/report")).json
    assert found["intervention"]["intervention"] == its
    assert found["summary"]["silent"] == 2
    assert [one["compliance"] for one in found["chargepoints"]] == [None, None]


async def test_the_record_is_read_page_by_page_and_believed(room: Room, anna: Client) -> None:
    its = await given(anna)
    assert (await anna.get("/record/checkpoint")).status == 404
    async with room.world.store.writing() as tx:
        await record.seal(tx, KEY, room.world.now)
    (entry,) = (await anna.get("/record/entries?type=intervention")).json["items"]
    assert entry["body"]["intervention"] == its
    sealed = (await anna.get("/record/checkpoint")).json
    assert sealed["size"] == entry["seq"] + 1
    verdict = (await anna.get("/record/verification")).json
    assert (verdict["believed"], verdict["sealed"], verdict["unsealed"]) == (True, sealed["size"], 0)
    exported = await anna.get("/record/export")
    assert exported.headers["Content-Type"].startswith("application/jsonl")
    lines = exported.body.splitlines(keepends=True)
    assert verify(lines, key=KEY.public_key()).entries == sealed["size"]
    seqs: list[int] = []
    path = "/record/entries?limit=2"
    while path:
        page = (await anna.get(path)).json
        seqs += [one["seq"] for one in page["items"]]
        path = f"/record/entries?limit=2&after={page['next']}" if page["next"] else ""
    assert seqs == list(range(sealed["size"]))


async def test_the_figures_are_those_of_the_command_line(room: Room, anna: Client) -> None:
    its = await given(anna)
    await anna.ask("PATCH", f"/interventions/{its}", {"percent": 60, "reason": "less"}, If_Match='"0"')
    await anna.post("/proposals", {**ORDER, "feeders": ["F2"]})
    async with room.world.store.reading() as tx:
        one = await interventions.find(tx, its)
        draft = await proposals.find(tx, 1)
    assert one is not None
    shown = {**(await anna.get(f"/interventions/{its}/report")).json["intervention"], "changes": []}
    assert shown == {**listing.intervention(one, room.world.now), "changes": []}
    typed = {
        name: text for name, text in proposing.proposal(draft, room.world.now).items() if name != "content"
    }
    assert (await anna.get("/proposals/1")).json == typed
