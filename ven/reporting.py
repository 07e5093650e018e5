"""The VEN's part of EiReport: what it offers, what it is asked for and no longer asked for, and its reports. Sans-IO.

oadrRegisterReport --> oadrRegisteredReport, perhaps with requests (r344) --> oadrCreatedReport
oadrCreateReport --> oadrCreatedReport, and for METADATA oadrRegisterReport once more (r308, r311)
oadrUpdateReport --> oadrUpdatedReport, perhaps with a cancellation (r328) --> oadrCanceledReport
oadrCancelReport --> oadrCanceledReport, and a last oadrUpdateReport if it is wanted (r345)
"""

from datetime import datetime

from oadr.wire.errors import ResponseCode
from oadr.wire.ids import RequestId, VenId
from oadr.wire.messages import (
    CancelReport,
    CreateReport,
    RegisteredReport,
    RegisterReport,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.registration import ServiceName
from oadr.wire.messages.report import ReportRequest
from ven import answers
from ven.enrolment import Enrolment
from ven.outbox import Outbox, Request
from ven.reports import Reports


class Reporting:
    """What is said about `reports`; it is all owed by way of the outbox, but for the reports themselves."""

    def __init__(self, reports: Reports, enrolment: Enrolment, outbox: Outbox) -> None:
        self._reports = reports
        self._enrolment = enrolment
        self._outbox = outbox

    def next_request(self, ven_id: VenId, now: datetime) -> Request | None:
        """What is due now: the list of what can be reported, or a report; call `delivered` when it has arrived."""
        if asked := self._reports.next_offer(now):
            self._offer(ven_id, now, asked)
            return self._outbox.first
        if report := self._reports.next_report(now):
            update = UpdateReport(request_id=self._outbox.request_id(), reports=(report,), ven_id=ven_id)
            return Request(ServiceName.REPORT, update)
        return None

    def on_registration(self, ven_id: VenId, now: datetime, *, anew: bool) -> None:
        """Metadata first (r309); a re-registration needs none (r402), unless they never arrived."""
        if anew:
            self._reports.forget()
        if anew or not (self._enrolment.known and self._enrolment.known.offered):
            self._offer(ven_id, now)

    def on_deregistration(self) -> None:
        """Nobody asks for reports any more (r407)."""
        self._reports.forget()

    def on_request(
        self, asked: CreateReport | RegisterReport | UpdateReport | CancelReport, ven_id: VenId, now: datetime
    ) -> None:
        """What the VTN wants of our reports, or offers of its own: those are of no use to a chargepoint."""
        match asked:
            case CreateReport():
                self._on_requests(asked.requests, asked.request_id, ven_id, now)
                while offer := self._reports.next_offer(now):
                    self._offer(ven_id, now, offer)
            case RegisterReport():
                answer = RegisteredReport(response=answers.ok(asked.request_id), ven_id=ven_id)
                self._outbox.owe(ServiceName.REPORT, answer)
            case UpdateReport():
                updated = UpdatedReport(response=answers.ok(asked.request_id), ven_id=ven_id)
                self._outbox.owe(ServiceName.REPORT, updated)
            case CancelReport():
                self._on_cancel(asked, ven_id, now)

    def on_registered(self, reply: RegisteredReport, ven_id: VenId, now: datetime) -> None:
        """The answer to our offer, perhaps with requests: they are accepted (r344)."""
        self._enrolment.offered(reply.response.accepted)
        self._on_requests(reply.requests, reply.response.request_id, ven_id, now)

    def on_updated(self, reply: UpdatedReport, sent: UpdateReport, ven_id: VenId, now: datetime) -> None:
        """The answer to a report of ours."""
        if reply.response.code == ResponseCode.INVALID_ID:
            self._on_unknown(sent, ven_id, now)
        if reply.cancel:  # piggy-backed, to be processed all the same (r328)
            self._on_cancel(reply.cancel, ven_id, now)

    def _on_requests(
        self, requests: tuple[ReportRequest, ...], request_id: RequestId, ven_id: VenId, now: datetime
    ) -> None:
        if requests:
            created = answers.to_requests(self._reports, requests, request_id, ven_id, now)
            self._outbox.owe(ServiceName.REPORT, created)

    def _on_unknown(self, update: UpdateReport, ven_id: VenId, now: datetime) -> None:
        """The VTN does not know what it asked for (r304): it has lost it, and perhaps what we offer as well."""
        self._reports.drop(report.request_id for report in update.reports)
        if not self._reports.orders:
            self._enrolment.offered(False)
            self._offer(ven_id, now)

    def _on_cancel(self, message: CancelReport, ven_id: VenId, now: datetime) -> None:
        last = self._reports.last_reports(message.request_ids, now) if message.report_to_follow else ()
        self._outbox.owe(ServiceName.REPORT, answers.to_cancel(self._reports, message, ven_id))
        if last:  # r345
            update = UpdateReport(request_id=self._outbox.request_id(), reports=last, ven_id=ven_id)
            self._outbox.owe(ServiceName.REPORT, update)

    def _offer(self, ven_id: VenId, now: datetime, asked: ReportRequest | None = None) -> None:
        """Replaces what was offered before, and ends the reports that were asked of it, bar those of offers (r306)."""
        asked_by = asked.request_id if asked else None
        offer = answers.metadata(self._reports, self._outbox.request_id(), ven_id, now, asked_by)
        self._outbox.owe(ServiceName.REPORT, offer)
        self._reports.replaced()
