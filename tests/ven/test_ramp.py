"""A load shift comes in and goes by steps where its sender wants that; an emergency holds at once (r31)."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.limit import Limit, Source
from oadr.wire.messages.common import Target
from oadr.wire.messages.event import Event, EventStatus
from oadr.wire.scalars import Duration
from tests.ven.stage import EVSE_1, MINUTE, RATINGS, SITE, Loaded, event, listing
from tests.ven.virtual import START
from ven import events, ordered, ramp
from ven.arbiter import Arbiter
from ven.events import HeldEvent
from ven.journal import Memory, decode, encode
from ven.slots import SlotKey

AHEAD = START + 10 * MINUTE
SHIFT = SlotKey(EVSE_1, Source.LOAD_SHIFT)
SUPPLY = SlotKey(EVSE_1, Source.SUPPLY_LIMIT)


def gentle(
    ramp_up: int | None = None,
    recovery: int | None = None,
    *,
    programme: str = "load-shift",
    share: str = "0.3",
    start: datetime = AHEAD,
) -> Event:
    """Ten minutes from `start` on; seconds."""
    plain = event(
        programme=programme,
        share=share,
        start=start,
        minutes=10,
        start_after=Duration(),
        target=Target(resource_ids=(EVSE_1,)),
    )
    eased: dict[str, Any] = {
        name: None if seconds is None else Duration(seconds)
        for name, seconds in (("ramp_up", ramp_up), ("recovery", recovery))
    }
    return replace(plain, period=replace(plain.period, **eased))


def held(*listed: Event, dice: Loaded | None = None) -> tuple[HeldEvent, ...]:
    merged = events.merge((), listing(*listed), SITE, START, dice or Loaded(0))
    assert all(one.obeyed for one in merged.held)
    return merged.held


def new(dice: Loaded | None = None) -> Arbiter:
    """A release waits for 5 s, and then goes up by a step each second."""
    return Arbiter(RATINGS, timedelta(seconds=10), timedelta(seconds=1), dice or Loaded(0.5))


def seconds(moment: datetime) -> float:
    """After the event's start."""
    return (moment - AHEAD).total_seconds()


def course(book: tuple[HeldEvent, ...], judge: Arbiter | None = None) -> list[tuple[float, Decimal | None]]:
    """Each change that the VEN would wake up for, and A."""
    judge, now = judge or new(), START
    found: list[tuple[float, Decimal | None]] = []
    while True:
        judge.decide(ordered.orders(book, SITE, RATINGS, now), now)
        limit = judge.limit(EVSE_1)
        amps = limit.amps if limit else None
        if not found or found[-1][1] != amps:
            found.append((seconds(now), amps))
        moments = (ordered.next_order(book, SITE, now), judge.next_change(now))
        later = [moment for moment in moments if moment is not None]
        if not later:
            return found
        assert min(later) > now
        now = min(later)


DOWN = ["28.8", "25.6", "22.4", "19.2", "16.0", "12.8", "9.6"]
UP = ["12.8", "16.0", "19.2", "22.4", "25.6", "28.8", None]


def amps(values: list[str | None] | list[str]) -> list[Decimal | None]:
    return [None if one is None else Decimal(one) for one in values]


@pytest.mark.proves("r31")
def test_a_load_shift_comes_down_step_by_step_and_is_there_by_its_start() -> None:
    found = course(held(gentle(ramp_up=300)))
    assert found[0] == (-600, None)
    falling = [one for one in found if one[0] <= 0 and one[1] is not None and one[1] < 32]
    assert [one[1] for one in falling] == amps(DOWN)
    assert falling[0][0] == -300, "as the ramp begins"
    assert falling[-1][0] < 0
    assert [one[1] for one in found if one[0] > 0] == amps(UP), "and goes as ever"


@pytest.mark.proves("r31")
def test_a_negative_ramp_up_lies_after_the_start() -> None:
    found = course(held(gentle(ramp_up=-300)))
    falling = [one for one in found if one[0] < 600 and one[1] is not None and one[1] < 32]
    assert [one[1] for one in falling] == amps(DOWN)
    assert falling[0][0] == 0
    assert 0 < falling[-1][0] < 300


@pytest.mark.proves("r31", "W20")
@pytest.mark.parametrize("ramp_up", [300, -300])
def test_a_supply_limitation_never_comes_in_by_steps(ramp_up: int) -> None:
    found = course(held(gentle(ramp_up=ramp_up, programme="supply-limit")))
    assert found[:2] == [(-600, None), (0, Decimal("9.6"))]


@pytest.mark.proves("r31", "r30")
def test_a_ramp_up_moves_with_the_start_that_was_drawn() -> None:
    shift = gentle(ramp_up=300)
    shift = replace(shift, period=replace(shift.period, start_after=Duration(120)))
    found = course(held(shift, dice=Loaded(0.5)))
    assert (60 - 60, Decimal("9.6")) in found
    assert found[1] == (60 - 300, Decimal("28.8"))


def test_a_load_shift_that_is_heard_of_late_is_where_it_should_be_by_then() -> None:
    book = held(gentle(ramp_up=600, start=START + 3 * MINUTE))
    limit = ordered.orders(book, SITE, RATINGS, START)[SHIFT]
    assert limit.amps == Decimal("12.8"), "eight tenths of the way to 30 %, and that rounded down"


@pytest.mark.proves("r31")
def test_the_rise_of_a_release_is_spread_over_the_recovery() -> None:
    found = course(held(gentle(recovery=140)))
    assert found == [
        (-600, None),
        (0, Decimal("9.6")),
        *((605 + 20 * count, one) for count, one in enumerate(amps(UP))),
    ]


@pytest.mark.proves("r31")
def test_a_negative_recovery_begins_before_the_end() -> None:
    found = course(held(gentle(recovery=-140)))
    assert found[2:] == [(465 + 20 * count, one) for count, one in enumerate(amps(UP))]


def test_a_recovery_as_long_as_the_event_leaves_nothing_of_it() -> None:
    assert course(held(gentle(recovery=-3600))) == [(-600, None)]


@pytest.mark.proves("r31", "P10")
@pytest.mark.parametrize(("recovery", "step"), [(140, 20), (-140, 1), (0, 1), (None, 1)])
def test_a_supply_limitation_holds_to_its_end_and_is_released_as_slowly_as_was_asked(
    recovery: int | None, step: int
) -> None:
    found = course(held(gentle(recovery=recovery, programme="supply-limit")))
    assert found[1] == (0, Decimal("9.6"))
    assert found[2:] == [(605 + step * count, one) for count, one in enumerate(amps(UP))]


@pytest.mark.proves("r31")
def test_what_is_called_off_is_released_as_slowly_and_so_after_a_restart() -> None:
    book, judge = held(gentle(recovery=140, start=START)), new()
    judge.decide(ordered.orders(book, SITE, RATINGS, START), START)
    remembered = decode(encode(Memory(slots=tuple(judge.slots.items()))))
    after = Arbiter(RATINGS, timedelta(), timedelta(), Loaded(0), dict(remembered.slots))
    assert after.slots == judge.slots
    off = replace(book[0].event.descriptor, modification_number=1, status=EventStatus.CANCELLED)
    gone = events.merge(book, listing(replace(book[0].event, descriptor=off)), SITE, START, Loaded(0))
    assert gone.held == ()
    assert course(gone.held, after) == [(-600 + 20 * count, one) for count, one in enumerate(amps(UP))]


def test_no_release_takes_longer_than_a_day() -> None:
    limit = ordered.orders(held(gentle(recovery=10**9, start=START)), SITE, RATINGS, START)[SHIFT]
    assert limit.recovery == ramp.LONGEST_RECOVERY


@pytest.mark.parametrize("name", ["ramp_up", "recovery"])
@pytest.mark.parametrize("sign", [1, -1])
def test_what_leads_out_of_the_calendar_is_refused(name: str, sign: int) -> None:
    shift = gentle()
    far: dict[str, Any] = {name: Duration(sign * 10**12)}
    endless = replace(shift, period=replace(shift.period, **far))
    (response,) = events.merge((), listing(endless), SITE, START, Loaded(0)).responses
    assert (response.code, response.opt) == ("454", "optOut")


@given(
    st.integers(-900, 900),
    st.integers(-900, 900),
    st.sampled_from(["0.3", "0.55", "0"]),
    st.sampled_from(["supply-limit", "load-shift"]),
)
@pytest.mark.proves("r31", "W20")
def test_easing_asks_for_no_more_than_the_order_and_nothing_of_an_emergency(
    ramp_up: int, recovery: int, share: str, programme: str
) -> None:
    book = held(gentle(ramp_up, recovery, programme=programme, share=share))
    plain = held(gentle(programme=programme, share=share))
    key = SUPPLY if programme == "supply-limit" else SHIFT
    whole = ordered.orders(plain, SITE, RATINGS, AHEAD)[key]
    for minute in range(-16, 26):
        now = AHEAD + minute * MINUTE
        eased: Limit | None = ordered.orders(book, SITE, RATINGS, now).get(key)
        if programme == "supply-limit":
            before = ordered.orders(plain, SITE, RATINGS, now).get(key)
            assert (eased and eased.amps) == (before and before.amps)
        elif eased is not None:
            assert eased.amps >= whole.amps
