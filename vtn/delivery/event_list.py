"""What a VEN is told: its complete list of events, rendered anew each time (r50, r115).

One that is missing from a list is cancelled by that (r61), so a list is whole or it is not sent.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr import timing
from oadr.charging.meanings import SIMPLE_LEVELS
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
from vtn.delivery import as_written
from vtn.model.delivery import Delivery
from vtn.model.intervention import Order

PRIORITY: Final = {Programme.SUPPLY_LIMIT: 1, Programme.LOAD_SHIFT: 10}


def render(
    deliveries: Collection[Delivery], base: str, now: datetime, reply_limit: int | None = None
) -> tuple[Event, ...]:
    """Of all events that a VEN ever had those listed at `now`, in order (r15), at most `reply_limit` of them (r27).

    `base` is the URI under which each programme has its market context. All have one createdDateTime, which is
    that of the newest change (r115), also when what was changed is no longer listed: it never goes back.
    """
    created_at = max((delivery.created_at for delivery in deliveries), default=now)
    events = timing.in_order(
        (_event(delivery, base, created_at, now) for delivery in deliveries if delivery.listed(now)), now
    )
    return events if reply_limit is None or reply_limit == 0 else events[:reply_limit]


def _event(delivery: Delivery, base: str, created_at: datetime, now: datetime) -> Event:
    intervention = delivery.intervention
    order = intervention.order
    period = order.written.period if order.written else _period(delivery)
    is_cancelled = intervention.cancelled_at is not None
    status = timing.status(period, now, cancelled=is_cancelled)
    descriptor = EventDescriptor(
        event_id=delivery.event_id,
        modification_number=intervention.modification_number,
        modified_at=intervention.modified_at,
        modification_reason=intervention.modification_reason,
        priority=PRIORITY.get(order.programme) if order.programme else None,
        market_context=MarketContext(Token(f"{base.rstrip('/')}/{order.programme}")),
        created_at=created_at,
        status=status,
        test_event="true" if order.is_test else "false",
        vtn_comment=order.reason,
    )
    if order.written:
        return as_written.fill(order.written, descriptor, _target(delivery), now)
    return Event(
        descriptor=descriptor,
        period=period,
        signals=_signals(order, status),
        target=_target(delivery),
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


def _target(delivery: Delivery) -> Target:
    """By name; where the whole site is meant by feeder too, for a VEN that has got a chargepoint more or less.

    Criteria widen a target (r22), so the feeder's name alone would limit what the site has on other feeders.
    """
    feeder_ids = delivery.intervention.order.feeder_ids if delivery.is_whole_site else ()
    return Target(group_ids=feeder_ids, resource_ids=delivery.resources)


def _signals(order: Order, status: EventStatus) -> tuple[Signal, ...]:
    """The share of the rated current, and beside it for simpler devices the SIMPLE level (r106, r116).

    The level is the mildest that allows no more than the share.
    """
    assert order.percent is not None, "written events have signals of their own"
    share = order.percent / 100
    level = Decimal(min(level for level, allowed in SIMPLE_LEVELS.items() if allowed <= share))
    interval = SignalInterval(duration=Duration.of(order.duration), uid="0", value=share)
    capacity = Signal(
        intervals=(interval,),
        name=LOAD_CONTROL,
        type=SignalType.LOAD_CONTROL_CAPACITY,
        signal_id=SignalId("S0"),
    )
    simple = Signal(
        intervals=(replace(interval, value=level),),
        name=SIMPLE,
        type=SignalType.LEVEL,
        signal_id=SignalId("S1"),
        current_value=level if status is EventStatus.ACTIVE else Decimal(0),  # r14
    )
    return capacity, simple
