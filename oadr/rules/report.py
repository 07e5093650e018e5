"""Offers of reports, and reports with values; for requests see `report_request`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from oadr.rules.breach import Finding, Party, Rule, rule
from oadr.rules.well_known import PRIVATE, beyond_device_classes
from oadr.wire.errors import Invalid
from oadr.wire.ids import ReportRequestId, RId, Token
from oadr.wire.messages import RegisterReport, UpdateReport
from oadr.wire.messages.common import UnitKind
from oadr.wire.messages.report import (
    DIRECT_READ,
    HISTORY_USAGE,
    METADATA_PREFIX,
    NOT_APPLICABLE,
    RESOURCE_STATUS,
    TELEMETRY_STATUS,
    TELEMETRY_USAGE,
    USAGE,
    LoadControlState,
    Quantity,
    Report,
    ReportDescription,
    ReportInterval,
    ResourceStatus,
)
from oadr.wire.scalars import Duration

OFFER: Final = ReportRequestId("0")
"""The inner reportRequestID of an offer, which nobody has asked for (r311)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the points of a well-known report are."""

    type: Token
    reading: Token
    units: frozenset[UnitKind | None]

    def takes(self, point: ReportDescription) -> bool:
        unit = point.unit.kind if point.unit else None
        return (point.report_type, point.reading_type) == (self.type, self.reading) and unit in self.units


_USAGE: Final = Kind(
    USAGE, DIRECT_READ, frozenset({UnitKind.POWER_REAL, UnitKind.ENERGY_REAL, UnitKind.PULSE_COUNT})
)
WELL_KNOWN: Final = {
    TELEMETRY_USAGE: _USAGE,
    HISTORY_USAGE: _USAGE,
    TELEMETRY_STATUS: Kind(RESOURCE_STATUS, NOT_APPLICABLE, frozenset({None})),
}
"""The table of r331."""


def _reports(message: RegisterReport | UpdateReport) -> Iterator[tuple[str, Report]]:
    return ((f"report {report.specifier_id}", report) for report in message.reports)


# --- offers ---------------------------------------------------------------------------------------------------


@rule(RegisterReport)
def r305(message: RegisterReport) -> Iterator[Finding]:
    """An offer describes its points; it has no values, no time and no name of its own."""
    for where, report in _reports(message):
        if not report.descriptions:
            yield where, "offers no data point"
        if report.intervals or report.start is not None:
            yield where, "an offer with values or a time"
        if report.report_id is not None:
            yield where, "an offer with an eiReportID"


@rule(RegisterReport)
def r307(message: RegisterReport) -> Iterator[Finding]:
    """The subject of a point is a class of devices, or is left out."""
    for where, report in _reports(message):
        for point in report.descriptions:
            subject = beyond_device_classes(point.subject) if point.subject else ()
            yield from ((f"{where}, rID {point.r_id}", why) for why in subject)


@rule(RegisterReport)
def r308(message: RegisterReport) -> Iterator[Finding]:
    """Names of offers are unique in the message, names of points in their offer."""
    specifiers = [report.specifier_id for report in message.reports]
    if len(set(specifiers)) < len(specifiers):
        yield "oadrRegisterReport", "two offers with one reportSpecifierID"
    for where, report in _reports(message):
        points = [point.r_id for point in report.descriptions]
        if len(set(points)) < len(points):
            yield where, "two points with one rID"


@rule(RegisterReport)
def r311(message: RegisterReport) -> Iterator[Finding]:
    """An offer answers no request for values: its inner reportRequestID is 0."""
    for where, report in _reports(message):
        if report.request_id != OFFER:
            yield where, "reportRequestID of an offer is not 0"


@rule(RegisterReport)
def r312(message: RegisterReport) -> Iterator[Finding]:
    """An offer says how far back it reaches, and samples no less often than that."""
    for where, report in _reports(message):
        if report.duration is None:
            yield where, "an offer without a duration"
            continue
        for point in report.descriptions:
            rate = point.sampling_rate
            if rate and longer(rate.max_period, report.duration):
                yield f"{where}, rID {point.r_id}", "sampled less often than the offer's duration"


@rule(RegisterReport)
def r331(message: RegisterReport) -> Iterator[Finding]:
    """Names of offers start with METADATA_ (private ones with x-); well-known points are as in the table."""
    for where, report in _reports(message):
        if not (report.name or "").startswith((METADATA_PREFIX, PRIVATE)):
            yield where, f"an offer named {report.name}"
            continue
        kind = WELL_KNOWN.get(Token((report.name or "").removeprefix(METADATA_PREFIX)))
        for point in report.descriptions:
            if kind and not kind.takes(point):
                yield f"{where}, rID {point.r_id}", f"no point of a {report.name}"


@rule(RegisterReport, binds=Party.VEN)
def r333(message: RegisterReport) -> Iterator[Finding]:
    """Telemetry says how often it samples."""
    for where, report in _reports(message):
        if (report.name or "").startswith(METADATA_PREFIX + "TELEMETRY"):
            for point in report.descriptions:
                if point.sampling_rate is None:
                    yield f"{where}, rID {point.r_id}", "telemetry without a sampling rate"


# --- values ---------------------------------------------------------------------------------------------------


@rule(UpdateReport)
def r313(message: UpdateReport) -> Iterator[Finding]:
    """A report with values has a start, intervals and a name without METADATA_, and no descriptions."""
    for where, report in _reports(message):
        if report.start is None or not report.intervals:
            yield where, "values without a start or intervals"
        if report.name is None or METADATA_PREFIX in report.name:
            yield where, f"values named {report.name}"
        if report.descriptions:
            yield where, "values with descriptions"


@rule(UpdateReport)
def r314(message: UpdateReport) -> Iterator[Finding]:
    """A report starts with its first interval; all intervals have a start or none has, and they ascend."""
    for where, report in _reports(message):
        starts = [interval.start for interval in report.intervals if interval.start is not None]
        if starts and len(starts) < len(report.intervals):
            yield where, "only some intervals have a start"
        if starts and report.start != starts[0]:
            yield where, "starts at another time than its first interval"
        if any(earlier >= later for earlier, later in pairwise(starts)):
            yield where, "intervals do not ascend"


@rule(UpdateReport)
def r315(message: UpdateReport) -> Iterator[Finding]:
    """All intervals have a duration or none has."""
    for where, report in _reports(message):
        if len({interval.duration is None for interval in report.intervals}) > 1:
            yield where, "only some intervals have a duration"


@rule(UpdateReport)
def r316(message: UpdateReport) -> Iterator[Finding]:
    """Where no interval has a start, numbers tell their order."""
    for where, report in _reports(message):
        numbers = [interval.uid for interval in report.intervals if interval.start is None]
        if None in numbers:
            yield where, "an interval without a start or a number"
        elif len(set(numbers)) < len(numbers):
            yield where, "two intervals with one number"


@rule(UpdateReport)
def r331_values(message: UpdateReport) -> Iterator[Finding]:
    """Status is told by a resource's status, usage by a number."""
    for where, report in _reports(message):
        if report.name in WELL_KNOWN:
            wanted = ResourceStatus if report.name == TELEMETRY_STATUS else Quantity
            values = (payload.value for interval in report.intervals for payload in interval.payloads)
            if not all(isinstance(value, wanted) for value in values):
                yield where, f"values that are none of a {report.name}"


@rule(UpdateReport, binds=Party.VEN)
def r334(message: UpdateReport) -> Iterator[Finding]:
    """The state of a load has the same parts throughout a report."""
    for where, report in _reports(message):
        points = {payload.r_id for interval in report.intervals for payload in interval.payloads}
        for point in sorted(points):
            if len({_parts(state) for state in _states(report.intervals, point)}) > 1:
                yield f"{where}, rID {point}", "the parts of loadControlState differ"


def _states(intervals: Sequence[ReportInterval], point: RId) -> Iterator[LoadControlState | None]:
    for interval in intervals:
        for payload in interval.payloads:
            if payload.r_id == point and isinstance(payload.value, ResourceStatus):
                yield payload.value.load_control_state


def _parts(state: LoadControlState | None) -> tuple[bool, ...]:
    if state is None:
        return ()
    parts = (state.capacity, state.level_offset, state.percent_offset, state.set_point)
    return tuple(part is not None for part in parts)


def longer(one: Duration, other: Duration) -> bool:
    """Months cannot be compared without a date: they are taken on trust."""
    try:
        return one.span > other.span
    except Invalid:
        return False


RULES: Final[tuple[Rule, ...]] = (
    *(r305, r307, r308, r311, r312, r331, r333),
    *(r313, r314, r315, r316, r331_values, r334),
)
