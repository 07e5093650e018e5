"""The VEN's conversation with its VTN over HTTP PULL. Sans-IO: give it replies, failures and the time.

    boot --> register --> metadata, event list --> poll, answer, poll again ... until there is nothing more
                ^                                      |
                +---- not registered (452, 463) -------+---- silence: try again, for ever, with back-off

One request is under way at a time. What is owed to the VTN waits in an outbox and leaves it when it was
answered; events and limits do not depend on any of this and go on through silence.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.errors import ResponseCode
from oadr.wire.ids import NO_REQUEST, EventId, OptId, RequestId, ResourceId, VenId
from oadr.wire.messages import (
    CanceledOpt,
    CanceledPartyRegistration,
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
from oadr.wire.messages.common import EiResponse, OptType
from oadr.wire.messages.registration import ServiceName
from oadr.wire.messages.report import ReportRequest
from ven import answers, events, opts
from ven.answers import ok
from ven.enrolment import Enrolment, Introduction, Registration
from ven.events import HeldEvent, Site
from ven.news import (
    ClockDoubted,
    ContactLost,
    ContactMade,
    Declined,
    DeclineRefused,
    Deregistered,
    EventArrived,
    EventEnded,
    GaveUp,
    News,
    PeerComplained,
    Registered,
)
from ven.opts import CannotDecline, Opt, Opts, Reason
from ven.pace import DEFAULT_POLL, Pace
from ven.randomise import Dice
from ven.reports import Reports

__all__ = ["Introduction", "Registration", "Request", "Session"]

MAX_TRIES: Final = 3
"""What the VTN cannot take so often, although it is there, is dropped: it must not hold up the polls."""


class Failure(Enum):
    """Why no usable reply came."""

    SILENT = auto()
    REJECTED = auto()
    """The VTN is there, but its answer is none: an HTTP error, or not readable."""
    BUSY = auto()
    """The VTN is there and asks to be tried again later (HTTP 503): nothing is given up for that."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something to send: to which service, and what."""

    service: ServiceName
    message: Message


class Session:
    """See the module. `requests_to_send` gives at most one; then comes `receive` or `request_failed`."""

    def __init__(
        self,
        introduction: Introduction,
        site: Site,
        reports: Reports,
        dice: Dice,
        new_id: Callable[[], str],
        retry_cap: timedelta,
        registration: Registration | None = None,
        held: tuple[HeldEvent, ...] = (),
        kept_opts: tuple[Opt, ...] = (),
    ) -> None:
        self.held = held
        self.opts = Opts(site.market_contexts, new_id, kept_opts)
        self._listed_by = NO_REQUEST
        """The newest list of events: a word on one of them names it (r42)."""
        self._site = site
        self._reports = reports
        self._dice = dice
        self._new_id = new_id
        self._pace = Pace(dice, retry_cap, registration.poll_every if registration else DEFAULT_POLL)
        self._enrolment = Enrolment(introduction, self._pace, registration)
        self._outbox: deque[Request] = deque()
        self._under_way: Request | None = None
        self._tries = 0
        self._in_contact = True
        self._news: deque[News] = deque()

    @property
    def registration(self) -> Registration | None:
        """The newest that there was, also while the VEN is about to register again."""
        return self._enrolment.known

    @property
    def site(self) -> Site:
        """Who we are for an event's target, with the venID of the registration."""
        return replace(self._site, ven_id=self.registration.ven_id) if self.registration else self._site

    # --- the five calls of the shell ---

    def requests_to_send(self, now: datetime) -> list[Request]:
        if back := self._pace.notice(now):
            self._reports.set_back(back)
        if self._under_way or now < self.next_wake(now):
            return []
        self._under_way = self._next_request(now)
        return [self._under_way] if self._under_way else []

    def receive(self, reply: Message | None, now: datetime) -> None:
        """The reply to the request under way; None for an empty one, which acknowledges."""
        request, self._under_way = self._under_way, None
        if request is None:
            return
        self._pace.succeeded()
        self._contact_made(request)
        self._done_with(request, now)
        if isinstance(request.message, CreatePartyRegistration):
            self._on_registration(reply, request.message, now)
        elif isinstance(request.message, Poll | RequestEvent):
            self._on_news(reply, request, now)
        elif isinstance(request.message, CreateOpt | CancelOpt):
            self._on_opt_receipt(reply, request, request.message, now)
        else:
            self._on_receipt(reply, request, now)

    def request_failed(self, now: datetime, why: str, failure: Failure = Failure.SILENT) -> None:
        """No usable reply came."""
        request, self._under_way = self._under_way, None
        if request is None:
            return
        was_in_contact = not self._pace.failures
        self._pace.failed(now)
        asks = isinstance(request.message, Poll | CreatePartyRegistration)
        if self._in_contact and (asks or failure is Failure.SILENT):
            self._in_contact = False
            self._news.append(ContactLost(why))
        if asks or failure is Failure.BUSY:
            return
        if isinstance(request.message, CreateOpt | CancelOpt):
            if failure is Failure.REJECTED and self.opts.is_given_up():
                self._news.append(GaveUp(_name(request)))
                self._on_opt_answer(request.message, taken=False)
            return
        self._tries += failure is Failure.REJECTED or was_in_contact or not self._enrolment.stands
        if self._tries >= MAX_TRIES:
            self._news.append(GaveUp(_name(request)))
            self._done_with(request, now)

    def next_wake(self, now: datetime) -> datetime:
        """When `requests_to_send` will have something; never later than a poll interval or a back-off."""
        return max(self._pace.free_at(now), self._speaks_at(now))

    def next_event(self) -> News | None:
        return self._news.popleft() if self._news else None

    # --- what to say next ---

    def _speaks_at(self, now: datetime) -> datetime:
        """When there is something to say, were it not for a pause after failures."""
        if self._outbox:
            return now
        if not self._enrolment.stands:
            return self._pace.registers_at(now)
        polls_at = self._pace.polls_at(now)
        return now if self.opts.next else min(polls_at, self._reports.next_due() or polls_at)

    def _next_request(self, now: datetime) -> Request | None:
        """After a failure the poll goes first: an answer that the VTN cannot take does not hold up an order."""
        is_poll_due = self._enrolment.stands and self._pace.polls_at(now) <= now
        if self._outbox and not (self._pace.failures and is_poll_due):
            return self._outbox[0]
        if not self._enrolment.stands or self.registration is None:
            is_time = self._pace.registers_at(now) <= now
            registration = self._enrolment.request(self._request_id())
            return Request(ServiceName.REGISTER_PARTY, registration) if is_time else None
        ven_id = self.registration.ven_id
        if is_poll_due:
            return Request(ServiceName.POLL, Poll(ven_id=ven_id))
        if opt := self.opts.next:
            return Request(ServiceName.OPT, self.opts.message(opt, ven_id, self._request_id()))
        if asked := self._reports.next_offer(now):
            self._offer_reports(ven_id, now, asked)
            return self._outbox[0]
        if report := self._reports.next_report(now):
            update = UpdateReport(request_id=self._request_id(), reports=(report,), ven_id=ven_id)
            return Request(ServiceName.REPORT, update)
        return None

    def _request_id(self) -> RequestId:
        return RequestId(self._new_id())

    def _owe(self, service: ServiceName, message: Message) -> None:
        self._outbox.append(Request(service, message))

    def _ask_for_events(self) -> None:
        """The complete list, after every new contact: it alone may lift a limit."""
        if self.registration and not any(isinstance(one.message, RequestEvent) for one in self._outbox):
            request = RequestEvent(request_id=self._request_id(), ven_id=self.registration.ven_id)
            self._owe(ServiceName.EVENT, request)

    def _offer_reports(self, ven_id: VenId, now: datetime, asked: ReportRequest | None = None) -> None:
        """Replaces what was offered before, and ends the reports that were asked of it, bar those of offers (r306)."""
        asked_by = asked.request_id if asked else None
        offer = answers.metadata(self._reports, self._request_id(), ven_id, now, asked_by)
        self._owe(ServiceName.REPORT, offer)
        self._reports.replaced()

    # --- what becomes of a request ---

    def _contact_made(self, request: Request) -> None:
        """A reply that was lost may have been an order, so the list is asked for."""
        if self._in_contact:
            return
        self._in_contact = True
        self._news.append(ContactMade())
        if self._enrolment.stands and not isinstance(request.message, RequestEvent):
            self._ask_for_events()

    def _done_with(self, request: Request, now: datetime) -> None:
        """It was answered or given up."""
        if self._outbox and self._outbox[0] is request:
            self._outbox.popleft()
            self._tries = 0
        elif isinstance(request.message, UpdateReport):
            self._reports.delivered(now)
            self._tries = 0
        elif isinstance(request.message, Poll):
            self._pace.polled(now)

    # --- what a reply means: each reply belongs to its request, and to nothing else ---

    def _on_receipt(self, reply: Message | None, request: Request, now: datetime) -> None:
        """The reply to an answer, an offer or a report of ours."""
        match reply:
            case None:
                pass
            case Response():
                self._on_response(reply.response, request, now)
            case RegisteredReport() if isinstance(request.message, RegisterReport):
                self._on_response(reply.response, request, now)
                self._enrolment.offered(reply.response.accepted)
                self._on_report_requests(reply.requests, reply.response.request_id, now)
            case UpdatedReport() if isinstance(request.message, UpdateReport):
                self._on_updated_report(reply, request, now)
            case _:
                self._misfit(reply, request)

    def _on_news(self, reply: Message | None, request: Request, now: datetime) -> None:
        """The reply to a poll or to a request for events."""
        registered = self.registration
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
                self._misfit(reply, request)

    def _on_request(self, reply: Message, registered: Registration, request: Request, now: datetime) -> None:
        """What the VTN asks for in the answer to a poll; each is answered by a request of its own."""
        ven_id = registered.ven_id
        match reply:
            case CreateReport():
                self._on_report_requests(reply.requests, reply.request_id, now)
                while asked := self._reports.next_offer(now):
                    self._offer_reports(ven_id, now, asked)
            case RegisterReport():  # a VTN's own reports are of no use to a chargepoint: none is asked for
                answer = RegisteredReport(response=ok(reply.request_id), ven_id=ven_id)
                self._owe(ServiceName.REPORT, answer)
            case UpdateReport():
                self._owe(ServiceName.REPORT, UpdatedReport(response=ok(reply.request_id), ven_id=ven_id))
            case CancelReport():
                self._on_cancelled_report(reply, ven_id, now)
            case RequestReregistration():
                self._on_reregistration_wish(reply, ven_id, now)
            case CancelPartyRegistration():
                self._on_cancelled(reply, registered, now)
            case _:
                self._misfit(reply, request)
                return
        self._pace.poll_again(now)

    def _on_response(self, response: EiResponse, request: Request, now: datetime) -> None:
        is_poll = isinstance(request.message, Poll)
        if response.accepted:
            if is_poll:
                self._pace.welcome()
            return
        self._news.append(PeerComplained(_name(request), response.code, response.description or ""))
        is_about_us = is_poll or isinstance(request.message, RequestEvent)
        unknown = response.code == ResponseCode.NOT_REGISTERED or (
            response.code == ResponseCode.INVALID_ID and is_about_us
        )
        if unknown and self._enrolment.stands:
            self._news.append(Deregistered(f"the VTN answers {response.code}"))
            self._outbox.clear()
            self._enrolment.again(now)

    def _misfit(self, reply: Message, request: Request) -> None:
        misfit = f"answered by {type(reply).__name__}"
        self._news.append(PeerComplained(_name(request), "", misfit))

    # --- events ---

    def _on_events(
        self, reply: DistributeEvent, registered: Registration, request: Request, now: datetime
    ) -> None:
        if reply.response and not reply.response.accepted:
            self._on_response(reply.response, request, now)
            return
        if reply.vtn_id != registered.vtn_id:
            self._owe(ServiceName.EVENT, answers.wrong_vtn(reply.request_id, registered.ven_id))
            return
        merged = events.merge(self.held, reply, self.site, now, self._dice)
        self.held, self._listed_by = merged.held, reply.request_id
        self._news.extend(EventArrived(each) for each in merged.arrived)
        self._news.extend(
            ClockDoubted(each.event.event_id, each.start_offset)
            for each in merged.arrived
            if each.programme is Programme.SUPPLY_LIMIT and each.start_offset
        )
        self._news.extend(EventEnded(each.event.event_id, False) for each in merged.cancelled)
        self._news.extend(EventEnded(each.event.event_id, True) for each in merged.implied)
        self._excuse(merged.arrived, now)
        self.opts.forget(self.held, now)
        if merged.responses:
            decided = answers.as_decided(merged.responses, self.held)
            self._owe(ServiceName.EVENT, answers.opts(decided, registered.ven_id))
        if not isinstance(request.message, Poll):
            return
        if merged.arrived or merged.cancelled or merged.implied:
            self._pace.poll_again(now)
        else:  # a VTN that always sends its list would be polled without end
            self._pace.nothing_more()

    # --- what the people here decide ---

    def decide(
        self, event_id: EventId, opt: OptType, reason: str, resources: Collection[ResourceId], now: datetime
    ) -> None:
        """Decline an event, or follow it after all. Raises `CannotDecline`; the wish is told either way."""
        try:
            after = opts.decide(self.held, event_id, opt, resources, now)
        except CannotDecline as error:
            self._news.append(DeclineRefused(event_id, str(error)))
            raise
        self.held = tuple(after if each.event.event_id == event_id else each for each in self.held)
        self.opts.say_of(after, opt, reason, frozenset(resources) or after.resources, now)
        self._news.append(Declined(event_id, after.declined))

    def state_schedule(
        self,
        periods: Iterable[Period],
        opt: OptType,
        programme: Programme | None,
        resources: Collection[ResourceId],
        opt_id: OptId | None,
        now: datetime,
    ) -> OptId:
        """It counts for what is under way already. Raises `Misuse`."""
        stated = self.opts.state_schedule(periods, opt, programme, resources, opt_id, now)
        self._excuse(self.held, now)
        self.opts.forget(self.held, now)
        return stated

    def _excuse(self, met: Iterable[HeldEvent], now: datetime) -> None:
        """Decline whatever of these events a schedule meets."""
        for each in met:
            is_over = each.end is not None and each.end <= now
            if not is_over and (excused := self.opts.excused(each)):
                self.decide(each.event.event_id, OptType.OPT_OUT, Reason.SCHEDULE, excused, now)

    def _on_opt_receipt(
        self, reply: Message | None, request: Request, message: CreateOpt | CancelOpt, now: datetime
    ) -> None:
        """Whoever is not registered any more says it again later; else a refusal is final."""
        match reply:
            case None:
                self._on_opt_answer(message, taken=True)
            case CreatedOpt() | CanceledOpt() | Response():
                self._on_response(reply.response, request, now)
                if reply.response.code != ResponseCode.NOT_REGISTERED:
                    self._on_opt_answer(message, taken=reply.response.accepted)
            case _:
                self._misfit(reply, request)
                self._on_opt_answer(message, taken=False)

    def _on_opt_answer(self, message: CreateOpt | CancelOpt, *, taken: bool) -> None:
        """What a VTN does not take by EiOpt it gets as an answer to the event (r17), if it is the whole site's word."""
        opt = self.opts.answered(message, taken=taken)
        if taken or opt is None or opt.event is None or self.registration is None:
            return
        for each in self.held:
            if each.event.event_id == opt.event.event_id and each.declined in (frozenset(), each.resources):
                word = each.word(self._listed_by)
                self._owe(ServiceName.EVENT, answers.opts((word,), self.registration.ven_id))

    # --- registration ---

    def _on_registration(self, reply: Message | None, sent: CreatePartyRegistration, now: datetime) -> None:
        """Metadata first, then the events (r309, r405); a re-registration needs the events only, unless the
        metadata never arrived.
        """
        outcome = self._enrolment.take(reply, sent, now)
        self._news.append(outcome)
        if isinstance(outcome, Registered):
            if outcome.anew:
                self._reports.forget()
                self.opts.again()
            if outcome.anew or not (self.registration and self.registration.offered):
                self._offer_reports(outcome.ven_id, now)
            self._ask_for_events()

    def _on_reregistration_wish(self, message: RequestReregistration, ven_id: VenId, now: datetime) -> None:
        if message.ven_id != ven_id:
            wrong = EiResponse(code=ResponseCode.INVALID_ID, description="venID", request_id=NO_REQUEST)
            self._owe(ServiceName.REGISTER_PARTY, Response(response=wrong, ven_id=ven_id))
            return
        self._owe(ServiceName.REGISTER_PARTY, Response(response=ok(NO_REQUEST), ven_id=ven_id))
        self._enrolment.again(now)

    def _on_cancelled(
        self, message: CancelPartyRegistration, registered: Registration, now: datetime
    ) -> None:
        """Validates the registrationID (r400). What runs is held to its end; then nobody limits (r407)."""
        matches = message.registration_id == registered.registration_id
        if matches:
            self._news.append(Deregistered("cancelled by the VTN"))
            self._outbox.clear()
            self._reports.forget()
            self._enrolment.ended(now)
        code = ResponseCode.OK if matches else ResponseCode.INVALID_ID
        answer = CanceledPartyRegistration(
            response=EiResponse(code=code, request_id=message.request_id),
            registration_id=registered.registration_id,
            ven_id=registered.ven_id,
        )
        self._owe(ServiceName.REGISTER_PARTY, answer)

    # --- reports ---

    def _on_report_requests(
        self, requests: tuple[ReportRequest, ...], request_id: RequestId, now: datetime
    ) -> None:
        if not requests or self.registration is None:
            return
        ven_id = self.registration.ven_id
        created = answers.to_requests(self._reports, requests, request_id, ven_id, now)
        self._owe(ServiceName.REPORT, created)

    def _on_updated_report(self, reply: UpdatedReport, request: Request, now: datetime) -> None:
        self._on_response(reply.response, request, now)
        if isinstance(request.message, UpdateReport) and reply.response.code == ResponseCode.INVALID_ID:
            self._on_unknown_reports(request.message, now)
        if reply.cancel and self.registration:  # piggy-backed, to be processed all the same (r328)
            self._on_cancelled_report(reply.cancel, self.registration.ven_id, now)

    def _on_unknown_reports(self, update: UpdateReport, now: datetime) -> None:
        """The VTN does not know what it asked for (r304): it has lost it, and perhaps what we offer as well."""
        self._reports.drop(report.request_id for report in update.reports)
        if self.registration and not self._reports.orders:
            self._enrolment.offered(False)
            self._offer_reports(self.registration.ven_id, now)

    def _on_cancelled_report(self, message: CancelReport, ven_id: VenId, now: datetime) -> None:
        last = self._reports.last_reports(message.request_ids, now) if message.report_to_follow else ()
        self._owe(ServiceName.REPORT, answers.to_cancel(self._reports, message, ven_id))
        if last:  # r345
            update = UpdateReport(request_id=self._request_id(), reports=last, ven_id=ven_id)
            self._owe(ServiceName.REPORT, update)


def _name(request: Request) -> str:
    return type(request.message).__name__
