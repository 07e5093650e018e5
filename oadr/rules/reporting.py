"""What a VEN has offered to report, what its VTN has asked of it, and whether the reports are those."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from oadr.rules.breach import Breach, Party
from oadr.rules.exchange import Exchange, accepted
from oadr.wire.errors import Invalid
from oadr.wire.ids import ReportRequestId, ReportSpecifierId, RequestId, RId
from oadr.wire.messages import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreatePartyRegistration,
    CreateReport,
    Message,
    RegisteredReport,
    RegisterReport,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.report import (
    MEAN,
    METADATA,
    TELEMETRY_STATUS,
    TELEMETRY_USAGE,
    Report,
    ReportDescription,
    ReportRequest,
)

ANSWERS: Final[dict[type[Message], type[Message]]] = {
    RegisteredReport: RegisterReport,
    CreatedReport: CreateReport,
    UpdatedReport: UpdateReport,
    CanceledReport: CancelReport,
}

TELEMETRY: Final = (TELEMETRY_USAGE, TELEMETRY_STATUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    offers: tuple[Report, ...] = ()
    asked: tuple[ReportRequest, ...] = ()
    """What the VTN has asked for since the last offer, or for offers."""
    all_asked: tuple[ReportRequest, ...] = ()
    """And ever (r322)."""
    ending: tuple[ReportRequest, ...] = ()
    """What was cancelled and has one report to follow (r345)."""
    heard: tuple[Message, ...] = ()
    """What the VTN said of reports in answer to polls, and cancellations that rode on other answers."""

    def step(self, exchange: Exchange) -> tuple["Reporting", tuple[Breach, ...]]:
        said = self._said(exchange.request)
        requests = _requests_in(exchange.reply)
        breaches = (*self._on_request(exchange), *said._on_report_requests(requests))
        return said._heard(exchange, requests), breaches

    # --- what becomes of it ---

    def _said(self, request: Message) -> "Reporting":
        match request:
            case RegisterReport():
                for_offers = tuple(one for one in self.asked if one.specifier_id == METADATA)
                return replace(self, offers=request.reports, asked=for_offers)  # r306
            case CanceledReport() if accepted(request):
                cancelled = self._cancelled(request.response.request_id)
                kept = tuple(one for one in self.asked if one.request_id not in cancelled)
                ending = tuple(one for one in self.asked if cancelled.get(one.request_id))
                return replace(self, asked=kept, ending=ending)
            case UpdateReport():
                sent = {report.request_id for report in request.reports}
                return replace(self, ending=tuple(one for one in self.ending if one.request_id not in sent))
        return self

    def _heard(self, exchange: Exchange, requests: tuple[ReportRequest, ...]) -> "Reporting":
        reply = exchange.reply
        if isinstance(exchange.request, CreatePartyRegistration) and accepted(reply):
            return self if exchange.request.registration_id else Reporting()  # r406
        ids = {one.request_id for one in requests}
        kept = tuple(one for one in self.asked if one.request_id not in ids)
        fresh = tuple(one for one in requests if one not in self.all_asked)
        told = reply.cancel if isinstance(reply, UpdatedReport) else reply
        is_told = isinstance(told, RegisterReport | CreateReport | UpdateReport | CancelReport)
        return replace(
            self,
            asked=(*kept, *requests),
            all_asked=(*self.all_asked, *fresh),
            heard=(*self.heard, told) if is_told and told else self.heard,
        )

    def _cancelled(self, request_id: RequestId) -> dict[ReportRequestId, bool]:
        """What cancellations of this requestID are about, and whether a last report is to follow."""
        return {
            id_: message.report_to_follow
            for message in self.heard
            if isinstance(message, CancelReport) and message.request_id == request_id
            for id_ in message.request_ids
        }

    # --- what is wrong with it ---

    def _on_request(self, exchange: Exchange) -> Iterator[Breach]:
        request = exchange.request
        yield from self._on_echo(request)
        match request:
            case RegisterReport(report_request_id=str(asked_by)):
                if asked_by not in {one.request_id for one in self.asked if one.specifier_id == METADATA}:
                    yield Breach("r311", Party.VEN, "oadrRegisterReport", f"answers {asked_by}, never asked")
            case CanceledReport() if accepted(request):
                known = {one.request_id for one in self.all_asked}
                if unknown := self._cancelled(request.response.request_id).keys() - known:
                    why = f"accepts to cancel {', '.join(sorted(unknown))}, never asked for"
                    yield Breach("r336", Party.VEN, "oadrCanceledReport", why)
            case CreatedReport() if accepted(request):
                yield from self._on_pending(request)
            case UpdateReport():
                for report in request.reports:
                    yield from self._on_values(report)

    def _on_echo(self, request: Message) -> Iterator[Breach]:
        """An answer to what came by poll, or rode on another answer, repeats a requestID that was heard (r303)."""
        kind = ANSWERS.get(type(request))
        if kind is None:
            return
        ids = {getattr(message, "request_id", None) for message in self.heard if isinstance(message, kind)}
        echoed = getattr(getattr(request, "response", None), "request_id", None)
        if echoed not in ids and not isinstance(
            request, CreatedReport
        ):  # its question may have ridden on an answer
            yield Breach("r303", Party.VEN, type(request).__name__, f"answers {echoed}, never heard")

    def _on_pending(self, created: CreatedReport) -> Iterator[Breach]:
        pending = set(created.pending.request_ids)
        periodic = {
            one.request_id
            for one in self.asked
            if not one.report_back.is_zero and one.specifier_id != METADATA
        }
        for id_ in sorted(pending - {one.request_id for one in self.all_asked}):
            yield Breach("r329", Party.VEN, "oadrPendingReports", f"{id_} was never asked for")
        offered = self._points()
        for one in self.asked:
            if one.request_id in periodic & pending and not all(
                (one.specifier_id, point.r_id) in offered for point in one.points
            ):
                yield Breach(
                    "r340",
                    Party.VEN,
                    "oadrCreatedReport",
                    f"takes {one.request_id}, which is beyond its offer",
                )
        for id_ in sorted(periodic - pending):
            yield Breach("r329", Party.VEN, "oadrPendingReports", f"{id_} is missing")

    def _on_values(self, report: Report) -> Iterator[Breach]:
        where = f"report {report.specifier_id}"
        known = (*self.asked, *self.ending)
        request = next((one for one in known if one.request_id == report.request_id), None)
        if request is None:
            why = f"{report.request_id} was not asked for since the last offer"
            yield Breach("r306", Party.VEN, where, why)
            return
        if request.report_back.is_zero and report.name in TELEMETRY and len(report.intervals) > 1:
            yield Breach("r337", Party.VEN, where, "more than the latest sample in a report made once")
        if request.specifier_id != report.specifier_id:
            yield Breach("r304", Party.VEN, where, f"{report.request_id} is about {request.specifier_id}")
        told = {payload.r_id for interval in report.intervals for payload in interval.payloads}
        for point in request.points:
            if point.r_id not in told:
                yield Breach("r300", Party.VEN, where, f"without the point {point.r_id}")
        means = {id_ for (_, id_), point in self._points().items() if point.reading_type == MEAN}
        for interval in report.intervals:
            if interval.duration is None and means & {payload.r_id for payload in interval.payloads}:
                yield Breach("r342", Party.VEN, where, "a mean without a duration")

    def _on_report_requests(self, requests: tuple[ReportRequest, ...]) -> Iterator[Breach]:
        points = self._points()
        for request in requests:
            where = f"request {request.request_id}"
            if any(old.request_id == request.request_id and _differs(old, request) for old in self.all_asked):
                yield Breach("r322", Party.VTN, where, "an identifier that was used for something else")
            for asked in request.points if request.specifier_id != METADATA else ():
                point = points.get((request.specifier_id, asked.r_id))
                if point is None:
                    yield Breach("r300", Party.VTN, where, f"the point {asked.r_id} is not offered")
                elif _is_too_fine(request, point):
                    yield Breach("r317", Party.VTN, where, f"{asked.r_id} is not sampled that often")

    def _points(self) -> dict[tuple[ReportSpecifierId, RId], ReportDescription]:
        return {
            (offer.specifier_id, point.r_id): point for offer in self.offers for point in offer.descriptions
        }


def _requests_in(reply: Message | None) -> tuple[ReportRequest, ...]:
    return reply.requests if isinstance(reply, CreateReport | RegisteredReport) else ()


def _differs(one: ReportRequest, other: ReportRequest) -> bool:
    """Whether they are about other points; the order of points means nothing."""
    points = {point.r_id for point in one.points}, {point.r_id for point in other.points}
    return one.specifier_id != other.specifier_id or points[0] != points[1]


def _is_too_fine(request: ReportRequest, point: ReportDescription) -> bool:
    if point.sampling_rate is None or request.granularity.is_zero:
        return False
    try:
        return request.granularity.span < point.sampling_rate.min_period.span
    except Invalid:
        return False
