"""An order of the operator: limit these feeders to this, from then, for so long, because of that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType

from oadr.charging.signals import Programme, normalised
from oadr.wire.ids import GroupId
from oadr.wire.messages.common import Target
from oadr.wire.messages.event import Event, ResponseRequired
from vtn.model.errors import Impossible
from vtn.model.people import NOT_KNOWN, Word

InterventionId = NewType("InterventionId", str)

LONGEST_EMERGENCY: Final = timedelta(hours=2)
"""VENs hold no supply limitation longer than this, whatever they are told; one to four half-hours is the rule."""
LONGEST: Final = timedelta(days=7)
UNTIL_CANCELLED: Final = timedelta(days=100 * 365)
"""Stands for a duration of 0 (r47), which only a written event may have: longer than anybody reckons."""
LONGEST_RANDOM: Final = timedelta(minutes=30)
"""No VEN delays longer than this, whatever it is told."""
LONGEST_NOTICE: Final = timedelta(days=366)
LONGEST_REASON: Final = 500
SECOND: Final = timedelta(seconds=1)
LATE: Final = timedelta(minutes=1)
"""A start so little in the past is a slow typist, not a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the operator asks for: a share of the rated current, or an event in the operator's own words."""

    programme: Programme | None
    """None: a written event in somebody else's market context."""
    feeder_ids: tuple[GroupId, ...]
    percent: Decimal | None
    """Of the rated current of each chargepoint, which stays allowed. None: it is a written event."""
    start: datetime
    duration: timedelta
    reason: str
    ordered_by: str
    randomise: timedelta | None = None
    """Load shift only: each start is drawn from zero to this. None leaves it to the VEN."""
    is_test: bool = False
    """The whole road without moving any load."""
    written: Event | None = None
    """Sent as it stands, but for what only the VTN can know: its name, number, status, times, current values."""

    @property
    def is_open_ended(self) -> bool:
        """Lasts until it is cancelled (r47)."""
        return self.duration == UNTIL_CANCELLED

    @property
    def latest_end(self) -> datetime:
        """Where the start was delayed as long as it may be: the effective end of r18 and r66."""
        return self.start + self.duration + (self.randomise or timedelta())

    @property
    def wants_answer(self) -> bool:
        return self.written is None or self.written.response_required is ResponseRequired.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One change of an order that was given: what it was before, and who changed it why."""

    before: Order
    at: datetime
    reason: str
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """An order that was given."""

    intervention_id: InterventionId
    order: Order
    """As it stands now."""
    ordered_at: datetime
    word: Word = NOT_KNOWN
    """By whose word it stands as it does."""
    changes: tuple[Changed, ...] = ()
    """The oldest first."""
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    outcome_at: datetime | None = None
    """When its result went into the record."""
    raised: int = 0
    """By how much its modification number was raised when an older store was put back (S7)."""

    @property
    def modification_number(self) -> int:
        """0 as ordered, one more with each change and with the cancellation (r4, r5, r10); it never goes back."""
        return self.raised + len(self.changes) + (self.cancelled_at is not None)

    @property
    def modified_at(self) -> datetime | None:
        return self.cancelled_at or (self.changes[-1].at if self.changes else None)

    @property
    def modification_reason(self) -> str | None:
        return self.cancel_reason or (self.changes[-1].reason if self.changes else None)

    @property
    def planned_end(self) -> datetime:
        return self.order.start + self.order.duration

    @property
    def latest_end(self) -> datetime:
        """By plan, whatever delays were drawn."""
        return self.order.latest_end

    @property
    def end(self) -> datetime:
        """When it was over, or will be: by plan, or earlier by being cancelled."""
        if self.cancelled_at is None:
            return self.planned_end
        return max(self.order.start, min(self.cancelled_at, self.planned_end))

    def is_done(self, now: datetime) -> bool:
        """There is nothing left to cancel. A randomised one may still run somewhere after its planned end (r66)."""
        return self.cancelled_at is not None or now >= self.latest_end

    def state(self, now: datetime) -> "State":
        if self.cancelled_at is not None:
            return State.CANCELLED
        if now >= self.planned_end:
            return State.OVER
        return State.RUNNING if now >= self.order.start else State.PLANNED


class State(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    OVER = "over"
    CANCELLED = "cancelled"


def check(order: Order, now: datetime, *, runs: bool = False) -> None:
    """Raises `Impossible` for an order that nobody can obey, or that would say something else on the wire.

    One that `runs` already has its start in the past.
    """
    if order.written is None:
        _complain(_share_complaints(order))
    else:
        _complain(_written_complaints(order, order.written))
    _complain(_complaints(order, now, runs=runs))
    check_reason(order.reason, order.ordered_by)


def check_reason(reason: str, who: str) -> None:
    """Raises `Impossible`: every order and every cancellation has a reason that can be sent, and somebody's name."""
    _complain(
        (
            (not reason.strip(), "--reason is missing: an intervention without one cannot be justified"),
            (len(reason) > LONGEST_REASON, f"--reason may have {LONGEST_REASON} characters"),
            (not reason.isprintable(), "--reason holds characters that cannot be sent"),
            (
                not who.strip() or not who.isprintable(),
                "the record needs the name of whoever gives the order",
            ),
        )
    )


def overlap(one: Intervention, order: Order) -> bool:
    """Whether both would bind the same chargepoints of a feeder in one programme at one time; refused then.

    Effective ends count (r18). A test moves no load, so it never stands in the way of an earnest order.
    """
    return (
        one.cancelled_at is None
        and _are_of_one_programme(one.order, order)
        and one.order.is_test is order.is_test
        and one.order.start < order.latest_end
        and order.start < one.latest_end
        and not set(one.order.feeder_ids).isdisjoint(order.feeder_ids)
    )


def _are_of_one_programme(one: Order, other: Order) -> bool:
    """Where neither is of ours, the market contexts decide."""
    return one.programme is other.programme and (
        one.programme is not None or _context(one) == _context(other)
    )


def _context(order: Order) -> str | None:
    return normalised(order.written.descriptor.market_context) if order.written else None


def _share_complaints(order: Order) -> Iterable[tuple[bool, str]]:
    yield (
        order.programme in (None, Programme.PRICE),
        "prices are not ordered like this; write the event and: vtn send",
    )
    yield (
        order.percent is None or not _is_percent(order.percent),
        f"--percent is from 0 to 100 with at most one decimal, not {order.percent}",
    )
    yield order.is_open_ended, "--for must have an end"


def _written_complaints(order: Order, written: Event) -> Iterable[tuple[bool, str]]:
    """An emergency keeps its bounds in whatever words it comes (Rec 2): whom it binds, and that each site answers."""
    is_emergency = order.programme is Programme.SUPPLY_LIMIT
    yield order.percent is not None, "a written event has no --percent"
    yield (
        is_emergency and written.target != Target(),
        "a supply limitation binds the feeders that are named: its eiTarget must be empty",
    )
    yield (
        is_emergency and not order.wants_answer,
        "a supply limitation is always answered: its oadrResponseRequired must be always",
    )


def _complaints(order: Order, now: datetime, *, runs: bool) -> Iterable[tuple[bool, str]]:
    """What may be wrong, and whether it is. One after the other: the first keep the later ones from nonsense."""
    is_emergency = order.programme is Programme.SUPPLY_LIMIT
    longest = LONGEST_EMERGENCY if is_emergency else LONGEST
    randomise = order.randomise or timedelta()
    yield not order.feeder_ids, "name at least one feeder"
    yield order.duration <= timedelta(), "--for must be longer than nothing"
    yield (
        order.duration > longest and (is_emergency or not order.is_open_ended),
        f"--for may be at most {longest} in the programme {order.programme or 'of somebody else'}",
    )
    # fractions are cut off on the wire (r1), where a duration of nothing means "until cancelled" (r47)
    yield bool(order.duration % SECOND or randomise % SECOND), "durations are whole seconds"
    yield (
        not runs and order.start < now - LATE,
        f"--from lies in the past: {order.start:%Y-%m-%d %H:%M:%S} UTC",
    )
    yield runs and order.start + order.duration <= now, "it would be over already; cancel it instead"
    yield order.start > now + LONGEST_NOTICE, "--from lies more than a year ahead"
    yield is_emergency and order.randomise is not None, "a supply limitation is never randomised"
    yield (
        not timedelta() <= randomise <= min(order.duration, LONGEST_RANDOM),
        f"--randomise may be at most {LONGEST_RANDOM}, and not longer than the order itself",
    )


def _is_percent(percent: Decimal) -> bool:
    """The record holds permille, and what is sent should be what is recorded."""
    return percent.is_finite() and 0 <= percent <= 100 and percent * 10 == int(percent * 10)


def _complain(complaints: Iterable[tuple[bool, str]]) -> None:
    for is_wrong, why in complaints:
        if is_wrong:
            raise Impossible(why)
