"""The events that a VEN holds, and what a new list of events does to them. Sans-IO.

The VTN always sends the whole list, so one merge decides everything (r56-61): unknown is added, higher
modification replaces, same changes nothing, lower is refused, cancelled and missing are dropped. The table of that
is `oadr.states.event.HOLDING`. Each event is judged alone: one that cannot be served never spoils another's answer
(r19).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr import timing
from oadr.charging import electricity
from oadr.charging.ceilings import Step
from oadr.charging.electricity import FLOOR_AMPS, Allowed, Rating
from oadr.charging.meanings import PLAIN, Agreed
from oadr.charging.signals import Programme
from oadr.states.event import HOLDING, Held, Seen
from oadr.wire.errors import PeerError, ResponseCode
from oadr.wire.ids import EventId, RequestId, ResourceId
from oadr.wire.messages.common import OptType, QualifiedEventId
from oadr.wire.messages.event import (
    DistributeEvent,
    Event,
    EventResponse,
    EventStatus,
    ResponseRequired,
)
from ven.authority import Authority
from ven.meaning import Meaning, meaning, steps
from ven.meaning import Site as Site
from ven.party import GRID_OPERATOR, Party
from ven.randomise import Dice, offset

ON_ITS_WAY: Final = timedelta(seconds=30)
"""An answer may take so long: an event that was active when it was written may be over when it is read."""


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event in the book, and our word on it.

    A modification that cannot be served does not end what runs: `event` stays the version that is obeyed,
    `modification_number` is the newest that was seen and answered. `start_offset` is drawn once for an event
    and a start, and kept over modifications (r30). `programme` and `resources` are what an obeyed event meant
    when it was accepted: neither another registration nor another configuration lifts a limit. `declined` are
    those of them whose people have declined, which outlasts modifications (r206).
    """

    event: Event
    modification_number: int
    received_at: datetime
    obeyed: bool
    opt: OptType
    code: str = ResponseCode.OK
    why: str | None = None
    start_offset: timedelta = timedelta()
    programme: Programme | None = None
    resources: frozenset[ResourceId] = frozenset()
    declined: frozenset[ResourceId] = frozenset()
    latest: datetime | None = None
    """When it ends here by the site's contract, whatever it says itself."""
    agreed: Agreed = PLAIN
    """How its signals are read, as it was when the event was accepted; a new setting is for what comes after it."""
    party: Party = GRID_OPERATOR
    """Whose event it is: two VTNs may have one of the same name."""
    least: Decimal | None = None
    """Percent of the rated current below which it limits nobody, as `agreed` of that time."""

    @property
    def state(self) -> Held:
        if not self.obeyed:
            return Held.REFUSED
        if self.code != ResponseCode.OK:
            return Held.OUTRUN
        return Held.DECLINED if self.declined == self.resources else Held.FOLLOWED

    def declining(self, declined: frozenset[ResourceId]) -> "HeldEvent":
        """The same event, declined by these; where nobody is left to follow it, the answer to it is optOut.

        That is the answer too to a modification that cannot be served, whoever follows the one before.
        """
        after = replace(self, declined=declined & self.resources)
        return replace(after, opt=OptType.OPT_IN if after.state is Held.FOLLOWED else OptType.OPT_OUT)

    def word(self, request_id: RequestId) -> EventResponse:
        """Our answer to it as it stands now; `request_id` is that of the list that it came by (r42)."""
        event = QualifiedEventId(event_id=self.event.event_id, modification_number=self.modification_number)
        return EventResponse(
            code=self.code, description=self.why, request_id=request_id, event=event, opt=self.opt
        )

    @property
    def start(self) -> datetime:
        return self.event.period.start + self.start_offset

    @property
    def end(self) -> datetime | None:
        """None: until cancelled (r47); None too for an event that is not obeyed, whose times may be nonsense."""
        if not self.obeyed:
            return None
        ends = (timing.end(self.event.period, self.start_offset), self.latest)
        return min((end for end in ends if end is not None), default=None)

    def limits_at(self, now: datetime) -> bool:
        """Whether it limits somebody then: it is obeyed, no test, has begun and is not over."""
        is_order = self.obeyed and not self.event.descriptor.is_test
        return is_order and self.start <= now and (self.end is None or now < self.end)

    def moved(self, by: timedelta) -> "HeldEvent":
        """The same for as long, by a clock that was set."""
        return replace(
            self, start_offset=self.start_offset + by, latest=self.latest + by if self.latest else None
        )

    def at_least(self, order: Allowed, rating: Rating) -> Allowed:
        """`order` as far as whoever gave it may go."""
        if self.least is None:
            return order
        floor = electricity.from_amps(max(rating.amps * self.least / 100, FLOOR_AMPS), rating)
        return max(order, floor, key=lambda one: one.amps)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What it orders; nothing where it is not obeyed."""
        return steps(self.event, self.agreed) if self.obeyed else ()


@dataclass(frozen=True, slots=True)
class Merged:
    """The new book, the answers that are owed, and what changed for people to read."""

    held: tuple[HeldEvent, ...]
    responses: tuple[EventResponse, ...]
    arrived: tuple[HeldEvent, ...]
    cancelled: tuple[HeldEvent, ...]
    implied: tuple[HeldEvent, ...]


def merge(
    held: tuple[HeldEvent, ...],
    message: DistributeEvent,
    site: Site,
    now: datetime,
    dice: Dice,
    authority: Authority | None = None,
) -> Merged:
    """What the complete list in `message` makes of the events in `held`, within the operator's `authority`."""
    unseen = {each.event.event_id: each for each in held}
    kept: dict[EventId, HeldEvent] = {}
    responses: list[EventResponse] = []
    arrived: list[HeldEvent] = []
    cancelled: list[HeldEvent] = []
    for event in message.events:
        known = kept.pop(event.event_id, None) or unseen.pop(event.event_id, None)
        seen, verdict = _judge(event, known, site, now, dice, authority)
        after = HOLDING.after(_state(known), seen)
        if event.response_required is ResponseRequired.ALWAYS:
            responses.append(_response(verdict, event, message.request_id))
        if after is Held.UNKNOWN:
            cancelled.extend([known] if known else [])
        elif seen is Seen.LOWER and known:
            kept[event.event_id] = known
        else:
            kept[event.event_id] = verdict
            is_news = known is None or known.modification_number < verdict.modification_number
            arrived.extend([verdict] if is_news else [])
    implied = tuple(each for each in unseen.values() if not _is_over(each, now))
    return Merged(tuple(kept.values()), tuple(responses), tuple(arrived), tuple(cancelled), implied)


def _state(known: HeldEvent | None) -> Held:
    return known.state if known else Held.UNKNOWN


def _judge(
    event: Event,
    known: HeldEvent | None,
    site: Site,
    now: datetime,
    dice: Dice,
    authority: Authority | None,
) -> tuple[Seen, HeldEvent]:
    """How the list has it, and what is answered; that is also what is held from now on, unless the table drops it."""
    number = event.descriptor.modification_number
    if known and number < known.modification_number:
        too_old = "older than the modification that is held"
        return Seen.LOWER, replace(known, opt=OptType.OPT_OUT, code=ResponseCode.OUT_OF_SEQUENCE, why=too_old)
    if event.descriptor.status is EventStatus.CANCELLED:
        confirmed = HeldEvent(event, number, now, False, OptType.OPT_IN)  # also if unknown (r36, r60)
        return Seen.CANCELLED, confirmed
    if known and number == known.modification_number:
        return Seen.SAME, known  # whatever it says now: a change without a new number is none (r5)
    try:
        meant = meaning(event, site)
        start_offset = _start_offset(event, known, meant.programme, site, now, dice)
        latest = _latest(event, meant.programme, start_offset, now, authority)
    except PeerError as error:
        return Seen.UNSERVABLE, replace(_unserved(event, known, error, now), party=site.role.party)
    accepted = _accepted(event, known, meant, start_offset, now)
    party, least = site.role.party, site.role.least
    return Seen.SERVABLE, replace(accepted, latest=latest, agreed=site.agreed, party=party, least=least)


def _latest(
    event: Event, programme: Programme, start_offset: timedelta, now: datetime, authority: Authority | None
) -> datetime | None:
    """When an emergency ends here at the latest. Raises `Refused` for one that goes beyond what is agreed."""
    if authority is None:
        return None
    if programme is not Programme.SUPPLY_LIMIT or event.descriptor.is_test:
        authority.ended(event.event_id, now)  # it may have been an emergency until now
        return None
    start, end = event.period.start + start_offset, timing.end(event.period, start_offset)
    if end is not None and end <= now:
        return None  # it is over, and limits nobody
    return authority.admit(event.event_id, start, end, now)


def _unserved(event: Event, known: HeldEvent | None, error: PeerError, now: datetime) -> HeldEvent:
    number = event.descriptor.modification_number
    if known and HOLDING.after(known.state, Seen.UNSERVABLE) is Held.OUTRUN:
        return replace(known, modification_number=number, opt=OptType.OPT_OUT, code=error.code, why=error.why)
    return HeldEvent(event, number, now, False, OptType.OPT_OUT, error.code, error.why)


def _accepted(
    event: Event, known: HeldEvent | None, meant: Meaning, start_offset: timedelta, now: datetime
) -> HeldEvent:
    accepted = HeldEvent(
        event,
        event.descriptor.modification_number,
        now,
        True,
        OptType.OPT_IN,
        start_offset=start_offset,
        programme=meant.programme,
        resources=meant.resources,
    )
    may_decline = known is not None and meant.programme is not Programme.SUPPLY_LIMIT
    return accepted.declining(known.declined) if known and may_decline else accepted


def _start_offset(
    event: Event, known: HeldEvent | None, programme: Programme, site: Site, now: datetime, dice: Dice
) -> timedelta:
    """Drawn once for a start, and kept (r30). Never for a supply limitation, whatever the event says (Rec 4)."""
    asked = event.period.start_after
    drawn_for = known and known.obeyed and (known.event.period.start, known.event.period.start_after)
    if known and drawn_for == (event.period.start, asked):
        return known.start_offset
    if programme is Programme.SUPPLY_LIMIT:
        return _clock_correction(event, now)
    return offset(dice, site.randomise_default if asked is None else asked.span)


def _clock_correction(event: Event, now: datetime) -> timedelta:
    """By how much a supply limitation is moved so that it holds from its receipt.

    The VTN says that it is active. Where our clock says that it is yet to come, or long over, our clock is the
    one that is wrong, and an emergency does not wait for it: length counts, times do not.
    """
    if event.descriptor.status is not EventStatus.ACTIVE:
        return timedelta()
    end = timing.end(event.period)
    is_over = end is not None and now >= end + ON_ITS_WAY
    return now - event.period.start if now < event.period.start or is_over else timedelta()


def _response(verdict: HeldEvent, event: Event, request_id: RequestId) -> EventResponse:
    return EventResponse(
        code=verdict.code,
        description=verdict.why,
        request_id=request_id,
        event=event.qualified_id,
        opt=verdict.opt,
    )


def _is_over(held: HeldEvent, now: datetime) -> bool:
    return held.end is not None and held.end <= now
