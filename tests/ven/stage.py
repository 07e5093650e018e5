"""What the tests of the VEN play with: events, a VTN with a memory, chargers with a memory."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from oadr import timing
from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.wire import envelope
from oadr.wire.errors import Unreachable
from oadr.wire.ids import (
    EventId,
    GroupId,
    MarketContext,
    RegistrationId,
    ReportRequestId,
    ReportSpecifierId,
    RequestId,
    ResourceId,
    RId,
    SignalId,
    Token,
    VenId,
    VtnId,
)
from oadr.wire.messages import (
    CreatedEvent,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    DistributeEvent,
    Message,
    Poll,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse, Target
from oadr.wire.messages.event import (
    LOAD_CONTROL,
    ActivePeriod,
    Event,
    EventDescriptor,
    EventStatus,
    ResponseRequired,
    Signal,
    SignalInterval,
    SignalType,
)
from oadr.wire.messages.registration import Profile, ProfileName, TransportName
from oadr.wire.messages.report import NOT_APPLICABLE, ReportPeriod, ReportRequest, SpecifierPayload
from oadr.wire.scalars import Duration
from tests.ven.virtual import START
from ven.enrolment import Introduction
from ven.events import Site
from ven.journal import Memory
from ven.points import USAGE_SPECIFIER
from ven.randomise import Dice
from ven.reports import Reports
from ven.session import Request, Session
from ven.transport.http import Rejected, failure

BASE = "https://dso.example/programmes"
EVSE_1, EVSE_2 = ResourceId("evse-1"), ResourceId("evse-2")
RATING = Rating(amps=Decimal(32), phases=3)
RATINGS = {EVSE_1: RATING, EVSE_2: Rating(amps=Decimal(16), phases=1)}
VEN, VTN = VenId("Ven-1"), VtnId("Vtn-1")
SITE = Site(VEN, frozenset(RATINGS), frozenset({GroupId("feeder-12")}), BASE, timedelta(seconds=600))
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class Loaded:
    """Dice that always fall the same: the given share of the longest."""

    def __init__(self, share: float = 1.0) -> None:
        self.share = share
        self.thrown = 0

    def random(self) -> float:
        self.thrown += 1
        return self.share

    def randint(self, a: int, b: int) -> int:
        self.thrown += 1
        return a + round((b - a) * self.share)


def signal(*shares: str, minutes: int | None = None, name: Token = LOAD_CONTROL, **other: Any) -> Signal:
    length = None if minutes is None else Duration(minutes * 60)
    fields: dict[str, Any] = {"type": SignalType.LOAD_CONTROL_CAPACITY, **other}
    return Signal(
        intervals=tuple(
            SignalInterval(uid=str(count), duration=length, value=Decimal(share))
            for count, share in enumerate(shares)
        ),
        name=name,
        signal_id=SignalId("S1"),
        **fields,
    )


def event(
    event_id: str = "E1",
    number: int = 0,
    share: str = "0.4",
    *,
    programme: str = "supply-limit",
    start: datetime = START,
    minutes: int = 30,
    status: EventStatus | None = None,
    target: Target = Target(),
    response: ResponseRequired = ResponseRequired.ALWAYS,
    start_after: Duration | None = None,
    test: str | None = None,
    signals: tuple[Signal, ...] | None = None,
) -> Event:
    """As a VTN lists it at START, unless another status is given."""
    period = ActivePeriod(start=start, duration=Duration(minutes * 60), start_after=start_after)
    return Event(
        descriptor=EventDescriptor(
            event_id=EventId(event_id),
            modification_number=number,
            market_context=MarketContext(Token(f"{BASE}/{programme}")),
            created_at=START,
            status=status or timing.status(period, START),
            test_event=test,
        ),
        period=period,
        signals=signals if signals is not None else (signal(share),),
        target=target,
        response_required=response,
    )


def listing(*events: Event, vtn_id: VtnId = VTN, request_id: str = "D1") -> DistributeEvent:
    return DistributeEvent(
        response=EiResponse(request_id=RequestId("")),
        request_id=RequestId(request_id),
        vtn_id=vtn_id,
        events=events,
    )


def report_request(
    *points: str,
    request_id: str = "RR1",
    specifier: ReportSpecifierId = USAGE_SPECIFIER,
    every: int = 60,
    grain: int = 10,
    start: datetime | None = None,
    lasts: int = 0,
) -> ReportRequest:
    """Periodic by default; `every` and `grain` in seconds."""
    return ReportRequest(
        request_id=ReportRequestId(request_id),
        specifier_id=specifier,
        granularity=Duration(grain),
        report_back=Duration(every),
        period=None if start is None else ReportPeriod(start=start, duration=Duration(lasts)),
        points=tuple(
            SpecifierPayload(r_id=RId(point), reading_type=NOT_APPLICABLE)
            for point in points or ("evse-1:P",)
        ),
    )


def response(code: str = "200", request_id: str = "") -> Response:
    return Response(response=EiResponse(code=code, request_id=RequestId(request_id)))


@dataclass
class FakeVtn:
    """A VTN of the strict kind, and what it heard. It offers its list until the list is answered."""

    clock: Callable[[], datetime]
    events: tuple[Event, ...] = ()
    has_news: bool = False
    mail: deque[Message] = field(default_factory=deque)
    poll_seconds: int = 10
    registrations: int = 0
    known: bool = False
    refuses: bool = False
    piggyback: tuple[ReportRequest, ...] = ()
    down: bool = False
    drops: int = 0
    """So many replies are lost from now on, after they took effect."""
    cannot: tuple[type[Message], ...] = ()
    """Answered by HTTP 500."""
    instead: dict[type[Message], Message | None] = field(default_factory=dict)
    heard: list[tuple[datetime, Message]] = field(default_factory=list)

    def offer(self, *events: Event) -> None:
        self.events, self.has_news = events, True

    def of(self, kind: type[Message]) -> list[Message]:
        return [message for _, message in self.heard if isinstance(message, kind)]

    def times_of(self, kind: type[Message]) -> list[timedelta]:
        return [at - START for at, message in self.heard if isinstance(message, kind)]

    async def exchange(self, request: Request) -> Message | None:
        return self.answer(request)

    async def close(self) -> None:
        """Nothing to close."""

    def answer(self, request: Request) -> Message | None:
        message = request.message
        assert envelope.read(envelope.write(message), None, limit=envelope.REPORT_LIMIT)
        self.heard.append((self.clock(), message))
        if self.down:
            raise Unreachable("the VTN is down")
        if isinstance(message, self.cannot):
            raise Rejected("HTTP status 500")
        reply = self.instead[type(message)] if type(message) in self.instead else self._reply(message)
        if self.drops:
            self.drops -= 1
            raise Unreachable("the reply was lost")
        return reply

    def _reply(self, message: Message) -> Message | None:
        match message:
            case CreatePartyRegistration():
                return self._register(message)
            case _ if not self.known:
                return response("463")
            case Poll():
                if self.mail:
                    return self.mail.popleft()
                return listing(*self.events) if self.has_news else response()
            case RequestEvent():
                return listing(*self.events)
            case CreatedEvent():
                self.has_news = False
                return response()
            case RegisterReport():
                return RegisteredReport(
                    response=EiResponse(request_id=message.request_id), requests=self.piggyback
                )
            case UpdateReport():
                return UpdatedReport(response=EiResponse(request_id=message.request_id))
            case _:
                return response()

    def _register(self, message: CreatePartyRegistration) -> CreatedPartyRegistration:
        profile = Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,))
        current = RegistrationId(f"Reg-{self.registrations}")
        wrong = message.registration_id is not None and (not self.known or message.registration_id != current)
        if self.refuses or wrong:
            refusal = EiResponse(code="452", request_id=message.request_id)
            return CreatedPartyRegistration(response=refusal, vtn_id=VTN, profiles=(profile,))
        if message.registration_id is None:
            self.registrations += 1
        self.known = True
        return CreatedPartyRegistration(
            response=EiResponse(request_id=message.request_id),
            registration_id=RegistrationId(f"Reg-{self.registrations}"),
            ven_id=VEN,
            vtn_id=VTN,
            profiles=(profile,),
            poll_frequency=Duration(self.poll_seconds),
        )


class Conversation:
    """A session and a VTN, without a loop: the time is moved from wake-up to wake-up."""

    def __init__(self, memory: Memory | None = None, dice: Dice | None = None, **introduction: Any) -> None:
        self.now = START
        self.vtn = FakeVtn(lambda: self.now)
        self.news: list[object] = []
        known = memory or Memory()
        self.reports = Reports(RATINGS, SECOND, known.orders)
        counter = iter(range(10**9))
        fields: dict[str, Any] = {"name": "site", "ven_id": None, "vtn_id": None, **introduction}
        self.session = Session(
            Introduction(**fields),
            SITE,
            self.reports,
            dice or Random(1),
            lambda: f"R{next(counter)}",
            timedelta(seconds=300),
            known.registration,
            known.held,
            known.opts,
        )

    def run_for(self, length: timedelta) -> None:
        """Everything that happens in this time; a session that does not pause is caught."""
        until = self.now + length
        while True:
            for _ in range(200):
                requests = self.session.requests_to_send(self.now)
                for request in requests:
                    self.exchange(request)
                if not requests:
                    break
            else:
                raise AssertionError("the session does not pause")
            wake = self.session.next_wake(self.now)
            assert wake > self.now, "the session wants to wake up at once and has nothing to say"
            if wake > until:
                self.now = until
                return
            self.now = wake

    def exchange(self, request: Request) -> None:
        try:
            reply = self.vtn.answer(request)
        except Unreachable as error:
            self.session.request_failed(self.now, str(error), failure(error))
        else:
            self.session.receive(reply, self.now)
        while (item := self.session.next_event()) is not None:
            self.news.append(item)

    def heard(self) -> list[str]:
        """The names of what was said, and forget it."""
        names = [type(message).__name__ for _, message in self.vtn.heard]
        self.vtn.heard.clear()
        return names

    def told(self, kind: type) -> list[object]:
        return [item for item in self.news if isinstance(item, kind)]


def amps_of(limits: Iterable[Limit | None]) -> list[Decimal | None]:
    return [limit.amps if limit else None for limit in limits]
