"""The VEN's conversation with its VTN over HTTP PULL. Sans-IO: give it replies, failures and the time.

    boot --> register --> metadata, event list --> poll, answer, poll again ... until there is nothing more
                ^                                      |
                +---- not registered (452, 463) -------+---- silence: try again, for ever, with back-off

One request is under way at a time. What is owed to the VTN waits in an outbox and leaves it when it was
answered; events and limits do not depend on any of this and go on through silence.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import EventId, OptId, ResourceId
from oadr.wire.messages import (
    CancelOpt,
    CreateOpt,
    CreatePartyRegistration,
    Message,
    Poll,
    RequestEvent,
    UpdateReport,
)
from oadr.wire.messages.common import OptType
from oadr.wire.messages.registration import ServiceName
from ven.authority import Authority
from ven.book import Book
from ven.enrolment import NO_REGISTRATION, Enrolment, Introduction, Registration
from ven.events import HeldEvent, Site
from ven.failsafe import Heard
from ven.news import ContactLost, ContactMade, GaveUp, News
from ven.opts import Opt, Opts
from ven.outbox import Failure, Outbox, Request
from ven.pace import DEFAULT_POLL, Pace
from ven.randomise import Dice
from ven.replies import Replies
from ven.reporting import Reporting
from ven.reports import Reports

__all__ = ["Failure", "Introduction", "Registration", "Request", "Session"]

MAX_TRIES: Final = 3
"""What the VTN cannot take so often, although it is there, is dropped: it must not hold up the polls."""


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
        authority: Authority | None = None,
    ) -> None:
        self._site = site
        self._reports = reports
        self._pace = Pace(dice, retry_cap, registration.poll_every if registration else DEFAULT_POLL)
        self._outbox = Outbox(new_id)
        self._enrolment = Enrolment(introduction, self._pace, self._outbox, registration)
        self._book = Book(site, new_id, self._outbox, dice, held, kept_opts, authority)
        self._reporting = Reporting(reports, self._enrolment, self._outbox)
        self._replies = Replies(self._enrolment, self._book, self._reporting, self._outbox, self._pace)
        self._under_way: Request | None = None
        self._tries = 0
        self._in_contact = True
        self._contact_at: datetime | None = None

    @property
    def heard(self) -> Heard:
        """What silence and failsafe are judged by."""
        known = self.registration
        return Heard(
            self._contact_at,
            self._book.listed_at,
            self._pace.poll_every,
            is_registered=known is not None and known.registration_id != NO_REGISTRATION,
        )

    @property
    def held(self) -> tuple[HeldEvent, ...]:
        return self._book.held

    @property
    def opts(self) -> Opts:
        return self._book.opts

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
        self._contact_at = now
        self._pace.succeeded()
        self._contact_made(request)
        self._done_with(request, now)
        self._replies.take(reply, request, now)

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
            self._outbox.tell(ContactLost(why))
        if asks or failure is Failure.BUSY:
            return
        if isinstance(request.message, CreateOpt | CancelOpt):
            if failure is Failure.REJECTED and self.opts.is_given_up():
                self._outbox.tell(GaveUp(request.name))
                self._book.on_opt_answer(request.message, taken=False)
            return
        self._tries += failure is Failure.REJECTED or was_in_contact or not self._enrolment.stands
        if self._tries >= MAX_TRIES:
            self._outbox.tell(GaveUp(request.name))
            self._done_with(request, now)

    def next_wake(self, now: datetime) -> datetime:
        """When `requests_to_send` will have something; never later than a poll interval or a back-off."""
        return max(self._pace.free_at(now), self._speaks_at(now))

    def next_event(self) -> News | None:
        return self._outbox.next_news()

    # --- what the people here decide ---

    def decide(
        self, event_id: EventId, opt: OptType, reason: str, resources: Collection[ResourceId], now: datetime
    ) -> None:
        """Decline an event, or follow it after all. Raises `CannotDecline`."""
        self._book.decide(event_id, opt, reason, resources, now)

    def tell_unable(self, unable: Collection[ResourceId], now: datetime) -> None:
        """These chargepoints do not take their limit."""
        self._book.tell_unable(unable, now)

    def clock_set(self, by: timedelta, now: datetime) -> None:
        """Our clock was set: what runs goes on for as long as it would have. Polls and reports notice by themselves."""
        self._book.clock_set(by, now)
        self._contact_at = self._contact_at and self._contact_at + by

    def state_schedule(
        self,
        periods: Iterable[Period],
        opt: OptType,
        programme: Programme | None,
        resources: Collection[ResourceId],
        opt_id: OptId | None,
        now: datetime,
    ) -> OptId:
        """Raises `Misuse`."""
        return self._book.state_schedule(periods, opt, programme, resources, opt_id, now)

    # --- what to say next ---

    def _speaks_at(self, now: datetime) -> datetime:
        """When there is something to say, were it not for a pause after failures."""
        if self._outbox.first:
            return now
        if not self._enrolment.stands:
            return self._pace.registers_at(now)
        polls_at = self._pace.polls_at(now)
        return now if self.opts.next else min(polls_at, self._reports.next_due() or polls_at)

    def _next_request(self, now: datetime) -> Request | None:
        """After a failure the poll goes first: an answer that the VTN cannot take does not hold up an order."""
        is_poll_due = self._enrolment.stands and self._pace.polls_at(now) <= now
        if self._outbox.first and not (self._pace.failures and is_poll_due):
            return self._outbox.first
        if not self._enrolment.stands or self.registration is None:
            is_time = self._pace.registers_at(now) <= now
            registration = self._enrolment.request(self._outbox.request_id())
            return Request(ServiceName.REGISTER_PARTY, registration) if is_time else None
        ven_id = self.registration.ven_id
        if is_poll_due:
            return Request(ServiceName.POLL, Poll(ven_id=ven_id))
        if opt := self.opts.next:
            return Request(ServiceName.OPT, self.opts.message(opt, ven_id, self._outbox.request_id()))
        return self._reporting.next_request(ven_id, now)

    # --- what becomes of a request ---

    def _contact_made(self, request: Request) -> None:
        """A reply that was lost may have been an order, so the list is asked for."""
        if self._in_contact:
            return
        self._in_contact = True
        self._outbox.tell(ContactMade())
        if self._enrolment.stands and self.registration and not isinstance(request.message, RequestEvent):
            self._outbox.ask_for_events(self.registration.ven_id)

    def _done_with(self, request: Request, now: datetime) -> None:
        """It was answered or given up."""
        if self._outbox.settle(request):
            self._tries = 0
        elif isinstance(request.message, UpdateReport):
            self._reports.delivered(now)
            self._tries = 0
        elif isinstance(request.message, Poll):
            self._pace.polled(now)
