"""What was asked for, what has been measured, and what is due. Sans-IO.

Samples wait in a ring until they were reported and acknowledged; a report that could not be delivered grows
until it can (r346). Times run `start + k * period` on the given clock, never rounded to the wall's minutes.
"""

from collections import defaultdict, deque
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
MAX_VALUES: Final = 2_000
"""Bounds of one report, about 700 kB; what an outage has piled up beyond them follows in the next."""
MAX_ORDERS: Final = 50
"""Reports that one VTN may schedule here."""
JUST_NOW: Final = timedelta(seconds=10)
"""How old the latest sample may be that answers a request for one report at once (r337)."""


@dataclass(frozen=True, slots=True)
class Order:
    """A report that was asked for: its wire form, when it is due, and up to where it has been delivered."""

    request: ReportRequest
    due: datetime
    reported_until: datetime

    @property
    def every(self) -> timedelta:
        """Zero for a report that is made once (r324)."""
        return self.request.report_back.span

    @property
    def grain(self) -> timedelta:
        """Length of one interval; a request for every change (zero) is served at the reporting period."""
        return (self.request.granularity.span or self.every) if self.every else JUST_NOW

    @property
    def ends(self) -> datetime | None:
        """None: for ever (r325)."""
        period = self.request.period
        return None if period is None or period.duration.is_zero else period.duration.after(period.start)


class Reports:
    """The reporting side of a VEN. Orders for points that are not here, from an older configuration, are dropped."""

    def __init__(
        self, ratings: Mapping[ResourceId, Rating], sample_every: timedelta, orders: Iterable[Order] = ()
    ) -> None:
        self._points = {point.r_id: point for point in points.points(ratings)}
        self._fastest = max(sample_every, timedelta(seconds=1))
        self._samples: defaultdict[ResourceId, deque[Sample]] = defaultdict(deque)
        self._sent: tuple[Order, datetime] | None = None
        self.orders: tuple[Order, ...] = tuple(
            order for order in orders if all(point.r_id in self._points for point in order.request.points)
        )

    # --- what is offered and asked for ---

    def metadata(self, now: datetime) -> tuple[Report, ...]:
        return points.metadata(tuple(self._points.values()), self._fastest, now)

    def pending(self) -> PendingReports:
        """All that is scheduled (r329)."""
        return PendingReports(tuple(order.request.request_id for order in self.orders))

    def accept(self, requests: Iterable[ReportRequest], now: datetime) -> None:
        """Take the requests, all or none. Raises a `PeerError` with the code that answers them (r304, r340)."""
        taken = {request.request_id: self._order(request, now) for request in requests}
        orders = (*(o for o in self.orders if o.request.request_id not in taken), *taken.values())
        if len(orders) > MAX_ORDERS:
            raise Invalid("asks for more reports than are offered")
        self.orders = orders

    def cancel(self, request_ids: Iterable[ReportRequestId]) -> None:
        """Drop these reports. Raises `Refused` if one is unknown (r336); the known ones are dropped."""
        wanted = set(request_ids)
        known = {order.request.request_id for order in self.orders}
        self.drop(wanted)
        if wanted - known:
            raise Refused("no such report is scheduled")

    def drop(self, request_ids: Iterable[ReportRequestId]) -> None:
        """Whether known or not."""
        unwanted = set(request_ids)
        self.orders = tuple(order for order in self.orders if order.request.request_id not in unwanted)

    def forget(self) -> None:
        """A new registration starts without requests, and so does a new offer (r306, r406)."""
        self.orders = ()

    def _order(self, request: ReportRequest, now: datetime) -> Order:
        for asked in request.points:
            point = self._points.get(asked.r_id)
            if point is None or point.specifier_id != request.specifier_id:
                raise Refused("no such report specifier or data point")
        every, granularity = request.report_back.span, request.granularity.span
        if any(span and span < self._fastest for span in (every, granularity)):
            raise Invalid("asks for more than is offered")
        if not every:
            return Order(request, now, now)
        if granularity > every:
            raise Invalid("an interval is longer than the time between reports")
        return _periodic(request, now)

    # --- what was measured ---

    def record(self, sample: Sample) -> None:
        """Keep a sample until no order can still need it."""
        ring = self._samples[sample.resource_id]
        while ring and ring[-1].at > sample.at:
            ring.pop()  # the clock was set back
        ring.append(sample)
        wanted_from = min((order.reported_until for order in self.orders), default=sample.at) - JUST_NOW
        horizon = max(sample.at - points.BUFFER, min(wanted_from, sample.at - JUST_NOW))
        while ring[0].at < horizon:
            ring.popleft()

    def set_back(self, by: timedelta) -> None:
        """The clock was set back: what is due keeps its distance from now."""
        self.orders = tuple(
            replace(order, due=order.due - by, reported_until=order.reported_until - by)
            for order in self.orders
        )

    # --- what is due ---

    def next_due(self) -> datetime | None:
        return min((order.due for order in self.orders), default=None)

    def next_report(self, now: datetime) -> Report | None:
        """The report to send now; call `delivered` once it was acknowledged."""
        order = min(self.orders, key=lambda one: one.due, default=None)
        if order is None or order.due > now:
            return None
        since, until = self._window(order, now)
        self._sent = order, until
        return self._report(order, since, until, now)

    def last_reports(self, request_ids: Iterable[ReportRequestId], now: datetime) -> tuple[Report, ...]:
        """A final report of each of these that is scheduled, up to now (r345)."""
        wanted = set(request_ids)
        return tuple(
            self._report(order, *self._window(order, now), now)
            for order in self.orders
            if order.request.request_id in wanted
        )

    def delivered(self, now: datetime) -> None:
        """What `next_report` gave has arrived: move on, and let finished orders go."""
        sent, self._sent = self._sent, None
        if sent is not None:
            order, until = sent
            moved = _moved(order, until, now)
            self.orders = tuple(
                each for each in (moved if one is order else one for one in self.orders) if each is not None
            )

    def _window(self, order: Order, now: datetime) -> tuple[datetime, datetime]:
        """From where to where a report made now reaches: whole grains, not more than the buffer holds."""
        behind = max(0, (now - order.reported_until) // order.grain)
        if not order.every or not behind:
            return now - order.grain, now
        earliest = now - points.BUFFER
        skipped = min(behind, max(timedelta(), earliest - order.reported_until) // order.grain)
        since = order.reported_until + skipped * order.grain
        room = max(1, min(MAX_INTERVALS, MAX_VALUES // len(order.request.points)))
        return since, since + min(behind - skipped, room) * order.grain

    def _report(self, order: Order, since: datetime, until: datetime, now: datetime) -> Report:
        asked = [self._points[point.r_id] for point in order.request.points]
        grains = max(1, (until - since) // order.grain)
        found = self._by_interval({point.resource_id for point in asked}, since, order.grain, grains)
        intervals = tuple(
            _interval(order, asked, found, since + count * order.grain, count) for count in range(grains)
        )
        return Report(
            start=intervals[0].start,
            intervals=intervals,
            request_id=order.request.request_id,
            specifier_id=order.request.specifier_id,
            name=points.data_name(order.request.specifier_id),
            created_at=now,
        )

    def _by_interval(
        self, resources: set[ResourceId], since: datetime, grain: timedelta, grains: int
    ) -> dict[tuple[ResourceId, int], list[Sample]]:
        """Each interval's samples; its start is exclusive, its end inclusive."""
        found: dict[tuple[ResourceId, int], list[Sample]] = defaultdict(list)
        until = since + grains * grain
        for resource in resources:
            for sample in self._samples.get(resource, ()):
                if since < sample.at <= until:
                    found[resource, -((since - sample.at) // grain) - 1].append(sample)
        return found


def _periodic(request: ReportRequest, now: datetime) -> Order:
    """First at the start that was asked for, or at the next full period after it (r324)."""
    order = Order(request, now, now)
    start = request.period.start if request.period else now
    try:
        if order.ends is not None and order.ends <= max(start, now):
            raise Invalid("a reporting period that is over")
        missed = max(0, -((start - now) // order.every))
        due = start + missed * order.every
        return Order(request, due, due - order.grain)
    except OverflowError as error:
        raise Invalid("a reporting period outside the calendar") from error


def _moved(order: Order, until: datetime, now: datetime) -> Order | None:
    """`order` after a report up to `until`; None when that was the last one."""
    if not order.every:
        return None
    if now - until >= order.grain:
        return replace(order, reported_until=until)  # there is more than one report could take
    if order.ends is not None and now >= order.ends:
        return None
    return replace(
        order, due=order.due + ((now - order.due) // order.every + 1) * order.every, reported_until=until
    )


def _interval(
    order: Order,
    asked: list[Point],
    found: Mapping[tuple[ResourceId, int], list[Sample]],
    start: datetime,
    count: int,
) -> ReportInterval:
    """Means carry the time that they span; readings of a moment carry no duration (r315, r342)."""
    spans_time = order.request.specifier_id == points.LIMIT_SPECIFIER
    return ReportInterval(
        start=start if spans_time else start + order.grain,
        duration=Duration.of(order.grain) if spans_time else None,
        payloads=tuple(_payload(point, found.get((point.resource_id, count), [])) for point in asked),
    )


def _payload(point: Point, samples: list[Sample]) -> ReportPayload:
    """A missing value is a placeholder that says so (r318), never a guess."""
    value = point.value(samples)
    return ReportPayload(
        r_id=point.r_id,
        value=Quantity(value=Decimal(0) if value is None else value),
        quality=wire.QUALITY_BAD if value is None else wire.QUALITY_GOOD,
    )
