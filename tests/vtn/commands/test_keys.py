"""`vtn key`: the first key is made at the command line."""

import re
from datetime import timedelta

import pytest

from oadr.ledger.entry import EntryType
from tests.vtn.commands.room import Room

TOKEN = re.compile(r"fg_[0-9a-f]{12}_[0-9a-f]{64}\n")


@pytest.fixture
def furnished(room: Room) -> Room:
    room.furnish()
    return room


def test_a_key_is_shown_once_and_listed_without_its_secret(furnished: Room) -> None:
    made = furnished.say("key", "add", "--label", "console")
    assert TOKEN.fullmatch(made.out), "nothing else, so that a file can take it"
    assert "shown this once" in made.err
    _, name, secret = made.out.strip().split("_")
    listed = furnished.say("key", "list")
    assert name in listed.out
    assert "console" in listed.out
    assert secret not in listed.out
    (entry,) = [one for one in furnished.entries() if one.body.get("what") == "api key"]
    assert (entry.type, entry.body["key"]) == (EntryType.CONFIG_CHANGE, name)
    assert secret not in str(entry.body)


def test_a_key_has_scopes_and_an_end(furnished: Room) -> None:
    made = furnished.say("key", "add", "--scope", "read", "--for", "90d", "--json").json
    assert made["scopes"] == ["read"]
    assert made["expires_at"] == f"{furnished.now + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}"
    furnished.wait(timedelta(days=91))
    (one,) = furnished.say("key", "list", "--json").json
    assert one["holds"] is False


@pytest.mark.proves("O04")
def test_no_key_opens_more_than_its_persons_roles_and_giving_one_takes_an_admin(furnished: Room) -> None:
    assert furnished.say("people", "roles", "1000", "--role", "admin").code == 0
    refused = furnished.say("key", "add", "--scope", "order")
    assert (refused.code, "give the role first" in refused.err) == (1, True)
    assert furnished.say("people", "roles", "1001", "--role", "operator").code == 0
    other = furnished.say("key", "add", "--person", "1001", "--json").json
    assert other["scopes"] == ["halt", "order", "read"]
    again = furnished.say("key", "add", "--person", other["person"], "--scope", "read", "--json").json
    assert again["person"] == other["person"]
    furnished.user = 1001
    assert furnished.say("key", "add").code == 1
    assert furnished.say("key", "revoke", other["key"]).code == 0
    furnished.user = 1002
    said = furnished.say("key", "revoke", again["key"])
    assert (said.code, "an admin's" in said.err) == (1, True)
    holds = {one["key"]: one["holds"] for one in furnished.say("key", "list", "--json").json}
    assert holds == {other["key"]: False, again["key"]: True}


def test_nobody_is_named_by_mistake(furnished: Room) -> None:
    said = furnished.say("key", "add", "--person", "P-nobody")
    assert (said.code, "neither a person nor a user" in said.err) == (1, True)
    assert furnished.say("key", "revoke", "0" * 12).code == 1
    assert furnished.say("key", "add", "--label", "x" * 101).code == 2
