"""`vtn limit` and `vtn shift`: the effect first, the order after it, and nothing at all when something is wrong."""

import os
import pty
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.wire.ids import ResourceId, VenId
from tests.vtn.commands.room import Room
from vtn.model.reading import Quantity, Reading
from vtn.store import network, reports
from vtn.store.engine import Store

ORDER = ("limit", "F12", "--percent", "40", "--for", "30m", "--reason", "transformer at 112 %")


def charge(room: Room) -> None:
    """evse-1 draws all it can, evse-2 nothing; the third site is not there."""

    async def do(store: Store) -> None:
        async with store.writing() as tx:
            await network.seen(tx, {VenId("S1"): room.now, VenId("S2"): room.now})
            await reports.keep(
                tx,
                (
                    Reading(ResourceId("evse-1"), Quantity.POWER, room.now, Decimal(22080)),
                    *(
                        Reading(ResourceId("evse-1"), phase, room.now, Decimal(32))
                        for phase in (Quantity.CURRENT_1, Quantity.CURRENT_2, Quantity.CURRENT_3)
                    ),
                    Reading(ResourceId("evse-2"), Quantity.POWER, room.now, Decimal(0)),
                ),
            )

    room.in_store(do)


def stored(room: Room) -> list[str]:
    return [one["intervention"] for one in room.say("events", "--json").json]


@pytest.mark.proves("O06", "W14")
def test_a_preview_shows_who_is_charging_and_orders_nothing(room: Room) -> None:
    room.furnish()
    charge(room)
    said = room.say(*ORDER, "--preview", "--json")
    assert said.code == 0
    assert said.json["intervention"] is None
    preview = said.json["preview"]
    assert preview["counts"] == {
        "would_reduce": 1,
        "already_below": 0,
        "idle": 1,
        "offline": 1,
        "stale": 0,
        "opted_out": 0,
    }
    assert (preview["power_now_w"], preview["expected_w"], preview["upper_w"]) == (22080.0, 11923.2, 13248.0)
    assert (preview["futile"], preview["uncertain"]) == (False, True)
    assert [one["percent"] for one in preview["curve"]] == [90, 80, 70, 60, 50, 40, 30, 20, 10, 0]
    assert preview["chargepoints"][0]["limit_a"] == 12.8
    assert stored(room) == []


@pytest.mark.proves("O06")
def test_the_effect_is_printed_before_the_order_is_given(room: Room) -> None:
    room.furnish()
    charge(room)
    said = room.say(*ORDER, "--yes")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "3 chargepoints: 1 would reduce, 1 idle, 1 offline"
    assert lines[1] == "They draw 22.1 kW now; 40 % would take off 11.9 kW (0.0 to 13.2 kW)."
    assert lines[-1].startswith(f"{stored(room)[0]} is ordered.")


@pytest.mark.proves("W14")
def test_an_order_without_benefit_says_so(room: Room) -> None:
    room.furnish()
    said = room.say("limit", "F13", *ORDER[2:], "--preview")
    assert "NOTE: This signal would deliver no benefit." in said.out
    assert "NOTE: Not enough is known" in said.out


def test_a_need_that_is_hardly_met_is_told(room: Room) -> None:
    room.furnish()
    charge(room)
    assert room.say(*ORDER, "--preview", "--json", "--need", "200").json["preview"]["futile"] is False
    assert room.say(*ORDER, "--preview", "--json", "--need", "300").json["preview"]["futile"] is True


@pytest.mark.proves("W10")
def test_a_limit_is_stored_with_all_that_was_asked_for(room: Room) -> None:
    room.furnish()
    given = room.say(*ORDER, "--yes", "--json", "--as", "duty engineer").json["intervention"]
    (event,) = room.say("events", "--json").json
    assert {name: event[name] for name in given} == given
    assert set(event) - set(given) == {"sites", "unconfirmed", "opted_out"}
    assert given["programme"] == "supply-limit"
    assert (given["feeders"], given["percent"], given["seconds"]) == (["F12"], 40.0, 1800.0)
    assert (given["start"], given["end"]) == ("2026-11-24T12:00:00Z", "2026-11-24T12:30:00Z")
    assert (given["reason"], given["ordered_by"]) == ("transformer at 112 %", "duty engineer")
    assert (given["state"], given["test"]) == ("running", False)
    assert event["sites"] == {"acknowledged": 0, "declined": 0, "reached": 0, "silent": 3}


def test_a_feeder_that_is_named_twice_counts_once(room: Room) -> None:
    room.furnish()
    given = room.say("limit", "F13", "F12", "F13", *ORDER[2:], "--yes", "--json").json["intervention"]
    assert sorted(given["feeders"]) == ["F12", "F13"]


def test_a_shift_is_planned_ahead_and_spread(room: Room) -> None:
    room.furnish()
    words = ("--percent", "60", "--for", "2h", "--from", "2026-11-24T18:00+01:00", "--reason", "evening peak")
    given = room.say("shift", "F13", *words, "--randomise", "10m", "--yes", "--json").json["intervention"]
    assert (given["programme"], given["state"], given["randomise_s"]) == ("load-shift", "planned", 600.0)
    assert (given["start"], given["end"]) == ("2026-11-24T17:00:00Z", "2026-11-24T19:00:00Z")


def test_a_test_is_marked_as_one(room: Room) -> None:
    room.furnish()
    assert "NOTE: This is a test" in room.say(*ORDER, "--test", "--preview").out
    assert room.say(*ORDER, "--test", "--yes", "--json").json["intervention"]["test"] is True
    assert "running (test)" in room.say("events").out


@pytest.mark.proves("O05", "VT03")
def test_a_repeated_order_is_one_order(room: Room) -> None:
    room.furnish()
    assert room.say(*ORDER, "--yes").code == 0
    again = room.say(*ORDER, "--yes")
    assert again.code == 1
    assert "cancel it first" in again.err
    assert len(stored(room)) == 1


def changed(**options: str) -> tuple[str, ...]:
    """The order with other options; `from_` stands for --from."""
    words = list(ORDER)
    for name, text in options.items():
        option = f"--{name.rstrip('_')}"
        if option in words:
            words[words.index(option) + 1] = text
        else:
            words += [option, text]
    return tuple(words)


@pytest.mark.proves("W13")
@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (changed(percent="140"), 2, "--percent"),
        (changed(percent="-1"), 2, "--percent"),
        (changed(percent="40.55"), 2, "--percent"),
        (changed(percent="forty"), 2, "--percent is a number such as 40, not 'forty'"),
        (changed(for_="0m"), 2, "--for must be longer than nothing"),
        (changed(for_="3h"), 2, "--for may be at most 2:00:00 in the programme supply-limit"),
        (changed(for_="soon"), 2, "--for is a time such as 30m"),
        (changed(from_="2026-11-24T11:58Z"), 2, "--from lies in the past"),
        (changed(from_="2030-01-01T00:00Z"), 2, "--from lies more than a year ahead"),
        (changed(from_="noon"), 2, "--from is a time with its zone"),
        (changed(reason=" "), 2, "--reason is missing"),
        (changed(reason="a\nb"), 2, "--reason"),
        (changed(as_=""), 2, "--as"),
        (changed(need="much"), 2, "--need is a power in kW"),
        (("limit", "F9", *ORDER[2:]), 1, "there is no feeder F9; known are F12, F13"),
        (("limit", "F12", "F9", *ORDER[2:]), 1, "there is no feeder F9"),
    ],
)
def test_a_wrong_order_is_one_sentence_and_stores_nothing(
    room: Room, words: tuple[str, ...], code: int, why: str
) -> None:
    room.furnish()
    said = room.say(*words, "--yes")
    assert said.code == code
    assert said.err.startswith(f"vtn: {why}")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert stored(room) == []
    assert len(room.entries()) == 2  # the record's first, and the network


@pytest.mark.parametrize("missing", ["--percent", "--for", "--reason"])
def test_what_is_missing_is_wrong_usage(room: Room, missing: str) -> None:
    words = list(ORDER)
    del words[words.index(missing) : words.index(missing) + 2]
    said = room.say(*words, "--yes")
    assert (said.code, missing in said.err) == (2, True)


def test_without_a_terminal_nobody_is_asked_and_nothing_is_ordered(room: Room) -> None:
    room.furnish()
    said = room.say(*ORDER)
    assert said.code == 2
    assert "--yes" in said.err
    assert stored(room) == []


def test_without_a_store_nothing_is_ordered(room: Room) -> None:
    said = room.say(*ORDER, "--yes")
    assert (said.code, said.err.startswith("vtn: there is no store in vtn-state")) == (1, True)
    assert not room.state.exists()


@pytest.mark.proves("W13")
def test_too_many_limits_are_told_and_take_two_people(room: Room) -> None:
    room.furnish()
    for _ in range(2):
        assert room.say(*changed(for_="2h"), "--yes").code == 0
        room.wait(timedelta(hours=3))
    said = room.say(*ORDER, "--yes")
    assert said.code == 3
    assert (
        "NOTE: F12 would have been limited for 9 half-hours within 30 days; up to 8 count as rare" in said.out
    )
    assert "A second person is needed: more than 8 half-hours within 30 days on F12." in said.out
    assert len(stored(room)) == 2


def at_a_terminal(room: Room, answer: bytes) -> tuple[int, str]:
    """The program as a process, with somebody before it."""
    outer, inner = pty.openpty()
    try:
        run = subprocess.Popen(
            (sys.executable, "-m", "vtn.cli", *ORDER),
            cwd=room.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdin=inner,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.write(outer, answer)
        out, err = run.communicate(timeout=30)
    finally:
        os.close(outer)
        os.close(inner)
    return run.returncode, (out + err).decode()


@pytest.mark.proves("O06")
def test_at_a_terminal_the_order_is_given_only_when_confirmed(room: Room) -> None:
    room.furnish()
    code, said = at_a_terminal(room, b"n\n")
    assert code == 1
    assert "3 chargepoints: 3 offline" in said
    assert "Give this order?" in said
    assert "nothing was ordered" in said
    assert stored(room) == []
    code, said = at_a_terminal(room, b"y\n")
    assert (code, "is ordered" in said) == (0, True)
    assert len(stored(room)) == 1
