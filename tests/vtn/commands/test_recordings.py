"""`vtn sites record`, and the messages that `vtn sites show` shows."""

from datetime import timedelta

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire import envelope
from oadr.wire.messages import Poll
from oadr.wire.recording import Direction, Recorded
from tests.vtn.commands.room import Room
from tests.vtn.commands.test_sites import S1
from vtn.store import messages
from vtn.store.engine import Store

POLL = envelope.write(Poll(ven_id=S1))


def keep(room: Room, *raws: bytes, verdict: str = "200") -> None:
    async def do(store: Store) -> None:
        recorded = [Recorded.of(raw, Direction.IN, "OadrPoll", verdict, room.now) for raw in raws]
        async with store.writing() as tx:
            await messages.keep(tx, S1, recorded)

    room.in_store(do)


def shown(room: Room, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = room.say("sites", "show", "S1", "--json", "--messages", *words).json[
        "messages"
    ]
    return found


def test_it_is_off_until_somebody_wants_it_and_deletes_when_nobody_does(room: Room) -> None:
    room.furnish()
    assert "not kept: vtn sites record SITE --last 50" in room.say("sites", "show", "S1").out
    assert room.say("sites", "show", "S1", "--json").json["record_last"] is None
    said = room.say("sites", "record", "S1", "--last", "3")
    assert (said.code, said.out) == (
        0,
        "S1: the last 3 messages are kept from now on; see them with: vtn sites show S1 --messages\n",
    )
    assert room.say("sites", "show", "S1", "--json").json["record_last"] == 3
    keep(room, b"1", b"2", b"3", b"4")
    assert [one["xml"] for one in shown(room)] == ["2", "3", "4"]
    said = room.say("sites", "record", "S1", "--off")
    assert (said.code, said.out) == (0, "S1: no messages are kept any more; those that were are deleted.\n")
    assert shown(room) == []
    assert "not kept" in room.say("sites", "show", "S1").out


def test_who_looks_into_a_sites_messages_is_in_the_record(room: Room) -> None:
    room.furnish()
    for words, last in ((("--last", "7"), 7), (("--off",), 0)):
        room.say("sites", "record", "S1", *words, "--as", "plugfest")
        entry = room.entries()[-1]
        assert entry.type is EntryType.CONFIG_CHANGE
        said = {key: entry.body[key] for key in ("what", "last", "changed_by")}
        assert said == {"what": "messages kept", "last": last, "changed_by": "plugfest"}
        assert "S1" not in entry.raw.decode()


def test_a_table_has_a_line_for_each_message(room: Room) -> None:
    room.furnish()
    room.say("sites", "record", "S1", "--last", "50")
    keep(room, POLL)
    room.wait(timedelta(milliseconds=125))
    keep(room, b"\x1b[31m", verdict="HTTP 406 \x1b[31mred")
    said = room.say("sites", "show", "S1", "--messages").out.splitlines()
    assert said[-3].split() == ["time", "way", "service", "message", "bytes", "verdict"]
    first = ["2026-11-24", "12:00:00.000", "UTC", "in", "OadrPoll", "oadrPoll", str(len(POLL)), "200"]
    assert said[-2].split() == first
    assert said[-1].split()[1:] == [
        "12:00:00.125",
        "UTC",
        "in",
        "OadrPoll",
        "-",
        "5",
        "HTTP",
        "406",
        "[31mred",
    ]
    assert not any("\x1b" in line or "<oadr" in line for line in said)
    assert "oadrPoll" not in room.say("sites", "show", "S1").out


def test_the_xml_is_shown_indented_and_harmless(room: Room) -> None:
    room.furnish()
    room.say("sites", "record", "S1", "--last", "50")
    keep(room, POLL, b"line\n\x1b[31mred \xff")
    said = room.say("sites", "show", "S1", "--xml").out
    assert "\n    <oadr:oadrPoll " in said
    assert "\n      <ei:venID>S1</ei:venID>\n" in said
    assert said.endswith("line\n [31mred \ufffd\n")


def test_for_programs_each_message_is_complete(room: Room) -> None:
    room.furnish()
    room.say("sites", "record", "S1", "--last", "50")
    keep(room, POLL, b"x")
    first, second = shown(room)
    assert first == {
        "at": "2026-11-24T12:00:00+00:00",
        "direction": "in",
        "service": "OadrPoll",
        "message": "oadrPoll",
        "verdict": "200",
        "size": len(POLL),
        "xml": POLL.decode(),
    }
    assert (second["message"], second["xml"]) == ("", "x")
    assert shown(room, "--last", "1") == [second]
    assert "messages" not in room.say("sites", "show", "S1", "--json").json


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("record", "S1"), 2, "give either --last N or --off"),
        (("record", "S1", "--last", "5", "--off"), 2, "give either --last N or --off"),
        (("record", "S1", "--last", "0"), 2, "--last is a whole number from 1 to 1000, not 0"),
        (("record", "S1", "--last", "1001"), 2, "--last is a whole number from 1 to 1000, not 1001"),
        (("record", "S9", "--last", "5"), 1, "there is no site S9; see them with: vtn sites list"),
        (("record", "S9", "--off"), 1, "there is no site S9; see them with: vtn sites list"),
        (("show", "S1", "--last", "0"), 2, "--last is a whole number from 1 to 1000, not 0"),
        (("show", "S9", "--messages"), 1, "there is no site S9; see them with: vtn sites list"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_changes_nothing(
    room: Room, words: tuple[str, ...], code: int, why: str
) -> None:
    room.furnish()
    before = len(room.entries())
    said = room.say("sites", *words)
    assert (said.code, said.out, said.err) == (code, "", f"vtn: {why}\n")
    assert len(room.entries()) == before
    assert room.say("sites", "show", "S1", "--json").json["record_last"] is None
