"""An event's status, moment by moment."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from oadr import timing
from oadr.states.event import COURSE, Moment
from oadr.wire.messages.event import ActivePeriod, EventStatus
from oadr.wire.scalars import Duration
from tests.pair.states.walk import Walk

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RAMPED = ActivePeriod(start=NOON, duration=Duration(600), ramp_up=Duration(300))
LATER = ActivePeriod(start=NOON + 60 * MINUTE, duration=Duration(600))

periods = st.builds(
    lambda start, duration, ramp_up, tolerance: ActivePeriod(
        start=NOON + start * MINUTE,
        duration=Duration(duration * 60),
        ramp_up=None if ramp_up is None else Duration(ramp_up * 60),
        start_after=None if tolerance is None else Duration(tolerance * 60),
    ),
    st.integers(-5, 15),
    st.integers(0, 20),
    st.none() | st.integers(-10, 10),
    st.none() | st.integers(0, 10),
)
changes = st.lists(st.tuples(st.integers(1, 30), periods), max_size=3)


def passed(period: ActivePeriod, since: datetime | None, now: datetime) -> Iterable[Moment]:
    """What has come after `since` and by `now`, in its order; reckoned by hand."""
    ramp = timedelta(seconds=period.ramp_up.seconds) if period.ramp_up else timedelta()
    moments = [(period.start - ramp, Moment.RAMP_UP)] if ramp > timedelta() else []
    moments.append((period.start, Moment.START))
    if period.duration.seconds:
        moments.append((period.start + timedelta(seconds=period.duration.seconds), Moment.END))
    return [what for at, what in moments if at <= now and (since is None or at > since)]


def play(
    walk: Walk[EventStatus, Moment], period: ActivePeriod, turns: Iterable[tuple[int, ActivePeriod]]
) -> None:
    """From long before until long after; each turn is a while, and a change of the period after it."""
    now = NOON - 60 * MINUTE
    status = COURSE.start
    walk.step(status, *passed(period, None, now), after=(status := timing.status(period, now)))
    for wait, changed in [*turns, (150, period)]:
        for _ in range(wait):
            before, since, now = status, now, now + MINUTE
            status = timing.status(period, now)
            walk.step(before, *passed(period, since, now), after=status)
            is_ended = timing.status(period, now, cancelled=True)
            walk.step(status, Moment.CANCEL, after=is_ended)
        if status is EventStatus.COMPLETED:
            return  # nobody changes what is over
        before, period = status, changed
        status = timing.status(period, now)
        walk.step(before, Moment.CHANGE, *passed(period, None, now), after=status)


def test_every_row_of_the_course_is_taken() -> None:
    walk = Walk(COURSE)
    play(walk, RAMPED, [(58, RAMPED), (5, RAMPED)])
    play(walk, LATER, [(10, LATER), (111, LATER)])
    walk.assert_whole()


@given(periods, changes)
def test_no_event_leaves_its_course(period: ActivePeriod, turns: list[tuple[int, ActivePeriod]]) -> None:
    play(Walk(COURSE), period, turns)
