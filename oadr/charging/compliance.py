"""Did it hold? What the meter says of one limit on one chargepoint, and of many chargepoints together.

     received   start  + grace                                 end
---------|--------|-------|-------------------------------------|
 baseline|        |       |<-------------- judged ------------->|
                  |<----- curtailed, against the baseline ----->|

"Took effect" is not "was commanded": a charger that is already below complies although nothing had to change. And a
breach that nobody measured is not compliance: without a usable meter nothing is called complied with.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final

from oadr.charging import electricity
from oadr.charging.electricity import Rating
from oadr.charging.metering import (
    Reading,
    Sample,
    Span,
    length,
    longest,
    mean_watts,
    percent,
    readings,
    rounded,
    spans,
    watt_hours,
)

GRACE: Final = timedelta(seconds=15)
"""From when an order can be obeyed to when its breach counts."""
TOLERANCE: Final = Decimal("1.05")
NOISE_AMPS: Final = Decimal("0.5")
PAUSED_BELOW_AMPS: Final = Decimal(1)
BASELINE_SPAN: Final = timedelta(minutes=15)
LONGEST_GAP: Final = 3
"""Sample periods; a longer silence says nothing, neither good nor bad."""


@dataclass(frozen=True, slots=True)
class Course:
    """A limit in A per phase, and what it changes to later: (from when on, A), in the order of time."""

    amps: Decimal
    later: tuple[tuple[datetime, Decimal], ...] = ()

    def at(self, moment: datetime) -> Decimal:
        return next((amps for since, amps in reversed(self.later) if since <= moment), self.amps)

    def edges(self, start: datetime, end: datetime) -> tuple[datetime, ...]:
        """`start`, `end` and each change between them."""
        return (start, *(since for since, _ in self.later if start < since < end), end)


@dataclass(frozen=True, slots=True)
class Period:
    """When the VEN had the order, and from when to when it holds. `end` is now while it still runs."""

    received: datetime
    start: datetime
    end: datetime

    @property
    def begins(self) -> datetime:
        """From when on it can be obeyed."""
        return max(self.received, self.start)

    @property
    def judged_from(self) -> datetime:
        return self.begins + GRACE

    @property
    def judged(self) -> timedelta:
        return max(self.end - self.judged_from, timedelta())


class Acted(StrEnum):
    """What came of an order; shown beside every percentage, which says nothing of chargepoints without a meter."""

    COMMANDED = "commanded"
    """It came below the limit, for three samples in a row at least."""
    ALREADY_BELOW = "already_below"
    """It drew no more than the limit when the order began; nothing plugged in is the plainest case."""
    UNVERIFIABLE = "unverifiable"
    """Measured for less than half of the time, or too short to tell. Never complied with."""
    FAILED = "failed"
    """Above the limit, and not below it for three samples so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """How one chargepoint took one limit."""

    acted: Acted
    judged: timedelta
    """From the end of the grace to the end of the period."""
    held: timedelta
    """Of `judged`, measured within limit and tolerance."""
    breached: timedelta
    """Of `judged`, measured above them. What remains was not measured."""
    longest_excursion: timedelta
    """The longest breach without a break."""
    worst_overshoot_amps: Decimal
    """Above the limit itself, without tolerance, on the phase that carries most."""
    over_limit_wh: Decimal
    """Above the limit itself, without tolerance, as if each phase were as far above it as the worst."""
    response: timedelta | None
    """From when it could be obeyed to the first of three samples in a row that comply."""
    baseline_watts: Decimal | None
    """Mean of the 15 minutes before receipt, fixed then: nothing that comes later can move it."""
    baseline_coverage_percent: Decimal
    curtailed_wh: Decimal | None
    """Below the baseline, measured time only. None when unverifiable, or when nothing was measured before."""

    @property
    def compliance_percent(self) -> Decimal | None:
        """Of the measured time. None when unverifiable: not known is neither 0 nor 100."""
        return percent(self.held, self.held + self.breached) if self.is_verifiable else None

    @property
    def coverage_percent(self) -> Decimal:
        return percent(self.held + self.breached, self.judged)

    @property
    def is_verifiable(self) -> bool:
        return self.acted is not Acted.UNVERIFIABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a fleet took one limit."""

    commanded: int
    already_below: int
    unverifiable: int
    failed: int
    compliance_percent: Decimal | None
    """Of the measured time of all verifiable chargepoints; None when there are none."""
    curtailed_wh: Decimal | None
    """Over the `credited` only; None when there are none."""
    credited: int
    """Chargepoints that are verifiable and have a baseline."""


def complies(amps: Decimal, limit_amps: Decimal) -> bool:
    """Whether the phase that carries most keeps a limit: 5 % and 0.5 A of tolerance, a pause is below 1 A."""
    if not limit_amps:
        return amps < PAUSED_BELOW_AMPS
    return amps <= limit_amps * TOLERANCE + NOISE_AMPS


def assess(
    samples: Iterable[Sample],
    limit: Decimal | Course,
    period: Period,
    rating: Rating,
    volts: Decimal,
    sample_every: timedelta,
) -> Compliance:
    """How a chargepoint took a limit in A per phase; `samples` in any order, from before receipt on.

    Each moment is judged by the limit of that moment.
    """
    course = limit if isinstance(limit, Course) else Course(limit)

    def over(span: Span) -> Decimal:
        return max(span.amps - course.at(span.start), Decimal(0))

    found = readings(samples, rating, volts)
    gap = sample_every * LONGEST_GAP
    known = tuple(_known(found, course, period, gap))
    breaches = tuple(span for span in known if not complies(span.amps, course.at(span.start)))
    is_below = _is_already_below(found, course.at(period.begins), period, gap)
    effect = period.begins if is_below else _effect(found, course, period, gap)
    acted = _acted(is_below, effect, known, breaches, period)
    before = spans(found, period.received - BASELINE_SPAN, period.received, gap)
    baseline = mean_watts(before)
    is_verifiable = acted is not Acted.UNVERIFIABLE
    return Compliance(
        acted=acted,
        judged=period.judged,
        held=length(known) - length(breaches),
        breached=length(breaches),
        longest_excursion=longest(breaches),
        worst_overshoot_amps=rounded(max((over(span) for span in known), default=Decimal(0)), "0.001"),
        over_limit_wh=watt_hours((span, electricity.watts(over(span), rating, volts)) for span in known),
        response=effect - period.begins if is_verifiable and effect is not None else None,
        baseline_watts=baseline,
        baseline_coverage_percent=percent(length(before), BASELINE_SPAN),
        curtailed_wh=_curtailed(baseline, spans(found, period.begins, period.end, gap))
        if is_verifiable and baseline is not None
        else None,
    )


def summary(assessed: Iterable[Compliance]) -> Summary:
    """What `assessed` come to together. Compliance is weighted by measured time; who was not measured has no
    weight and no curtailment, but is counted.
    """
    each = tuple(assessed)
    count = Counter(one.acted for one in each)
    verifiable = tuple(one for one in each if one.is_verifiable)
    held = sum((one.held for one in verifiable), timedelta())
    breached = sum((one.breached for one in verifiable), timedelta())
    curtailed = tuple(one.curtailed_wh for one in verifiable if one.curtailed_wh is not None)
    return Summary(
        commanded=count[Acted.COMMANDED],
        already_below=count[Acted.ALREADY_BELOW],
        unverifiable=count[Acted.UNVERIFIABLE],
        failed=count[Acted.FAILED],
        compliance_percent=percent(held, held + breached) if verifiable else None,
        curtailed_wh=sum(curtailed, Decimal(0)) if curtailed else None,
        credited=len(curtailed),
    )


def _known(found: tuple[Reading, ...], course: Course, period: Period, gap: timedelta) -> Iterator[Span]:
    """No span crosses a change of the limit."""
    if period.judged_from < period.end:
        for start, end in pairwise(course.edges(period.judged_from, period.end)):
            yield from spans(found, start, end, gap)


def _acted(
    is_below: bool,
    effect: datetime | None,
    known: tuple[Span, ...],
    breaches: tuple[Span, ...],
    period: Period,
) -> Acted:
    if not known or 2 * length(known) < period.judged:
        return Acted.UNVERIFIABLE
    if is_below:
        return Acted.ALREADY_BELOW
    if effect is not None:
        return Acted.COMMANDED
    # Too few samples to see an effect are no failure, and no proof either.
    return Acted.FAILED if breaches else Acted.UNVERIFIABLE


def _is_already_below(
    found: tuple[Reading, ...], limit_amps: Decimal, period: Period, gap: timedelta
) -> bool:
    """By the last reading before the order began, and without tolerance: who needs it is not below yet."""
    last = next((each for each in reversed(found) if each.at <= period.begins), None)
    if last is None or period.begins - last.at > gap:
        return False
    return last.amps <= limit_amps or (not limit_amps and complies(last.amps, limit_amps))


def _effect(found: tuple[Reading, ...], course: Course, period: Period, gap: timedelta) -> datetime | None:
    """The first of three readings in a row, no gap between them, that comply."""
    during = tuple(each for each in found if period.begins <= each.at < period.end)
    for first, second, third in zip(during, during[1:], during[2:], strict=False):
        is_unbroken = second.at - first.at <= gap and third.at - second.at <= gap
        if is_unbroken and all(complies(each.amps, course.at(each.at)) for each in (first, second, third)):
            return first.at
    return None


def _curtailed(baseline: Decimal, known: tuple[Span, ...]) -> Decimal:
    return watt_hours((span, max(baseline - span.watts, Decimal(0))) for span in known)
