"""The recorded sessions of two workplaces, outlet by outlet, in their own time."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ven.drivers.sessions import ChargingSession, read

DATA: Final = Path(__file__).parents[1] / "data" / "acn-four-weeks.csv"
ZONE: Final = ZoneInfo("America/Los_Angeles")
"""Where both workplaces are."""
FIRST: Final = date(2019, 10, 7)
"""A Monday."""
DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class Outlet:
    """One station and the cars that came to it, in order."""

    site: str
    station: str
    sessions: tuple[ChargingSession, ...]


def outlets(path: Path, days: int) -> tuple[Outlet, ...]:
    """Every outlet, with the cars that came in the first so many days. Raises `Unreadable`, `OSError`."""
    until = midnight(FIRST + timedelta(days=days))
    return tuple(
        Outlet(site, station, tuple(one for one in read(path, station) if one.arrival < until))
        for site, station in sorted(set(_stations(path)))
    )


def midnight(day: date) -> datetime:
    """At which the day begins there."""
    return at(day, time())


def at(day: date, clock: time) -> datetime:
    """A moment by the clock on the wall there, in UTC."""
    return datetime.combine(day, clock, ZONE).astimezone(UTC)


def days_from_first(days: int) -> tuple[date, ...]:
    return tuple(FIRST + timedelta(days=number) for number in range(days))


def is_working(day: date) -> bool:
    """Monday to Friday. At weekends few cars come, and there is no peak to shift."""
    return day.weekday() < 5


def _stations(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from ((row["site"], row["station"]) for row in csv.DictReader(file))
