"""What was asked for, what has been measured, and what is due. Sans-IO.

Samples wait in a ring until they were reported and acknowledged; a report that could not be delivered grows
until it can (r346).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from oadr.charging.electricity import Rating
from oadr.states.report import OWING, Doing, Owed
from oadr.wire.errors import Invalid, Refused
from oadr.wire.ids import ReportRequestId, ResourceId
from oadr.wire.messages.report import METADATA, PendingReports, Report, ReportRequest
from ven import points
from ven.content import MAX_INTERVALS, Content, Source, content
from ven.orders import Order, moved, order
from ven.samples import Sample, Samples

__all__ = ["MAX_INTERVALS", "MAX_OFFERS", "MAX_ORDERS", "Order", "Reports"]

MAX_ORDERS: Final = 50
"""Reports that one VTN may schedule here."""
MAX_OFFERS: Final = 10
"""So many of them may be for our list of reports, which is long."""


class Reports:
    """The reporting side of a VEN. Orders for points that are not here, from an older configuration, are dropped."""

    def __init__(
        self, ratings: Mapping[ResourceId, Rating], sample_every: timedelta, orders: Iterable[Order] = ()
    ) -> None:
        self._points = {point.r_id: point for point in points.points(ratings)}
        self._fastest = max(sample_every, timedelta(seconds=1))
        self._samples = Samples()
        self._sent: tuple[Order, Content] | None = None
        self.orders: tuple[Order, ...] = tuple(one for one in orders if self._is_known(one.request))

    # --- what is offered and asked for ---

    def metadata(self, now: datetime) -> tuple[Report, ...]:
        return points.metadata(tuple(self._points.values()), self._fastest, now)

    def pending(self) -> PendingReports:
        """All that is scheduled (r329)."""
        return PendingReports(tuple(one.request.request_id for one in self.orders))

    def accept(self, requests: Iterable[ReportRequest], now: datetime) -> None:
        """Take the requests, all or none. Raises a `PeerError` with the code that answers them (r304, r340)."""
        taken = {request.request_id: self._order(request, now) for request in requests}
        orders = (*(one for one in self.orders if one.request.request_id not in taken), *taken.values())
        if len(orders) > MAX_ORDERS or sum(one.is_for_offer for one in orders) > MAX_OFFERS:
            raise Invalid("asks for more reports than are offered")
        self.orders = orders

    def cancel(self, request_ids: Iterable[ReportRequestId]) -> None:
        """Drop these reports. Raises `Refused` if one is unknown (r336); the known ones are dropped."""
        wanted = set(request_ids)
        known = {one.request.request_id for one in self.orders}
        self.drop(wanted)
        if wanted - known:
            raise Refused("no such report is scheduled")

    def drop(self, request_ids: Iterable[ReportRequestId]) -> None:
        """Whether known or not."""
        unwanted = set(request_ids)
        self.orders = tuple(one for one in self.orders if one.request.request_id not in unwanted)

    def forget(self) -> None:
        """A new registration starts without requests (r406)."""
        self.orders = ()

    def replaced(self) -> None:
        """A new offer ends what was asked of the one before, but not what asks for offers (r306)."""
        self.orders = tuple(one for one in self.orders if one.is_for_offer)

    def _order(self, request: ReportRequest, now: datetime) -> Order:
        if not self._is_known(request):
            raise Refused("no such report specifier or data point")
        return order(request, self._fastest, now)

    def _is_known(self, request: ReportRequest) -> bool:
        """The rID in a request for the offer means nothing (r308)."""
        if request.specifier_id == METADATA:
            return True
        found = (self._points.get(asked.r_id) for asked in request.points)
        return all(point is not None and point.specifier_id == request.specifier_id for point in found)

    # --- what was measured ---

    def record(self, sample: Sample) -> None:
        """Keep a sample until no order can still need it."""
        values = (one.reported_until for one in self.orders if not one.is_for_offer and one.every)
        self._samples.record(sample, min(values, default=sample.at))

    def set_back(self, by: timedelta) -> None:
        """The clock was set back: what is due keeps its distance from now, and so does what is on its way."""
        before, self.orders = self.orders, tuple(_earlier(one, by) for one in self.orders)
        for one, after in zip(before, self.orders, strict=True):
            if self._sent and one is self._sent[0]:
                self._sent = after, replace(self._sent[1], until=self._sent[1].until - by)

    # --- what is due ---

    def state(self, one: Order, now: datetime) -> Owed:
        if self._sent and one is self._sent[0]:
            return Owed.SENT
        return Owed.DUE if one.due <= now else Owed.WAITING

    def next_due(self) -> datetime | None:
        return min((one.due for one in self.orders), default=None)

    def next_offer(self, now: datetime) -> ReportRequest | None:
        """The request for our list of reports that is to be answered now; it counts as answered at once."""
        due = (one for one in self.orders if one.is_for_offer and self._may_be_sent(one, now))
        first = min(due, key=lambda one: one.due, default=None)
        if first is None:
            return None
        self._replace(first, moved(first, now, now))
        return first.request

    def next_report(self, now: datetime) -> Report | None:
        """The report to send now; call `delivered` once it was acknowledged."""
        due = (one for one in self.orders if not one.is_for_offer and self._may_be_sent(one, now))
        first = min(due, key=lambda one: one.due, default=None)
        if first is None:
            return None
        found = self._content(first, now)
        self._sent = first, found
        return _report(first, found, now)

    def last_reports(self, request_ids: Iterable[ReportRequestId], now: datetime) -> tuple[Report, ...]:
        """A final report of each of these that is scheduled, up to now (r345)."""
        wanted = set(request_ids)
        return tuple(
            _report(one, self._content(one, now), now)
            for one in self.orders
            if one.request.request_id in wanted and not one.is_for_offer
        )

    def delivered(self, now: datetime) -> None:
        """What `next_report` gave has arrived: move on, and let finished orders go."""
        sent, self._sent = self._sent, None
        if sent is not None:
            first, found = sent
            self._replace(first, moved(first, found.until, now, is_all=found.is_all))

    def _may_be_sent(self, one: Order, now: datetime) -> bool:
        return OWING.maybe_after(self.state(one, now), Doing.SEND) is Owed.SENT

    def _replace(self, before: Order, after: Order | None) -> None:
        changed = (after if one is before else one for one in self.orders)
        self.orders = tuple(one for one in changed if one is not None)

    def _content(self, one: Order, now: datetime) -> Content:
        asked = [self._points[point.r_id] for point in one.request.points]
        return content(one, Source(asked, self._samples, self._fastest), now)


def _report(one: Order, found: Content, now: datetime) -> Report:
    """It starts with its first interval (r314)."""
    return Report(
        start=found.intervals[0].start,
        intervals=found.intervals,
        request_id=one.request.request_id,
        specifier_id=one.request.specifier_id,
        name=points.data_name(one.request.specifier_id),
        created_at=now,
    )


def _earlier(one: Order, by: timedelta) -> Order:
    return replace(one, due=one.due - by, reported_until=one.reported_until - by)
