"""The timers of the conversation."""

from datetime import timedelta

import pytest

from oadr.wire.scalars import Duration
from tests.ven.stage import SECOND, Loaded
from tests.ven.virtual import START
from ven.pace import MAX_DRAIN, Pace, poll_interval

CAP = timedelta(seconds=300)


@pytest.mark.proves("VE21")
@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (None, 10),
        (Duration(0), 10),
        (Duration(30), 30),
        (Duration(-5), 1),
        (Duration(86_400), 3600),
        (Duration(months=1), 3600),
    ],
)
def test_the_poll_interval_is_the_vtns_choice_within_bounds(asked: Duration | None, seconds: int) -> None:
    assert poll_interval(asked) == timedelta(seconds=seconds)


@pytest.mark.proves("r500")
def test_draining_ends_after_so_many_polls_and_begins_again_at_the_next_interval() -> None:
    pace = Pace(Loaded(), CAP, 10 * SECOND)
    for _ in range(3):
        for _ in range(MAX_DRAIN):
            pace.polled(START)
            pace.poll_again(START)
            assert pace.polls_at(START) == START
        pace.polled(START)
        pace.poll_again(START)
        assert pace.polls_at(START) == START + 10 * SECOND


@pytest.mark.proves("F10")
@pytest.mark.parametrize("back", [timedelta(seconds=3), timedelta(days=400)])
def test_timers_keep_their_distance_when_the_clock_is_set_back(back: timedelta) -> None:
    pace = Pace(Loaded(), CAP, 10 * SECOND)
    pace.notice(START)
    pace.polled(START)
    pace.failed(START)
    pace.set_back(START)
    earlier = START - back
    assert pace.notice(earlier) == back
    assert pace.polls_at(earlier) == earlier + 10 * SECOND
    assert pace.free_at(earlier) == earlier + 1 * SECOND
    assert pace.registers_at(earlier) == earlier + 1 * SECOND
    assert pace.notice(earlier) == timedelta()
