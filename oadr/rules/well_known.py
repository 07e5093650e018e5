"""The words that the profile has fixed: signals with their types, units and values, and classes of devices."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Final

from oadr.wire.messages.common import Target, UnitKind
from oadr.wire.messages.event import SignalType

PRIVATE: Final = "x-"
"""How a word starts that a deployment has agreed on by itself."""

Units = frozenset[UnitKind | None]
"""None among them: without a unit."""

NO_UNIT: Final[Units] = frozenset({None})
POWER: Final[Units] = frozenset({UnitKind.POWER_REAL, UnitKind.POWER_APPARENT, UnitKind.POWER_REACTIVE})
ENERGY: Final[Units] = frozenset({UnitKind.ENERGY_REAL, UnitKind.ENERGY_APPARENT, UnitKind.ENERGY_REACTIVE})
PER_KWH: Final[Units] = frozenset({UnitKind.CURRENCY_PER_KWH})
PER_KW: Final[Units] = frozenset({UnitKind.CURRENCY_PER_KW})
MONEY: Final[Units] = frozenset(
    {UnitKind.CURRENCY, UnitKind.CURRENCY_PER_KW, UnitKind.CURRENCY_PER_KWH, UnitKind.CURRENCY_PER_THM}
)


@dataclass(frozen=True, slots=True)
class Form:
    """What a signal of one name and type looks like. `units` None leaves the unit open."""

    units: Units | None
    least: Decimal | None = None
    most: Decimal | None = None
    is_whole: bool = False

    def takes(self, value: Decimal) -> bool:
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and not (self.is_whole and value % 1)
        )


LEVELS: Final = Form(NO_UNIT, Decimal(0), Decimal(3), is_whole=True)
SHARE: Final = Form(NO_UNIT, Decimal(0), Decimal(1))


def _prices(unit: Units) -> dict[SignalType, Form]:
    return {
        SignalType.PRICE: Form(unit),
        SignalType.PRICE_RELATIVE: Form(unit),
        SignalType.PRICE_MULTIPLIER: Form(NO_UNIT),
    }


SIGNALS: Final[dict[str, dict[SignalType, Form]]] = {
    "SIMPLE": {SignalType.LEVEL: LEVELS},
    "simple": {SignalType.LEVEL: LEVELS},
    "ELECTRICITY_PRICE": _prices(PER_KWH),
    "ENERGY_PRICE": _prices(PER_KWH),
    "DEMAND_CHARGE": _prices(PER_KW),
    "BID_PRICE": {SignalType.PRICE: Form(MONEY)},
    "BID_LOAD": {SignalType.SETPOINT: Form(POWER)},
    "BID_ENERGY": {SignalType.SETPOINT: Form(ENERGY)},
    "CHARGE_STATE": {
        SignalType.SETPOINT: Form(ENERGY),
        SignalType.DELTA: Form(ENERGY),
        SignalType.MULTIPLIER: SHARE,
    },
    "LOAD_DISPATCH": {
        SignalType.SETPOINT: Form(POWER),
        SignalType.DELTA: Form(POWER),
        SignalType.MULTIPLIER: Form(NO_UNIT),
        SignalType.LEVEL: Form(POWER, Decimal(-10), Decimal(10)),
    },
    "LOAD_CONTROL": {
        SignalType.LOAD_CONTROL_CAPACITY: Form(None, Decimal(0), Decimal(1)),
        SignalType.LOAD_CONTROL_LEVEL_OFFSET: Form(None, is_whole=True),
        SignalType.LOAD_CONTROL_SETPOINT: Form(None),
        SignalType.LOAD_CONTROL_PERCENT_OFFSET: Form(None),
    },
}
"""The table of r104: name, then type."""

DEVICE_CLASSES: Final = frozenset(
    {
        "Thermostat",
        "Strip_Heater",
        "Baseboard_Heater",
        "Water_Heater",
        "Pool_Pump",
        "Sauna",
        "Hot_tub",
        "Smart_Appliance",
        "Irrigation_Pump",
        "Managed_Commercial_and_Industrial_Loads",
        "Simple_Residential_On_Off_Loads",
        "Exterior_Lighting",
        "Interior_Lighting",
        "Electric_Vehicle",
        "Generation_Systems",
        "Load_Control_Switch",
        "Smart_Inverter",
        "EVSE",
        "RESU",
        "Energy_Management_System",
        "Smart_Energy_Module",
        "Storage",
    }
)
"""What a signal, an opt's device class and a report's subject may name (r111, r209, r307)."""


def beyond_device_classes(target: Target) -> Iterator[str]:
    """What stands in a target that may only name classes of devices."""
    for field in fields(target):
        if field.name != "end_device_assets" and getattr(target, field.name):
            yield f"{field.name} beside device classes"
    for mrid in target.end_device_assets:
        if mrid not in DEVICE_CLASSES and not mrid.startswith(PRIVATE):
            yield f"{mrid} is no class of devices"
