"""`vtn migrate`, `vtn backup` and `vtn restore`, as an operator types them."""

import sqlite3
from contextlib import closing

import pytest

from tests.vtn.commands.room import Room
from vtn.store.restoring import RAISED_BY


def limit(room: Room, feeder: str) -> str:
    said = room.say(
        "limit", feeder, "--percent", "40", "--for", "30m", "--reason", "too warm", "--yes", "--json"
    )
    assert said.code == 0, said.err
    return str(said.json["intervention"]["intervention"])


@pytest.mark.proves("VT10", "S7")
def test_a_backup_comes_back_with_what_it_knows_and_says_what_it_does_not(room: Room) -> None:
    room.furnish()
    kept = limit(room, "F12")
    said = room.say("backup", "backup.db")
    assert said.code == 0
    assert "backup.db holds the store" in said.out
    assert "ledger.key" in said.out
    assert room.say("change", kept, "--percent", "60", "--reason", "cooler", "--yes").code == 0
    limit(room, "F13")

    said = room.say("restore", "backup.db", "--yes")
    assert said.code == 0, said.err
    assert "2 came later" in said.out
    assert f"{kept} stands again, modification {RAISED_BY}: too warm" in said.out
    assert "vtn events" in said.out
    shown = room.say("events", "--json").json
    assert [(one["intervention"], one["modification"]) for one in shown] == [(kept, RAISED_BY)]
    assert room.say("ledger", "verify").code == 0


@pytest.mark.proves("VT10")
def test_a_store_that_was_put_back_without_a_word_is_refused_until_it_is_said(room: Room) -> None:
    room.furnish()
    assert room.say("backup", "backup.db").code == 0
    limit(room, "F12")
    (room.state / "vtn.sqlite").write_bytes((room.folder / "backup.db").read_bytes())
    said = room.say("events")
    assert said.code == 1
    assert "older than what it has acknowledged" in said.err
    assert "vtn restore" in said.err
    assert room.say("restore", "--yes").code == 0
    assert room.say("events").code == 0


def test_nobody_restores_by_mistake_or_without_the_key(room: Room) -> None:
    room.furnish()
    assert room.say("backup", "backup.db").code == 0
    said = room.say("restore", "backup.db")
    assert (said.code, "--yes" in said.err) == (1, True)
    (room.state / "ledger.key").unlink()
    said = room.say("restore", "backup.db", "--yes")
    assert (said.code, "ledger.key" in said.err) == (1, True)
    assert not (room.state / "ledger.key").exists()


def test_there_is_no_backup_of_what_is_not_there(room: Room) -> None:
    said = room.say("backup", "backup.db")
    assert (said.code, "there is no store" in said.err) == (1, True)
    assert not (room.folder / "backup.db").exists()


@pytest.mark.proves("S11")
def test_every_command_names_the_one_that_brings_the_store_up(room: Room) -> None:
    room.furnish()
    with closing(sqlite3.connect(room.state / "vtn.sqlite")) as store:
        store.execute("UPDATE alembic_version SET version_num = '0000'")
        store.commit()
    for words in (("events",), ("feeders", "list"), ("ledger", "verify")):
        said = room.say(*words)
        assert (said.code, "vtn migrate" in said.err) == (1, True)


def test_migrating_says_what_it_did(room: Room) -> None:
    said = room.say("migrate")
    assert (said.code, "A new store is there" in said.out) == (0, True)
    said = room.say("migrate")
    assert (said.code, "already" in said.out) == (0, True)
