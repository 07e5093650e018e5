"""What an event is at a moment, until when it is listed, and in which order."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from oadr import timing
from oadr.wire.messages.event import ActivePeriod, Event, EventStatus
from tests.oadr.charging.events import NOON, event, period

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.mark.proves("r13")
@pytest.mark.parametrize(
    ("during", "now", "expected"),
    [
        (period(), NOON - SECOND, EventStatus.FAR),
        (period(), NOON, EventStatus.ACTIVE),
        (period(), NOON + HOUR - SECOND, EventStatus.ACTIVE),
        (period(), NOON + HOUR, EventStatus.COMPLETED),
        (period(ramp_up="PT10M"), NOON - 10 * MINUTE - SECOND, EventStatus.FAR),
        (period(ramp_up="PT10M"), NOON - 10 * MINUTE, EventStatus.NEAR),
        (period(ramp_up="PT10M"), NOON - SECOND, EventStatus.NEAR),
        (period(ramp_up="PT10M"), NOON, EventStatus.ACTIVE),
        (period(ramp_up="PT0S"), NOON - SECOND, EventStatus.FAR),
        (period(ramp_up="-PT10M"), NOON - SECOND, EventStatus.FAR),
        (period(ramp_up="-PT10M"), NOON + SECOND, EventStatus.ACTIVE),
        (period(ramp_up="P1M"), datetime.fromisoformat("2025-12-31T12:00:00Z"), EventStatus.NEAR),
        (period(ramp_up="P1M"), datetime.fromisoformat("2025-12-31T11:59:59Z"), EventStatus.FAR),
        (period("P1M"), datetime.fromisoformat("2026-02-28T11:59:59Z"), EventStatus.ACTIVE),
        (period("P1M"), datetime.fromisoformat("2026-02-28T12:00:00Z"), EventStatus.COMPLETED),
    ],
)
def test_the_status_follows_the_time(during: ActivePeriod, now: datetime, expected: EventStatus) -> None:
    assert timing.status(during, now) is expected


@pytest.mark.proves("r47")
def test_an_event_without_an_end_stays_active_until_it_is_cancelled() -> None:
    during = period("PT0S", start_after="PT10M")
    assert timing.end(during) is None
    assert timing.shown_until(during) is None
    assert timing.status(during, NOON + 10_000 * HOUR) is EventStatus.ACTIVE
    assert timing.status(during, NOON + 10_000 * HOUR, cancelled=True) is EventStatus.CANCELLED


@pytest.mark.parametrize("now", [NOON - HOUR, NOON, NOON + 2 * HOUR])
def test_cancelled_is_said_at_any_time(now: datetime) -> None:
    assert timing.status(period(), now, cancelled=True) is EventStatus.CANCELLED


def test_an_event_that_starts_late_ends_as_much_later() -> None:
    assert timing.end(period(start_after="PT10M"), 7 * MINUTE) == NOON + HOUR + 7 * MINUTE
    assert timing.end(period()) == NOON + HOUR


@pytest.mark.proves("r66")
def test_a_randomised_event_is_listed_until_its_latest_end_though_it_is_completed() -> None:
    during = period(start_after="PT10M")
    assert timing.shown_until(during) == NOON + HOUR + 10 * MINUTE
    assert timing.status(during, NOON + HOUR) is EventStatus.COMPLETED


def test_without_randomisation_an_event_is_listed_until_its_end() -> None:
    assert timing.shown_until(period()) == NOON + HOUR
    assert timing.shown_until(period(start_after="PT0S")) == NOON + HOUR


def test_a_randomisation_in_months_has_its_length_from_the_calendar() -> None:
    assert timing.shown_until(period(start_after="P1M")) == datetime.fromisoformat("2026-02-28T13:00:00Z")


def placed(name: str, starts: int, priority: int | None, *, status: EventStatus = EventStatus.FAR) -> Event:
    """An event of two hours that starts so many minutes after noon."""
    during = period("PT2H", NOON + starts * MINUTE)
    return event(during=during, event_id=name, priority=priority, status=status)


@pytest.mark.proves("r3", "r15")
@pytest.mark.parametrize(
    "expected",
    [
        # priority beats start: the sort that looks at the start first is wrong
        (placed("late", -10, 1), placed("early", -50, 2)),
        (placed("low", -10, 200), placed("none", -50, 0)),
        (placed("low", -10, 200), placed("absent", -50, None)),
        # none and absent are the same rank, so the start decides
        (placed("absent", -50, None), placed("none", -10, 0)),
        (placed("none", -50, 0), placed("absent", -10, None)),
        (placed("early", -50, 1), placed("late", -10, 1)),
        # what has started stands before what has not, whatever their priorities
        (placed("active", -10, 0), placed("pending", 10, 1)),
        (placed("active now", 0, 0), placed("pending", 1, 1)),
        # among the pending only the start counts
        (placed("soon", 10, 0), placed("later", 20, 1)),
        (placed("soon", 10, None), placed("later", 20, 1), placed("last", 30, 0)),
        # ties
        (placed("a", -10, 1), placed("b", -10, 1)),
        (placed("a", 10, 2), placed("b", 10, 1)),
        (placed("1", -20, 1), placed("2", -30, 3), placed("3", -10, 0), placed("4", 5, 3), placed("5", 6, 1)),
    ],
)
def test_events_stand_in_the_prescribed_order(expected: tuple[Event, ...]) -> None:
    for given in permutations(expected):
        assert timing.in_order(given, NOON) == expected


@pytest.mark.proves("r15")
def test_a_cancelled_event_keeps_its_place() -> None:
    def listed(status: EventStatus) -> list[str]:
        middle = placed("b", -20, 2, status=status)
        events = (placed("c", -30, 3), middle, placed("d", 10, 1), placed("a", -10, 1))
        return [each.event_id for each in timing.in_order(events, NOON)]

    assert listed(EventStatus.ACTIVE) == listed(EventStatus.CANCELLED) == ["a", "b", "c", "d"]


@pytest.mark.proves("r15")
def test_a_completed_event_that_is_still_listed_stays_among_those_that_started() -> None:
    completed, pending = placed("completed", -150, 1), placed("pending", 10, 1)
    assert timing.in_order((pending, completed), NOON) == (completed, pending)


def test_the_order_changes_when_an_event_starts() -> None:
    first, second = placed("first", 10, 0), placed("second", 20, 1)
    assert timing.in_order((second, first), NOON) == (first, second)
    assert timing.in_order((second, first), NOON + 20 * MINUTE) == (second, first)
