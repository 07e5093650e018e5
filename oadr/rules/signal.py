"""What the signals and baselines of an event must look like (r2, r8, r9, r14, r29, r100-r116)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from oadr.rules.breach import Finding, Party, Rule, rule, rule_at
from oadr.rules.well_known import PRIVATE, SIGNALS, beyond_device_classes
from oadr.wire.errors import Invalid
from oadr.wire.messages import DistributeEvent
from oadr.wire.messages.event import (
    SIMPLE,
    SIMPLE_OLD,
    ActivePeriod,
    Baseline,
    Event,
    EventStatus,
    Signal,
    SignalInterval,
    SignalType,
)
from oadr.wire.scalars import Duration

LEVELS: Final = frozenset(range(4))


def _signals(message: DistributeEvent) -> Iterator[tuple[str, Event, Signal]]:
    for event in message.events:
        for signal in event.signals:
            yield f"event {event.event_id}, signal {signal.signal_id}", event, signal


def _baselines(message: DistributeEvent) -> Iterator[tuple[str, Baseline]]:
    for event in message.events:
        if event.baseline:
            yield f"event {event.event_id}, baseline {event.baseline.baseline_id}", event.baseline


def _interval_lists(message: DistributeEvent) -> Iterator[tuple[str, Sequence[SignalInterval]]]:
    yield from ((where, signal.intervals) for where, _, signal in _signals(message))
    yield from ((where, baseline.intervals) for where, baseline in _baselines(message))


def _each_signal(
    find: Callable[[Event, Signal], str | None],
) -> Callable[[DistributeEvent], Iterator[Finding]]:
    def found(message: DistributeEvent) -> Iterator[Finding]:
        for where, event, signal in _signals(message):
            if why := find(event, signal):
                yield where, why

    found.__name__, found.__doc__ = find.__name__, find.__doc__
    return found


def _is_simple(signal: Signal) -> bool:
    return signal.name in (SIMPLE, SIMPLE_OLD)


def _numbered(lists: Iterable[tuple[str, Sequence[SignalInterval]]]) -> Iterator[Finding]:
    for where, intervals in lists:
        uids = [interval.uid for interval in intervals]
        if uids != [str(number) for number in range(len(intervals))]:
            yield where, f"intervals are numbered {', '.join(str(uid) for uid in uids)}"


def _adds_up(start: datetime, whole: Duration, intervals: Sequence[SignalInterval]) -> bool:
    """Months have the length that they have from where they start."""
    at = start
    try:
        for interval in intervals:
            at = (interval.duration or Duration()).after(at)
        return at == whole.after(start)
    except Invalid:
        return False


@rule(DistributeEvent, binds=Party.VTN)
def r2(message: DistributeEvent) -> Iterator[Finding]:
    """The intervals of a signal are numbered 0, 1, 2."""
    yield from _numbered((where, signal.intervals) for where, _, signal in _signals(message))


@rule(DistributeEvent, binds=Party.VTN)
@_each_signal
def r8(event: Event, signal: Signal) -> str | None:
    """Intervals fill the active period exactly; in one without end, the last has none either (r47)."""
    fills = _adds_up(event.period.start, event.period.duration, signal.intervals)
    return None if fills else "intervals do not add up to the active period"


@rule(DistributeEvent, binds=Party.VTN)
@_each_signal
def r9(_: Event, signal: Signal) -> str | None:
    """SIMPLE knows the values 0, 1, 2 and 3."""
    is_level = all(interval.value in LEVELS for interval in signal.intervals)
    return "SIMPLE beyond 0, 1, 2, 3" if _is_simple(signal) and not is_level else None


@rule(DistributeEvent, binds=Party.VTN)
@_each_signal
def r14(event: Event, signal: Signal) -> str | None:
    """SIMPLE that does not run has the current value 0, if it has one (r113)."""
    if not _is_simple(signal) or event.descriptor.status is EventStatus.ACTIVE:
        return None
    return "current value without activity" if signal.current_value else None


@rule_at(DistributeEvent, binds=Party.VTN)
def r29(message: DistributeEvent, now: datetime) -> Iterator[Finding]:
    """The current value of what is active is that of the interval that runs at `now`."""
    for where, event, signal in _signals(message):
        if event.descriptor.status is EventStatus.ACTIVE and signal.current_value is not None:
            running = _running(event.period, signal.intervals, now)
            if running and running.value != signal.current_value:
                yield where, f"current value {signal.current_value} while {running.value} runs"


def _running(
    period: ActivePeriod, intervals: Sequence[SignalInterval], now: datetime
) -> SignalInterval | None:
    at = period.start
    for interval in intervals:
        duration = interval.duration or Duration()
        at, begun = duration.after(at), at
        if begun <= now and (duration.is_zero or now < at):
            return interval
    return None


@rule(DistributeEvent, binds=Party.VTN)
def r101(message: DistributeEvent) -> Iterator[Finding]:
    """The intervals of a baseline are numbered 0, 1, 2."""
    yield from _numbered((where, baseline.intervals) for where, baseline in _baselines(message))


@rule(DistributeEvent, binds=Party.VTN)
def r102(message: DistributeEvent) -> Iterator[Finding]:
    """Every interval has a duration, and a baseline's fill the baseline (for signals: r8)."""
    for where, intervals in _interval_lists(message):
        if any(interval.duration is None for interval in intervals):
            yield where, "an interval without a duration"
    for where, baseline in _baselines(message):
        if not _adds_up(baseline.start, baseline.duration, baseline.intervals):
            yield where, "intervals do not add up to the baseline"


@rule(DistributeEvent, binds=Party.VTN)
def r103(message: DistributeEvent) -> Iterator[Finding]:
    """Intervals have no start of their own: they follow each other."""
    for where, intervals in _interval_lists(message):
        if any(interval.start is not None for interval in intervals):
            yield where, "an interval with a dtstart"


@rule(DistributeEvent, binds=Party.VTN)
def r104(message: DistributeEvent) -> Iterator[Finding]:
    """Well-known signals have the types, units and values of `well_known.SIGNALS`; others are private by name."""
    for where, _, signal in _signals(message):
        yield from ((where, why) for why in _off_form(signal))


def _off_form(signal: Signal) -> Iterator[str]:
    forms = SIGNALS.get(signal.name)
    if forms is None:
        if not signal.name.startswith(PRIVATE):
            yield f"{signal.name} is neither well-known nor private"
        return
    form = forms.get(signal.type)
    if form is None:
        yield f"{signal.name} of type {signal.type}"
        return
    kind = signal.unit.kind if signal.unit else None
    if form.units is not None and kind not in form.units:
        yield f"{signal.name} {signal.type} in {kind or 'no unit'}"
    if not all(form.takes(interval.value) for interval in signal.intervals):
        yield f"{signal.name} {signal.type} with a value beyond its range"


@rule(DistributeEvent, binds=Party.VTN)
def r111(message: DistributeEvent) -> Iterator[Finding]:
    """A signal's target names classes of devices and nothing else."""
    for where, _, signal in _signals(message):
        if signal.target:
            yield from ((where, why) for why in beyond_device_classes(signal.target))


@rule(DistributeEvent, binds=Party.VTN)
@_each_signal
def r116(_: Event, signal: Signal) -> str | None:
    """SIMPLE is a level."""
    is_wrong = _is_simple(signal) and signal.type is not SignalType.LEVEL
    return f"SIMPLE of type {signal.type}" if is_wrong else None


RULES: Final[tuple[Rule, ...]] = (r2, r8, r9, r14, r29, r101, r102, r103, r104, r111, r116)
