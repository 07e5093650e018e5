"""What a site does in silence: each transition of the link, and the mistakes that other products have made."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ven.virtual import START
from ven import failsafe
from ven.failsafe import (
    LINK,
    Cue,
    Link,
    OnSilence,
    State,
    Terms,
    contact,
    is_on_default,
    listed,
    next_wake,
    passed,
)

POLL = timedelta(seconds=10)
TERMS = Terms()


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def pass_time(
    state: State, seconds: float, *, is_limited: bool = False, is_known: bool = True, terms: Terms = TERMS
) -> State:
    return passed(state, terms, POLL, is_limited=is_limited, is_known=is_known, now=at(seconds))


FRESH = State(since=START)
CONTROLLED = listed(FRESH, is_limited=False, now=at(5))
LIMITED = listed(FRESH, is_limited=True, now=at(5))
SILENT = pass_time(CONTROLLED, 125)


@pytest.mark.proves("W09", "VE01")
def test_three_polls_and_two_minutes_of_silence_are_failsafe() -> None:
    assert SILENT.link is Link.FAILSAFE
    assert pass_time(CONTROLLED, 124.9).link is Link.CONTROLLED
    assert next_wake(CONTROLLED, TERMS, POLL, is_limited=False, is_known=True) == at(125)
    slow = passed(CONTROLLED, TERMS, timedelta(minutes=5), is_limited=False, is_known=True, now=at(904))
    assert slow.link is Link.CONTROLLED, "three polls of five minutes are not over"


def test_power_up_waits_for_the_list_and_then_goes_its_own_way() -> None:
    assert pass_time(FRESH, 119).link is Link.INIT
    assert pass_time(FRESH, 120).link is Link.AUTONOMOUS
    assert (CONTROLLED.link, LIMITED.link) == (Link.CONTROLLED, Link.LIMITED)


@pytest.mark.proves("VE04")
def test_a_fresh_list_ends_failsafe_at_once() -> None:
    """Elsewhere it was held for two hours although the controller was back."""
    assert listed(SILENT, is_limited=False, now=at(126)).link is Link.CONTROLLED
    assert listed(SILENT, is_limited=True, now=at(126)).link is Link.LIMITED


@pytest.mark.proves("VE04", "VE18")
def test_a_heartbeat_alone_does_not_end_failsafe() -> None:
    """Elsewhere everything was free until the limit came."""
    back = contact(SILENT, at(200))
    assert back.link is Link.FAILSAFE
    assert pass_time(back, 319).link is Link.FAILSAFE
    assert pass_time(back, 320).link is Link.AUTONOMOUS, "no list for 120 s after the first answer"
    flapping = contact(contact(back, at(250)), at(300))
    assert pass_time(flapping, 320).link is Link.AUTONOMOUS, "the first answer counts"


def test_silence_is_counted_from_the_first_contact() -> None:
    """Elsewhere failsafe came ten seconds after the start, since the timer began at zero."""
    never = replace(CONTROLLED, contact_at=None)
    assert pass_time(never, 10_000).link is Link.CONTROLLED
    assert pass_time(FRESH, 60).link is Link.INIT


@pytest.mark.proves("VE01")
def test_failsafe_holds_for_its_minimum_and_as_long_as_an_event_that_is_held() -> None:
    two_hours = 125 + 7200
    assert pass_time(SILENT, two_hours - 1).link is Link.FAILSAFE
    assert pass_time(SILENT, two_hours).link is Link.AUTONOMOUS
    assert pass_time(SILENT, two_hours, is_limited=True).link is Link.FAILSAFE
    long = Terms(minimum=timedelta(hours=24))
    assert pass_time(SILENT, two_hours, terms=long).link is Link.FAILSAFE


def test_a_limitation_that_starts_and_ends_in_contact() -> None:
    running = pass_time(CONTROLLED, 20, is_limited=True)
    assert running.link is Link.LIMITED
    assert pass_time(running, 30).link is Link.CONTROLLED
    assert pass_time(LIMITED, 125, is_limited=True).link is Link.FAILSAFE


@pytest.mark.proves("r407")
def test_who_is_sent_away_holds_what_runs_and_is_then_on_its_own() -> None:
    assert pass_time(LIMITED, 20, is_limited=True, is_known=False).link is Link.LIMITED
    assert pass_time(LIMITED, 7000, is_limited=True, is_known=False).link is Link.LIMITED, "nobody is missed"
    over = pass_time(LIMITED, 30, is_known=False)
    assert pass_time(over, 30, is_known=False).link is Link.AUTONOMOUS


@pytest.mark.proves("W08", "W09")
def test_the_last_programme_or_the_default_by_choice_and_after_a_day_the_default() -> None:
    assert is_on_default(SILENT, OnSilence.DEFAULT_MODE, at(130))
    assert not is_on_default(SILENT, OnSilence.LAST_PROGRAMME, at(130))
    assert not is_on_default(CONTROLLED, OnSilence.DEFAULT_MODE, at(130))
    alone = pass_time(SILENT, 8000)
    assert not is_on_default(alone, OnSilence.LAST_PROGRAMME, at(5 + 86_399))
    assert is_on_default(alone, OnSilence.LAST_PROGRAMME, at(5 + 86_400))


def test_every_state_is_reached_and_can_be_left() -> None:
    assert set(LINK.states) == set(Link)
    assert LINK.ends == ()
    assert {row.trigger for row in LINK.rows} == set(Cue)


HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(["contact", "free", "active", "time"]), st.integers(0, 4000), st.booleans()),
    max_size=40,
)


@given(HAPPENINGS)
def test_only_a_list_or_a_deadline_ends_failsafe(happenings: list[tuple[str, int, bool]]) -> None:
    state, second = FRESH, 0
    for what, wait, is_limited in happenings:
        second += wait
        before = state
        match what:
            case "contact":
                state = contact(state, at(second))
                assert state.link is before.link
            case "time":
                state = pass_time(state, second, is_limited=is_limited)
            case _:
                state = listed(state, is_limited=what == "active", now=at(second))
                assert state.link not in (Link.INIT, Link.FAILSAFE, Link.AUTONOMOUS)
        if before.link is Link.FAILSAFE and what == "time" and state.link is not Link.FAILSAFE:
            assert state.link is Link.AUTONOMOUS
            assert at(second) - before.since >= TERMS.minimum or (
                before.back_at and at(second) - before.back_at >= failsafe.INIT_LIMIT
            )
        state = pass_time(state, second, is_limited=is_limited)
        wake = next_wake(state, TERMS, POLL, is_limited=is_limited, is_known=True)
        if wake is not None and wake > at(second):
            until_wake = (wake - START).total_seconds()
            assert pass_time(state, until_wake - 0.001, is_limited=is_limited) == state
            assert pass_time(state, until_wake, is_limited=is_limited).link is not state.link
