"""An order of the operator: limit these feeders to this, from then, for so long, because of that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn.model.errors import Impossible

InterventionId = NewType("InterventionId", str)

LONGEST_EMERGENCY: Final = timedelta(hours=2)
"""VENs hold no supply limitation longer than this, whatever they are told; one to four half-hours is the rule."""
LONGEST: Final = timedelta(days=7)
LONGEST_REASON: Final = 500
LATE: Final = timedelta(minutes=1)
"""A start so little in the past is a slow typist, not a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the operator asks for. `percent` of the rated current of each chargepoint stays allowed."""

    programme: Programme
    feeder_ids: tuple[GroupId, ...]
    percent: Decimal
    start: datetime
    duration: timedelta
    reason: str
    ordered_by: str
    randomise: timedelta | None = None
    """Load shift only: each start is drawn from zero to this. None leaves it to the VEN."""
    is_test: bool = False
    """The whole road without moving any load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """An order that was given."""

    intervention_id: InterventionId
    order: Order
    ordered_at: datetime
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    outcome_at: datetime | None = None
    """When its result went into the record."""

    @property
    def modification_number(self) -> int:
        """0 as ordered, one more once it is cancelled (r4, r10)."""
        return 0 if self.cancelled_at is None else 1

    @property
    def planned_end(self) -> datetime:
        return self.order.start + self.order.duration

    @property
    def end(self) -> datetime:
        """When it was over, or will be: by plan, or earlier by being cancelled."""
        if self.cancelled_at is None:
            return self.planned_end
        return max(self.order.start, min(self.cancelled_at, self.planned_end))

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


def check(order: Order, now: datetime) -> None:
    """Raises `Impossible` for an order that nobody can obey."""
    longest = LONGEST_EMERGENCY if order.programme is Programme.SUPPLY_LIMIT else LONGEST
    complaints = (
        (not 0 <= order.percent <= 100, f"--percent is between 0 and 100, not {order.percent}"),
        (order.duration <= timedelta(), "--for must be longer than nothing"),
        (order.duration > longest, f"--for may be at most {longest} in the programme {order.programme}"),
        (order.start < now - LATE, f"--from lies in the past: {order.start:%Y-%m-%d %H:%M:%S} UTC"),
        (not order.reason.strip(), "--reason is missing: an intervention without one cannot be justified"),
        (len(order.reason) > LONGEST_REASON, f"--reason may have {LONGEST_REASON} characters"),
        (not order.reason.isprintable(), "--reason holds characters that cannot be sent"),
        (not order.feeder_ids, "name at least one feeder"),
        (order.programme is Programme.PRICE, "prices are not ordered like this"),
        (
            order.programme is Programme.SUPPLY_LIMIT and order.randomise is not None,
            "a supply limitation is never randomised",
        ),
    )
    for is_wrong, why in complaints:
        if is_wrong:
            raise Impossible(why)


def overlap(one: Intervention, order: Order) -> bool:
    """Whether both would bind the same chargepoints of a feeder in one programme at one time; refused then."""
    return (
        one.cancelled_at is None
        and one.order.programme is order.programme
        and one.order.start < order.start + order.duration
        and order.start < one.planned_end
        and not set(one.order.feeder_ids).isdisjoint(order.feeder_ids)
    )
