"""Which signals a chargepoint understands, and what their values mean.

LOAD_CONTROL       x-loadControlCapacity        0..1              a share of the rated current
                   x-loadControlSetpoint        W, A              a ceiling, exact
                   x-loadControlPercentOffset   -100..100         of what may be drawn anyhow
                   x-loadControlLevelOffset     by agreement      the same, by a table of the programme
LOAD_DISPATCH      setpoint                     W                 over all that the event means; negative is export
                   delta                        W                 the same, against the event's own baseline
SIMPLE             level                        0, 1, 2, 3        a share, by a table of the programme
ELECTRICITY_PRICE  price                        currency per kWh  advice, no order
CHARGE_STATE       setpoint                     Wh                advice, no order
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Final

from oadr.charging.ceilings import Advice, Amps, Ceiling, EnergyWanted, Offset, Price, Share, Together, Watts
from oadr.charging.electricity import DOWN
from oadr.wire.errors import Invalid
from oadr.wire.messages.common import Unit, UnitKind
from oadr.wire.messages.event import (
    CHARGE_STATE,
    ELECTRICITY_PRICE,
    LOAD_CONTROL,
    LOAD_DISPATCH,
    SIMPLE,
    SIMPLE_OLD,
    Signal,
    SignalType,
)

SIMPLE_LEVELS: Final[Mapping[int, Decimal]] = MappingProxyType(
    {0: Decimal(1), 1: Decimal("0.7"), 2: Decimal("0.4"), 3: Decimal(0)}
)
"""Share of the rated current at each SIMPLE level, unless the programme agrees on others."""


Levels = tuple[tuple[int, Decimal], ...]
"""A table of levels, as pairs, so that it can be a key."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a programme settles where the profile leaves it open."""

    levels: Levels = tuple(SIMPLE_LEVELS.items())
    """Share of the rated current at each SIMPLE level."""
    offsets: Levels = ()
    """Percent for each value of x-loadControlLevelOffset; without a table that signal is not understood."""
    capacity_in_percent: bool = False
    """x-loadControlCapacity comes as 0 to 100, against the profile: some senders do that."""


PLAIN: Final = Agreed()

Meaning = Ceiling | Advice
Reader = Callable[[Decimal], Meaning]
"""What a value of a signal means. Raises `Invalid` for one that makes no sense (454)."""


def reader(signal: Signal, agreed: Agreed) -> Reader | None:
    """None for a signal that is not understood (460)."""
    unit = signal.unit
    match (signal.name, signal.type, unit.kind if unit else None):
        case (name, SignalType.LOAD_CONTROL_CAPACITY, None) if name == LOAD_CONTROL:
            return lambda value: _share(value, agreed)
        case (name, SignalType.LOAD_CONTROL_SETPOINT, UnitKind.POWER_REAL) if name == LOAD_CONTROL and unit:
            return lambda value: _not_negative(Watts(_plain(unit, value)))
        case (name, SignalType.LOAD_CONTROL_SETPOINT, UnitKind.CURRENT) if name == LOAD_CONTROL and unit:
            return lambda value: _not_negative(Amps(_plain(unit, value)))
        case (name, SignalType.LOAD_CONTROL_PERCENT_OFFSET, None) if name == LOAD_CONTROL:
            return _offset
        case (name, SignalType.LOAD_CONTROL_LEVEL_OFFSET, None) if name == LOAD_CONTROL and agreed.offsets:
            return lambda value: Offset(_by_table(value, agreed.offsets))
        case (name, SignalType.SETPOINT, UnitKind.POWER_REAL) if name == LOAD_DISPATCH and unit:
            return lambda value: Together(_plain(unit, value))
        case (name, SignalType.PRICE, UnitKind.CURRENCY_PER_KWH) if name == ELECTRICITY_PRICE and unit:
            return lambda value: Price(_plain(unit, value), unit.symbol)
        case (name, SignalType.SETPOINT, UnitKind.ENERGY_REAL) if name == CHARGE_STATE and unit:
            return lambda value: EnergyWanted(_plain(unit, value))
        case (_, SignalType.LEVEL, None) if is_simple(signal):
            return lambda value: Share(_by_table(value, agreed.levels))
        case _:
            return None


def delta_reader(signal: Signal) -> Callable[[Decimal], Decimal] | None:
    """W more or less than a baseline; None for any other signal."""
    unit = signal.unit
    is_delta = (signal.name, signal.type) == (LOAD_DISPATCH, SignalType.DELTA)
    if not is_delta or unit is None or unit.kind is not UnitKind.POWER_REAL:
        return None
    return lambda value: _plain(unit, value)


def plain_watts(unit: Unit | None, value: Decimal) -> Decimal:
    """A value of a baseline. Raises `Invalid` if that is no power."""
    if unit is None or unit.kind is not UnitKind.POWER_REAL:
        raise Invalid("a baseline in another unit than the signal that refers to it")
    return _plain(unit, value)


def is_simple(signal: Signal) -> bool:
    return signal.name in (SIMPLE, SIMPLE_OLD)


def _plain(unit: Unit, value: Decimal) -> Decimal:
    with localcontext(DOWN):
        return unit.plain(value)


def _share(value: Decimal, agreed: Agreed) -> Share:
    with localcontext(DOWN):
        share = value / 100 if agreed.capacity_in_percent else value
    if not 0 <= share <= 1:
        raise Invalid("a signal value out of its range")
    return Share(share)


def _offset(value: Decimal) -> Offset:
    if not -100 <= value <= 100:
        raise Invalid("a signal value out of its range")
    return Offset(value)


def _not_negative(ceiling: Ceiling) -> Ceiling:
    """A cap on import has no other side; export has a scale of its own (see `scale`)."""
    if ceiling.value < 0:
        raise Invalid("a signal value out of its range")
    return ceiling


def _by_table(value: Decimal, table: Levels) -> Decimal:
    """SIMPLE knows 0, 1, 2 and 3 (r9)."""
    found = dict(table).get(int(value)) if value == int(value) else None
    if found is None:
        raise Invalid("no such level")
    return found
