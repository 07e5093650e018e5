"""Orders that take two people, broken glass, the kill switch, and who may do what: at the command line."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oadr.ledger.entry import EntryType
from tests.vtn.commands.room import Room
from tests.vtn.commands.test_limit import charge
from vtn.commands import account

LIMIT = ("limit", "F12", "--percent", "40", "--for", "30m", "--reason", "transformer at 112 %", "--yes")
SOLO, OTHER, THIRD = 1000, 1001, 1002


@pytest.fixture
def strict(room: Room) -> Room:
    """F12 can lose up to 44 kW by this order, and one person may take off 20."""
    room.write("vtn.toml", "two_people_above_kw = 20\n")
    room.furnish()
    return room


def proposal(room: Room, number: int = 1) -> Any:
    found = room.say("proposals", "--all", "--json").json
    return next(one for one in found if one["proposal"] == number)


def stored(room: Room) -> list[Any]:
    found = room.say("events", "--json").json
    assert isinstance(found, list)
    return found


def as_user(room: Room, user: int, *words: str) -> Any:
    room.user = user
    return room.say(*words)


@pytest.mark.proves("O04", "W26")
def test_an_order_above_the_threshold_waits_and_says_for_whom(strict: Room) -> None:
    charge(strict)
    said = strict.say(*LIMIT)
    assert said.code == 3, "a script must not take it for an order"
    assert "NOTE: A second person is needed: it can take off 44 kW, and one person 20 kW." in said.out
    lines = said.out.splitlines()
    assert lines[-3].startswith("Nothing is ordered yet: this takes two people, since it can take off 44 kW")
    assert lines[-2].endswith("An approver releases it with: vtn second 1")
    assert lines[-1].endswith("vtn break-glass 1 --reason WHY")
    assert stored(strict) == []


@pytest.mark.proves("O04", "W26")
def test_the_second_person_sees_it_and_releases_it(strict: Room) -> None:
    charge(strict)
    assert strict.say(*LIMIT).code == 3
    assert "is your own" in strict.say("second", "1", "--yes").err
    strict.wait(timedelta(minutes=2))
    said = as_user(strict, OTHER, "second", "1", "--yes")
    assert said.code == 0
    assert said.out.splitlines()[0].startswith("F12: 40 % for 30m at once, proposed by P-")
    assert "They draw 22.1 kW now" in said.out or "3 chargepoints" in said.out
    (event,) = stored(strict)
    assert said.out.splitlines()[-1] == f"{event['intervention']} is released by two."
    assert event["start"] == "2026-11-24T12:02:00Z"
    assert event["released_by"] != event["second"]
    assert event["break_glass"] is None
    assert proposal(strict)["stage"] == "released"
    assert proposal(strict)["intervention"] == event["intervention"]


@pytest.mark.proves("O04")
def test_a_second_word_can_be_bound_to_what_was_shown(strict: Room) -> None:
    strict.say(*LIMIT)
    shown = proposal(strict)["digest"]
    strict.user = OTHER
    said = strict.say("second", "1", "--yes", "--digest", "0" * 64)
    assert (said.code, "look again" in said.err) == (1, True)
    assert strict.say("second", "1", "--yes", "--digest", shown, "--json").json["intervention"]


@pytest.mark.proves("O06")
def test_a_program_sees_what_is_at_stake(strict: Room) -> None:
    said = strict.say(*LIMIT[:-1], "--preview", "--json")
    found = said.json["preview"]
    assert said.code == 0
    assert found["at_stake_w"] == 43718.4
    assert (found["sites"], found["whole_substations"], found["conflicts"]) == (3, [], [])
    assert found["half_hours"] == [{"feeder": "F12", "so_far": 0, "with_it": 1, "most": 8}]
    assert found["two_people"] == ["it can take off 44 kW, and one person 20 kW"]
    assert strict.say("proposals", "--json").json == [], "looking proposes nothing"


def test_what_stands_in_its_way_is_shown_before(room: Room) -> None:
    room.furnish()
    (given,) = [room.say(*LIMIT, "--json").json["intervention"]["intervention"]]
    said = room.say(*LIMIT[:-1], "--preview")
    assert f"NOTE: {given} limits F12 in the same programme until 2026-11-24 12:30:00 UTC" in said.out
    assert room.say(*LIMIT[:-1], "--preview", "--json").json["preview"]["conflicts"] == [given]


@pytest.mark.proves("O04")
def test_a_change_that_takes_more_waits_as_well(strict: Room) -> None:
    words = ("limit", "F12", "--percent", "90", "--for", "30m", "--reason", "warm", "--yes", "--json")
    given = strict.say(*words).json["intervention"]["intervention"]
    change = ("change", given, "--reason", "hot", "--yes")
    assert strict.say(*change, "--percent", "40").code == 3
    assert proposal(strict)["changes"] == given
    assert given in strict.say("proposals").out
    said = as_user(strict, OTHER, "second", "1", "--yes")
    assert said.out.startswith(f"change {given} to F12: 40 % for 30m from 2026-11-24 12:00:00 UTC")
    assert said.code == 0
    (event,) = stored(strict)
    assert (event["percent"], event["modification"]) == (40.0, 1)
    assert as_user(strict, SOLO, *change, "--percent", "50").code == 0, "this gives back"
    assert strict.say("cancel", given, "--reason", "cool", "--yes").code == 0


def test_proposals_are_listed_rejected_and_withdrawn(strict: Room) -> None:
    strict.say(*LIMIT)
    strict.say("shift", "F12", "--percent", "0", "--for", "1h", "--from", "2026-11-24T18:00Z", *LIMIT[-3:])
    said = strict.say("proposals")
    assert said.code == 0
    assert said.out.count("awaits a second person") == 2
    assert "F12: 0 % for 1h" in said.out
    assert "an approver can reject it" in as_user(strict, OTHER, "withdraw", "1").err
    assert as_user(strict, OTHER, "reject", "1", "--reason", "no need").out == "Proposal 1 is rejected.\n"
    assert as_user(strict, SOLO, "withdraw", "2", "--json").json["stage"] == "withdrawn"
    assert strict.say("proposals", "--json").json == []
    assert [one["stage"] for one in strict.say("proposals", "--all", "--json").json] == [
        "withdrawn",
        "rejected",
    ]
    assert stored(strict) == []


@pytest.mark.proves("O04")
def test_broken_glass_is_marked_wherever_it_is_shown(strict: Room) -> None:
    strict.say(*LIMIT)
    said = strict.say("break-glass", "1", "--reason", "nobody answers")
    assert said.code == 0
    assert said.err.startswith("vtn: ALARM: the glass is broken")
    (event,) = stored(strict)
    assert event["break_glass"] == "nobody answers"
    assert "(break-glass)" in strict.say("events").out
    assert strict.say("report", event["intervention"], "--json").json["break_glass"] == "nobody answers"
    assert "BREAK-GLASS" in strict.say("report", event["intervention"]).out
    overridden = [entry.body for entry in strict.entries() if entry.type is EntryType.OVERRIDE]
    assert [body["intervention"] for body in overridden] == [event["intervention"]]


@pytest.mark.proves("O04", "W26")
def test_the_kill_switch_lets_go_and_an_admin_lifts_it(room: Room) -> None:
    room.furnish()
    given = room.say(*LIMIT, "--json").json["intervention"]["intervention"]
    said = room.say("kill", "--feeder", "F12", "--reason", "wrong feeder", "--yes")
    assert said.code == 0
    assert said.out.splitlines()[0] == f"Cancelled: {given}."
    assert stored(room)[0]["state"] == "cancelled"
    refused = room.say(*LIMIT)
    assert (refused.code, "is halted since" in refused.err) == (1, True)
    assert "NOTE: feeder F12 is halted (wrong feeder)" in refused.out
    assert [one["feeder"] for one in room.say("halts", "--json").json] == ["F12"]
    assert "wrong feeder" in room.say("halts").out
    lifted = room.say("lift", "1", "--reason", "found it")
    assert lifted.out == "Halt 1 is lifted: feeder F12.\n"
    assert room.say(*LIMIT).code == 0
    killed = room.say("kill", "--programme", "supply-limit", "--reason", "enough", "--yes", "--json").json
    assert (killed["halt"]["programme"], len(killed["cancelled"])) == ("supply-limit", 1)
    assert room.say("lift", "2", "--reason", "again", "--json").json["halt"] == 2


@pytest.mark.proves("O04")
def test_roles_are_given_by_an_admin(strict: Room) -> None:
    me, other = str(os.getuid()), OTHER
    strict.user = os.getuid()
    assert (
        "is admin, operator."
        in strict.say("people", "roles", me, "--role", "admin", "--role", "operator").out
    )
    assert strict.say("people", "roles", me, "--role", "operator").err.startswith("vtn: somebody must stay")
    refused = as_user(strict, other, *LIMIT)
    assert (refused.code, "takes the role of operator" in refused.err) == (1, True)
    assert "takes the role of admin" in strict.say("people", "roles", me, "--role", "viewer").err
    strict.user = os.getuid()
    only = next(one for one in strict.say("people", "list", "--json").json if one["you"])
    assert (only["you"], only["given"], only["roles"]) == (True, True, ["admin", "operator"])
    assert only["person"] in strict.say("people", "list").out
    bodies = [entry.body for entry in strict.entries() if entry.body.get("what") == "roles"]
    assert [body["person"] for body in bodies] == [only["person"]]


@pytest.mark.proves("O04")
def test_looser_settings_of_ones_own_move_nothing(strict: Room) -> None:
    """An operator who is no admin chooses the file, the environment and the flags, and it is of no use."""
    admin = os.getuid() + 7
    strict.user = os.getuid()
    strict.say("people", "roles", str(os.getuid()), "--role", "admin", "--role", "operator")
    assert strict.say(*LIMIT).code == 3
    mine = ("--set", "two_people_above_kw=9999")
    assert strict.say(*LIMIT[:-1], "--preview", "--json", *mine).json["preview"]["two_people"] == []
    strict.user = admin
    assert strict.say(*LIMIT[:-1], "--preview", "--json", *mine).json["preview"]["two_people"] != []


@pytest.mark.proves("O04", "W26")
def test_ratings_and_substations_are_an_admins_to_change(room: Room) -> None:
    """Who could lower a rating alone could make any order look small."""
    header = "feeder,substation,site,chargepoint,rated_amps,phases"
    file = room.write("lower.csv", f"{header}\nF12,Mill,S1,evse-1,6,3\nF13,,S4,evse-4,16,1\n")
    room.furnish()
    room.user = os.getuid()
    room.say("people", "roles", str(os.getuid()), "--role", "admin", "--role", "operator")
    refused = as_user(room, OTHER, "feeders", "import", file)
    assert (refused.code, "takes the role of admin" in refused.err) == (1, True)
    assert "takes the role of admin" in room.say("approve", "S1", "--sha256", "0" * 64).err
    said = as_user(room, os.getuid(), "feeders", "import", file)
    assert "substation - -> Mill" in said.out
    waits = room.say(*LIMIT)
    assert (waits.code, "it binds the whole substation Mill" in waits.out) == (3, True)


@pytest.mark.parametrize(
    ("words", "code", "names"),
    [
        (("second", "7", "--yes"), 1, "there is no proposal 7; see them with: vtn proposals"),
        (("second", "1"), 2, "--yes"),
        (("second", "x"), 2, "PROPOSAL"),
        (("second", "0", "--yes"), 2, "PROPOSAL"),
        (("reject", "7", "--reason", "no"), 1, "there is no proposal 7"),
        (("reject", "7"), 2, "--reason"),
        (("withdraw", "7"), 1, "there is no proposal 7"),
        (("break-glass", "7", "--reason", "alone"), 1, "there is no proposal 7"),
        (("break-glass", "7"), 2, "--reason"),
        (("kill", "--reason", "stop", "--yes"), 2, "one of --feeder FEEDER, --programme PROGRAMME and --all"),
        (("kill", "--all", "--feeder", "F12", "--reason", "stop", "--yes"), 2, "one of --feeder"),
        (("kill", "--all", "--reason", "stop"), 2, "--yes"),
        (("kill", "--all", "--reason", " ", "--yes"), 2, "--reason is missing"),
        (("kill", "--feeder", "F9", "--reason", "stop", "--yes"), 1, "there is no feeder F9"),
        (("kill", "--programme", "none", "--reason", "stop", "--yes"), 2, "--programme"),
        (("lift", "7", "--reason", "why"), 1, "there is no halt 7; see them with: vtn halts"),
        (("lift", "7"), 2, "--reason"),
        (("people", "roles", "no-such-user-here", "--role", "viewer"), 2, "this machine has no user"),
        (("people", "roles", "1", "--role", "king"), 2, "--role"),
        (("proposals", "--nonsense"), 2, "No such option"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(
    strict: Room, words: tuple[str, ...], code: int, names: str
) -> None:
    before = strict.entries()
    said = strict.say(*words)
    assert said.code == code
    assert names in said.err
    assert strict.entries() == before


def test_without_a_store_there_is_nothing_to_propose(room: Room) -> None:
    for words in (("proposals",), ("halts",), ("people", "list"), ("second", "1", "--yes")):
        said = room.say(*words)
        assert (said.code, "there is no store" in said.err) == (1, True)


@pytest.mark.proves("O04")
@pytest.mark.parametrize(
    ("kept", "who"), [("1234", 1234), ("4294967295", None), ("", None), (None, None)], ids=str
)
def test_who_types_is_who_logged_in_whatever_user_they_became(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str | None, who: int | None
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("vtn.commands.account.LOGIN", tmp_path / "loginuid")
    if kept is not None:
        (tmp_path / "loginuid").write_text(kept)
    assert account.here() == f"uid:{os.getuid() if who is None else who}"
