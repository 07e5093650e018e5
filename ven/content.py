"""What stands in a report: from an order and the samples to intervals. Sans-IO.

once        the latest sample
periodic    one interval after the other, each of the length that was asked for
on change   an interval whenever a value is another than before, at least one (r317)
history     the values of a day that lie in the time asked for
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.wire.ids import ResourceId, RId, Token
from oadr.wire.messages import report as wire
from oadr.wire.messages.report import ReportInterval, ReportPayload
from oadr.wire.scalars import Duration
from ven.orders import Order
from ven.points import HISTORY_SPECIFIER, LIMIT_SPECIFIER, USAGE_SPECIFIER, Point, Value
from ven.samples import BUFFER, JUST_NOW, Sample, Samples

MAX_INTERVALS: Final = 120
MAX_VALUES: Final = 2_000
"""Bounds of one report, about 700 kB; what an outage has piled up beyond them follows in the next."""


@dataclass(frozen=True, slots=True)
class Content:
    """`until` is how far it reaches; `is_all` whether it leaves nothing for a report that could be made now."""

    intervals: tuple[ReportInterval, ...]
    until: datetime
    is_all: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """The points that a report is about, and where their values are."""

    asked: Sequence[Point]
    samples: Samples
    fastest: timedelta
    """Time between two samples."""

    @property
    def resources(self) -> frozenset[ResourceId]:
        return frozenset(point.resource_id for point in self.asked)

    @property
    def room(self) -> int:
        return max(1, min(MAX_INTERVALS, MAX_VALUES // len(self.asked)))


def content(order: Order, source: Source, now: datetime) -> Content:
    """What a report of `order` that is made now has to say."""
    if order.request.specifier_id == HISTORY_SPECIFIER:
        return _history(order, source, now)
    if not order.every:
        return _once(order, source, now)
    return _on_change(order, source, now) if order.is_on_change else _periodic(order, source, now)


def _once(order: Order, source: Source, now: datetime) -> Content:
    """Usage says over which time its latest sample was taken, for a range of times was offered (r337)."""
    specifier = order.request.specifier_id
    found = {name: source.samples.between(name, now - JUST_NOW, now) for name in source.resources}
    latest = max((one.at for samples in found.values() for one in samples), default=now)
    span = {LIMIT_SPECIFIER: JUST_NOW, USAGE_SPECIFIER: source.fastest}.get(specifier)
    payloads = tuple(_payload(point, found[point.resource_id]) for point in source.asked)
    return Content((_interval(latest, span, payloads),), now)


def _periodic(order: Order, source: Source, now: datetime) -> Content:
    since, grains, is_all = _window(order, source.room, now)
    until = since + grains * order.grain
    found: defaultdict[tuple[ResourceId, int], list[Sample]] = defaultdict(list)
    for resource in source.resources:
        for sample in source.samples.between(resource, since, until):
            found[resource, -((since - sample.at) // order.grain) - 1].append(sample)
    span = order.grain if order.request.specifier_id == LIMIT_SPECIFIER else None
    intervals = tuple(
        _interval(
            since + (count + 1) * order.grain,
            span,
            tuple(_payload(point, found[point.resource_id, count]) for point in source.asked),
        )
        for count in range(grains)
    )
    return Content(intervals, until, is_all)


def _window(order: Order, room: int, now: datetime) -> tuple[datetime, int, bool]:
    """From where on, for how many whole intervals, and whether that is all; not more than the buffer holds."""
    behind = max(0, (now - order.reported_until) // order.grain)
    if not behind:
        return now - order.grain, 1, True
    lost = max(timedelta(), now - BUFFER - order.reported_until) // order.grain
    left = max(1, behind - lost)
    return order.reported_until + (behind - left) * order.grain, min(left, room), left <= room


def _on_change(order: Order, source: Source, now: datetime) -> Content:
    """Each moment at which a value changed; the others stand beside it as they were before."""
    since = order.reported_until
    before = source.samples.latest(source.resources, since) if order.told else {}
    known = {
        one.r_id: one.value((before[one.resource_id],)) for one in source.asked if one.resource_id in before
    }
    span = source.fastest if order.request.specifier_id == LIMIT_SPECIFIER else None
    intervals: list[ReportInterval] = []
    for at, samples in _moments(source, since, now).items():
        if len(intervals) == source.room:
            return Content(tuple(intervals), at - timedelta(microseconds=1), is_all=False)
        values = {
            one.r_id: one.value((samples[one.resource_id],))
            for one in source.asked
            if one.resource_id in samples
        }
        changed = {r_id for r_id, value in values.items() if r_id not in known or known[r_id] != value}
        known |= values
        if changed:
            intervals.append(_interval(at, span, _beside(source.asked, known, changed)))
    if not intervals:
        intervals.append(_interval(now, span, _beside(source.asked, known, set())))
    return Content(tuple(intervals), now)


def _moments(source: Source, since: datetime, until: datetime) -> dict[datetime, dict[ResourceId, Sample]]:
    """The samples of all chargepoints by their times, which ascend (r314)."""
    found: defaultdict[datetime, dict[ResourceId, Sample]] = defaultdict(dict)
    for resource in source.resources:
        for sample in source.samples.between(resource, since, until):
            found[sample.at][resource] = sample
    return dict(sorted(found.items()))


def _beside(
    asked: Sequence[Point], known: Mapping[RId, Value | None], changed: set[RId]
) -> tuple[ReportPayload, ...]:
    return tuple(
        _valued(
            point,
            known.get(point.r_id),
            wire.QUALITY_GOOD if point.r_id in changed else wire.QUALITY_UNCHANGED,
        )
        for point in asked
    )


def _history(order: Order, source: Source, now: datetime) -> Content:
    """Values of a moment. A time of which nothing is known is one value that is missing (r318)."""
    until = min(order.ends or now, now)
    moments: defaultdict[datetime, dict[ResourceId, Sample]] = defaultdict(dict)
    for resource in source.resources:
        for sample in source.samples.history(resource, order.reported_until, until):
            moments[sample.at][resource] = sample
    intervals: list[ReportInterval] = []
    last: datetime | None = None
    for at, samples in sorted(moments.items()):
        if last is not None and at - last < order.request.granularity.span:
            continue
        if len(intervals) == source.room:
            return Content(tuple(intervals), at - timedelta(microseconds=1), is_all=False)
        last = at
        payloads = (
            _payload(point, [samples[point.resource_id]] if point.resource_id in samples else [])
            for point in source.asked
        )
        intervals.append(_interval(at, None, tuple(payloads)))
    nothing = _interval(until, None, tuple(_payload(point, []) for point in source.asked))
    return Content(tuple(intervals) or (nothing,), until)


def _interval(end: datetime, span: timedelta | None, payloads: tuple[ReportPayload, ...]) -> ReportInterval:
    """Values that span a time carry it; those of a moment carry no duration (r315, r342)."""
    if span is None:
        return ReportInterval(start=end, payloads=payloads)
    return ReportInterval(start=end - span, duration=Duration.of(span), payloads=payloads)


def _payload(point: Point, samples: Sequence[Sample]) -> ReportPayload:
    return _valued(point, point.value(samples), wire.QUALITY_GOOD)


def _valued(point: Point, value: Value | None, quality: Token) -> ReportPayload:
    """A missing value is a placeholder that says so (r318), never a guess."""
    return ReportPayload(
        r_id=point.r_id,
        value=point.placeholder if value is None else value,
        quality=wire.QUALITY_BAD if value is None else quality,
    )
