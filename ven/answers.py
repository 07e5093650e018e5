"""The messages with which a VEN answers its VTN's. Sans-IO; `Reports` is the only thing that changes here."""

from dataclasses import replace
from datetime import datetime

from oadr.wire.errors import PeerError, ResponseCode
from oadr.wire.ids import NO_REQUEST, ReportRequestId, RequestId, VenId
from oadr.wire.messages import (
    CanceledReport,
    CancelReport,
    CreatedEvent,
    CreatedReport,
    RegisterReport,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.event import EventResponse
from oadr.wire.messages.report import ReportRequest
from ven.events import HeldEvent
from ven.reports import Reports


def ok(request_id: RequestId) -> EiResponse:
    return EiResponse(request_id=request_id)


def failed(error: PeerError, request_id: RequestId) -> EiResponse:
    return EiResponse(code=error.code, description=error.why, request_id=request_id)


def opts(responses: tuple[EventResponse, ...], ven_id: VenId) -> CreatedEvent:
    """Our word on events; eiResponse.requestID stays empty beside eventResponses (r42)."""
    return CreatedEvent(response=ok(NO_REQUEST), event_responses=responses, ven_id=ven_id)


def as_decided(
    responses: tuple[EventResponse, ...], held: tuple[HeldEvent, ...]
) -> tuple[EventResponse, ...]:
    """What a schedule declines as a whole is not accepted first: some VTNs take no later word."""
    words = {each.event.event_id: each.opt for each in held}
    return tuple(
        replace(one, opt=words.get(one.event.event_id, one.opt)) if one.code == ResponseCode.OK else one
        for one in responses
    )


def wrong_vtn(request_id: RequestId, ven_id: VenId) -> CreatedEvent:
    """Refuses the whole list, without a word on its events (r21, r35)."""
    response = EiResponse(code=ResponseCode.INVALID_ID, description="vtnID", request_id=request_id)
    return CreatedEvent(response=response, ven_id=ven_id)


def metadata(
    reports: Reports,
    request_id: RequestId,
    ven_id: VenId,
    now: datetime,
    asked_by: ReportRequestId | None = None,
) -> RegisterReport:
    """Every report that we can make; `asked_by` only when it answers a request for metadata (r311)."""
    return RegisterReport(
        request_id=request_id,
        reports=reports.metadata(now),
        ven_id=ven_id,
        report_request_id=asked_by,
    )


def to_requests(
    reports: Reports, requests: tuple[ReportRequest, ...], request_id: RequestId, ven_id: VenId, now: datetime
) -> CreatedReport:
    """Takes the requests, of their own message or piggy-backed alike (r344), and says what is pending (r329)."""
    try:
        reports.accept(requests, now)
    except PeerError as error:
        return CreatedReport(response=failed(error, request_id), pending=reports.pending(), ven_id=ven_id)
    return CreatedReport(response=ok(request_id), pending=reports.pending(), ven_id=ven_id)


def to_cancel(reports: Reports, message: CancelReport, ven_id: VenId) -> CanceledReport:
    response = ok(message.request_id)
    try:
        reports.cancel(message.request_ids)
    except PeerError as error:
        response = failed(error, message.request_id)
    return CanceledReport(response=response, pending=reports.pending(), ven_id=ven_id)
