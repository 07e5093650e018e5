"""`vtn feeders`: the network goes in, all of it or nothing, and can be looked at."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.ids import ResourceId
from tests.vtn.commands.room import NETWORK, Room
from vtn.model.reading import Quantity, Reading
from vtn.store import network, reports
from vtn.store.engine import Store

SHA256 = "ab" * 32


def test_an_import_says_what_is_new_and_the_second_time_nothing(room: Room) -> None:
    path = room.write("network.csv", NETWORK)
    first = room.say("feeders", "import", path)
    assert first.code == 0
    assert "new      chargepoint evse-4" in first.out
    assert first.out.endswith("New: 2 feeders, 4 sites, 4 chargepoints; changed: 0.\n")
    assert room.say("feeders", "import", path).out == "New: 0 feeders, 0 sites, 0 chargepoints; changed: 0.\n"


def test_a_change_is_told_as_what_it_was_and_what_it_is(room: Room) -> None:
    room.furnish()
    rows = json.dumps(
        [{"feeder": "F13", "site": "S4", "chargepoint": "evse-4", "rated_amps": 32, "phases": 3, "step": 5}]
    )
    changed = room.say("feeders", "import", room.write("n.json", rows), "--json")
    assert changed.json == [
        {
            "kind": "chargepoint",
            "name": "evse-4",
            "new": False,
            "was": {"amps": "16", "phases": "1", "step": "10"},
            "now": {"amps": "32", "phases": "3", "step": "5"},
        }
    ]


def test_what_a_file_leaves_empty_stays_as_it_is_known(room: Room) -> None:
    room.furnish()
    text = "feeder,site,chargepoint,rated_amps,phases\nF12,S1,evse-1,32,3\n"
    assert room.say("feeders", "import", room.write("n.csv", text)).out.endswith("changed: 0.\n")
    assert room.say("feeders", "list", "--json").json[0]["rating_w"] == 250_000


def test_a_file_with_one_bad_cell_changes_nothing(room: Room) -> None:
    bad = NETWORK.replace("evse-4,16,1", "evse-4,16,4")
    said = room.say("feeders", "import", room.write("n.csv", bad))
    assert said.code == 2
    assert (
        said.err == f"vtn: {room.folder}/n.csv:5: phases: must be 1, 2 or 3, not '4'\nnothing was imported\n"
    )
    assert not room.state.exists()


def test_a_certificate_of_another_site_is_refused_and_nothing_is_stored(room: Room) -> None:
    room.furnish()
    assert room.say("approve", "S1", "--sha256", SHA256).code == 0
    text = f"feeder,site,certificate,chargepoint,rated_amps,phases\nF14,S9,{SHA256},evse-9,32,3\n"
    said = room.say("feeders", "import", room.write("n.csv", text))
    assert said.code == 1
    assert "acts for S1 already" in said.err
    assert [one["feeder"] for one in room.say("feeders", "list", "--json").json] == ["F12", "F13"]


def test_an_import_is_told_to_the_record_by_its_size_alone(room: Room) -> None:
    room.furnish()
    entry = room.entries()[-1]
    assert entry.type is EntryType.CONFIG_CHANGE
    assert dict(entry.body) == {
        "what": "network",
        "changed_by": "operator",
        "feeders": 2,
        "sites": 4,
        "chargepoints": 4,
    }


@pytest.mark.proves("W16")
def test_the_list_shows_each_feeders_rating_and_what_its_chargepoints_draw(room: Room) -> None:
    room.furnish()

    async def measure(store: Store) -> None:
        async with store.writing() as tx:
            fresh, old = room.now - timedelta(seconds=5), room.now - timedelta(minutes=5)
            await reports.keep(
                tx,
                (
                    Reading(ResourceId("evse-1"), Quantity.POWER, fresh, Decimal(22080)),
                    Reading(ResourceId("evse-2"), Quantity.POWER, old, Decimal(22080)),
                ),
            )

    room.in_store(measure)
    assert room.say("feeders", "list", "--json").json == [
        {
            "feeder": "F12",
            "name": "Mill Lane",
            "rating_w": 250_000,
            "sites": 3,
            "chargepoints": 3,
            "installed_w": 66240.0,
            "charging_w": 22080.0,
            "measured": 1,
        },
        {
            "feeder": "F13",
            "name": "Park",
            "rating_w": 100_000,
            "sites": 1,
            "chargepoints": 1,
            "installed_w": 3680.0,
            "charging_w": None,
            "measured": 0,
        },
    ]
    assert "Mill Lane" in room.say("feeders", "list").out


def test_names_from_a_file_are_text_and_no_markup(room: Room) -> None:
    room.say("feeders", "import", room.write("n.csv", NETWORK.replace("Mill Lane,", "[red]:car:[/],")))
    assert "[red]:car:[/]" in room.say("feeders", "list").out


def test_looking_makes_no_store(room: Room) -> None:
    said = room.say("feeders", "list")
    assert said.code == 1
    assert said.err == "vtn: there is no store in vtn-state; begin with: vtn feeders import FILE\n"
    assert not room.state.exists()


async def pseudonyms(store: Store) -> set[str]:
    async with store.reading() as tx:
        return {one.pseudonym for one in (await network.load(tx)).chargepoints}


def test_a_pseudonym_outlives_every_import(room: Room) -> None:
    room.furnish()
    before = room.in_store(pseudonyms)
    room.say("feeders", "import", room.write("network.csv", NETWORK.replace("32,3", "16,3")))
    assert room.in_store(pseudonyms) == before
    assert len(before) == 4
