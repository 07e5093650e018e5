"""Event signals -> what they order: a time line of ceilings.

    [0.3 for PT2H][1.0 for PT3H]  ->  Step(0 h, 2 h, Share(0.3)), Step(2 h, 3 h, Share(1.0))

Understood here: LOAD_CONTROL with x-loadControlCapacity (a share) and x-loadControlSetpoint (W or A), and SIMPLE
levels. SIMPLE travels beside the rich signal for simpler devices and is ignored then; of two rich signals the
smaller ceiling holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from oadr.charging import electricity
from oadr.charging.electricity import Allowed, Rating
from oadr.wire.errors import Invalid, ResponseCode
from oadr.wire.ids import MarketContext
from oadr.wire.messages.common import UnitKind
from oadr.wire.messages.event import (
    LOAD_CONTROL,
    SIMPLE,
    SIMPLE_OLD,
    Event,
    Signal,
    SignalInterval,
    SignalType,
)


class Programme(StrEnum):
    """Why an operator may call; each is a market context of its own, `<base>/<programme>`."""

    SUPPLY_LIMIT = "supply-limit"
    LOAD_SHIFT = "load-shift"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Share:
    """Of the rated current, 0 to 1."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Watts:
    """Over all phases."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Amps:
    """Per phase."""

    value: Decimal


Ceiling = Share | Watts | Amps


@dataclass(frozen=True, slots=True)
class Step:
    """`ceilings` all hold from `start` after the event's start, for `length`; None is an open end (r47)."""

    start: timedelta
    length: timedelta | None
    ceilings: tuple[Ceiling, ...]

    def holds_at(self, elapsed: timedelta) -> bool:
        """Start inclusive, end exclusive (r18)."""
        return self.start <= elapsed and (self.length is None or elapsed < self.start + self.length)


SIMPLE_LEVELS: Final[Mapping[int, Decimal]] = MappingProxyType(
    {0: Decimal(1), 1: Decimal("0.7"), 2: Decimal("0.4"), 3: Decimal(0)}
)
"""Share of the rated current at each SIMPLE level, unless the programme agrees on others."""


def programme(market_context: MarketContext, base: str) -> Programme | None:
    """The programme of a market context, compared after RFC 3986 normalisation (r512); None if not ours."""
    wanted = normalised(market_context)
    return next((each for each in Programme if normalised(f"{base.rstrip('/')}/{each}") == wanted), None)


def normalised(uri: str) -> str:
    """RFC 3986 section 6.2.2: case of scheme and host, default port and empty path do not tell URIs apart."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri  # no URI at all, so equal only to itself
    host = parts.netloc.lower().removesuffix({"http": ":80", "https": ":443"}.get(parts.scheme.lower(), "\0"))
    return urlunsplit((parts.scheme.lower(), host, parts.path or "/", parts.query, parts.fragment))


def timeline(event: Event, levels: Mapping[int, Decimal] = SIMPLE_LEVELS) -> tuple[Step, ...]:
    """What `event` orders, step by step. Raises `Invalid`: 460 for a signal that is not understood (r48, r109),
    454 for a value that makes no sense. One signal that is not understood refuses the event: half of an order
    is not obeyed silently. SIMPLE is the exception, since it only repeats the rich signal.
    """
    rich = tuple(signal for signal in event.signals if signal.name not in (SIMPLE, SIMPLE_OLD))
    lines = tuple(_line(event, signal, levels) for signal in rich or event.signals)
    if not lines or not all(lines):
        raise Invalid("an event without intervals", ResponseCode.COMPLIANCE_ERROR)
    starts = sorted({step.start for line in lines for step in line})
    return tuple(
        _merged(start, following, lines) for start, following in zip(starts, [*starts[1:], None], strict=True)
    )


def allowed(step: Step, rating: Rating, volts: Decimal) -> Allowed:
    """The smallest of the step's ceilings on a chargepoint; `volts` per phase serves watts."""
    return min((_allowed(ceiling, rating, volts) for ceiling in step.ceilings), key=lambda one: one.amps)


def _allowed(ceiling: Ceiling, rating: Rating, volts: Decimal) -> Allowed:
    match ceiling:
        case Share(value):
            return electricity.from_share(value, rating)
        case Watts(value):
            return electricity.from_watts(value, rating, volts)
        case Amps(value):
            return electricity.from_amps(value, rating)


def _merged(start: timedelta, following: timedelta | None, lines: tuple[tuple[Step, ...], ...]) -> Step:
    """All that holds from `start` until any of the signals changes."""
    holding = [step for line in lines for step in line if step.holds_at(start)]
    ends = [step.start + step.length for step in holding if step.length is not None]
    end = min([*ends, *([following] if following is not None else [])], default=None)
    return Step(
        start, None if end is None else end - start, tuple(c for step in holding for c in step.ceilings)
    )


def _line(event: Event, signal: Signal, levels: Mapping[int, Decimal]) -> tuple[Step, ...]:
    """One signal's steps. Durations count (r102); a dtstart in an interval is not looked at (r103)."""
    read = _reader(signal, levels)
    steps: list[Step] = []
    start = timedelta()
    for interval in signal.intervals:
        length = _length(interval, event)
        steps.append(Step(start, length, (read(interval.value),)))
        if length is None:
            break
        start += length
    return tuple(steps)


def _length(interval: SignalInterval, event: Event) -> timedelta | None:
    """None for an open end: duration zero until cancelled (r47)."""
    duration = interval.duration or event.period.duration
    length = duration.after(event.period.start) - event.period.start
    if length < timedelta():
        raise Invalid("an interval of negative length")
    return length or None


def _reader(signal: Signal, levels: Mapping[int, Decimal]) -> Callable[[Decimal], Ceiling]:
    """How a value of `signal` is to be understood. The other rows of the signal table will join here."""
    kind = signal.unit.kind if signal.unit else None
    match (signal.name, signal.type, kind):
        case (name, SignalType.LOAD_CONTROL_CAPACITY, None) if name == LOAD_CONTROL:
            return lambda value: _positive(Share(value), most=Decimal(1))
        case (name, SignalType.LOAD_CONTROL_SETPOINT, UnitKind.POWER_REAL) if name == LOAD_CONTROL:
            return lambda value: _positive(Watts(_plain(signal, value)))
        case (name, SignalType.LOAD_CONTROL_SETPOINT, UnitKind.CURRENT) if name == LOAD_CONTROL:
            return lambda value: _positive(Amps(_plain(signal, value)))
        case (name, SignalType.LEVEL, None) if name in (SIMPLE, SIMPLE_OLD):
            return lambda value: _level(value, levels)
        case _:
            raise Invalid("signal name, type or unit not supported", ResponseCode.SIGNAL_NOT_SUPPORTED)


def _plain(signal: Signal, value: Decimal) -> Decimal:
    return signal.unit.plain(value) if signal.unit else value


def _positive(ceiling: Ceiling, most: Decimal | None = None) -> Ceiling:
    if ceiling.value < 0 or (most is not None and ceiling.value > most):
        raise Invalid("a signal value out of its range")
    return ceiling


def _level(value: Decimal, levels: Mapping[int, Decimal]) -> Share:
    """SIMPLE knows 0, 1, 2 and 3 (r9)."""
    if value not in levels:
        raise Invalid("no such SIMPLE level")
    return Share(levels[int(value)])
