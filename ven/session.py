"""The VEN's conversation with its VTN over HTTP PULL. Sans-IO: give it replies, failures and the time.

    boot --> register --> metadata, event list --> poll, answer, poll again ... until there is nothing more
                ^                                      |
                +---- not registered (452, 463) -------+---- silence: try again, for ever, with back-off

One request is under way at a time. What is owed to the VTN waits in an outbox and leaves it when it was
answered; events and limits do not depend on any of this and go on through silence.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.wire.errors import ResponseCode
from oadr.wire.ids import NO_REQUEST, RegistrationId, RequestId, VenId, VtnId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    CancelReport,
    CreatedPartyRegistration,
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
from oadr.wire.messages.registration import ProfileName, ServiceName, TransportName
from oadr.wire.messages.report import METADATA, ReportRequest
from ven import answers, events
from ven.answers import ok
from ven.events import HeldEvent, Site
from ven.news import (
    ContactLost,
    ContactMade,
    Deregistered,
    EventArrived,
    EventEnded,
    GaveUp,
    News,
    PeerComplained,
    Registered,
    RegistrationRefused,
)
from ven.randomise import Dice, back_off
from ven.reports import Reports

DEFAULT_POLL: Final = timedelta(seconds=10)
MAX_DRAIN: Final = 20
"""So many polls in a row without a pause; a VTN that always has more must wait for the next interval."""
MAX_TRIES: Final = 3
"""An answer that the VTN rejects on the HTTP level so often is dropped: retrying will not help."""
UNKNOWN_HERE: Final = frozenset({ResponseCode.INVALID_ID, ResponseCode.NOT_REGISTERED})


@dataclass(frozen=True, slots=True)
class Request:
    """Something to send: to which service, and what."""

    service: ServiceName
    message: Message


@dataclass(frozen=True, slots=True)
class Registration:
    ven_id: VenId
    registration_id: RegistrationId
    vtn_id: VtnId
    poll_every: timedelta


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a VEN says of itself when it registers."""

    name: str
    ven_id: VenId | None
    vtn_id: VtnId | None


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
    ) -> None:
        self.registration = registration
        self.held = held
        self._introduction = introduction
        self._site = site
        self._reports = reports
        self._dice = dice
        self._new_id = new_id
        self._retry_cap = retry_cap
        self._outbox: deque[Request] = deque()
        self._under_way: Request | None = None
        self._reported_at: datetime | None = None
        self._confirmed = False
        self._failures = 0
        self._rejections = 0
        self._drained = 0
        self._not_before: datetime | None = None
        self._next_poll: datetime | None = None
        self._news: deque[News] = deque()

    @property
    def site(self) -> Site:
        """Who we are for an event's target, with the venID of the registration."""
        ven_id = self.registration.ven_id if self.registration else None
        mine = self._site
        return Site(ven_id, mine.resources, mine.groups, mine.market_contexts, mine.randomise_default)

    # --- the four calls of the shell ---

    def requests_to_send(self, now: datetime) -> list[Request]:
        if self._under_way or now < self._waits_until(now):
            return []
        self._under_way = self._next_request(now)
        return [self._under_way] if self._under_way else []

    def receive(self, reply: Message | None, now: datetime) -> None:
        """The reply to the request under way; None for an empty one, which acknowledges."""
        request, self._under_way = self._under_way, None
        if request is None:
            return
        self._contact_made(request)
        if self._outbox and self._outbox[0] is request:
            self._outbox.popleft()
        if isinstance(request.message, Poll):
            self._next_poll = now + self._poll_every
        if reply is not None:
            self._take(reply, request, now)

    def request_failed(self, now: datetime, why: str, *, rejected: bool = False) -> None:
        """No usable reply came; `rejected` if the VTN is there but answered with an HTTP error."""
        request, self._under_way = self._under_way, None
        if self._failures == 0:
            self._news.append(ContactLost(why))
        self._failures += 1
        self._not_before = now + back_off(self._dice, self._failures, self._retry_cap)
        is_answer = bool(request and self._outbox and self._outbox[0] is request)
        self._rejections = self._rejections + 1 if rejected and is_answer else 0
        if self._rejections >= MAX_TRIES:
            self._rejections = 0
            self._news.append(GaveUp(type(self._outbox.popleft().message).__name__))

    def next_wake(self, now: datetime) -> datetime:
        """When `requests_to_send` will have something; never later than a poll interval or a back-off."""
        return self._waits_until(now)

    def next_event(self) -> News | None:
        return self._news.popleft() if self._news else None

    # --- what to say next ---

    @property
    def _poll_every(self) -> timedelta:
        return self.registration.poll_every if self.registration else DEFAULT_POLL

    def _waits_until(self, now: datetime) -> datetime:
        if self._not_before is not None and self._failures:
            # a clock that was set back must not silence us for longer than the pause was meant to be
            return min(self._not_before, now + self._retry_cap)
        if not self._confirmed or self._outbox or self._next_poll is None:
            return now
        polls = min(self._next_poll, now + self._poll_every)
        return min(polls, self._reports.next_due() or polls)

    def _next_request(self, now: datetime) -> Request | None:
        if not self._confirmed:
            return Request(ServiceName.REGISTER_PARTY, self._registration_request())
        if self._outbox:
            return self._outbox[0]
        assert self.registration is not None
        ven_id = self.registration.ven_id
        if self._next_poll is None or self._next_poll <= now:
            return Request(ServiceName.POLL, Poll(ven_id=ven_id))
        if reports := self._reports.due(now):
            self._reported_at = now
            update = UpdateReport(request_id=self._request_id(), reports=reports, ven_id=ven_id)
            return Request(ServiceName.REPORT, update)
        return Request(ServiceName.POLL, Poll(ven_id=ven_id))

    def _registration_request(self) -> CreatePartyRegistration:
        """With the IDs that we have: a re-registration (r402)."""
        known = self.registration
        return CreatePartyRegistration(
            request_id=self._request_id(),
            registration_id=known.registration_id if known else None,
            ven_id=known.ven_id if known else self._introduction.ven_id,
            profile=ProfileName.B,
            transport=TransportName.SIMPLE_HTTP,
            ven_name=self._introduction.name or None,
            http_pull=True,
        )

    def _request_id(self) -> RequestId:
        return RequestId(self._new_id())

    def _owe(self, service: ServiceName, message: Message) -> None:
        self._outbox.append(Request(service, message))

    def _ask_for_events(self) -> None:
        """The complete list, after every new contact: it alone may lift a limit."""
        if self.registration and not any(isinstance(one.message, RequestEvent) for one in self._outbox):
            request = RequestEvent(request_id=self._request_id(), ven_id=self.registration.ven_id)
            self._owe(ServiceName.EVENT, request)

    def _poll_again(self, now: datetime) -> None:
        """After anything but oadrResponse there may be more (r500)."""
        self._drained += 1
        if self._drained <= MAX_DRAIN:
            self._next_poll = now

    # --- what a reply means ---

    def _contact_made(self, request: Request) -> None:
        if self._failures:
            self._news.append(ContactMade())
            if self._confirmed and not isinstance(request.message, RequestEvent):
                self._ask_for_events()
        self._failures = self._rejections = 0

    def _take(self, reply: Message, request: Request, now: datetime) -> None:
        match reply:
            case CreatedPartyRegistration():
                self._on_registration(reply, now)
            case Response():
                self._on_response(reply.response, request, now)
            case RegisteredReport():
                self._on_response(reply.response, request, now)
                self._on_report_requests(reply.requests, self._request_id(), now)
            case UpdatedReport():
                self._on_updated_report(reply, request, now)
            case _ if self.registration is None:
                pass  # whoever has not registered ignores the VTN (r405)
            case DistributeEvent():
                self._on_events(reply, self.registration, request, now)
            case _:
                self._on_request(reply, self.registration, request, now)

    def _on_request(self, reply: Message, registered: Registration, request: Request, now: datetime) -> None:
        """What the VTN asks for in the answer to a poll; each is answered by a request of its own."""
        ven_id = registered.ven_id
        match reply:
            case CreateReport():
                self._on_report_requests(reply.requests, reply.request_id, now)
            case RegisterReport():  # a VTN's own reports are of no use to a chargepoint: none is asked for
                answer = RegisteredReport(response=ok(reply.request_id), ven_id=ven_id)
                self._owe(ServiceName.REPORT, answer)
            case UpdateReport():
                self._owe(ServiceName.REPORT, UpdatedReport(response=ok(reply.request_id), ven_id=ven_id))
            case CancelReport():
                self._owe(ServiceName.REPORT, answers.to_cancel(self._reports, reply, ven_id))
            case RequestReregistration():
                self._owe(ServiceName.REGISTER_PARTY, Response(response=ok(NO_REQUEST), ven_id=ven_id))
                self._owe(ServiceName.REGISTER_PARTY, self._registration_request())
            case CancelPartyRegistration():
                self._on_cancelled(reply, registered)
            case _:
                misfit = PeerComplained(_name(request), "", f"answered by {type(reply).__name__}")
                self._news.append(misfit)
                return
        self._poll_again(now)

    def _on_response(self, response: EiResponse, request: Request, now: datetime) -> None:
        if isinstance(request.message, Poll):
            self._drained = 0
        if response.accepted:
            return
        self._news.append(PeerComplained(_name(request), response.code, response.description or ""))
        if response.code in UNKNOWN_HERE and isinstance(request.message, Poll | RequestEvent):
            self._unknown_to_the_vtn(response.code, now)

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
        self.held = merged.held
        self._news.extend(EventArrived(each) for each in merged.arrived)
        self._news.extend(EventEnded(each.event.event_id, False) for each in merged.cancelled)
        self._news.extend(EventEnded(each.event.event_id, True) for each in merged.implied)
        if merged.responses:
            self._owe(ServiceName.EVENT, answers.opts(merged.responses, registered.ven_id))
        if isinstance(request.message, Poll) and (merged.responses or merged.arrived):
            self._poll_again(now)

    # --- registration ---

    def _on_registration(self, reply: CreatedPartyRegistration, now: datetime) -> None:
        if not reply.response.accepted or reply.ven_id is None or reply.registration_id is None:
            self._refused(reply.response.code, reply.response.description or "not accepted", now)
        elif self._introduction.vtn_id not in (None, reply.vtn_id):
            self._refused("", "another VTN than the one configured", now)
        elif self._introduction.ven_id not in (None, reply.ven_id):
            self._refused("", "the VTN wants to give this VEN another venID", now)
        else:
            self._register(reply, reply.ven_id, reply.registration_id, now)

    def _register(
        self, reply: CreatedPartyRegistration, ven_id: VenId, registration_id: RegistrationId, now: datetime
    ) -> None:
        """Metadata first, then the events (r309, r405); a re-registration needs the events only."""
        anew = self.registration is None or self.registration.registration_id != registration_id
        asked = reply.poll_frequency
        poll_every = DEFAULT_POLL if asked is None or asked.seconds <= 0 else asked.span
        self.registration = Registration(ven_id, registration_id, reply.vtn_id, poll_every)
        self._confirmed = True
        if anew:
            self._reports.forget()
            register = answers.metadata(self._reports, self._request_id(), ven_id, now)
            self._owe(ServiceName.REPORT, register)
        self._ask_for_events()
        self._news.append(Registered(ven_id, registration_id, reply.vtn_id, anew))

    def _refused(self, code: str, why: str, now: datetime) -> None:
        self._news.append(RegistrationRefused(code, why))
        self.registration = None
        self._start_over(now)

    def _unknown_to_the_vtn(self, code: str, now: datetime) -> None:
        """Register with our IDs, which the VTN may still know; if it refuses them, anew."""
        self._news.append(Deregistered(f"the VTN answers {code}"))
        self._start_over(now)

    def _start_over(self, now: datetime) -> None:
        """Events stay: a limit does not end because a registration did."""
        self._confirmed = False
        self._outbox.clear()
        self._next_poll = None
        self._failures += 1
        self._not_before = now + back_off(self._dice, self._failures, self._retry_cap)

    def _on_cancelled(self, message: CancelPartyRegistration, registered: Registration) -> None:
        """Validates the registrationID (r400). What runs is held to its end; then nobody limits (r407)."""
        matches = message.registration_id == registered.registration_id
        code = ResponseCode.OK if matches else ResponseCode.INVALID_ID
        answer = CanceledPartyRegistration(
            response=EiResponse(code=code, request_id=message.request_id),
            registration_id=registered.registration_id,
            ven_id=registered.ven_id,
        )
        self._owe(ServiceName.REGISTER_PARTY, answer)
        if matches:
            self._news.append(Deregistered("cancelled by the VTN"))

    # --- reports ---

    def _on_report_requests(
        self, requests: tuple[ReportRequest, ...], request_id: RequestId, now: datetime
    ) -> None:
        if not requests or self.registration is None:
            return
        ven_id = self.registration.ven_id
        created = answers.to_requests(self._reports, requests, request_id, ven_id, now)
        self._owe(ServiceName.REPORT, created)
        for one in requests:
            if one.specifier_id == METADATA:
                register = answers.metadata(self._reports, self._request_id(), ven_id, now, one.request_id)
                self._owe(ServiceName.REPORT, register)

    def _on_updated_report(self, reply: UpdatedReport, request: Request, now: datetime) -> None:
        self._on_response(reply.response, request, now)
        if isinstance(request.message, UpdateReport):
            if self._reported_at is not None:
                self._reports.delivered(self._reported_at)
            if reply.response.code == ResponseCode.INVALID_ID:  # the VTN does not know these requests (r304)
                self._reports.cancel({report.request_id for report in request.message.reports})
        if reply.cancel and self.registration:  # piggy-backed, to be processed all the same (r328)
            canceled = answers.to_cancel(self._reports, reply.cancel, self.registration.ven_id)
            self._owe(ServiceName.REPORT, canceled)


def _name(request: Request) -> str:
    return type(request.message).__name__
