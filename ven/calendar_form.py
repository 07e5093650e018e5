"""A calendar as a file that a person can write, and back.

zone = "Europe/London"

[[import]]
days = ["mon", "tue", "wed", "thu", "fri"]
slots = { "00:00" = 100, "08:00" = 0, "11:00" = 100, "16:00" = 0, "22:00" = 100 }

[[import]]
days = ["2026-12-25"]
slots = { "00:00" = 100 }

[[export]]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
slots = { "00:00" = 100, "11:00" = 50, "15:00" = 100 }
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oadr.charging.scale import Direction
from oadr.wire.errors import Misuse
from ven.calendar import Calendar, DayType, Slot, Weekday

LONGEST: Final = 64 * 1024
"""Characters of a calendar; a year of dates by name has about 10 000."""


def read(text: str) -> Calendar:
    """Raises `Misuse`, which says in a sentence what is wrong and where."""
    if len(text) > LONGEST:
        raise Misuse("a calendar of more than 64 KiB")
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except (
        ValueError,
        RecursionError,
    ) as error:  # also a number of thousands of digits, brackets without end
        raise Misuse(f"not TOML: {error}") from error
    unknown = table.keys() - {"zone", *Direction}
    if unknown:
        raise Misuse(f"{sorted(unknown)[0]!r} is not known; a calendar has zone, import and export")
    days = {direction: tuple(_day_types(table.get(direction, []), direction)) for direction in Direction}
    return Calendar(_zone(table.get("zone")), {each: types for each, types in days.items() if types})


def write(calendar: Calendar) -> str:
    """What `read` reads as the same calendar."""
    lines = [f'zone = "{calendar.zone.key}"']
    for direction in Direction:
        for one in calendar.days.get(direction, ()):
            slots = ", ".join(f'"{_clock(slot.start)}" = {slot.percent:f}' for slot in one.slots)
            names = ", ".join(f'"{name}"' for name in _names(one))
            lines += ["", f"[[{direction}]]", f"days = [{names}]", f"slots = {{ {slots} }}"]
    return "\n".join(lines) + "\n"


def _zone(name: object) -> ZoneInfo:
    if not isinstance(name, str) or not name:
        raise Misuse('zone is missing; the site\'s time zone, such as "Europe/London"')
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Misuse(f"zone: {name!r} is not known on this machine") from error


def _day_types(tables: object, direction: Direction) -> Iterator[DayType]:
    if not isinstance(tables, list):
        raise Misuse(f"{direction}: written as [[{direction}]]")
    for number, table in enumerate(tables, 1):
        place = f"{direction} {number}"
        if not isinstance(table, dict) or table.keys() != {"days", "slots"}:
            raise Misuse(f"{place}: wants days and slots, and nothing else")
        weekdays, dates = _days(table["days"], place)
        try:
            yield DayType(slots=_slots(table["slots"], place), weekdays=weekdays, dates=dates)
        except Misuse as error:
            raise Misuse(f"{place}: {error}") from error


def _days(names: object, place: str) -> tuple[frozenset[Weekday], frozenset[date]]:
    if not isinstance(names, list):
        raise Misuse(f"{place}: days is a list")
    weekdays, dates = set[Weekday](), set[date]()
    for name in names:
        if isinstance(name, str) and name.upper() in Weekday.__members__:
            weekdays.add(Weekday[name.upper()])
            continue
        try:
            dates.add(date.fromisoformat(name))
        except (TypeError, ValueError) as error:
            raise Misuse(f"{place}: {name!r} is neither mon ... sun nor a date such as 2026-12-25") from error
    return frozenset(weekdays), frozenset(dates)


def _slots(table: object, place: str) -> tuple[Slot, ...]:
    if not isinstance(table, dict):
        raise Misuse(f'{place}: slots are written as {{ "00:00" = 100 }}')
    return tuple(sorted((_slot(*item, place) for item in table.items()), key=lambda slot: slot.start))


def _slot(at: str, percent: object, place: str) -> Slot:
    try:
        start = time.fromisoformat(at)
    except ValueError as error:
        raise Misuse(f"{place}: {at!r} is no time of day") from error
    if start.tzinfo is not None:
        raise Misuse(f"{place}: {at!r} is not the site's local time")
    if isinstance(percent, bool) or not isinstance(percent, int | Decimal):
        raise Misuse(f"{place}: {percent!r} is no percentage")
    try:
        return Slot(start, Decimal(percent))
    except InvalidOperation as error:
        raise Misuse(f"{place}: {percent!r} is no percentage") from error


def _clock(moment: time) -> str:
    return moment.isoformat("seconds" if moment.second else "minutes")


def _names(one: DayType) -> list[str]:
    return [day.name.lower() for day in sorted(one.weekdays)] + [f"{day}" for day in sorted(one.dates)]


PRESETS: Final[Mapping[str, str]] = {
    "uk": """zone = "Europe/London"

[[import]]
days = ["mon", "tue", "wed", "thu", "fri"]
slots = { "00:00" = 100, "08:00" = 0, "11:00" = 100, "16:00" = 0, "22:00" = 100 }
""",
}
"""What a unit may leave the factory with; the owner accepts, removes or changes it. `uk`: outside of peak hours."""
