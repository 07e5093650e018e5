"""A report that we asked a VEN for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.states.report import Wanted
from oadr.wire.ids import ReportRequestId, ReportSpecifierId, RequestId, VenId
from vtn.model.reading import Point, Quantity

SHORTEST: Final = timedelta(seconds=1)
"""Granularity that is asked for of values; zero means "on change" (r317)."""
STATES_EVERY: Final = timedelta(minutes=1)
"""How often a VEN is to say how its chargepoints stand, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrder:
    report_request_id: ReportRequestId
    ven_id: VenId
    specifier_id: ReportSpecifierId
    granularity: timedelta
    report_back: timedelta
    requested_at: datetime
    confirmed: bool = False
    """Whether the VEN has said oadrCreatedReport."""
    cancel_id: RequestId | None = None
    """Of the oadrCancelReport by which we end it; it still runs until that is answered."""
    replaces: RequestId | None = None
    """The oadrCancelReport that made room for this order."""

    @property
    def state(self) -> Wanted:
        if self.cancel_id:
            return Wanted.ENDING
        return Wanted.COMING if self.confirmed else Wanted.ASKED

    def fits(self, rhythm: "Rhythm") -> bool:
        return (self.granularity, self.report_back) == (rhythm.granularity, rhythm.report_back)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How far apart the values of a report are, zero for on change, and how far apart the reports."""

    granularity: timedelta
    report_back: timedelta


def rhythm(points: Collection[Point], every: timedelta) -> Rhythm:
    """As often as we would like, within what these points of one specifier offer (r300, r317)."""
    rates = [point.rate for point in points if point.rate]
    if all(point.quantity is Quantity.STATE for point in points):
        if rates and all(rate.on_change for rate in rates):
            return Rhythm(timedelta(), max(every, STATES_EVERY, *(rate.shortest for rate in rates)))
        every = max(every, STATES_EVERY)
    shortest = max((rate.shortest for rate in rates), default=every)
    longest = min((rate.longest for rate in rates if rate.longest), default=every)
    granularity = max(min(every, longest), shortest, SHORTEST)
    return Rhythm(granularity, max(granularity, every))
