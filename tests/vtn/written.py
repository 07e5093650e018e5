"""Events as an operator may write them: right unless a test wants them otherwise."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from oadr.charging.signals import Programme
from oadr.wire.ids import EventId, MarketContext, SignalId, Token
from oadr.wire.messages.common import PowerAttributes, Scale, Unit, UnitKind
from oadr.wire.messages.event import (
    ELECTRICITY_PRICE,
    LOAD_CONTROL,
    LOAD_DISPATCH,
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
from tests.vtn.world import NOW, TERMS

HALF_HOUR: Final = timedelta(minutes=30)
KILOWATT: Final = Unit(
    kind=UnitKind.POWER_REAL,
    description="RealPower",
    symbol="W",
    scale=Scale.KILO,
    power=PowerAttributes(hertz=Decimal(50), voltage=Decimal(230), alternating=True),
)
EURO_PER_KWH: Final = Unit(
    kind=UnitKind.CURRENCY_PER_KWH, description="currencyPerKWh", symbol="EUR", scale=Scale.NONE
)


def context(programme: Programme) -> MarketContext:
    return MarketContext(Token(f"{TERMS.market_contexts.rstrip('/')}/{programme}"))


def event(
    *signals: Signal,
    start: datetime = NOW,
    lasts: timedelta = HALF_HOUR,
    programme: Programme = Programme.LOAD_SHIFT,
    never: bool = False,
    period: dict[str, Any] | None = None,
    descriptor: dict[str, Any] | None = None,
    **changes: Any,
) -> Event:
    """A load shift without a random delay from `start` on. `lasts` of nothing: until it is cancelled (r47).

    `period` and `descriptor` hold fields of these parts (ramp_up, start_after, priority, market_context, ...),
    `changes` those of the event itself (target, baseline).
    """
    plain = Event(
        descriptor=EventDescriptor(
            event_id=EventId("as-written"),
            modification_number=7,
            market_context=context(programme),
            created_at=start,
            status=EventStatus.COMPLETED,
            priority=2,
        ),
        period=ActivePeriod(
            start=start,
            duration=Duration.of(lasts),
            start_after=Duration(),
            notification=Duration(),
        ),
        signals=signals or (share("0.3", lasts), simple(2, lasts)),
        response_required=ResponseRequired.NEVER if never else ResponseRequired.ALWAYS,
    )
    return replace(
        plain,
        descriptor=replace(plain.descriptor, **(descriptor or {})),
        period=replace(plain.period, **(period or {})),
        **changes,
    )


def intervals(values: Iterable[Decimal | int | str], each: timedelta) -> tuple[SignalInterval, ...]:
    return tuple(
        SignalInterval(duration=Duration.of(each), uid=str(number), value=Decimal(value))
        for number, value in enumerate(values)
    )


def share(value: Decimal | str, lasts: timedelta = HALF_HOUR) -> Signal:
    """Of the rated current."""
    return Signal(
        intervals=intervals((value,), lasts),
        name=LOAD_CONTROL,
        type=SignalType.LOAD_CONTROL_CAPACITY,
        signal_id=SignalId("S0"),
    )


def simple(level: int, lasts: timedelta = HALF_HOUR) -> Signal:
    return Signal(
        intervals=intervals((level,), lasts), name=SIMPLE, type=SignalType.LEVEL, signal_id=SignalId("S1")
    )


def set_point(*kilowatts: Decimal | int | str, each: timedelta = HALF_HOUR) -> Signal:
    """Of the site's real power, one interval each."""
    return Signal(
        intervals=intervals(kilowatts, each),
        name=LOAD_DISPATCH,
        type=SignalType.SETPOINT,
        signal_id=SignalId("dispatch"),
        unit=KILOWATT,
    )


def prices(*euros: Decimal | int | str, each: timedelta = HALF_HOUR) -> Signal:
    return Signal(
        intervals=intervals(euros, each),
        name=ELECTRICITY_PRICE,
        type=SignalType.PRICE,
        signal_id=SignalId("prices"),
        unit=EURO_PER_KWH,
    )
