"""What a VEN is told: its complete list of events, rendered anew each time (r50, r115).

One that is missing from a list is cancelled by that (r61), so a list is whole or it is not sent.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr import timing
from oadr.charging.signals import Programme
from oadr.wire.ids import MarketContext, SignalId, Token
from oadr.wire.messages.common import Target
from oadr.wire.messages.event import (
    LOAD_CONTROL,
    SIMPLE,
    ActivePeriod,
    Event,
    EventDescriptor,
    EventStatus,
    ResponseRequired,
    Signal,
    SignalInterval,
    SignalType,
)
from oadr.wire.scalars import Duration
from vtn.model.delivery import Delivery

PRIORITY: Final = {Programme.SUPPLY_LIMIT: 1, Programme.LOAD_SHIFT: 10}
SIMPLE_FROM: Final = ((Decimal(100), 0), (Decimal(70), 1), (Decimal(40), 2), (Decimal(0), 3))
"""The mildest SIMPLE level that allows no more than the share: for devices that know no other signal (r106)."""


def render(
    deliveries: Iterable[Delivery], base: str, now: datetime, reply_limit: int | None = None
) -> tuple[Event, ...]:
    """The events that are listed at `now`, in order (r15), at most `reply_limit` of them (r27).

    `base` is the URI under which each programme has its market context. All have one createdDateTime, which is
    that of the newest change (r115).
    """
    listed = [delivery for delivery in deliveries if delivery.listed(now)]
    created_at = max((delivery.created_at for delivery in listed), default=now)
    events = timing.in_order((_event(delivery, base, created_at, now) for delivery in listed), now)
    return events if reply_limit is None or reply_limit == 0 else events[:reply_limit]


def _event(delivery: Delivery, base: str, created_at: datetime, now: datetime) -> Event:
    intervention = delivery.intervention
    order = intervention.order
    period = _period(delivery)
    is_cancelled = intervention.cancelled_at is not None
    status = timing.status(period, now, cancelled=is_cancelled)
    return Event(
        descriptor=EventDescriptor(
            event_id=delivery.event_id,
            modification_number=intervention.modification_number,
            modified_at=intervention.cancelled_at,
            modification_reason=intervention.cancel_reason,
            priority=PRIORITY[order.programme],
            market_context=MarketContext(Token(f"{base.rstrip('/')}/{order.programme}")),
            created_at=created_at,
            status=status,
            test_event="true" if order.is_test else "false",
            vtn_comment=order.reason,
        ),
        period=period,
        signals=_signals(delivery, status, now),
        # by feeder and by name: a VEN whose list of feeders is out of date still knows its chargepoints
        target=Target(group_ids=order.feeder_ids, resource_ids=delivery.resources),
        response_required=ResponseRequired.ALWAYS,
    )


def _period(delivery: Delivery) -> ActivePeriod:
    order = delivery.intervention.order
    notice = max(order.start - delivery.intervention.ordered_at, timedelta())
    is_emergency = order.programme is Programme.SUPPLY_LIMIT
    return ActivePeriod(
        start=order.start,
        duration=Duration.of(order.duration),
        start_after=None if order.randomise is None else Duration.of(order.randomise),
        notification=Duration() if is_emergency else Duration.of(notice),  # there must be one (r105)
    )


def _signals(delivery: Delivery, status: EventStatus, now: datetime) -> tuple[Signal, ...]:
    """The share of the rated current, and beside it the SIMPLE level (r106, r116)."""
    order = delivery.intervention.order
    share = order.percent / 100
    level = next(level for percent, level in SIMPLE_FROM if percent <= order.percent)
    interval = SignalInterval(duration=Duration.of(order.duration), uid="0", value=share)
    capacity = Signal(
        intervals=(interval,),
        name=LOAD_CONTROL,
        type=SignalType.LOAD_CONTROL_CAPACITY,
        signal_id=SignalId("S0"),
    )
    is_active = status is EventStatus.ACTIVE and now >= order.start
    simple = Signal(
        intervals=(replace(interval, value=Decimal(level)),),
        name=SIMPLE,
        type=SignalType.LEVEL,
        signal_id=SignalId("S1"),
        current_value=Decimal(level) if is_active else Decimal(0),  # r14
    )
    return capacity, simple
