"""A report that was asked for, and when it is due. Sans-IO.

Times run `start + k * period` on the given clock, never rounded to the wall's minutes.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from oadr.states.report import OWING, Doing, Owed
from oadr.wire.errors import Invalid
from oadr.wire.messages.report import METADATA, ReportRequest
from ven.points import HISTORY_SPECIFIER
from ven.samples import HISTORY_GRAIN, JUST_NOW

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Order:
    """A report that was asked for: its wire form, when it is due, and up to where it has been delivered."""

    request: ReportRequest
    due: datetime
    reported_until: datetime
    told: bool = field(default=False, compare=False)
    """Whether a report of it has arrived since this program began; before that nothing is "as before" (r317)."""

    @property
    def every(self) -> timedelta:
        """Zero for a report that is made once (r324)."""
        return self.request.report_back.span

    @property
    def grain(self) -> timedelta:
        """Length of one interval."""
        return (self.request.granularity.span or self.every) if self.every else JUST_NOW

    @property
    def is_on_change(self) -> bool:
        """Values are wanted when they change (r317)."""
        return bool(self.every) and not self.request.granularity.span

    @property
    def is_for_offer(self) -> bool:
        """Wants no values, but the list of what can be reported (r327)."""
        return self.request.specifier_id == METADATA

    @property
    def ends(self) -> datetime | None:
        """None: for ever (r325)."""
        period = self.request.period
        return None if period is None or period.duration.is_zero else period.duration.after(period.start)


def order(request: ReportRequest, fastest: timedelta, now: datetime) -> Order:
    """What is asked for from `now` on. Raises `Invalid` (454) for more than is offered."""
    every, granularity = request.report_back.span, request.granularity.span
    if any(span and span < fastest for span in (every, granularity)):
        raise Invalid("asks for more than is offered")
    try:
        if request.specifier_id == HISTORY_SPECIFIER:
            return _history(request, now)
        if not every:
            return Order(request, now, now)
        if granularity > every:
            raise Invalid("an interval is longer than the time between reports")
        return _periodic(request, now)
    except OverflowError as error:
        raise Invalid("a reporting period outside the calendar") from error


def _history(request: ReportRequest, now: datetime) -> Order:
    """Told once, from the start that was asked for; without one, all that there is (r317, r325)."""
    if request.report_back.span or timedelta() < request.granularity.span < HISTORY_GRAIN:
        raise Invalid("a history is told once, and by the minute")
    start = request.period.start if request.period else now - timedelta(days=366)
    made = Order(request, now, start - _INSTANT)
    if made.ends is not None and made.ends < start:
        raise Invalid("a period that ends before it begins")
    return made


def _periodic(request: ReportRequest, now: datetime) -> Order:
    """First at the start that was asked for, or at the next full period after it (r324); then about all since now."""
    made = Order(request, now, now)
    start = request.period.start if request.period else now
    if made.ends is not None and made.ends <= max(start, now):
        raise Invalid("a reporting period that is over")
    missed = max(0, -((start - now) // made.every))
    due = start + missed * made.every
    since = start + (now - start) // made.grain * made.grain if missed else due - made.grain
    return Order(request, due, since)


def moved(before: Order, until: datetime, now: datetime, *, is_all: bool = True) -> Order | None:
    """`before` after a report up to `until` was taken; None when that was the last one."""
    match OWING.after(Owed.SENT, _taken(before, now, is_all)):
        case Owed.OVER:
            return None
        case Owed.DUE:
            return replace(before, reported_until=until, told=True)
    periods = (now - before.due) // before.every + 1
    return replace(before, due=before.due + periods * before.every, reported_until=until, told=True)


def _taken(sent: Order, now: datetime, is_all: bool) -> Doing:
    """What it means that a report was taken; `is_all` is whether it held all that there was."""
    if not is_all:
        return Doing.PART
    is_last = not sent.every or (sent.ends is not None and now >= sent.ends)
    return Doing.LAST if is_last else Doing.TAKEN
