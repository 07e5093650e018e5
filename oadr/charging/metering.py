"""What a meter showed: samples, and the spans of time for which they hold.

sample    x    x    x                        x    x        end
span      |----|----|       (too long)       |----|---------|
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple, Self

from oadr.charging import electricity
from oadr.charging.electricity import Rating

_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR: Final = timedelta(hours=1) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the meter of a chargepoint."""

    at: datetime
    amps: Decimal | None
    """Of the phase that carries most; None when the meter said nothing usable."""
    watts: Decimal | None = None
    """Over all phases; None to reckon as if each phase carried `amps`, which is too much for a car on one of them."""

    @classmethod
    def of_power(cls, at: datetime, watts: Decimal | None, rating: Rating, volts: Decimal) -> Self:
        """Where only W are known: amps as if all phases shared them, so that one inequality serves both units."""
        return cls(at, None if watts is None else electricity.amps(watts, rating, volts), watts)


class Reading(NamedTuple):
    """A sample that says something."""

    at: datetime
    amps: Decimal
    watts: Decimal


class Span(NamedTuple):
    """A reading holds from `start` to `end`."""

    start: datetime
    end: datetime
    amps: Decimal
    watts: Decimal


def readings(samples: Iterable[Sample], rating: Rating, volts: Decimal) -> tuple[Reading, ...]:
    """What is usable of `samples`, by time; of two with the same time the later in the row counts."""
    found: dict[datetime, Reading] = {}
    for sample in samples:
        if sample.amps is not None:
            watts = electricity.watts(sample.amps, rating, volts) if sample.watts is None else sample.watts
            found[sample.at] = Reading(sample.at, sample.amps, watts)
    return tuple(found[at] for at in sorted(found))


def spans(
    found: tuple[Reading, ...], start: datetime, end: datetime, longest_gap: timedelta
) -> tuple[Span, ...]:
    """What was known from `start` to `end`. A reading holds until the next, unless that is too long in coming."""
    following = [*(each.at for each in found[1:]), end]
    return tuple(
        Span(max(each.at, start), min(until, end), each.amps, each.watts)
        for each, until in zip(found, following, strict=False)  # nothing found is followed by the end alone
        if until - each.at <= longest_gap and max(each.at, start) < min(until, end)
    )


def length(known: Iterable[Span]) -> timedelta:
    return sum((span.end - span.start for span in known), timedelta())


def longest(known: Iterable[Span]) -> timedelta:
    """The longest time that spans cover without a break."""
    best = run = timedelta()
    run_end: datetime | None = None
    for span in known:
        run = span.end - span.start + (run if span.start == run_end else timedelta())
        run_end = span.end
        best = max(best, run)
    return best


def mean_watts(known: tuple[Span, ...]) -> Decimal | None:
    """Weighted by time, to 0.1 W; None when nothing is known."""
    microseconds = length(known) // _MICROSECOND
    if not microseconds:
        return None
    return rounded(_watt_microseconds((span, span.watts) for span in known) / microseconds, "0.1")


def watt_hours(parts: Iterable[tuple[Span, Decimal]]) -> Decimal:
    """Wh of W that hold for a span each, to 0.001 Wh."""
    return rounded(_watt_microseconds(parts) / _HOUR, "0.001")


def rounded(number: Decimal, step: str) -> Decimal:
    """To the nearest `step`. Also where a broken meter reports more digits than Python's own context would take."""
    return number.quantize(Decimal(step), ROUND_HALF_EVEN, electricity.DOWN)


def percent(part: timedelta, whole: timedelta) -> Decimal:
    """Two decimals, rounded down, so that 100 means all; 0 of nothing."""
    if not whole:
        return Decimal(0)
    return Decimal(10_000 * (part // _MICROSECOND) // (whole // _MICROSECOND)) / 100


def _watt_microseconds(parts: Iterable[tuple[Span, Decimal]]) -> Decimal:
    return sum((watts * ((span.end - span.start) // _MICROSECOND) for span, watts in parts), Decimal(0))
