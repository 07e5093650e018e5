"""What a customer is owed, where he and his installer see it: in the log, in the status, in a rehearsal."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.limit import Limit, Source
from oadr.charging.minimum import Cause, Profile, Undercut
from oadr.wire.messages.common import Scale, Unit, UnitKind
from oadr.wire.messages.event import SignalType
from tests.ven.stage import BASE, EVSE_1, event, listing, signal
from tests.ven.virtual import START
from ven.daemon.chargepoints import described
from ven.daemon.config import Settings, load
from ven.daemon.log import line
from ven.daemon.simulate import simulate
from ven.daemon.status import status
from ven.daemon.table import Setting, Table
from ven.driver import Phased
from ven.journal import Memory, decode, encode
from ven.news import BelowMinimum, FloorKept, remarks
from ven.slots import Slot, SlotKey
from ven.ven import LimitChanged

UNDERCUT = Undercut(Decimal(4200), Decimal("1978.5"), Cause.ORDER)
LIMIT = Limit(Decimal("8.6"), Decimal("8.9"), Source.SUPPLY_LIMIT, "E1", None, phases=1, undercut=UNDERCUT)
FLOORED = Limit(Decimal(6), Decimal("18.7"), Source.SUPPLY_LIMIT, "E1", None, ordered_amps=Decimal("3.2"))


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    return load(settings_file, {"FEEDERGUARD_VEN_MARKET_CONTEXTS": BASE}, {})


@pytest.mark.proves("W47")
def test_an_undercut_is_one_line_with_what_is_owed_what_is_left_and_whose_doing_it_is() -> None:
    (news,) = remarks(EVSE_1, LIMIT, None)
    said = line(news)
    assert (said.level, said.what) == ("warning", "below_minimum")
    assert said.fields == {
        "chargepoint": "evse-1",
        "because": "E1",
        "owed_watts": 4200,
        "commanded_watts": 1978.5,
        "cause": "order",
    }
    assert line(LimitChanged(EVSE_1, LIMIT)).fields["phases"] == 1


def test_a_floor_that_is_kept_is_one_line_with_what_was_ordered() -> None:
    (news,) = remarks(EVSE_1, FLOORED, None)
    said = line(news)
    assert (said.level, said.what) == ("info", "authority_floor")
    assert said.fields == {"chargepoint": "evse-1", "because": "E1", "ordered_amps": 3.2, "amps": 6}


def test_each_is_told_once_for_an_event_and_a_cause() -> None:
    little_more = replace(LIMIT, undercut=replace(UNDERCUT, commanded=Decimal(2000)))
    assert list(remarks(EVSE_1, little_more, LIMIT)) == []
    assert list(remarks(EVSE_1, None, LIMIT)) == []
    rounded = replace(LIMIT, undercut=replace(UNDERCUT, cause=Cause.QUANTISATION))
    assert [type(one) for one in remarks(EVSE_1, rounded, LIMIT)] == [BelowMinimum]
    assert [type(one) for one in remarks(EVSE_1, replace(LIMIT, because="E2"), LIMIT)] == [BelowMinimum]
    assert list(remarks(EVSE_1, FLOORED, FLOORED)) == []
    assert [type(one) for one in remarks(EVSE_1, FLOORED, LIMIT)] == [FloorKept]


@pytest.mark.proves("W47")
def test_the_status_carries_both_also_after_a_restart(settings: Settings) -> None:
    for limit, expected in ((LIMIT, (1, "order", None)), (FLOORED, (None, None, 3.2))):
        slots = ((SlotKey(EVSE_1, limit.source), Slot(limit)),)
        memory = decode(encode(Memory(slots=slots)))
        shown = json.loads(json.dumps(status(settings, memory, None, START).as_json()))
        found = shown["chargepoints"][0]["limit"]
        undercut = found["below_minimum"]
        assert (found["phases"], undercut and undercut["cause"], found["authority_floor"]) == expected
        assert undercut is None or (undercut["owed_watts"], undercut["commanded_watts"]) == (4200, 1978.5)


def test_a_rehearsal_knows_the_contract(settings: Settings) -> None:
    watts = Unit(kind=UnitKind.POWER_REAL, description="RealPower", symbol="W", scale=Scale.NONE)
    order = signal("4200", type=SignalType.LOAD_CONTROL_SETPOINT, unit=watts)
    german = replace(settings.ven.contract, profile=Profile.DE14A)
    for contract, amps in ((settings.ven.contract, 0), (german, 6)):
        rehearsed = replace(settings, ven=replace(settings.ven, contract=contract))
        course = simulate(rehearsed, Memory(), listing(event(signals=(order,))), START).course
        assert next(one.amps for one in course if one.resource_id == EVSE_1) == amps


async def test_a_simulated_chargepoint_has_a_street_and_may_have_one_phase() -> None:
    values = {"resource_id": "evse-1", "amps": 32, "phases": 3, "driver": "simulated", "volts": 240}
    for one_phase in (True, False):
        written = {**values, "one_phase": one_phase}
        table = Table("test", {key: Setting(value, key, Path()) for key, value in written.items()})
        made = described(table).connect(lambda: START)
        assert isinstance(made, Phased) is one_phase
