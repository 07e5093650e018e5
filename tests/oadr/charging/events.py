"""Events as a sender would write them, in as few words as a test needs."""

from datetime import UTC, datetime
from decimal import Decimal

from oadr.wire.ids import EventId, MarketContext, SignalId, Token
from oadr.wire.messages.common import Scale, Unit, UnitKind
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
from oadr.wire.scalars import Duration, read_duration

NOON = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
Values = tuple[tuple[str, str | None], ...]
"""Value and duration of each interval."""


def intervals(values: Values) -> tuple[SignalInterval, ...]:
    return tuple(
        SignalInterval(uid=str(uid), value=Decimal(value), duration=maybe_duration(length))
        for uid, (value, length) in enumerate(values)
    )


def maybe_duration(text: str | None) -> Duration | None:
    return None if text is None else read_duration(text)


def signal(
    *values: tuple[str, str | None],
    name: Token = LOAD_CONTROL,
    type_: SignalType = SignalType.LOAD_CONTROL_CAPACITY,
    unit: Unit | None = None,
) -> Signal:
    return Signal(intervals=intervals(values), name=name, type=type_, signal_id=SignalId("s"), unit=unit)


def capacity(*values: tuple[str, str | None]) -> Signal:
    return signal(*values)


def power(*values: tuple[str, str | None], scale: Scale | None = Scale.NONE) -> Signal:
    unit = Unit(kind=UnitKind.POWER_REAL, description="RealPower", symbol="W", scale=scale)
    return signal(*values, type_=SignalType.LOAD_CONTROL_SETPOINT, unit=unit)


def current(*values: tuple[str, str | None], scale: Scale | None = None) -> Signal:
    unit = Unit(kind=UnitKind.CURRENT, description="Current", symbol="A", scale=scale)
    return signal(*values, type_=SignalType.LOAD_CONTROL_SETPOINT, unit=unit)


def simple(*values: tuple[str, str | None], name: Token = SIMPLE) -> Signal:
    return signal(*values, name=name, type_=SignalType.LEVEL)


def period(
    duration: str = "PT1H",
    start: datetime = NOON,
    *,
    start_after: str | None = None,
    ramp_up: str | None = None,
) -> ActivePeriod:
    return ActivePeriod(
        start=start,
        duration=read_duration(duration),
        start_after=maybe_duration(start_after),
        ramp_up=maybe_duration(ramp_up),
    )


def event(
    *signals: Signal,
    during: ActivePeriod | None = None,
    event_id: str = "e",
    priority: int | None = 1,
    status: EventStatus = EventStatus.FAR,
) -> Event:
    return Event(
        descriptor=EventDescriptor(
            event_id=EventId(event_id),
            modification_number=0,
            priority=priority,
            market_context=MarketContext(Token("http://example.org/supply-limit")),
            created_at=NOON,
            status=status,
        ),
        period=during or period(),
        signals=signals,
        response_required=ResponseRequired.ALWAYS,
    )
