"""Requests for reports, of their own message or riding on the receipt of an offer (r308-r338)."""

from collections.abc import Iterator
from typing import Final

from oadr.rules.breach import Finding, Rule, rule
from oadr.rules.report import longer
from oadr.wire.ids import RId
from oadr.wire.messages import CreateReport, RegisteredReport
from oadr.wire.messages.report import (
    METADATA,
    NOT_APPLICABLE,
    ReportRequest,
)

ALL_POINTS: Final = RId("0")
"""The data point that a request for offers names, to be ignored (r308)."""


def _requests(message: CreateReport | RegisteredReport) -> Iterator[tuple[str, ReportRequest]]:
    return ((f"request {request.request_id}", request) for request in message.requests)


@rule(CreateReport, RegisteredReport)
def r308_any_point(message: CreateReport | RegisteredReport) -> Iterator[Finding]:
    """Whoever asks for offers names the point 0."""
    for where, request in _requests(message):
        if request.specifier_id == METADATA and [point.r_id for point in request.points] != [ALL_POINTS]:
            yield where, "a request for offers names other points than 0"


@rule(CreateReport, RegisteredReport)
def r317(message: CreateReport | RegisteredReport) -> Iterator[Finding]:
    """What is sampled less often than it is sent cannot be sent; 0 means on change, or history."""
    for where, request in _requests(message):
        if not request.report_back.is_zero and longer(request.granularity, request.report_back):
            yield where, "granularity beyond reportBackDuration"


@rule(CreateReport, RegisteredReport)
def r321(message: CreateReport | RegisteredReport) -> Iterator[Finding]:
    """A request has neither tolerance nor ramps nor notification, and its points no unit."""
    for where, request in _requests(message):
        period = request.period
        extras = (period.start_after, period.notification, period.ramp_up, period.recovery) if period else ()
        if any(extra is not None for extra in extras):
            yield where, "a period with tolerance, notification or ramps"
        if any(point.unit for point in request.points):
            yield where, "a point with a unit"


@rule(CreateReport, RegisteredReport)
def r322(message: CreateReport | RegisteredReport) -> Iterator[Finding]:
    """Every request has a reportRequestID of its own."""
    ids = [request.request_id for request in message.requests]
    if len(set(ids)) < len(ids):
        yield "oadrReportRequest", "two requests with one reportRequestID"


@rule(CreateReport, RegisteredReport)
def r324(message: CreateReport | RegisteredReport) -> Iterator[Finding]:
    """Who asks for reports again and again says from when and for how long."""
    for where, request in _requests(message):
        if not request.report_back.is_zero and request.period is None:
            yield where, "periodic without a reportInterval"


@rule(CreateReport, RegisteredReport)
def r338(message: CreateReport | RegisteredReport) -> Iterator[Finding]:
    """The reading is the offer's to choose."""
    for where, request in _requests(message):
        if any(point.reading_type != NOT_APPLICABLE for point in request.points):
            yield where, "chooses a reading type"


RULES: Final[tuple[Rule, ...]] = (r308_any_point, r317, r321, r322, r324, r338)
