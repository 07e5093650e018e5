"""`vtn change` and `vtn send`: what is ordered becomes another, and is ordered in other words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from oadr.charging.signals import Programme
from oadr.ledger.entry import EntryType
from oadr.wire import codec
from oadr.wire.ids import MarketContext, RequestId, Token, VtnId
from oadr.wire.messages import DistributeEvent
from oadr.wire.messages.event import Event
from oadr.wire.namespaces import NAMESPACES, qualified
from tests.vtn import written
from tests.vtn.assess.fleet import NOON
from tests.vtn.commands.room import Room
from vtn.store.order_rows import packed

LIMIT = ("limit", "F12", "--percent", "40", "--for", "30m", "--reason", "112 %", "--yes", "--json")
WHY = ("--reason", "less is enough", "--yes", "--json")
BASE = "https://feederguard.example/programmes"


def context(programme: Programme = Programme.LOAD_SHIFT) -> MarketContext:
    return MarketContext(Token(f"{BASE}/{programme}"))


@pytest.fixture
def room(room: Room) -> Room:
    room.furnish()
    room.variables["FEEDERGUARD_VTN_MARKET_CONTEXTS"] = BASE
    return room


def file(room: Room, name: str = "event.xml", **changes: Any) -> str:
    changes.setdefault("start", NOON)
    descriptor = {"market_context": context(changes.pop("programme", Programme.LOAD_SHIFT))}
    return room.write(name, packed(written.event(descriptor=descriptor, **changes)).decode())


def given(room: Room) -> str:
    return str(room.say(*LIMIT).json["intervention"]["intervention"])


@pytest.mark.proves("r20", "W10")
def test_a_change_is_stored_and_told(room: Room) -> None:
    intervention = given(room)
    room.wait(timedelta(minutes=5))
    said = room.say("change", intervention, "--percent", "30", "--for", "1h", *WHY, "--as", "duty").json
    after = said["intervention"]
    assert (after["percent"], after["seconds"], after["modification"]) == (30.0, 3600.0, 1)
    assert after["changes"] == [
        {
            "at": "2026-11-24T12:05:00Z",
            "reason": "less is enough",
            "changed_by": "duty",
            "before": "40 % for 30m",
        }
    ]
    assert room.entries()[-1].type is EntryType.MODIFY
    assert "no longer 40 % for 30m, because less is enough" in room.say("report", intervention).out
    assert "the milder limit" in room.say("report", intervention).out
    cancelled = room.say("cancel", intervention, "--reason", "over", "--yes", "--json").json
    assert cancelled["modification"] == 2
    again = room.say("change", intervention, "--percent", "20", *WHY)
    assert (again.code, again.err) == (1, f"vtn: {intervention} is cancelled already\n")


def test_what_would_change_and_what_it_would_do_is_shown_first(room: Room) -> None:
    said = room.say("change", given(room), "--percent", "0", "--reason", "more", "--yes")
    assert "now:     40 % for 30m from 2026-11-24 12:00:00 UTC" in said.out
    assert "changed: 0 % for 30m" in said.out
    assert "NOTE: This signal would deliver no benefit." in said.out
    assert "is changed: modification 1." in said.out


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ((), 2, "nothing of it would change"),
        (("--percent", "140"), 2, "--percent"),
        (("--for", "3h"), 2, "--for may be at most"),
        (("--from", "2026-11-24T15:00Z"), 1, "has begun: its start is past"),
        (("--file", "/nowhere.xml"), 2, "/nowhere.xml: No such file"),
    ],
)
def test_a_wrong_change_is_one_sentence_and_stores_nothing(
    room: Room, words: tuple[str, ...], code: int, why: str
) -> None:
    intervention = given(room)
    before = len(room.entries())
    said = room.say("change", intervention, *words, *WHY)
    assert (said.code, said.err.count("\n"), said.out) == (code, 1, "")
    assert why in said.err
    assert len(room.entries()) == before


def test_without_a_terminal_nobody_is_asked_and_nothing_happens(room: Room) -> None:
    intervention = given(room)
    said = room.say("change", intervention, "--percent", "20", "--reason", "more")
    assert (said.code, "no terminal" in said.err) == (2, True)
    said = room.say("send", file(room), "--feeder", "F12", "--reason", "why")
    assert (said.code, "no terminal" in said.err) == (2, True)


@pytest.mark.proves("W10")
def test_an_event_of_a_file_is_sent_and_changed_by_another(room: Room) -> None:
    path = file(room, "dispatch.xml", start=NOON + timedelta(hours=1))
    sent = room.say(
        "send", path, "--feeder", "F12", "--feeder", "F13", "--reason", "a pilot", "--yes", "--json"
    )
    one = sent.json["intervention"]
    assert (one["programme"], one["percent"], one["state"]) == ("load-shift", None, "planned")
    assert (one["feeders"], one["start"]) == (["F12", "F13"], "2026-11-24T13:00:00Z")
    assert one["written"]["market_context"] == context()
    assert [signal["name"] for signal in one["written"]["signals"]] == ["LOAD_CONTROL", "SIMPLE"]
    other = file(room, "other.xml", start=NOON + timedelta(hours=2))
    after = room.say("change", one["intervention"], "--file", other, *WHY).json["intervention"]
    assert (after["start"], after["modification"]) == ("2026-11-24T14:00:00Z", 1)
    assert "LOAD_CONTROL" in room.say("events").out
    assert "is not judged" in room.say("report", one["intervention"]).out


def test_a_bare_message_and_a_bare_event_are_taken_too(room: Room) -> None:
    plain = replace(
        written.event(start=NOON - timedelta(days=4000)),
        descriptor=replace(written.event().descriptor, market_context=context(Programme.PRICE)),
    )
    message = DistributeEvent(request_id=RequestId("1"), vtn_id=VtnId("1"), events=(plain,))
    alone = etree.Element(qualified("oadr:oadrEvent"), nsmap=NAMESPACES)
    codec.fill(plain, alone)
    for name, root, feeder in (("a.xml", codec.build(message), "F12"), ("b.xml", alone, "F13")):
        path = room.write(name, etree.tostring(root).decode())
        words = ("send", path, "--feeder", feeder, "--from", "now", "--reason", "why", "--yes", "--json")
        sent = room.say(*words).json["intervention"]
        assert (sent["programme"], sent["start"]) == ("price", "2026-11-24T12:00:00Z")


def test_what_is_sent_is_shown_first(room: Room) -> None:
    said = room.say("send", file(room, never=True), "--feeder", "F12", "--reason", "why", "--yes")
    assert "F12: LOAD_CONTROL x-loadControlCapacity, SIMPLE level for 30m" in said.out
    assert "it is not judged in percent" in said.out


@pytest.mark.proves("W13")
@pytest.mark.parametrize(
    ("changes", "words", "code", "why"),
    [
        ({"start": NOON - timedelta(hours=1)}, (), 2, "--from lies in the past"),
        ({"period": {"notification": None}}, (), 2, "breaks a rule of the profile: r105"),
        ({"programme": Programme.SUPPLY_LIMIT}, (), 2, "never randomised"),
        (
            {"programme": Programme.SUPPLY_LIMIT, "period": {"start_after": None}},
            ("--as-is",),
            2,
            "--as-is is for tests",
        ),
    ],
)
def test_what_may_not_be_sent_is_one_sentence_and_stores_nothing(
    room: Room, changes: dict[str, Any], words: tuple[str, ...], code: int, why: str
) -> None:
    path = file(room, **changes)
    said = room.say("send", path, "--feeder", "F12", "--reason", "why", *words, "--yes")
    assert (said.code, said.err.count("\n"), said.out) == (code, 1, "")
    assert why in said.err
    assert room.say("events", "--json").json == []


def test_a_broken_rule_can_be_sent_on_purpose(room: Room) -> None:
    path = file(room, period={"notification": None})
    said = room.say("send", path, "--feeder", "F12", "--reason", "interop", "--as-is", "--yes")
    assert said.code == 0


@pytest.mark.parametrize("text", ["", "<a/>", "<oadrPayload", packed(written.event()).decode()[:-9]])
def test_a_file_without_an_event_is_named(room: Room, text: str) -> None:
    path = room.write("odd.xml", text)
    said = room.say("send", path, "--feeder", "F12", "--reason", "why", "--yes")
    assert said.code == 2
    assert said.err.startswith(f"vtn: {path}: ")


def test_two_events_are_not_one(room: Room) -> None:
    events: tuple[Event, ...] = (written.event(), written.event())
    message = DistributeEvent(request_id=RequestId("1"), vtn_id=VtnId("1"), events=events)
    path = room.write("two.xml", etree.tostring(codec.build(message)).decode())
    assert "with one event" in room.say("send", path, "--feeder", "F12", "--reason", "why", "--yes").err
