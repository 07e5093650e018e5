"""A written event as it goes out: what only the VTN can know is filled in, all else stands as it was written."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from oadr.wire.messages.common import Target
from oadr.wire.messages.event import (
    SIMPLE,
    SIMPLE_OLD,
    Event,
    EventDescriptor,
    EventStatus,
    Signal,
    SignalInterval,
)
from oadr.wire.scalars import Duration


def fill(written: Event, descriptor: EventDescriptor, target: Target, now: datetime) -> Event:
    """`descriptor` holds what we know of the event; of it counts what an operator cannot write.

    An empty target would mean all that the recipient has (r22), not only what hangs on the feeders: `target` is
    put there.
    """
    own = written.descriptor
    return replace(
        written,
        descriptor=replace(
            descriptor,
            priority=own.priority,
            market_context=own.market_context,
            test_event=own.test_event,
            vtn_comment=own.vtn_comment or descriptor.vtn_comment,
        ),
        signals=tuple(_signal(signal, written, descriptor.status, now) for signal in written.signals),
        target=target if written.target == Target() else written.target,
    )


def _signal(signal: Signal, written: Event, status: EventStatus, now: datetime) -> Signal:
    """SIMPLE always has a current value, others where one was written: what runs now (r29), otherwise 0 (r14)."""
    if signal.current_value is None and signal.name not in (SIMPLE, SIMPLE_OLD):
        return signal
    runs = status is EventStatus.ACTIVE
    value = _running(written.period.start, signal.intervals, now) if runs else None
    return replace(signal, current_value=Decimal(0) if value is None else value)


def _running(start: datetime, intervals: Sequence[SignalInterval], now: datetime) -> Decimal | None:
    """Where durations end before the event does, the last value holds."""
    value, begun = None, start
    for interval in intervals:
        if begun > now:
            break
        value = interval.value
        duration = interval.duration or Duration()
        if duration.is_zero:
            break
        begun = duration.after(begun)
    return value
