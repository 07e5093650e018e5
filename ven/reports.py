"""What was asked for, what has been measured, and what is due. Sans-IO.

Samples wait in a ring until they were reported and acknowledged; a report that could not be delivered grows
until it can (r346). Times run `start + k * period` on the given clock, never rounded to the wall's minutes.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.charging.electricity import Rating
from oadr.wire.errors import Invalid, Refused
from oadr.wire.ids import ReportRequestId, ResourceId
from oadr.wire.messages import report as wire
from oadr.wire.messages.report import (
    PendingReports,
    Quantity,
    Report,
    ReportInterval,
    ReportPayload,
    ReportRequest,
)
from oadr.wire.scalars import Duration
from ven import points
from ven.points import Point, Sample

MAX_INTERVALS: Final = 120
"""Intervals of one report; what an outage has piled up beyond them follows in the next."""


@dataclass(frozen=True, slots=True)
class Order:
    """A report that was asked for: its wire form, when it began, and up to where it has been delivered."""

    request: ReportRequest
    begun: datetime
    reported_until: datetime

    @property
    def every(self) -> timedelta:
        return self.request.report_back.span

    @property
    def grain(self) -> timedelta:
        """Length of one interval; a request for every change (zero) is served at the reporting period."""
        return self.request.granularity.span or self.every or timedelta(seconds=1)

    @property
    def ends(self) -> datetime | None:
        """None: for ever (r325)."""
        period = self.request.period
        return None if period is None or period.duration.is_zero else period.duration.after(period.start)

    @property
    def due(self) -> datetime:
        """A one-shot report is due at once (r324), a periodic one at the next full period."""
        return self.reported_until + self.every


class Reports:
    """The reporting side of a VEN."""

    def __init__(
        self, ratings: Mapping[ResourceId, Rating], sample_every: timedelta, orders: Iterable[Order] = ()
    ) -> None:
        self._points = {point.r_id: point for point in points.points(ratings)}
        self._fastest = max(sample_every, timedelta(seconds=1))
        self._samples: deque[Sample] = deque()
        self.orders: tuple[Order, ...] = tuple(orders)

    # --- what is offered and asked for ---

    def metadata(self, now: datetime) -> tuple[Report, ...]:
        return points.metadata(tuple(self._points.values()), self._fastest, now)

    def pending(self) -> PendingReports:
        """All that is scheduled (r329)."""
        return PendingReports(tuple(order.request.request_id for order in self.orders))

    def accept(self, requests: Iterable[ReportRequest], now: datetime) -> None:
        """Take the requests, all or none. Raises a `PeerError` with the code that answers them (r304, r340)."""
        taken = tuple(self._order(request, now) for request in requests)
        replaced = {order.request.request_id for order in taken}
        self.orders = (*(o for o in self.orders if o.request.request_id not in replaced), *taken)

    def cancel(self, request_ids: Iterable[ReportRequestId]) -> None:
        """Drop these reports. Raises `Refused` if one is unknown (r336); the known ones are dropped."""
        wanted = set(request_ids)
        known = {order.request.request_id for order in self.orders}
        self.orders = tuple(order for order in self.orders if order.request.request_id not in wanted)
        if wanted - known:
            raise Refused("no such report is scheduled")

    def forget(self) -> None:
        """A new registration starts without requests (r406)."""
        self.orders = ()

    def _order(self, request: ReportRequest, now: datetime) -> Order:
        for asked in request.points:
            point = self._points.get(asked.r_id)
            if point is None or point.specifier_id != request.specifier_id:
                raise Refused("no such report specifier or data point")
        if request.granularity.span and request.granularity.span < self._fastest:
            raise Invalid("asks for more than is offered")
        begun = max(request.period.start, now) if request.period else now
        return Order(request, begun, begun)

    # --- what was measured ---

    def record(self, sample: Sample) -> None:
        """Keep a sample until no order can still need it."""
        self._samples.append(sample)
        horizon = sample.at - points.BUFFER
        while self._samples and self._samples[0].at < horizon:
            self._samples.popleft()

    # --- what is due ---

    def next_due(self) -> datetime | None:
        return min((order.due for order in self.orders), default=None)

    def due(self, now: datetime) -> tuple[Report, ...]:
        """The reports to send now; call `delivered` with the same `now` once they were acknowledged."""
        return tuple(self._report(order, now) for order in self.orders if order.due <= now)

    def delivered(self, now: datetime) -> None:
        """What `due(now)` gave has arrived: move on, and let finished orders go."""
        moved = (self._moved(order, now) if order.due <= now else order for order in self.orders)
        self.orders = tuple(order for order in moved if order is not None)

    def _moved(self, order: Order, now: datetime) -> Order | None:
        if not order.every:
            return None
        until = self._window(order, now)[1]
        return (
            None if order.ends is not None and until >= order.ends else replace(order, reported_until=until)
        )

    def _window(self, order: Order, now: datetime) -> tuple[datetime, datetime]:
        """From where to where a report due now reaches: whole grains, not more than the buffer holds."""
        if not order.every:
            return now - order.grain, now
        behind = (now - order.reported_until) // order.grain
        earliest = now - points.BUFFER
        skipped = max(timedelta(), earliest - order.reported_until) // order.grain
        since = order.reported_until + skipped * order.grain
        return since, since + min(behind - skipped, MAX_INTERVALS) * order.grain

    def _report(self, order: Order, now: datetime) -> Report:
        since, until = self._window(order, now)
        asked = [self._points[point.r_id] for point in order.request.points]
        samples = [sample for sample in self._samples if since < sample.at <= until]
        grains = max(1, (until - since) // order.grain)
        intervals = tuple(
            self._interval(order, asked, samples, since + count * order.grain) for count in range(grains)
        )
        return Report(
            start=intervals[0].start,
            intervals=intervals,
            request_id=order.request.request_id,
            specifier_id=order.request.specifier_id,
            name=points.data_name(order.request.specifier_id),
            created_at=now,
        )

    def _interval(
        self, order: Order, asked: list[Point], samples: list[Sample], start: datetime
    ) -> ReportInterval:
        """Means carry the time that they span; readings of a moment carry no duration (r315, r342)."""
        within = [sample for sample in samples if start < sample.at <= start + order.grain]
        spans_time = order.request.specifier_id == points.LIMIT_SPECIFIER
        return ReportInterval(
            start=start if spans_time else start + order.grain,
            duration=Duration.of(order.grain) if spans_time else None,
            payloads=tuple(_payload(point, within) for point in asked),
        )


def _payload(point: Point, samples: list[Sample]) -> ReportPayload:
    """A missing value is a placeholder that says so (r318), never a guess."""
    value = point.value(sample for sample in samples if sample.resource_id == point.resource_id)
    return ReportPayload(
        r_id=point.r_id,
        value=Quantity(value=Decimal(0) if value is None else value),
        quality=wire.QUALITY_NO_VALUE if value is None else wire.QUALITY_GOOD,
    )
