"""What a list of events would mean, without anybody's being told."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from oadr.wire import envelope
from oadr.wire.ids import EventId, ResourceId
from oadr.wire.messages.common import Target
from oadr.wire.scalars import Duration
from tests.ven.stage import BASE, MINUTE, event, listing, response, signal
from tests.ven.virtual import START
from ven.authority import Spell
from ven.daemon import commands
from ven.daemon.config import Settings, load
from ven.daemon.notdone import NotDone
from ven.daemon.simulate import Course, simulate
from ven.journal import Memory


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    return load(settings_file, {"FEEDERGUARD_VEN_MARKET_CONTEXTS": BASE}, {})


def test_the_amps_of_each_chargepoint_are_shown_from_step_to_step(settings: Settings) -> None:
    steps = signal("0.4", "0", minutes=15)
    message = listing(event(start=START + 5 * MINUTE, signals=(steps,), target=only("evse-1")))
    found = simulate(settings, Memory(), message, START)
    assert found.is_served
    assert [(one.at[11:16], one.resource_id, one.amps) for one in found.course] == [
        ("12:00", "evse-1", None),
        ("12:00", "evse-2", None),
        ("12:05", "evse-1", 12.8),
        ("12:20", "evse-1", 0),
        ("12:35", "evse-1", None),
    ]
    (verdict,) = found.verdicts
    assert (verdict.answer, verdict.code, verdict.programme) == ("optIn", "200", "supply-limit")
    assert (verdict.chargepoints, verdict.start_may_wait) == (("evse-1",), 0)


def only(name: str) -> Target:
    return Target(resource_ids=(ResourceId(name),))


def test_of_two_events_the_smaller_limit_counts(settings: Settings) -> None:
    message = listing(
        event("E1", share="0.5", target=only("evse-2")),
        event("E2", share="0.4", programme="load-shift", start=START + 10 * MINUTE, target=only("evse-2")),
    )
    found = simulate(settings, Memory(), message, START)
    course = [(one.at[11:16], one.amps, one.because) for one in found.course if one.resource_id == "evse-2"]
    assert course == [("12:00", 8, "E1"), ("12:10", 6.4, "E2"), ("12:40", None, None)]
    assert found.verdicts[1].start_may_wait == 600, "the start of a load shift is random"


def test_a_refusal_comes_with_its_code_and_its_reason(settings: Settings) -> None:
    message = listing(
        event("E1", target=only("evse-9")),
        event("E2", programme="sports"),
        replace(event("E3", programme="load-shift", start_after=Duration(0, 1))),
    )
    found = simulate(settings, Memory(), message, START)
    assert not found.is_served
    assert [(one.event_id, one.answer, one.code) for one in found.verdicts] == [
        ("E1", "optOut", "469"),
        ("E2", "optOut", "462"),
        ("E3", "optOut", "454"),
    ]
    assert found.verdicts[0].why == "no such resource here"
    assert {one.amps for one in found.course} == {None}


def test_what_was_used_of_the_bounds_on_emergencies_counts(settings: Settings) -> None:
    spent = tuple(
        Spell(EventId(f"S{hour}"), START - timedelta(hours=hour), START - timedelta(hours=hour) + MINUTE)
        for hour in (2, 4, 6)
    )
    found = simulate(settings, Memory(spells=spent), listing(event()), START)
    assert (found.verdicts[0].code, found.is_served) == ("451", False)
    assert "more than 3 emergencies within a day" in (found.verdicts[0].why or "")


def test_an_open_end_and_a_list_without_events_are_shown_too(settings: Settings) -> None:
    found = simulate(settings, Memory(), listing(event(minutes=0, programme="load-shift")), START)
    assert found.course[-1] == Course("evse-2", "2026-03-02T12:00:00Z", 6.4, "E1")
    assert simulate(settings, Memory(), listing(), START).verdicts == ()


def test_a_file_is_simulated_and_nothing_touched(
    settings_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDERGUARD_VEN_MARKET_CONTEXTS", BASE)
    file = settings_file.parent / "event.xml"
    file.write_bytes(envelope.write(listing(event(target=only("evse-1")))))
    asked = ["simulate", str(file), "-c", str(settings_file), "--at", "2026-03-02T12:00:00Z"]
    commands.ven.main(asked, standalone_mode=False)
    shown = capsys.readouterr().out
    assert "E1 (0): optIn, supply-limit, for evse-1" in shown
    assert "12.8 A" in shown
    commands.ven.main([*asked, "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["verdicts"][0]["code"] == "200"
    assert not (settings_file.parent / "state").exists()
    file.write_bytes(envelope.write(listing(event(target=only("evse-9")))))
    with pytest.raises(SystemExit) as ended:
        commands.ven.main(asked, standalone_mode=False)
    assert ended.value.code == 1
    assert "E1 (0): refused with 469: no such resource here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("raw", "why"),
    [(b"<nothing", "event.xml: "), (envelope.write(response()), "holds no list of events")],
)
def test_what_is_no_list_of_events_is_refused(settings_file: Path, raw: bytes, why: str) -> None:
    file = settings_file.parent / "event.xml"
    file.write_bytes(raw)
    with pytest.raises(NotDone, match=why):
        commands.ven.main(["simulate", str(file), "-c", str(settings_file)], standalone_mode=False)
