"""What a VTN has told a VEN of its events so far, and what both may still say of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from oadr import timing
from oadr.rules.breach import Breach, Finding, Party
from oadr.rules.exchange import Exchange, accepted, events_of
from oadr.wire.errors import Invalid
from oadr.wire.ids import EventId, OptId, RequestId
from oadr.wire.messages import CancelOpt, CreatedEvent, CreateOpt, DistributeEvent, Poll, RequestEvent
from oadr.wire.messages.common import OptType, QualifiedEventId
from oadr.wire.messages.event import ActivePeriod, Event, EventResponse, EventStatus, ResponseRequired

TRIES: Final = 3
"""So often a list may pass without an answer, or an unanswered cancellation is listed at least."""
SECOND: Final = timedelta(seconds=1)
COURSE: Final = (EventStatus.FAR, EventStatus.NEAR, EventStatus.ACTIVE, EventStatus.COMPLETED)


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it was listed last."""

    event: Event
    at: datetime
    offers: frozenset[tuple[RequestId, int]]
    """Under which requestID which modification was listed."""
    times: int = 1
    """How often this modification was listed."""
    is_listed: bool = True
    is_answered: bool = False

    @property
    def is_cancelled(self) -> bool:
        return self.event.descriptor.status is EventStatus.CANCELLED

    @property
    def is_owed(self) -> bool:
        """Whether the VEN has still to answer this modification."""
        return not self.is_answered and self.event.response_required is ResponseRequired.ALWAYS


@dataclass(frozen=True, slots=True)
class Events:
    """Of one VEN and its VTN."""

    told: tuple[Told, ...] = ()
    opts: frozenset[OptId] = frozenset()
    """Those that were about an event."""

    @property
    def owed(self) -> tuple[EventId, ...]:
        """Events that the VEN has still to answer (r12, r62)."""
        return tuple(one.event.event_id for one in self.told if one.is_listed and one.is_owed)

    def step(self, exchange: Exchange) -> tuple["Events", tuple[Breach, ...]]:
        match exchange.request:
            case CreatedEvent() as word:
                return self._answered(word), tuple(self._on_answers(word, exchange))
            case CreateOpt(event=QualifiedEventId() as event, opt_id=opt_id):
                return replace(self, opts=self.opts | {opt_id}), tuple(self._on_opt(event))
            case CancelOpt(opt_id=opt_id) if opt_id in self.opts:
                return self, (Breach("r211", Party.VEN, "oadrCancelOpt", f"{opt_id} is about an event"),)
        if message := events_of(exchange):
            after = self._listed(message, exchange)
            return after, (*self._on_list(message, exchange), *after._on_silence())
        return self, ()

    # --- a list ---

    def _listed(self, message: DistributeEvent, exchange: Exchange) -> "Events":
        known = {one.event.event_id: one for one in self.told}
        fresh = {
            event.event_id: _next(known.get(event.event_id), event, message, exchange.at)
            for event in message.events
        }
        rest = tuple(one for id_, one in known.items() if id_ not in fresh)
        if _is_complete(exchange):
            rest = tuple(replace(one, is_listed=False) for one in rest)
        return replace(self, told=(*rest, *fresh.values()))

    def _on_list(self, message: DistributeEvent, exchange: Exchange) -> Iterator[Breach]:
        known = {one.event.event_id: one for one in self.told}
        for event in message.events:
            before = known.get(event.event_id)
            for number, why in _changes(before, event) if before else _firsts(event):
                yield Breach(number, Party.VTN, f"event {event.event_id}", why)
        if _is_complete(exchange):
            yield from _missing(self.told, {event.event_id for event in message.events}, exchange.at)
        if isinstance(exchange.request, Poll) and not self._is_news(message, known):
            yield Breach("r502", Party.VTN, "oadrDistributeEvent", "polled, with nothing new or unanswered")

    def _is_news(self, message: DistributeEvent, known: dict[EventId, Told]) -> bool:
        listed = {id_ for id_, one in known.items() if one.is_listed}
        if bool(self.owed) or listed != {event.event_id for event in message.events}:
            return True
        return any(_number(known[event.event_id].event) != _number(event) for event in message.events)

    def _on_silence(self) -> Iterator[Breach]:
        for one in self.told:
            if one.is_listed and one.is_owed and one.times > TRIES:
                yield Breach(
                    "r12",
                    Party.VEN,
                    f"event {one.event.event_id}",
                    f"listed {one.times} times, never answered",
                )

    # --- answers ---

    def _answered(self, message: CreatedEvent) -> "Events":
        """A refusal of the whole answers none of its events (r25)."""
        if not message.response.accepted:
            return self
        said = {(r.event.event_id, r.event.modification_number) for r in message.event_responses}
        return replace(
            self,
            told=tuple(
                replace(one, is_answered=True) if (one.event.event_id, _number(one.event)) in said else one
                for one in self.told
            ),
        )

    def _on_answers(self, message: CreatedEvent, exchange: Exchange) -> Iterator[Breach]:
        known = {one.event.event_id: one for one in self.told}
        for response in message.event_responses:
            where = f"event {response.event.event_id}"
            one = known.get(response.event.event_id)
            for number, why in _answer(one, response):
                yield Breach(number, Party.VEN, where, why)
            if one is None and message.response.accepted and accepted(exchange.reply):
                yield Breach(
                    "r21", Party.VTN, where, "accepts an answer about an event that was never listed"
                )

    def _on_opt(self, about: QualifiedEventId) -> Iterator[Breach]:
        for one in self.told:
            is_mute = one.event.response_required is ResponseRequired.NEVER
            if one.event.event_id == about.event_id and is_mute:
                yield Breach(
                    "r206", Party.VEN, f"event {about.event_id}", "an opt for what asks for no answer"
                )


def _is_complete(exchange: Exchange) -> bool:
    """A list is all there is, unless fewer were asked for (r27, r50)."""
    return not (isinstance(exchange.request, RequestEvent) and exchange.request.reply_limit)


def _number(event: Event) -> int:
    return event.descriptor.modification_number


def _next(before: Told | None, event: Event, message: DistributeEvent, at: datetime) -> Told:
    offer = (message.request_id, _number(event))
    if before is None:
        return Told(event, at, frozenset({offer}))
    is_same = _number(before.event) == _number(event)
    return Told(
        event,
        at,
        before.offers | {offer},
        times=before.times + 1 if is_same else 1,
        is_answered=before.is_answered and is_same,
    )


def _firsts(event: Event) -> Iterator[Finding]:
    """A first sight of an event that was modified meanwhile says so, in its status, date or reason."""
    descriptor = event.descriptor
    says_so = descriptor.modified_at or descriptor.modification_reason is not None
    if descriptor.modification_number and not says_so and descriptor.status is not EventStatus.CANCELLED:
        yield "r4", f"new, with modification number {descriptor.modification_number}"


def _changes(before: Told, event: Event) -> Iterator[Finding]:
    old, new = before.event.descriptor, event.descriptor
    is_higher = new.modification_number > old.modification_number
    if new.modification_number < old.modification_number:
        yield "r5", f"modification {new.modification_number} after {old.modification_number}"
    elif not is_higher and _content(event, before.event) != _content(before.event, before.event):
        yield "r5", f"changed within modification {new.modification_number}"
    elif not is_higher and before.is_cancelled:
        pass  # its status cannot change without a new number: that is r5
    elif not is_higher and _goes_back(old.status, new.status):
        yield "r13", f"{new.status} after {old.status}"
    is_due = is_higher and old.created_at < before.at - SECOND  # two changes may fall into one second
    if new.created_at < old.created_at or (is_due and new.created_at == old.created_at):
        yield "r115", "createdDateTime is not renewed by a change"


def _content(event: Event, like: Event) -> Event:
    """What of an event may only change with its number (r5); a cancellation is such a change."""
    status = event.descriptor.status
    descriptor = replace(
        event.descriptor,
        created_at=like.descriptor.created_at,
        status=status if status is EventStatus.CANCELLED else EventStatus.NONE,
    )
    signals = tuple(replace(signal, current_value=None) for signal in event.signals)
    return replace(event, descriptor=descriptor, signals=signals)


def _goes_back(old: EventStatus, new: EventStatus) -> bool:
    return old in COURSE and new in COURSE and COURSE.index(new) < COURSE.index(old)


def _missing(told: Iterable[Told], listed: set[EventId], at: datetime) -> Iterator[Breach]:
    """What a complete list may not leave out: far, near, active, still running, cancelled and unanswered."""
    for one in told:
        if not one.is_listed or one.event.event_id in listed:
            continue
        is_over, is_over_everywhere = (
            _is_over(timing.end, one.event, at),
            _is_over(timing.shown_until, one.event, at),
        )
        if one.is_cancelled:
            number = "r52" if one.is_owed and one.times < TRIES and not is_over else None
        else:
            number = None if is_over_everywhere else "r66" if is_over else "r50"
        if number:
            yield Breach(number, Party.VTN, f"event {one.event.event_id}", "is missing")


def _is_over(end_of: Callable[[ActivePeriod], datetime | None], event: Event, at: datetime) -> bool:
    try:
        end = end_of(event.period)
    except Invalid:  # a duration that leads outside the calendar is long enough
        return False
    return end is not None and end <= at


def _answer(one: Told | None, response: EventResponse) -> Iterator[Finding]:
    if one is None or (response.request_id, response.event.modification_number) not in one.offers:
        yield "r42", "answers what was not listed under this requestID"
        return
    if one.event.response_required is ResponseRequired.NEVER:
        yield "r12", "answered, although it asks for no answer"
    is_about_cancel = one.is_cancelled and response.event.modification_number == _number(one.event)
    if is_about_cancel and response.opt is OptType.OPT_OUT and response.code.startswith("2"):
        yield "r36", "a cancellation cannot be opted out of"
