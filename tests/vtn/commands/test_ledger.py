"""`vtn ledger`: out of the house, sealed, checked."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from oadr.ledger import export
from oadr.ledger.checkpoint import Checkpoint
from tests.vtn.commands.room import Room


def test_the_store_itself_can_be_verified(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    room.furnish()
    said = room.say("ledger", "verify", "--json")
    assert said.code == 0
    assert said.json["believed"] is True
    assert said.json["counts"] == {"begin": 1, "config_change": 1}
    assert capsys.readouterr().err == ""


@pytest.mark.proves("O07")
def test_a_store_that_somebody_has_changed_is_not_believed(room: Room) -> None:
    room.furnish()
    for feeder in ("F12", "F13"):
        given = room.say("limit", feeder, "--percent", "40", "--for", "30m", "--reason", "too warm", "--yes")
        assert given.code == 0
    connection = sqlite3.connect(room.state / "vtn.sqlite")
    with connection:
        connection.execute(
            "UPDATE log SET entry = CAST(replace(entry, '\"sites\":4', '\"sites\":5') AS BLOB) WHERE seq = 1"
        )
    connection.close()
    said = room.say("ledger", "verify")
    assert said.code == 1
    assert "Not to be believed" in said.err


@pytest.mark.proves("O07")
def test_an_end_of_the_record_that_somebody_has_changed_stops_every_command(room: Room) -> None:
    """The hashes beside the store know better."""
    room.furnish()
    with closing(sqlite3.connect(room.state / "vtn.sqlite")) as store:
        store.execute("UPDATE log SET entry = CAST(replace(entry, '4', '5') AS BLOB) WHERE seq = 1")
        store.commit()
    said = room.say("events")
    assert said.code == 1
    assert "is not the one of which" in said.err


def test_a_checkpoint_seals_all_that_is_there_once(room: Room) -> None:
    room.furnish()
    first = room.say("ledger", "checkpoint").out
    assert room.say("ledger", "checkpoint").out == first
    assert Checkpoint.read(first.strip().encode()).size == 2


def test_an_export_goes_to_a_file_or_to_standard_output(room: Room) -> None:
    room.furnish()
    assert room.say("ledger", "export", "record.jsonl").out == (
        "record.jsonl holds 3 lines. Anyone can check them: ledger verify record.jsonl\n"
    )
    lines = room.say("ledger", "export", "-").out.encode().splitlines(keepends=True)
    assert len(tuple(export.read(lines))) == 3
    assert json.loads(lines[0])["query"] == "everything"
    assert room.say("ledger", "verify", "record.jsonl").code == 0


@pytest.mark.proves("S8")
def test_a_newer_export_replaces_the_whole_older_one(room: Room) -> None:
    room.furnish()
    Path("record.jsonl").write_text("x" * 100_000, encoding="utf-8")
    room.say("ledger", "export", "record.jsonl")
    assert room.say("ledger", "verify", "record.jsonl").code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["record.jsonl", "vtn-state"]


@pytest.mark.parametrize(("path", "code"), [("nowhere/record.jsonl", 1), (".", 2)])
def test_where_no_file_can_be_written_none_is(room: Room, path: str, code: int) -> None:
    room.furnish()
    said = room.say("ledger", "export", path)
    assert (said.code, said.out) == (code, "")
    assert [one.name for one in Path().iterdir()] == ["vtn-state"]


def test_a_file_that_is_not_there_is_wrong_usage(room: Room) -> None:
    assert room.say("ledger", "verify", "absent.jsonl").code == 2


def test_a_record_of_another_key_is_refused(room: Room) -> None:
    room.furnish()
    (room.state / "ledger.key").unlink()
    said = room.say("ledger", "verify")
    assert said.code == 1
    assert "another key" in said.err
