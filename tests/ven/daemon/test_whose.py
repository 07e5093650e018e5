"""Where several VTNs order at one site, its people see whose each limit and each event is."""

import io
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from oadr.charging.limit import Limit, Source
from oadr.wire.ids import RegistrationId, VtnId
from tests.ven.daemon.test_others import ACME as TABLE
from tests.ven.stage import BASE, EVSE_1, MINUTE, SECOND, SITE, VEN, VTN, Loaded, event, listing
from tests.ven.virtual import START
from ven import events
from ven.daemon.config import Settings, load
from ven.daemon.live import Contact, Live
from ven.daemon.status import Status, status
from ven.daemon.view import show
from ven.journal import Memory
from ven.party import PLANNED, Party, Role
from ven.session import Registration
from ven.slots import Slot, SlotKey
from ven.standing import Standing

ACME = Party("acme")
MAIN = Registration(VEN, RegistrationId("reg-secret"), VTN, 10 * SECOND)
THEIRS = replace(MAIN, vtn_id=VtnId("Acme-1"), registration_id=RegistrationId("reg-hidden"))
END = START + 30 * MINUTE


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    settings_file.write_text(settings_file.read_text(encoding="utf-8") + TABLE, encoding="utf-8")
    return load(settings_file, {"FEEDERGUARD_VEN_MARKET_CONTEXTS": BASE}, {})


def memory(party: str = ACME, source: Source = Source.LOAD_SHIFT) -> Memory:
    """Both have an event of one name, and the limit of one of them binds."""
    role = Role(ACME, PLANNED)
    ours = events.merge((), listing(event(minutes=60)), SITE, START, Loaded(0.0)).held
    shift = event(programme="load-shift", start=START - MINUTE)
    theirs = events.merge((), listing(shift), replace(SITE, role=role), START - MINUTE, Loaded(0.0)).held
    limit = Limit(Decimal("12.8"), Decimal(40), source, "E1", END, party=party)
    slots = ((SlotKey(EVSE_1, source, Party(party)), Slot(limit)),)
    return Memory(MAIN, ours, slots=slots, others=(Standing(ACME, THEIRS, theirs),))


def seen(shown: Status) -> str:
    stream = io.StringIO()
    show(shown, Console(file=stream, width=200))
    return " ".join(stream.getvalue().split())


def told(shown: Status) -> Any:
    return json.loads(json.dumps(shown.as_json()))


@pytest.mark.proves("W34", "P11")
def test_a_limit_is_shown_with_the_name_of_the_one_who_orders_it(settings: Settings) -> None:
    shown = status(settings, memory(), None, START)
    (first, _) = told(shown)["chargepoints"]
    assert (first["limit"]["party"], first["limit"]["because"]) == ("acme", "E1")
    assert first["limit"]["since"] == "2026-03-02T11:59:00Z", "its own event's, not that of the same name"
    assert first["says"] == "acme asks for less load in these hours; you may decline."
    assert "load-shift of acme E1" in seen(shown)


@pytest.mark.proves("W34")
def test_the_grid_operators_limit_is_shown_as_its_own(settings: Settings) -> None:
    shown = status(settings, memory("", Source.SUPPLY_LIMIT), None, START)
    (first, _) = told(shown)["chargepoints"]
    assert first["limit"]["party"] == "dso"
    assert first["says"].startswith("The grid operator limits charging")
    assert "supply-limit E1" in seen(shown)


def test_what_the_site_limits_itself_is_nobodys(settings: Settings) -> None:
    (first, _) = told(status(settings, memory("", Source.CALENDAR), None, START))["chargepoints"]
    assert first["limit"]["party"] is None


@pytest.mark.proves("W39")
def test_each_event_is_listed_with_whose_it_is(settings: Settings) -> None:
    shown = status(settings, memory(), None, START)
    assert [(one["party"], one["event_id"]) for one in told(shown)["events"]] == [
        ("dso", "E1"),
        ("acme", "E1"),
    ]
    assert "acme: E1 (0)" in seen(shown)


@pytest.mark.proves("W39")
def test_each_vtn_has_a_line_of_its_own_on_registration_and_contact(settings: Settings) -> None:
    live = Live(START, Contact(True, START), {}, None, {"acme": Contact(False, START, "no reply")})
    shown = status(settings, memory(), live, START)
    assert told(shown)["others"] == [
        {
            "name": "acme",
            "registration": {"ven_id": VEN, "vtn_id": "Acme-1", "poll_seconds": 10},
            "contact": {"made": False, "since": "2026-03-02T12:00:00Z", "why": "no reply"},
        }
    ]
    text = seen(shown)
    assert "in contact since 2026-03-02T12:00:00Z" in text
    assert "acme: VEN Ven-1 at VTN Acme-1, polls every 10 s" in text
    assert "acme: NO CONTACT since 2026-03-02T12:00:00Z: no reply" in text
    assert "reg-hidden" not in json.dumps(shown.as_json()) + text


def test_a_vtn_that_was_never_reached_is_shown_as_not_registered(settings: Settings) -> None:
    assert "acme: not registered" in seen(status(settings, Memory(MAIN), None, START))
