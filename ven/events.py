"""The events that a VEN holds, and what a new list of events does to them. Sans-IO.

The VTN always sends the whole list, so one merge decides everything (r56-61): unknown is added, higher
modification replaces, same changes nothing, lower is refused, cancelled and missing are dropped. Each event
is judged alone: one that cannot be served never spoils another's answer (r19).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from oadr import timing
from oadr.charging import signals
from oadr.charging.signals import Programme, Step
from oadr.opting import DEVICE_CLASSES
from oadr.wire.errors import Invalid, PeerError, Refused, ResponseCode
from oadr.wire.ids import EventId, GroupId, RequestId, ResourceId, VenId
from oadr.wire.messages.common import OptType, QualifiedEventId, Target
from oadr.wire.messages.event import (
    DistributeEvent,
    Event,
    EventResponse,
    EventStatus,
    ResponseRequired,
    Signal,
)
from ven.randomise import CAP, Dice, offset

ON_ITS_WAY: Final = timedelta(seconds=30)
"""An answer may take so long: an event that was active when it was written may be over when it is read."""


@dataclass(frozen=True, slots=True)
class Site:
    """What a VEN must know of itself to tell whether an event concerns it."""

    ven_id: VenId | None
    resources: frozenset[ResourceId]
    groups: frozenset[GroupId]
    market_contexts: str
    randomise_default: timedelta


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

    def declining(self, declined: frozenset[ResourceId]) -> "HeldEvent":
        """The same event, declined by these; where nobody is left to follow it, the answer to it is optOut."""
        declined = declined & self.resources
        opt = OptType.OPT_OUT if declined == self.resources else OptType.OPT_IN
        return replace(self, declined=declined, opt=opt)

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
        return timing.end(self.event.period, self.start_offset) if self.obeyed else None

    @property
    def steps(self) -> tuple[Step, ...]:
        """What it orders; nothing where it is not obeyed."""
        return _steps(self.event) if self.obeyed else ()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event that may be served orders."""

    programme: Programme
    resources: frozenset[ResourceId]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """The new book, the answers that are owed, and what changed for people to read."""

    held: tuple[HeldEvent, ...]
    responses: tuple[EventResponse, ...]
    arrived: tuple[HeldEvent, ...]
    cancelled: tuple[HeldEvent, ...]
    implied: tuple[HeldEvent, ...]


def meaning(event: Event, site: Site) -> Meaning:
    """What `event` orders here. Raises a `PeerError` with the code that answers it (r48, r109, r112)."""
    programme = signals.programme(event.descriptor.market_context, site.market_contexts)
    if programme is None:
        raise Refused("market context not served here", ResponseCode.TARGET_MISMATCH)
    if programme is Programme.PRICE:
        raise Invalid("price signals are not served here", ResponseCode.SIGNAL_NOT_SUPPORTED)
    resources = targeted(event.target, site)
    if not resources and event.target.resource_ids:
        raise Refused("no such resource here", ResponseCode.DEPLOYMENT_ERROR)
    if not resources:
        raise Refused("nobody here is meant", ResponseCode.TARGET_MISMATCH)
    if not any(_for_chargepoints(signal) for signal in event.signals):
        raise Refused("no signal for chargepoints", ResponseCode.TARGET_MISMATCH)
    steps = _steps(event)
    _check_times(event, steps)
    return Meaning(programme, resources, steps)


@lru_cache(maxsize=256)
def _steps(event: Event) -> tuple[Step, ...]:
    ours = tuple(signal for signal in event.signals if _for_chargepoints(signal))
    return signals.timeline(replace(event, signals=ours))


def _check_times(event: Event, steps: tuple[Step, ...]) -> None:
    """Every moment of the event can be reckoned with, also after the longest random delay. Raises `Invalid`."""
    try:
        end = timing.end(event.period, CAP)
        earliest_end = event.period.start + CAP
        _ = earliest_end + steps[-1].start + (steps[-1].length or timedelta())
    except OverflowError as error:
        raise Invalid("an event outside the calendar") from error
    if end is not None and end < earliest_end:
        raise Invalid("an event that ends before it starts")


def targeted(target: Target, site: Site) -> frozenset[ResourceId]:
    """The chargepoints that `target` means: criteria are OR'd, none at all means everything here (r22)."""
    if target == Target():
        return site.resources
    if site.ven_id in target.ven_ids or site.groups.intersection(target.group_ids):
        return site.resources
    return site.resources.intersection(target.resource_ids)


def _for_chargepoints(signal: Signal) -> bool:
    """A signal's own target narrows it to device classes (r111)."""
    classes = signal.target.end_device_assets if signal.target else ()
    return not classes or bool(DEVICE_CLASSES.intersection(classes))


def merge(
    held: tuple[HeldEvent, ...], message: DistributeEvent, site: Site, now: datetime, dice: Dice
) -> Merged:
    """What the complete list in `message` makes of the events in `held`."""
    unseen = {each.event.event_id: each for each in held}
    kept: dict[EventId, HeldEvent] = {}
    responses: list[EventResponse] = []
    arrived: list[HeldEvent] = []
    cancelled: list[HeldEvent] = []
    for event in message.events:
        known = kept.pop(event.event_id, None) or unseen.pop(event.event_id, None)
        verdict = _judge(event, known, site, now, dice)
        if event.response_required is ResponseRequired.ALWAYS:
            responses.append(_response(verdict, event, message.request_id))
        if verdict.code == ResponseCode.OUT_OF_SEQUENCE and known:
            kept[event.event_id] = known
        elif event.descriptor.status is EventStatus.CANCELLED:
            cancelled.extend([known] if known else [])
        else:
            kept[event.event_id] = verdict
            is_news = known is None or known.modification_number < verdict.modification_number
            arrived.extend([verdict] if is_news else [])
    implied = tuple(each for each in unseen.values() if not _is_over(each, now))
    return Merged(tuple(kept.values()), tuple(responses), tuple(arrived), tuple(cancelled), implied)


def _judge(event: Event, known: HeldEvent | None, site: Site, now: datetime, dice: Dice) -> HeldEvent:
    number = event.descriptor.modification_number
    if known and number < known.modification_number:
        too_old = "older than the modification that is held"
        return replace(known, opt=OptType.OPT_OUT, code=ResponseCode.OUT_OF_SEQUENCE, why=too_old)
    if event.descriptor.status is EventStatus.CANCELLED:
        return HeldEvent(event, number, now, False, OptType.OPT_IN)  # confirmed, also if unknown (r36, r60)
    if known and number == known.modification_number:
        return known  # whatever it says now: a change without a new number is none (r5)
    try:
        meant = meaning(event, site)
        start_offset = _start_offset(event, known, meant.programme, site, now, dice)
    except PeerError as error:
        refused = HeldEvent(event, number, now, False, OptType.OPT_OUT, error.code, error.why)
        if known is None or not known.obeyed:
            return refused
        return replace(known, modification_number=number, opt=OptType.OPT_OUT, code=error.code, why=error.why)
    accepted = HeldEvent(
        event,
        number,
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
