"""Event signals -> what they order: a time line of ceilings.

    [0.3 for PT2H][1.0 for PT3H]  ->  Step(0 h, 2 h, Share(0.3)), Step(2 h, 3 h, Share(1.0))

SIMPLE travels beside a rich signal for simpler devices; whoever understands the rich one ignores it. Of two rich
signals the smaller ceiling holds. `meanings` has the table of what is understood.
"""

from bisect import bisect_right
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from oadr import timing
from oadr.charging import meanings
from oadr.charging.ceilings import Advice, Step, Together
from oadr.charging.meanings import PLAIN, Agreed, Meaning
from oadr.wire.errors import Invalid, ResponseCode
from oadr.wire.ids import MarketContext
from oadr.wire.messages.event import Baseline, Event, Signal, SignalInterval


class Programme(StrEnum):
    """Why an operator may call; each is a market context of its own, `<base>/<programme>`."""

    SUPPLY_LIMIT = "supply-limit"
    LOAD_SHIFT = "load-shift"
    PRICE = "price"


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


def timeline(event: Event, agreed: Agreed = PLAIN) -> tuple[Step, ...]:
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
    lines = tuple(_line(event, signal, agreed) for signal in _obeyed(event, agreed))
    starts = sorted({change.start for line in lines for change in line})
    starts = [start for start in starts if finish is None or start < finish]
    ends = (*starts[1:], finish)
    return tuple(
        _step(
            start - event.period.start,
            None if end is None else end - start,
            tuple(_at(start, line) for line in lines),
        )
        for start, end in zip(starts, ends, strict=True)
    )


class _Change(NamedTuple):
    """From `start` on, one signal says this."""

    start: datetime
    meaning: Meaning


class _Level(NamedTuple):
    """From `start` on, W."""

    start: datetime
    watts: Decimal


def _obeyed(event: Event, agreed: Agreed) -> tuple[Signal, ...]:
    """The rich signals; SIMPLE too, where it stands alone or in for a rich one that is not understood (r106)."""
    understood = tuple(signal for signal in event.signals if _is_understood(signal, event.baseline, agreed))
    rich = tuple(signal for signal in understood if not meanings.is_simple(signal))
    if rich and all(signal in understood or meanings.is_simple(signal) for signal in event.signals):
        return rich
    if not any(meanings.is_simple(signal) for signal in understood):
        raise Invalid("signal name, type or unit not supported", ResponseCode.SIGNAL_NOT_SUPPORTED)
    return understood


def _is_understood(signal: Signal, baseline: Baseline | None, agreed: Agreed) -> bool:
    """A difference means nothing without what it is a difference to."""
    if meanings.delta_reader(signal):
        return baseline is not None
    return meanings.reader(signal, agreed) is not None


def _line(event: Event, signal: Signal, agreed: Agreed) -> tuple[_Change, ...]:
    """One signal's changes, also those beyond the event's end: nonsense there is nonsense too."""
    spans = _spans(event.period.start, signal.intervals)
    delta = meanings.delta_reader(signal)
    if delta and event.baseline:
        return _above(_baseline(event.baseline), [_Level(start, delta(value)) for start, value in spans])
    read = meanings.reader(signal, agreed)
    assert read, "only signals that are understood come here"
    return tuple(_Change(start, read(value)) for start, value in spans)


def _spans(start: datetime, intervals: tuple[SignalInterval, ...]) -> list[tuple[datetime, Decimal]]:
    """Where each value begins. Durations count (r32, r102); a dtstart in an interval is not looked at (r103)."""
    spans: list[tuple[datetime, Decimal]] = []
    begin: datetime | None = start
    for interval in intervals:
        if begin is None:
            raise Invalid("an interval after one without an end", ResponseCode.COMPLIANCE_ERROR)
        spans.append((begin, interval.value))
        begin = _end(interval, begin)
    if not spans:
        raise Invalid("a signal without intervals", ResponseCode.COMPLIANCE_ERROR)
    return spans


def _end(interval: SignalInterval, begin: datetime) -> datetime | None:
    """None: it lasts as long as the event, which a zero (r47) and a missing duration both mean."""
    if interval.duration is None or interval.duration.is_zero:
        return None
    end = interval.duration.after(begin)
    if end < begin:
        raise Invalid("an interval of negative length")
    return end


def _baseline(baseline: Baseline) -> list[_Level]:
    """What would be drawn without the event, as the sender has it."""
    spans = _spans(baseline.start, baseline.intervals)
    return [_Level(start, meanings.plain_watts(baseline.unit, value)) for start, value in spans]


def _above(baseline: list[_Level], delta: list[_Level]) -> tuple[_Change, ...]:
    """Baseline and difference together, a change wherever one of them changes; less than nothing is nothing."""
    first = delta[0].start
    starts = sorted({level.start for level in (*baseline, *delta) if level.start > first} | {first})
    return tuple(
        _Change(start, Together(max(_watts(start, baseline) + _watts(start, delta), Decimal(0))))
        for start in starts
    )


def _watts(moment: datetime, levels: list[_Level]) -> Decimal:
    """The first level holds before its time too: a baseline that begins late is still all that is known."""
    return levels[max(bisect_right(levels, moment, key=lambda level: level.start) - 1, 0)].watts


def _at(moment: datetime, line: tuple[_Change, ...]) -> Meaning:
    """What a signal says at a moment of the event; its first change is at the event's start."""
    return line[bisect_right(line, moment, key=lambda change: change.start) - 1].meaning


def _step(start: timedelta, length: timedelta | None, said: tuple[Meaning, ...]) -> Step:
    ceilings = tuple(one for one in said if not isinstance(one, Advice))
    return Step(start, length, ceilings, tuple(one for one in said if isinstance(one, Advice)))
