"""What a reply of the VTN means: each belongs to its request, and to nothing else. Sans-IO.

Over HTTP PULL what the VTN wants is the reply to a poll, and our answer to it is a request of its own.
"""

from datetime import datetime

from oadr.wire.errors import ResponseCode
from oadr.wire.messages import (
    CanceledOpt,
    CancelOpt,
    CancelPartyRegistration,
    CancelReport,
    CreatedOpt,
    CreateOpt,
    CreatePartyRegistration,
    CreateReport,
    DistributeEvent,
    Message,
    Poll,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    RequestReregistration,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ServiceName
from ven import answers
from ven.book import Book
from ven.enrolment import Enrolment, Registration
from ven.news import PeerComplained, Registered
from ven.outbox import Outbox, Request
from ven.pace import Pace
from ven.reporting import Reporting


class Replies:
    """Leads each reply to the part of the VEN that it is about."""

    def __init__(
        self, enrolment: Enrolment, book: Book, reporting: Reporting, outbox: Outbox, pace: Pace
    ) -> None:
        self._enrolment = enrolment
        self._book = book
        self._reporting = reporting
        self._outbox = outbox
        self._pace = pace

    def take(self, reply: Message | None, request: Request, now: datetime) -> None:
        """None: an empty reply, which acknowledges."""
        match request.message:
            case CreatePartyRegistration() as sent:
                self._on_registration(reply, sent, now)
            case Poll() | RequestEvent():
                self._on_news(reply, request, now)
            case CreateOpt() | CancelOpt() as word:
                self._on_opt_receipt(reply, request, word, now)
            case _:
                self._on_receipt(reply, request, now)

    def _on_registration(self, reply: Message | None, sent: CreatePartyRegistration, now: datetime) -> None:
        """Metadata first, then the events (r309, r405); a re-registration needs the events only, unless the
        metadata never arrived.
        """
        outcome = self._enrolment.take(reply, sent, now)
        self._outbox.tell(outcome)
        if isinstance(outcome, Registered):
            self._reporting.on_registration(outcome.ven_id, now, anew=outcome.anew)
            if outcome.anew:
                self._book.opts.again()
            self._outbox.ask_for_events(outcome.ven_id)

    def _on_receipt(self, reply: Message | None, request: Request, now: datetime) -> None:
        """The reply to an answer, an offer or a report of ours."""
        registered = self._enrolment.known
        match reply, request.message:
            case None, _:
                pass
            case Response(), _:
                self._on_response(reply.response, request, now)
            case RegisteredReport(), RegisterReport() if registered:
                self._on_response(reply.response, request, now)
                self._reporting.on_registered(reply, registered.ven_id, now)
            case UpdatedReport(), UpdateReport() as sent if registered:
                self._on_response(reply.response, request, now)
                self._reporting.on_updated(reply, sent, registered.ven_id, now)
            case _:
                self._outbox.tell_misfit(reply, request)

    def _on_opt_receipt(
        self, reply: Message | None, request: Request, word: CreateOpt | CancelOpt, now: datetime
    ) -> None:
        """Whoever is not registered any more says it again later; else a refusal is final."""
        match reply:
            case None:
                self._book.on_opt_answer(word, taken=True)
            case CreatedOpt() | CanceledOpt() | Response():
                self._on_response(reply.response, request, now)
                if reply.response.code != ResponseCode.NOT_REGISTERED:
                    self._book.on_opt_answer(word, taken=reply.response.accepted)
            case _:
                self._outbox.tell_misfit(reply, request)
                self._book.on_opt_answer(word, taken=False)

    def _on_response(self, response: EiResponse, request: Request, now: datetime) -> None:
        if not response.accepted:
            self._outbox.tell(PeerComplained(request.name, response.code, response.description or ""))
            self._enrolment.on_complaint(response, request, now)
        elif isinstance(request.message, Poll):
            self._pace.welcome()

    # --- what the VTN has for us ---

    def _on_news(self, reply: Message | None, request: Request, now: datetime) -> None:
        """The reply to a poll or to a request for events."""
        registered = self._enrolment.known
        if registered is None or not self._enrolment.stands:
            return  # whoever has not registered ignores the VTN (r405)
        if isinstance(request.message, Poll) and not isinstance(reply, Response | RequestReregistration):
            self._pace.welcome()
        match reply:
            case None:
                self._pace.nothing_more()
            case Response():
                self._pace.nothing_more()
                self._on_response(reply.response, request, now)
            case DistributeEvent():
                self._on_events(reply, registered, request, now)
            case _ if isinstance(request.message, Poll):
                self._on_request(reply, registered, request, now)
            case _:
                self._outbox.tell_misfit(reply, request)

    def _on_events(
        self, reply: DistributeEvent, registered: Registration, request: Request, now: datetime
    ) -> None:
        if reply.response and not reply.response.accepted:
            self._on_response(reply.response, request, now)
            return
        if reply.vtn_id != registered.vtn_id:
            self._outbox.owe(ServiceName.EVENT, answers.wrong_vtn(reply.request_id, registered.ven_id))
            return
        has_news = self._book.take(reply, registered.ven_id, now)
        if not isinstance(request.message, Poll):
            return
        if has_news:
            self._pace.poll_again(now)
        else:  # a VTN that always sends its list would be polled without end
            self._pace.nothing_more()

    def _on_request(self, reply: Message, registered: Registration, request: Request, now: datetime) -> None:
        """What the VTN asks for in the answer to a poll; each is answered by a request of its own."""
        match reply:
            case CreateReport() | RegisterReport() | UpdateReport() | CancelReport():
                self._reporting.on_request(reply, registered.ven_id, now)
            case RequestReregistration():
                self._enrolment.on_wish(reply, registered, now)
            case CancelPartyRegistration():
                if self._enrolment.on_cancellation(reply, registered, now):
                    self._reporting.on_deregistration()
            case _:
                self._outbox.tell_misfit(reply, request)
                return
        self._pace.poll_again(now)
