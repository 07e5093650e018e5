import io
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from oadr.charging.limit import Limit, Source
from oadr.wire.ids import RegistrationId, Token
from oadr.wire.messages.common import Unit, UnitKind
from oadr.wire.messages.event import SignalType
from tests.ven.stage import BASE, EVSE_1, EVSE_2, MINUTE, SITE, VEN, VTN, Loaded, event, listing, signal
from tests.ven.virtual import START
from ven import calendar_form, events
from ven.boost import Boost
from ven.calendar_form import PRESETS
from ven.control import CALENDAR, DEFAULT, FAILSAFE, FUSE, POWER_UP
from ven.daemon.config import Settings, load
from ven.daemon.live import Contact, Live, Reading
from ven.daemon.reasons import SAYS, Why
from ven.daemon.status import Status, status
from ven.daemon.surroundings import PriceStatus
from ven.daemon.view import show
from ven.events import HeldEvent
from ven.failsafe import Link, State
from ven.journal import Memory
from ven.local import Local
from ven.session import Registration
from ven.slots import Restore, Slot, SlotKey

REGISTRATION = Registration(VEN, RegistrationId("reg-secret"), VTN, timedelta(seconds=10))
END = START + 30 * MINUTE
LIMIT = Limit(Decimal("12.8"), Decimal(40), Source.SUPPLY_LIMIT, "E1", END)
PRICE = replace(
    signal("0.2", name=Token("ELECTRICITY_PRICE"), type=SignalType.PRICE),
    unit=Unit(kind=UnitKind.CURRENCY_PER_KWH, description="currencyPerKWh", symbol="GBP"),
)
SMALLER = Limit(Decimal(8), Decimal(25), Source.LOAD_SHIFT, "E2", None)


def held(**changes: Any) -> HeldEvent:
    merged = events.merge((), listing(event(**changes)), SITE, START, Loaded())
    return merged.held[0]


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    return load(settings_file, {"FEEDERGUARD_VEN_MARKET_CONTEXTS": BASE}, {})


def limited(*limits: Limit, restore: Restore | None = None) -> Memory:
    slots = tuple((SlotKey(EVSE_1, limit.source), Slot(limit, restore)) for limit in limits)
    return Memory(REGISTRATION, (held(),), slots=slots)


def live(contact: Contact | None = None, **changes: Any) -> Live:
    reading = Reading((Decimal("12.8"),) * 3, Decimal(8832), True, None, "holds", "ask")
    return Live(START, contact, {EVSE_1: replace(reading, **changes)})


@pytest.mark.proves("P11")
def test_a_limit_comes_with_whose_it_is_why_since_when_and_until_when(settings: Settings) -> None:
    shown = status(settings, limited(LIMIT), live(), START + MINUTE / 60)
    first, second = json.loads(json.dumps(shown.as_json()))["chargepoints"]
    assert first == {
        "resource_id": "evse-1",
        "rated_amps": 32,
        "phases": 3,
        "limit": {
            "amps": 12.8,
            "percent": 40,
            "source": "supply-limit",
            "party": "dso",
            "because": "E1",
            "since": "2026-03-02T12:00:00Z",
            "until": "2026-03-02T12:30:00Z",
            "watts": None,
            "phases": None,
            "below_minimum": None,
            "authority_floor": None,
        },
        "rate": "medium",
        "reason": "dso_protection",
        "says": SAYS[Why.DSO_PROTECTION],
        "boost_until": None,
        "applied": True,
        "measured": {"amps": [12.8, 12.8, 12.8], "watts": 8832},
        "trouble": None,
        "finding": "holds",
        "measure": "ask",
    }
    assert (second["resource_id"], second["limit"], second["measured"]) == (EVSE_2, None, None)


def test_of_two_limits_the_binding_one_is_shown(settings: Settings) -> None:
    limit = status(settings, limited(LIMIT, SMALLER), None, START).chargepoints[0].limit
    assert limit is not None
    assert (limit.amps, limit.source, limit.since, limit.until) == (8, "load-shift", None, None)


def test_the_registration_is_shown_without_its_id(settings: Settings) -> None:
    shown = status(settings, limited(), None, START)
    assert shown.as_json()["registration"] == {"ven_id": VEN, "vtn_id": VTN, "poll_seconds": 10}
    assert "reg-secret" not in json.dumps(shown.as_json()) + seen(shown)
    assert status(settings, Memory(), None, START).registration is None


def test_an_event_is_shown_with_our_answer(settings: Settings) -> None:
    (one,) = status(settings, limited(), None, START + MINUTE).as_json()["events"]
    assert one == {
        "event_id": "E1",
        "party": "dso",
        "modification": 0,
        "status": "active",
        "start": "2026-03-02T12:00:00Z",
        "end": "2026-03-02T12:30:00Z",
        "answer": "optIn",
        "code": "200",
        "why": None,
        "obeyed": True,
    }


def test_a_refused_event_says_why(settings: Settings) -> None:
    memory = Memory(REGISTRATION, (held(programme="sports"),))
    (one,) = status(settings, memory, None, START).events
    assert (one.answer, one.code, one.obeyed) == ("optOut", "462", False)
    assert one.why == "market context not served here"


def test_the_next_change_is_the_end_of_an_event_or_the_next_step_of_a_release(settings: Settings) -> None:
    assert status(settings, limited(LIMIT), None, START).next_change == "2026-03-02T12:30:00Z"
    restore = Restore(LIMIT.amps, LIMIT.percent, START + 2 * MINUTE)
    rising = limited(replace(LIMIT, until=START + 7 * MINUTE), restore=restore)
    assert status(settings, rising, None, START).next_change == "2026-03-02T12:02:00Z"
    assert status(settings, rising, None, START + 4 * MINUTE).next_change == "2026-03-02T12:05:00Z"
    assert status(settings, rising, None, START + 7 * MINUTE).next_change == "2026-03-02T12:30:00Z"
    assert status(settings, Memory(), None, START).next_change is None


def test_what_a_dead_program_wrote_is_not_taken_for_now(settings: Settings) -> None:
    contact = Contact(True, START)
    assert status(settings, limited(), live(contact), START + timedelta(seconds=6)).running
    dead = status(settings, limited(), live(contact), START + timedelta(seconds=7))
    assert not dead.running
    assert (dead.contact, dead.chargepoints[0].measured, dead.chargepoints[0].applied) == (None, None, None)


def seen(shown: Status) -> str:
    text = io.StringIO()
    show(shown, Console(file=text, width=140))
    return text.getvalue()


@pytest.mark.proves("P11")
def test_a_person_reads_limit_source_reason_times_and_the_meter_in_one_line(settings: Settings) -> None:
    text = seen(status(settings, limited(LIMIT), live(Contact(True, START)), START))
    line = next(line for line in text.splitlines() if line.startswith("evse-1"))
    for words in ("12.8 A, 40 %", "12.8 A, 8.8 kW", "supply-limit", "E1", "12:00:00Z", "12:30:00Z"):
        assert words in line
    assert "in contact since 2026-03-02T12:00:00Z" in text
    assert "next change: 2026-03-02T12:30:00Z" in text


def test_a_person_is_told_what_is_missing(settings: Settings) -> None:
    contact = Contact(False, START, "[red]refused")
    trouble = "ConnectionError: [bold]no answer"
    faulty = live(contact, amps=None, watts=None, applied=False, trouble=trouble)
    text = seen(status(settings, limited(LIMIT), faulty, START))
    assert "NO CONTACT since 2026-03-02T12:00:00Z: [red]refused" in text
    assert "NOT TAKEN" in text
    assert "not known" in text
    assert f"evse-1: {trouble}" in text
    assert "not running: limits as they were last" in seen(status(settings, limited(LIMIT), None, START))


@pytest.mark.proves("W112", "P11")
@pytest.mark.parametrize(
    ("source", "because", "reason"),
    [
        (Source.SAFETY, "heat", Why.SAFETY),
        (Source.SUPPLY_LIMIT, "E1", Why.DSO_PROTECTION),
        (Source.FAILSAFE, FAILSAFE, Why.FAILSAFE),
        (Source.FAILSAFE, POWER_UP, Why.RESTORING),
        (Source.SITE, FUSE, Why.SITE_LIMIT),
        (Source.LOAD_SHIFT, "E2", Why.LOAD_SHIFT),
        (Source.LOAD_SHIFT, "E9", Why.PRICE),
        (Source.PROGRAMME, "P1", Why.PROGRAMME),
        (Source.CALENDAR, CALENDAR, Why.CALENDAR),
        (Source.CALENDAR, DEFAULT, Why.FAILSAFE),
        (Source.USER, "person", Why.USER),
    ],
)
def test_each_reason_has_a_code_and_a_sentence_of_its_own(
    settings: Settings, source: Source, because: str, reason: Why
) -> None:
    memory = replace(
        limited(replace(LIMIT, source=source, because=because)),
        held=(held(event_id="E9", programme="price", signals=(PRICE,)),),
    )
    first, second = status(settings, memory, None, START).chargepoints
    assert (first.reason, first.says) == (reason, SAYS[reason])
    assert (second.reason, second.says) == ("unmanaged", "Nobody limits this chargepoint.")
    assert SAYS.keys() == set(Why)
    assert len(set(SAYS.values())) == len(Why)
    assert SAYS[reason] in " ".join(seen(status(settings, memory, None, START)).split())


def test_a_limit_that_goes_up_again_says_so_whosever_it_was(settings: Settings) -> None:
    memory = limited(LIMIT, restore=Restore(LIMIT.amps, LIMIT.percent, START))
    assert status(settings, memory, None, START).chargepoints[0].reason == "restoring"


@pytest.mark.proves("W112")
def test_the_price_of_now_is_shown_as_it_came_and_only_while_it_counts(settings: Settings) -> None:
    memory = Memory(REGISTRATION, (held(programme="price", signals=(PRICE,)),))
    shown = status(settings, memory, None, START + MINUTE)
    assert shown.price == PriceStatus("0.2", "GBP", "E1")
    assert "price now: 0.2 GBP per kWh" in seen(shown)
    assert status(settings, memory, None, END).price is None
    assert status(settings, Memory(REGISTRATION, (held(),)), None, START).price is None


def test_link_calendar_boost_and_finding_are_shown(settings: Settings) -> None:
    local = Local(calendar_form.read(PRESETS["uk"]), (Boost(EVSE_1, END), Boost(EVSE_2, START)))
    silent = replace(live(finding="failed", measure="given_up"), link=State(link=Link.FAILSAFE, since=START))
    shown = status(settings, replace(limited(LIMIT), local=local), silent, START + MINUTE / 60)
    text = " ".join(seen(shown).split())
    assert shown.link is not None
    assert shown.link.failsafe_seconds == 2 * 3600 - 1
    assert "failsafe since 2026-03-02T12:00:00Z, until 2026-03-02T14:00:00Z at least" in text
    assert "calendar: 100 %, 0 % from 2026-03-02T16:00:00Z" in text
    assert [one.boost_until for one in shown.chargepoints] == ["2026-03-02T12:30:00Z", None]
    assert "The meter says: failed, given up." in text
    dead = status(settings, limited(LIMIT), silent, START + timedelta(hours=1))
    assert (dead.link, dead.chargepoints[0].finding) == (None, None), "what a dead program knew is not shown"


# --- markings, and what stands beside the limits ---

MARKED = """\

[device]
maker = "Example Ltd"
model = "EX 22"
serial = "0017"
meter_accuracy = 2
"""


@pytest.mark.proves("W112")
def test_the_markings_of_the_unit_are_shown_as_its_installer_set_them(settings_file: Path) -> None:
    text = settings_file.read_text(encoding="utf-8")
    settings_file.write_text(text + MARKED, encoding="utf-8")
    shown = status(load(settings_file, {}, {}), limited(), None, START)
    marks = shown.as_json()["device"]
    assert marks.pop("version")
    assert marks == {
        "maker": "Example Ltd",
        "model": "EX 22",
        "serial": "0017",
        "meter_accuracy_percent": 2,
        "directions": ("import",),
        "program": "feederguard",
    }
    assert "Example Ltd EX 22, serial 0017, meter within 2 %, import, feederguard " in seen(shown)


@pytest.mark.proves("W112", "W43")
def test_a_unit_that_can_feed_back_is_marked_so_and_one_without_marks_says_what_is_known(
    settings_file: Path,
) -> None:
    text = settings_file.read_text(encoding="utf-8").replace("phases = 3", "phases = 3\nexport_amps = 16", 1)
    settings_file.write_text(text, encoding="utf-8")
    shown = status(load(settings_file, {}, {}), limited(), None, START)
    assert shown.device.directions == ("import", "export")
    assert (shown.device.maker, shown.device.serial, shown.device.meter_accuracy_percent) == (None,) * 3
    assert "import and export, feederguard " in seen(shown)


@pytest.mark.proves("W112")
def test_the_last_contact_and_what_is_left_of_failsafe_are_shown(settings: Settings) -> None:
    since = START + 2 * MINUTE
    silent = State(link=Link.FAILSAFE, since=since, contact_at=START)
    shown = status(settings, limited(), replace(live(), at=since, link=silent), since + MINUTE / 30)
    assert shown.link
    assert (shown.link.last_contact, shown.link.failsafe_seconds) == ("2026-03-02T12:00:00Z", 7198)
    assert "until 2026-03-02T14:02:00Z at least, 7198 s" in seen(shown)


@pytest.mark.proves("W02")
@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "agrees with"), (1.5, "agrees with"), (-35, "35 s behind that"), (86_400, "86400 s ahead of that")],
)
def test_how_far_the_clock_is_off_is_shown(settings: Settings, seconds: float, words: str) -> None:
    seen_at = replace(live(), clock_off_by=timedelta(seconds=seconds))
    shown = status(settings, limited(), seen_at, START)
    assert shown.clock
    assert shown.clock.ahead_seconds == seconds
    assert words in seen(shown)
    assert status(settings, limited(), live(), START).clock is None
