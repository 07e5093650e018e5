"""What every outlet does in the four weeks, in virtual time: nothing is waited for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from typing import Final

from examples.replay.operator import Plan, letters
from examples.replay.recording import FIRST, Outlet, midnight
from examples.replay.site import RATING, Told, Workplace
from oadr.wire.ids import ResourceId, VenId
from oadr.wire.schema import Schema
from ven.drivers.sessions import ChargingSession
from ven.drivers.simulated import SimulatedChargepoint

QUARTER: Final = timedelta(minutes=15)
"""The interval of the meters, and of every peak here."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A car and what it took while it was there."""

    session: ChargingSession
    taken_wh: int


@dataclass(frozen=True, slots=True)
class OutletCourse:
    """What one outlet did. Its meter shows whole Wh."""

    stays: tuple[Stay, ...]
    quarters_wh: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """What all of them did, quarter by quarter of an hour."""

    begin: datetime
    outlets: tuple[OutletCourse, ...]
    agreed: int = 0
    """How many events were answered with optIn, each site counted."""

    def quarter(self, moment: datetime) -> int:
        """The number of the quarter in which `moment` lies."""
        return (moment - self.begin) // QUARTER

    @property
    def kilowatts(self) -> tuple[float, ...]:
        """Of all outlets together, the mean of each quarter."""
        per_hour = timedelta(hours=1) / QUARTER
        quarters = zip(*(each.quarters_wh for each in self.outlets), strict=True)
        return tuple(sum(watt_hours) * per_hour / 1000 for watt_hours in quarters)


@dataclass(slots=True)
class Clock:
    """Stands until it is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


def course(
    outlets: Sequence[Outlet], plan: Plan, days: Sequence[date], seed: int, schema: Schema | None = None
) -> Course:
    """From the first midnight of the recording until the days are over and the last car has gone."""
    begin, end = midnight(FIRST), midnight(days[-1] + timedelta(days=1))
    last = max((one.departure for outlet in outlets for one in outlet.sessions), default=end)
    ticks = tuple(begin + number * QUARTER for number in range((max(last, end) - begin) // QUARTER + 2))
    courses: list[OutletCourse] = []
    agreed = 0
    for name, group in groupby(outlets, key=lambda outlet: outlet.site):
        ours = tuple(group)
        stations = tuple(ResourceId(outlet.station) for outlet in ours)
        place = Workplace.of(VenId(name), stations, seed, schema)
        place.live(letters(plan, VenId(name), stations))
        agreed += place.agreed
        for outlet, station in zip(ours, stations, strict=True):
            courses.append(asyncio.run(_charged(outlet, place.told[station], ticks)))
    return Course(begin, tuple(courses), agreed)


async def _charged(outlet: Outlet, told: Sequence[Told], ticks: Sequence[datetime]) -> OutletCourse:
    """The outlet obeys what it is told, and its meter is read at every tick and whenever a car leaves."""
    clock = Clock(ticks[0])
    chargepoint = SimulatedChargepoint(ResourceId(outlet.station), RATING, outlet.sessions, clock)
    orders = {each.at: each.limit for each in told}
    departures = [session.departure for session in outlet.sessions]
    registers: dict[datetime, int] = {}
    for moment in sorted({*ticks, *orders, *departures}):
        clock.now = moment
        registers[moment] = int((await chargepoint.measure()).energy_wh)
        if moment in orders:
            await chargepoint.apply(orders[moment])
    left = [0, *(registers[moment] for moment in departures)]
    stays = (
        Stay(one, now - before) for one, (before, now) in zip(outlet.sessions, pairwise(left), strict=True)
    )
    quarters = (registers[after] - registers[before] for before, after in pairwise(ticks))
    return OutletCourse(tuple(stays), tuple(quarters))
