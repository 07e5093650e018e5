"""Charging sessions as others have recorded them, from a CSV file in the form of the ACN-Data excerpt.

They say when a car came, when it went and how much it took; not how its power ran in between.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

COLUMNS: Final = frozenset({"station", "arrival", "departure", "delivered_kwh"})
"""What is read; further columns may stand beside them."""


class Unreadable(ValueError):
    """A file that is no list of charging sessions; the message names file and line."""


@dataclass(frozen=True, slots=True)
class ChargingSession:
    """One car at one station, from plug to plug."""

    station: str
    arrival: datetime
    departure: datetime
    needed_wh: Decimal
    """What the car will take if it is given the time and the current."""

    def moved(self, by: timedelta) -> "ChargingSession":
        """The same session at another time."""
        return ChargingSession(self.station, self.arrival + by, self.departure + by, self.needed_wh)


def read(path: Path, station: str) -> tuple[ChargingSession, ...]:
    """The sessions of one station in order of arrival. Raises `Unreadable`, `OSError`."""
    with path.open(encoding="utf-8", newline="") as file:
        try:
            everywhere = list(_sessions(csv.DictReader(file), path))
        except (csv.Error, UnicodeDecodeError) as error:
            raise Unreadable(f"{path}: {error}") from error
    here = sorted((one for one in everywhere if one.station == station), key=lambda one: one.arrival)
    if not here:
        raise Unreadable(f"{path}: no car came to a station {station!r}")
    for one, following in pairwise(here):
        if following.arrival < one.departure:
            raise Unreadable(f"{path}: two cars at once at {station}, {following.arrival.isoformat()}")
    return tuple(here)


def _sessions(rows: "csv.DictReader[str]", path: Path) -> Iterator[ChargingSession]:
    if missing := COLUMNS.difference(rows.fieldnames or ()):
        raise Unreadable(f"{path}: there is no column {', '.join(sorted(missing))}")
    for row in rows:
        yield _session(row, f"{path}, line {rows.line_num}")


def _session(row: Mapping[str, str | None], place: str) -> ChargingSession:
    station = row["station"]
    arrival, departure = _time(row, "arrival", place), _time(row, "departure", place)
    if not station:
        raise Unreadable(f"{place}: station is empty")
    if departure <= arrival:
        raise Unreadable(f"{place}: departure is not after arrival")
    return ChargingSession(station, arrival, departure, _watt_hours(row, "delivered_kwh", place))


def _time(row: Mapping[str, str | None], column: str, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(row[column] or "")
    except ValueError as error:
        raise Unreadable(f"{place}: {column} is no time") from error
    if moment.tzinfo is None:
        raise Unreadable(f"{place}: {column} has no time zone")
    return moment


def _watt_hours(row: Mapping[str, str | None], column: str, place: str) -> Decimal:
    try:
        kilowatt_hours = Decimal(row[column] or "")
    except ArithmeticError as error:
        raise Unreadable(f"{place}: {column} is no number") from error
    if not kilowatt_hours.is_finite() or kilowatt_hours < 0:
        raise Unreadable(f"{place}: {column} is not 0 or more")
    return kilowatt_hours * 1000
