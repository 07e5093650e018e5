"""From the order to the auditor: limit, events, cancel, report, export, verify."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.ids import VenId
from oadr.wire.messages.common import OptType
from tests.vtn.assess.fleet import chargepoint, liar, meter, obedient
from tests.vtn.commands.room import Room
from vtn.assess import closing
from vtn.model.delivery import Answer
from vtn.store import interventions, reports
from vtn.store.engine import Store

ROOT = Path(__file__).parents[3]
EVERY = timedelta(seconds=10)


def given(room: Room) -> str:
    room.furnish()
    said = room.say("limit", "F12", "--percent", "40", "--for", "30m", "--reason", "112 %", "--yes", "--json")
    return str(said.json["intervention"]["intervention"])


def answered(room: Room, intervention_id: str, opts: dict[str, OptType | None]) -> None:
    """As the server notes it: None is handed out and not answered, a site that is not named has not called."""

    async def do(store: Store) -> None:
        async with store.writing() as tx:
            found = await interventions.find(tx, intervention_id)
            assert found is not None
            for each in await interventions.of_intervention(tx, found.intervention_id):
                if each.ven_id in opts:
                    await interventions.offered(tx, [each.event_id], room.now)
                    if (opt := opts[each.ven_id]) is not None:
                        answer = Answer(
                            modification_number=found.modification_number,
                            opt=opt,
                            code="200",
                            answered_at=room.now,
                        )
                        await interventions.answered(tx, each.event_id, answer)

    room.in_store(do)


def measured(room: Room) -> None:
    """S1 obeys, S2 says yes and draws on; of the third site nothing is known."""

    async def do(store: Store) -> None:
        async with store.writing() as tx:
            await reports.keep(tx, meter(chargepoint("evse-1", site="S1"), obedient, until=room.now))
            await reports.keep(tx, meter(chargepoint("evse-2", site="S2"), liar, until=room.now))

    room.in_store(do)


def closed(room: Room) -> None:
    """As the server does it when an intervention is over."""

    async def do(store: Store) -> None:
        for one in await closing.due(store, timedelta(minutes=1), room.now):
            await closing.close(store, one, EVERY, room.now)

    room.in_store(do)


@pytest.mark.proves("VT11")
def test_events_count_whom_an_intervention_has_reached(room: Room) -> None:
    intervention_id = given(room)
    answered(room, intervention_id, {"S1": OptType.OPT_IN, "S2": None})
    (event,) = room.say("events", "--json").json
    assert event["sites"] == {"acknowledged": 1, "declined": 0, "reached": 1, "silent": 1}
    assert event["unconfirmed"] == 2
    report = room.say("report", intervention_id)
    assert "Not reached: evse-3" in report.out
    assert "1 acknowledged, 0 declined, 1 reached, 1 silent" in report.out


@pytest.mark.proves("W11", "W75", "W110")
def test_a_report_says_who_complied_how_fast_and_how_much_it_took_off(room: Room) -> None:
    intervention_id = given(room)
    answered(room, intervention_id, {"S1": OptType.OPT_IN, "S2": OptType.OPT_IN, "S3": OptType.OPT_OUT})
    room.wait(timedelta(minutes=31))
    measured(room)
    room.wait(timedelta(minutes=1))
    closed(room)
    report = room.say("report", intervention_id, "--json").json
    assert (report["state"], report["recorded_at"]) == ("over", "2026-11-24T12:32:00Z")
    assert report["summary"] == {
        "acknowledged": 2,
        "declined": 1,
        "reached": 0,
        "silent": 0,
        "commanded": 1,
        "already_below": 0,
        "unverifiable": 0,
        "failed": 1,
        "compliance_percent": 50.0,
        "relief_w": 13174.4,
        "curtailed_wh": 6587.2,
        "credited": 2,
        "returning_w": 0.0,
    }
    obeyed, lied, declined = report["chargepoints"]
    assert obeyed["compliance"]["response_s"] == 10.0
    assert lied["compliance"]["worst_overshoot_a"] == 19.2
    assert (declined["opt"], declined["compliance"]) == ("optOut", None)
    shown = room.say("report", intervention_id).out
    assert "The limit held for 50 % of the measured time." in shown
    assert "It took off 13.2 kW in the mean" in shown
    assert "In the record since 2026-11-24 12:32:00 UTC." in shown


@pytest.mark.proves("O07", "W11")
def test_an_auditor_follows_an_intervention_from_the_order_to_the_verified_record(room: Room) -> None:
    intervention_id = given(room)
    answered(room, intervention_id, {"S1": OptType.OPT_IN, "S2": OptType.OPT_IN, "S3": OptType.OPT_IN})
    room.wait(timedelta(minutes=10))
    measured(room)
    cancelled = room.say("cancel", intervention_id, "--reason", "load is gone", "--yes")
    assert cancelled.code == 0
    assert cancelled.out.startswith("About 13.2 kW will return; of 1 of 3 chargepoints it is not known.")
    room.wait(timedelta(minutes=2))
    closed(room)
    assert room.say("ledger", "checkpoint").code == 0
    assert [entry.type for entry in room.entries()[2:]] == [
        EntryType.INTERVENTION,
        EntryType.CANCEL,
        EntryType.OUTCOME,
    ]
    path = room.folder / "record.jsonl"
    assert room.say("ledger", "export", str(path)).code == 0
    verified = ledger("verify", str(path), "--json")
    assert verified.returncode == 0
    assert json.loads(verified.stdout)["counts"] == {
        "begin": 1,
        "config_change": 1,
        "intervention": 1,
        "cancel": 1,
        "outcome": 1,
    }
    path.write_bytes(path.read_bytes().replace(b"load is gone", b"load is here"))
    assert ledger("verify", str(path)).returncode == 1


def ledger(*words: str) -> subprocess.CompletedProcess[str]:
    """The auditor's program, which shares nothing with this one but the file."""
    command = (sys.executable, "-m", "oadr.ledger", *words)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_running_limit_can_be_cancelled_once(room: Room) -> None:
    intervention_id = given(room)
    words = ("cancel", intervention_id, "--reason", "load is gone", "--yes")
    first = room.say(*words, "--json").json
    assert (first["state"], first["cancel_reason"], first["returning_w"]) == (
        "cancelled",
        "load is gone",
        0.0,
    )
    again = room.say(*words)
    assert (again.code, again.out) == (1, "")
    assert again.err == f"vtn: {intervention_id} is cancelled already\n"
    assert sum(entry.type is EntryType.CANCEL for entry in room.entries()) == 1


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (
            ("I-none", "--reason", "x", "--yes"),
            1,
            "there is no intervention I-none; see them with: vtn events",
        ),
        (("{}", "--reason", "", "--yes"), 2, "--reason"),
        (("{}", "--reason", "x"), 2, "there is no terminal to ask at; --yes cancels without asking"),
    ],
)
def test_a_wrong_cancellation_cancels_nothing(
    room: Room, words: tuple[str, ...], code: int, why: str
) -> None:
    intervention_id = given(room)
    said = room.say("cancel", *(word.format(intervention_id) for word in words))
    assert said.code == code
    assert said.err.startswith(f"vtn: {why}")
    assert room.say("events", "--json").json[0]["state"] == "running"


def test_who_is_over_cannot_be_cancelled(room: Room) -> None:
    intervention_id = given(room)
    room.wait(timedelta(hours=1))
    said = room.say("cancel", intervention_id, "--reason", "x", "--yes")
    assert (said.code, said.err) == (1, f"vtn: {intervention_id} is over already\n")


def test_an_unknown_intervention_has_no_report(room: Room) -> None:
    room.furnish()
    said = room.say("report", "I-none")
    assert (said.code, said.err) == (1, "vtn: there is no intervention I-none; see them with: vtn events\n")


def test_the_site_is_known_by_its_ven_id_only(room: Room) -> None:
    """A site that is not on the feeder is not asked to do anything."""
    intervention_id = given(room)
    report = room.say("report", intervention_id, "--json").json
    assert {one["site"] for one in report["chargepoints"]} == {VenId("S1"), VenId("S2"), VenId("S3")}
