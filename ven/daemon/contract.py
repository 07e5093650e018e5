"""The tables `[contract]`, what the site owes and allows, and `[agreed]`. No message changes any of it."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from oadr.charging.ceilings import Amps, Ceiling, Share, Watts
from oadr.charging.meanings import PLAIN, Agreed, Levels
from oadr.charging.minimum import Profile
from ven.authority import Bounds
from ven.contract import Contract
from ven.daemon.table import FLAG, TEXT, Kind, Table, choice, number, seconds, whole
from ven.failsafe import OnSilence

_UNITS: Final[Mapping[str, Callable[[Decimal], Share | Watts | Amps]]] = {
    "%": lambda value: Share(value / 100),
    "A": Amps,
    "W": Watts,
    "kW": lambda value: Watts(value * 1000),
}


def contract(table: Table) -> Contract:
    """Raises `BadSetting`."""
    plain, bounds = Contract(), Bounds()
    found = Contract(
        failsafe=table.maybe("failsafe", Kind(_level)),
        failsafe_minimum=table.take("failsafe_minimum", seconds("7200", "86400"), plain.failsafe_minimum),
        on_silence=table.take("on_silence", choice(OnSilence), plain.on_silence),
        default_percent=table.maybe("default_percent", number("1", "100", "percent")),
        bounds=Bounds(
            longest=table.take("emergency_longest", seconds("60", "86400"), bounds.longest),
            a_day=table.take("emergencies_a_day", whole(1, 100), bounds.a_day),
            a_week=table.take("emergencies_a_week", seconds("60", "604800"), bounds.a_week),
            rest=table.take("emergency_rest", seconds("0", "86400"), bounds.rest),
            floor=table.maybe("floor_amps", number("6", "1000", "A per phase")),
        ),
        site_amps=table.maybe("site_amps", number("6", "10000", "A per phase")),
        calendar_spread=table.take("calendar_spread", seconds("0", "1800"), plain.calendar_spread),
        may_disable=table.take("may_disable", FLAG, plain.may_disable),
        severe_amps=table.take("severe_amps", number("0", "1000", "A"), plain.severe_amps),
        profile=table.take("profile", choice(Profile), plain.profile),
        phase_switch=table.take("phase_switch", FLAG, plain.phase_switch),
    )
    table.finish()
    return found


def agreed(table: Table) -> Agreed:
    """The `[agreed]` table: how signals are read where the profile leaves it open. Raises `BadSetting`."""
    levels = table.take("simple_levels", Kind(_shares), PLAIN.levels)
    offsets = table.take("level_offsets", Kind(_offsets), PLAIN.offsets)
    found = Agreed(levels, offsets, table.take("capacity_in_percent", FLAG, PLAIN.capacity_in_percent))
    table.finish()
    return found


def _shares(value: object) -> Levels:
    """`[100, 70, 40, 0]`: percent of the rated current at the SIMPLE levels 0, 1, 2 and 3, each less than the last."""
    read = number("0", "100", "percent").read
    shares = [read(one) / 100 for one in value] if isinstance(value, list) else []
    if len(shares) != 4 or sorted(shares, reverse=True) != shares:
        raise ValueError("must be four percentages, none above the one before")
    return tuple(enumerate(shares))


def _offsets(value: object) -> Levels:
    """`{ "1" = -30 }`: percent more or less for each value of x-loadControlLevelOffset."""
    if not isinstance(value, dict) or not all(re.fullmatch(r"-?[0-9]{1,3}", str(level)) for level in value):
        raise ValueError('must be a table such as { "1" = -30 }')
    read = number("-100", "100", "percent").read
    return tuple(sorted((int(level), read(percent)) for level, percent in value.items()))


def _level(value: object) -> Ceiling:
    """`"50 %"`, `"4.2 kW"` or `"10 A"`; W over all phases, A per phase."""
    text, _, unit = TEXT.read(value).strip().rpartition(" ")
    try:
        amount = Decimal(text)
        made = _UNITS[unit](amount) if amount.is_finite() and amount > 0 else None
    except (InvalidOperation, KeyError):
        made = None
    if made is None or (isinstance(made, Share) and made.value > 1):
        raise ValueError('must be above 0, such as "50 %", "4.2 kW" or "10 A"')
    return made
