"""What may be changed of an order that is planned or runs (r20)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from oadr.wire.messages.event import Event
from vtn.model import written
from vtn.model.errors import Impossible, NotNow
from vtn.model.intervention import Intervention, Order, State, check, check_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is None stays as it is. A written event is changed by another, and by its start."""

    reason: str
    changed_by: str
    percent: Decimal | None = None
    start: datetime | None = None
    duration: timedelta | None = None
    randomise: timedelta | None = None
    written: Event | None = None


def changed(given: Intervention, change: Change, now: datetime) -> Order:
    """The order as it is to be.

    Raises `NotNow` for what is over, or would change what is past; `Impossible` for what nobody can obey.
    """
    check_reason(change.reason, change.changed_by)
    state = given.state(now)
    if state in (State.OVER, State.CANCELLED):
        raise NotNow(f"{given.intervention_id} is {state} already")
    order = _applied(given.order, change)
    runs = state is State.RUNNING
    if runs and order.start != given.order.start:
        raise NotNow(f"{given.intervention_id} has begun: its start is past (r20)")
    if order == given.order:
        raise Impossible("nothing of it would change")
    check(order, now, runs=runs)
    return order


def _applied(order: Order, change: Change) -> Order:
    if order.written is not None:
        if change.percent is not None or change.duration is not None or change.randomise is not None:
            raise Impossible("a written event is changed by writing it anew: --file")
        return written.rewritten(order, change.written or order.written, change.start)
    if change.written is not None:
        raise Impossible("what was ordered in percent is changed in percent")
    return replace(
        order,
        percent=order.percent if change.percent is None else change.percent,
        start=order.start if change.start is None else change.start,
        duration=order.duration if change.duration is None else change.duration,
        randomise=order.randomise if change.randomise is None else change.randomise,
    )
