"""What an installer writes in the tables `[contract]` and `[agreed]`, and what he is told when it is wrong."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.ceilings import Amps, Share, Watts
from oadr.charging.meanings import PLAIN
from oadr.charging.minimum import Profile
from ven.authority import Bounds
from ven.contract import Contract
from ven.daemon.config import load
from ven.daemon.table import BadSetting
from ven.failsafe import OnSilence


def with_tables(path: Path, text: str) -> Path:
    plain = path.read_text(encoding="utf-8")
    path.write_text(plain.replace("[[chargepoint]]", f"{text}\n[[chargepoint]]", 1), encoding="utf-8")
    return path


def test_without_a_table_nothing_is_owed_and_the_profile_holds(settings_file: Path) -> None:
    config = load(settings_file, {}, {}).ven
    assert (config.contract, config.agreed, config.preset) == (Contract(), PLAIN, None)


@pytest.mark.proves("W37", "W52")
def test_what_is_written_is_what_holds(settings_file: Path) -> None:
    table = """
[contract]
failsafe = "4.2 kW"
failsafe_minimum = 10800
on_silence = "default-mode"
default_percent = 50
emergency_longest = 3600
emergencies_a_day = 2
emergencies_a_week = 7200
emergency_rest = 60
floor_amps = 6
site_amps = 63
calendar_spread = 0
may_disable = true
severe_amps = 4.5
profile = "de14a"
phase_switch = true
"""
    assert load(with_tables(settings_file, table), {}, {}).ven.contract == Contract(
        failsafe=Watts(Decimal(4200)),
        failsafe_minimum=timedelta(hours=3),
        on_silence=OnSilence.DEFAULT_MODE,
        default_percent=Decimal(50),
        bounds=Bounds(timedelta(hours=1), 2, timedelta(hours=2), timedelta(minutes=1), Decimal(6)),
        site_amps=Decimal(63),
        calendar_spread=timedelta(),
        may_disable=True,
        severe_amps=Decimal("4.5"),
        profile=Profile.DE14A,
        phase_switch=True,
    )


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("50 %", Share(Decimal("0.5"))),
        ("100 %", Share(Decimal(1))),
        ("10 A", Amps(Decimal(10))),
        ("4200 W", Watts(Decimal(4200))),
    ],
)
def test_a_level_has_its_unit(settings_file: Path, text: str, level: object) -> None:
    config = load(with_tables(settings_file, f'[contract]\nfailsafe = "{text}"'), {}, {}).ven
    assert config.contract.failsafe == level


def test_signals_are_read_as_was_agreed(settings_file: Path) -> None:
    table = """
[agreed]
simple_levels = [100, 60, 30, 10.5]
level_offsets = { "1" = -30, "-1" = 20 }
capacity_in_percent = true
"""
    agreed = load(with_tables(settings_file, table), {}, {}).ven.agreed
    shares = (Decimal(1), Decimal("0.6"), Decimal("0.3"), Decimal("0.105"))
    assert agreed.levels == tuple(enumerate(shares))
    assert agreed.offsets == ((-1, Decimal(20)), (1, Decimal(-30)))
    assert agreed.capacity_in_percent


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('[contract]\nfailsafe = "0 A"', 'contract: failsafe: must be above 0, such as "50 %"'),
        ('[contract]\nfailsafe = "101 %"', "must be above 0"),
        ('[contract]\nfailsafe = "4.2"', "must be above 0"),
        ('[contract]\nfailsafe = "NaN A"', "must be above 0"),
        ("[contract]\nfailsafe = 10", "must be text"),
        ("[contract]\nfailsafe_minimum = 7199", "must be a number from 7200 to 86400"),
        ("[contract]\ndefault_percent = 0", "must be a number from 1 to 100 percent"),
        ("[contract]\nfloor_amps = 5", "must be a number from 6 to 1000"),
        ('[contract]\nmay_disable = "yes"', "must be true or false"),
        ("[contract]\nfailsave = 3", "contract: failsave: no such setting"),
        ("[agreed]\nsimple_levels = [100, 40, 70, 0]", "must be four percentages, none above the one before"),
        ("[agreed]\nsimple_levels = [100, 40]", "must be four percentages"),
        ("[agreed]\nsimple_levels = [110, 40, 30, 0]", "must be a number from 0 to 100 percent"),
        ("[agreed]\nsimple_levels = 7", "must be four percentages"),
        ("[agreed]\nlevel_offsets = 7", 'must be a table such as { "1" = -30 }'),
        ('[agreed]\nlevel_offsets = { "one" = 7 }', "must be a table such as"),
        ('[agreed]\nlevel_offsets = { "1" = 700 }', "must be a number from -100 to 100 percent"),
    ],
)
def test_a_mistake_is_named(settings_file: Path, table: str, why: str) -> None:
    with pytest.raises(BadSetting) as refused:
        load(with_tables(settings_file, table), {}, {})
    assert why in str(refused.value)
    assert str(settings_file) in str(refused.value)


@pytest.mark.parametrize("name", ["contract", "agreed"])
def test_a_table_is_a_table(settings_file: Path, name: str) -> None:
    with pytest.raises(BadSetting, match=rf"{name} is a table, \[{name}\]"):
        load(with_tables(settings_file, f"{name} = 7\n"), {}, {})


@pytest.mark.proves("W06")
def test_a_preset_is_a_name_or_a_file(settings_file: Path) -> None:
    preset = load(with_tables(settings_file, 'preset = "uk"\n'), {}, {}).ven.preset
    assert preset
    assert preset.zone.key == "Europe/London"
    with pytest.raises(BadSetting, match="preset: No such file or directory: nowhere"):
        load(settings_file, {}, {"preset": "nowhere"})
