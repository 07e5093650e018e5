"""What a unit says that it can do, held against what it does."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from oadr.charging.meanings import PLAIN, Agreed, delta_reader, reader
from oadr.charging.signals import Programme
from oadr.wire.ids import Token
from oadr.wire.messages.common import Unit, UnitKind
from oadr.wire.messages.event import Signal, SignalType
from tests.ven.daemon.local import Caller, House, served
from tests.ven.stage import EVSE_1, EVSE_2, signal
from tests.ven.virtual import START
from ven import Measurement, Ven
from ven.daemon import commands
from ven.daemon.capabilities import Understood, capabilities, understood
from ven.daemon.config import Settings, load
from ven.daemon.live import Live, Reading

UNITS = {
    "A": UnitKind.CURRENT,
    "W": UnitKind.POWER_REAL,
    "Wh": UnitKind.ENERGY_REAL,
    "currency per kWh": UnitKind.CURRENCY_PER_KWH,
}
OFFSETS = replace(PLAIN, offsets=((1, Decimal(-30)),))


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    return load(settings_file, {}, {})


def live(*amps: Decimal | None) -> Live:
    readings = [Reading(None if one is None else (one,), None, True, None) for one in amps]
    return Live(START, None, dict(zip((EVSE_1, EVSE_2), readings, strict=True)))


def as_signal(one: Understood) -> Signal:
    unit = Unit(kind=UNITS[one.unit], description="", symbol="") if one.unit else None
    return replace(signal("0", name=Token(one.signal), type=SignalType(one.type)), unit=unit)


@pytest.mark.proves("W01", "W31")
def test_each_of_the_six_functions_is_named_and_said_to_be_there_or_not(settings: Settings) -> None:
    names = ["clock", "data store", "meter", "remote interface", "calendar", "controller"]
    for seen, meter in ((None, None), (live(Decimal(6), None), False), (live(Decimal(6), Decimal(0)), True)):
        found = capabilities(settings, seen)
        assert [one.name for one in found.functions] == names
        assert {one.name: one.there for one in found.functions} == {
            **dict.fromkeys(names, True),
            "meter": meter,
        }
        assert all(one.says for one in found.functions)


@pytest.mark.proves("W31", "W79", "W46")
@pytest.mark.parametrize("agreed", [PLAIN, OFFSETS])
def test_every_signal_that_is_named_is_understood_and_none_is_left_out(agreed: Agreed) -> None:
    told = {(one.signal, one.type, one.unit) for one in understood(agreed)}
    units = [None, *UNITS]
    for name in ("LOAD_CONTROL", "LOAD_DISPATCH", "SIMPLE", "ELECTRICITY_PRICE", "CHARGE_STATE", "BID_LOAD"):
        for kind in SignalType:
            for unit in units:
                one = as_signal(Understood(name, kind, unit, ""))
                is_read = reader(one, agreed) is not None or delta_reader(one) is not None
                assert is_read is ((name, kind.value, unit) in told), one


@pytest.mark.proves("W31", "W79")
def test_a_buyer_reads_profile_programmes_steps_transports_security_and_levels(settings: Settings) -> None:
    found = json.loads(json.dumps(capabilities(settings, None).as_json()))
    assert found["profile"] == "OpenADR 2.0b"
    assert found["certified"] is False
    assert found["programmes"] == [*Programme]
    assert Programme.SUPPLY_LIMIT not in found["declinable"]
    assert [(one["resource_id"], one["step_percent"]) for one in found["chargepoints"]] == [
        ("evse-1", 10),
        ("evse-2", 10),
    ]
    assert found["transports"] == ["simpleHttp, pull"]
    assert found["security"] == {"tls": "1.2, certificates on both sides", "signatures": "off"}
    assert {one["level"] for one in found["aspects"]} <= {"high", "medium", "none"}
    assert len({one["name"] for one in found["aspects"]}) == 7


@pytest.mark.proves("W31", "W43")
def test_a_chargepoint_that_can_feed_back_has_a_line_for_each_way(settings_file: Path) -> None:
    text = settings_file.read_text(encoding="utf-8").replace("phases = 3", "phases = 3\nexport_amps = 16", 1)
    settings_file.write_text(text, encoding="utf-8")
    outlets = capabilities(load(settings_file, {}, {}), None).chargepoints
    assert [(one.direction, one.amps) for one in outlets] == [("import", 32), ("export", 16), ("import", 16)]


@pytest.mark.proves("W31", "W79")
def test_the_command_needs_no_running_program_and_says_the_same_to_people_and_programs(
    settings_file: Path,
) -> None:
    told = CliRunner().invoke(commands.ven, ["capabilities", "-c", str(settings_file), "--json"])
    assert told.exit_code == 0
    found = json.loads(told.output)
    shown = CliRunner().invoke(commands.ven, ["capabilities", "-c", str(settings_file)])
    assert shown.exit_code == 0
    for one in (*found["functions"], *found["aspects"]):
        assert one["name"] in shown.output
    for one in found["signals"]:
        assert one["type"] in shown.output


@pytest.mark.proves("W31", "W73")
def test_the_local_api_knows_who_has_a_meter(tmp_path: Path) -> None:
    async def play(house: House, _: Ven, caller: Caller) -> None:
        house.site.chargers[1].measure = _no_reading  # type: ignore[method-assign]
        await house.site.settle(5)
        code, found = await caller.ask("GET", "/capabilities")
        assert code == 200
        assert [one["metered"] for one in found["chargepoints"]] == [True, False]
        assert {one["name"]: one["there"] for one in found["functions"]}["meter"] is False

    served(tmp_path, play)


async def _no_reading() -> Measurement:
    raise ConnectionError("there is no meter")
