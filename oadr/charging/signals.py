"""Event signals -> what they order: a time line of ceilings.

    [0.3 for PT2H][1.0 for PT3H]  ->  Step(0 h, 2 h, Share(0.3)), Step(2 h, 3 h, Share(1.0))

Understood here: LOAD_CONTROL with x-loadControlCapacity (a share) and x-loadControlSetpoint (W or A), and SIMPLE
levels. SIMPLE travels beside a rich signal for simpler devices; whoever understands the rich one ignores it. Of two
rich signals the smaller ceiling holds.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from oadr import timing
from oadr.charging import electricity
from oadr.charging.electricity import Allowed, Rating
from oadr.wire.errors import Invalid, ResponseCode
from oadr.wire.ids import MarketContext
from oadr.wire.messages.common import Unit, UnitKind
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
    """RFC 3986 sections 6.2.2.1 and 6.2.3: case of scheme and host, default port, empty path tell no URIs apart.

    Escapes and dot segments are left as they are: who writes them otherwise has another context, and is refused.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri  # no URI at all, so equal only to itself
    host = parts.netloc.lower().removesuffix({"http": ":80", "https": ":443"}.get(parts.scheme.lower(), "\0"))
    return urlunsplit((parts.scheme.lower(), host, parts.path or "/", parts.query, parts.fragment))


def timeline(event: Event, levels: Mapping[int, Decimal] = SIMPLE_LEVELS) -> tuple[Step, ...]:
    """What `event` orders from its start to its end, step by step and without a gap.

    Raises `Invalid`: 460 for a signal that is not understood (r48, r109), 454 for a value that makes no sense,
    459 for intervals that make none. One signal that is not understood refuses the event, unless SIMPLE repeats
    it: half of an order is not obeyed silently.

    The active period decides how long. Where a sender's durations do not add up to it (r8, r102), the last value
    holds to the event's end, and what lies beyond the end is cut off.
    """
    finish = timing.end(event.period)
    if finish is not None and finish < event.period.start:
        raise Invalid("an event of negative length")
    lines = tuple(
        _line(event.period.start, finish, signal.intervals, read)
        for signal, read in _obeyed(event.signals, levels)
    )
    starts = sorted({change.start for line in lines for change in line})
    ends = (*starts[1:], finish)
    return tuple(
        Step(
            start - event.period.start,
            None if end is None else end - start,
            tuple(_at(start, line) for line in lines),
        )
        for start, end in zip(starts, ends, strict=True)
    )


def allowed(step: Step, rating: Rating, volts: Decimal) -> Allowed:
    """The smallest of the step's ceilings on a chargepoint; `volts` per phase serves watts."""
    return min(
        (_allowed(ceiling, rating, volts) for ceiling in step.ceilings),
        key=lambda one: (one.amps, one.requested),
    )


def _allowed(ceiling: Ceiling, rating: Rating, volts: Decimal) -> Allowed:
    match ceiling:
        case Share(value):
            return electricity.from_share(value, rating)
        case Watts(value):
            return electricity.from_watts(value, rating, volts)
        case Amps(value):
            return electricity.from_amps(value, rating)


Reader = Callable[[Decimal], Ceiling]
"""What a value of a signal means. Raises `Invalid` for one that makes no sense (454)."""


class _Change(NamedTuple):
    """From `start` on, one signal says this."""

    start: datetime
    ceiling: Ceiling


def _obeyed(signals: tuple[Signal, ...], levels: Mapping[int, Decimal]) -> tuple[tuple[Signal, Reader], ...]:
    """The rich signals; SIMPLE too, where it stands alone or in for a rich one that is not understood (r106)."""
    readers = tuple((signal, _reader(signal, levels)) for signal in signals)
    understood = tuple((signal, reader) for signal, reader in readers if reader)
    rich = tuple((signal, reader) for signal, reader in understood if not _is_simple(signal))
    if rich and all(reader or _is_simple(signal) for signal, reader in readers):
        return rich
    if not any(_is_simple(signal) for signal, _ in understood):
        raise Invalid("signal name, type or unit not supported", ResponseCode.SIGNAL_NOT_SUPPORTED)
    return understood


def _at(moment: datetime, line: tuple[_Change, ...]) -> Ceiling:
    """What a signal says at a moment of the event; its first change is at the event's start."""
    return line[bisect_right(line, moment, key=lambda change: change.start) - 1].ceiling


def _line(
    start: datetime, finish: datetime | None, intervals: tuple[SignalInterval, ...], read: Reader
) -> tuple[_Change, ...]:
    """One signal's changes. Durations count (r32, r102); a dtstart in an interval is not looked at (r103)."""
    changes: list[_Change] = []
    begin: datetime | None = start
    for interval in intervals:
        if begin is None:
            raise Invalid("an interval after one without an end", ResponseCode.COMPLIANCE_ERROR)
        changes.append(_Change(begin, read(interval.value)))
        begin = _end(interval, begin)
    if not changes:
        raise Invalid("a signal without intervals", ResponseCode.COMPLIANCE_ERROR)
    return tuple(change for change in changes if finish is None or change.start < finish)


def _end(interval: SignalInterval, begin: datetime) -> datetime | None:
    """None: it lasts as long as the event, which a zero (r47) and a missing duration both mean."""
    if interval.duration is None or interval.duration.is_zero:
        return None
    end = interval.duration.after(begin)
    if end < begin:
        raise Invalid("an interval of negative length")
    return end


def _reader(signal: Signal, levels: Mapping[int, Decimal]) -> Reader | None:
    """None for a signal that is not understood. The other rows of the signal table will join here."""
    match (signal.name, signal.type, signal.unit):
        case (name, SignalType.LOAD_CONTROL_CAPACITY, None) if name == LOAD_CONTROL:
            return lambda value: _within(Share(value), most=Decimal(1))
        case (name, SignalType.LOAD_CONTROL_SETPOINT, Unit(kind=UnitKind.POWER_REAL) as unit) if (
            name == LOAD_CONTROL
        ):
            return lambda value: _within(Watts(_plain(unit, value)))
        case (name, SignalType.LOAD_CONTROL_SETPOINT, Unit(kind=UnitKind.CURRENT) as unit) if (
            name == LOAD_CONTROL
        ):
            return lambda value: _within(Amps(_plain(unit, value)))
        case (_, SignalType.LEVEL, None) if _is_simple(signal):
            return lambda value: _level(value, levels)
        case _:
            return None


def _is_simple(signal: Signal) -> bool:
    return signal.name in (SIMPLE, SIMPLE_OLD)


def _plain(unit: Unit, value: Decimal) -> Decimal:
    with localcontext(electricity.DOWN):
        return unit.plain(value)


def _within(ceiling: Ceiling, most: Decimal | None = None) -> Ceiling:
    if ceiling.value < 0 or (most is not None and ceiling.value > most):
        raise Invalid("a signal value out of its range")
    return ceiling


def _level(value: Decimal, levels: Mapping[int, Decimal]) -> Share:
    """SIMPLE knows 0, 1, 2 and 3 (r9)."""
    if value not in levels:
        raise Invalid("no such SIMPLE level")
    return Share(levels[int(value)])
