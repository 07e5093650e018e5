"""One slot for each source; the smallest wins, falls at once and rises late."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.limit import Limit, Source
from oadr.charging.scale import export_of
from oadr.wire.ids import ResourceId
from oadr.wire.messages.common import Target, Unit, UnitKind
from oadr.wire.messages.event import LOAD_DISPATCH, Event, EventStatus, SignalType
from oadr.wire.scalars import Duration
from tests.ven.stage import (
    BASE,
    EVSE_1,
    EVSE_2,
    MINUTE,
    RATING,
    RATINGS,
    SITE,
    VEN,
    Loaded,
    event,
    listing,
    signal,
)
from tests.ven.virtual import START
from ven import events, ordered
from ven.arbiter import HOLD_UP, LONGEST_WAIT, SHORTEST_PAUSE, Arbiter
from ven.events import HeldEvent
from ven.randomise import Dice
from ven.sharing import TURN
from ven.slots import Restore, Slot, SlotKey

RESTORE_MAX = timedelta(seconds=600)
SUPPLY = SlotKey(EVSE_1, Source.SUPPLY_LIMIT)
CANCELLATION = event(number=1, programme="load-shift", status=EventStatus.CANCELLED).descriptor
SHIFT = SlotKey(EVSE_1, Source.LOAD_SHIFT)
STEP = RATING.amps / RATING.step


def order(amps: str, key: SlotKey = SUPPLY) -> Limit:
    return Limit(Decimal(amps), Decimal(amps) * 100 / 32, key.source, "E1", START + 30 * MINUTE)


def new(dice: Dice | None = None, slots: dict[SlotKey, Slot] | None = None) -> Arbiter:
    return Arbiter(RATINGS, RESTORE_MAX, MINUTE, dice or Loaded(0.5), slots)


def held(*listed: Event, dice: Dice | None = None) -> tuple[HeldEvent, ...]:
    return events.merge((), listing(*listed), SITE, START, dice or Loaded(0)).held


def amps_ordered(book: tuple[HeldEvent, ...], now: datetime) -> dict[SlotKey, str]:
    return {key: str(limit.amps) for key, limit in ordered.orders(book, SITE, RATINGS, now).items()}


def amps(judge: Arbiter) -> Decimal | None:
    limit = judge.limit(EVSE_1)
    return limit.amps if limit else None


# --- what the events order ---


@pytest.mark.proves("r18")
def test_an_event_orders_from_its_start_until_just_before_its_end() -> None:
    book = held(event(start=START + MINUTE, target=Target(resource_ids=(EVSE_1,))))
    assert amps_ordered(book, START + MINUTE - timedelta(microseconds=1)) == {}
    assert amps_ordered(book, START + MINUTE) == {SUPPLY: "12.8"}
    assert amps_ordered(book, START + 31 * MINUTE - timedelta(microseconds=1)) == {SUPPLY: "12.8"}
    assert amps_ordered(book, START + 31 * MINUTE) == {}


@pytest.mark.proves("r32")
def test_each_interval_orders_its_own_value_for_its_own_length() -> None:
    book = held(
        event(signals=(signal("0.2", "0.5", minutes=15),), target=Target(resource_ids=(EVSE_1,)), minutes=30)
    )
    assert amps_ordered(book, START + 14 * MINUTE) == {SUPPLY: "6.4"}
    assert amps_ordered(book, START + 15 * MINUTE) == {SUPPLY: "16.0"}
    assert ordered.next_order(book, SITE, START) == START + 15 * MINUTE
    assert ordered.next_order(book, SITE, START + 15 * MINUTE) == START + 30 * MINUTE
    assert ordered.next_order(book, SITE, START + 30 * MINUTE) is None


@pytest.mark.proves("r47")
def test_a_duration_of_zero_lasts_until_it_is_cancelled() -> None:
    book = held(event(minutes=0, target=Target(resource_ids=(EVSE_1,))))
    assert amps_ordered(book, START + timedelta(days=30)) == {SUPPLY: "12.8"}


@pytest.mark.proves("r6")
def test_a_test_event_moves_no_load() -> None:
    assert amps_ordered(held(event(test="true")), START) == {}


def test_each_chargepoint_gets_the_share_of_its_own_rating_and_pauses_below_six_amps() -> None:
    assert amps_ordered(held(event(share="0.3")), START) == {
        SUPPLY: "9.6",
        SlotKey(EVSE_2, Source.SUPPLY_LIMIT): "0",
    }


def test_of_two_orders_in_one_slot_the_smaller_holds() -> None:
    book = held(event("E1", share="0.5"), event("E2", share="0.3"), event("E3", share="0.4"))
    assert ordered.orders(book, SITE, RATINGS, START)[SUPPLY].because == "E2"


@pytest.mark.proves("VE15", "W34")
def test_an_emergency_and_a_load_shift_have_slots_of_their_own_and_the_smaller_binds() -> None:
    book = held(event("E1", share="0.5", minutes=10), event("E2", share="0.7", programme="load-shift"))
    judge = new()
    judge.decide(ordered.orders(book, SITE, RATINGS, START), START)
    binding = judge.limit(EVSE_1)
    assert binding is not None
    assert (binding.amps, binding.source, binding.because) == (Decimal("16.0"), Source.SUPPLY_LIMIT, "E1")
    for minute in range(1, 25):
        now = START + minute * MINUTE
        judge.decide(ordered.orders(book, SITE, RATINGS, now), now)
    binding = judge.limit(EVSE_1)
    assert binding is not None
    assert (binding.amps, binding.because) == (Decimal("22.4"), "E2")


def test_a_chargepoint_that_is_gone_from_the_configuration_is_no_obstacle() -> None:
    book = held(event())
    fewer = {EVSE_1: RATING}
    site = events.Site(SITE.ven_id, frozenset(fewer), SITE.groups, "https://elsewhere.example", RESTORE_MAX)
    assert set(ordered.orders(book, site, fewer, START)) == {SUPPLY}
    gone = SlotKey(EVSE_2, Source.SUPPLY_LIMIT)
    judge = Arbiter(fewer, RESTORE_MAX, MINUTE, Loaded(), {gone: Slot(order("6")), SUPPLY: Slot(order("6"))})
    judge.decide({}, START)
    assert set(judge.slots) == {SUPPLY}


@pytest.mark.parametrize("base", [BASE, "https://another.example"])
def test_neither_another_venid_nor_another_base_lifts_what_was_accepted(base: str) -> None:
    book = held(event(target=Target(ven_ids=(VEN,))))
    site = events.Site(None, SITE.resources, frozenset(), base, RESTORE_MAX)
    assert SUPPLY in ordered.orders(book, site, RATINGS, START)


# --- falling and rising ---


@pytest.mark.proves("W20", "B15")
def test_a_lower_order_holds_at_once() -> None:
    dice = Loaded()
    judge = new(dice)
    for amount in ("16", "12.8", "12.8", "0"):
        judge.decide({SUPPLY: order(amount)}, START)
        assert amps(judge) == Decimal(amount)
    assert dice.thrown == 0


@pytest.mark.proves("W18", "P10", "VE03")
def test_the_end_of_an_order_is_released_after_the_draw_and_then_step_by_step() -> None:
    judge = new(Loaded(0.5))
    judge.decide({SUPPLY: order("12.8")}, START)
    course: dict[Decimal | None, int] = {}
    for second in range(1000):
        judge.decide({}, START + timedelta(seconds=second))
        course.setdefault(amps(judge), second)
    assert course == {
        Decimal("12.8"): 0,
        Decimal("16.0"): 300,
        Decimal("19.2"): 360,
        Decimal("22.4"): 420,
        Decimal("25.6"): 480,
        Decimal("28.8"): 540,
        None: 600,
    }


def test_the_arbiter_names_each_moment_at_which_it_will_change() -> None:
    judge = new(Loaded(0.5))
    judge.decide({SUPPLY: order("22.4")}, START)
    judge.decide({}, START)
    moments = []
    now = START
    while (change := judge.next_change(now)) is not None:
        now = change
        judge.decide({}, now)
        moments.append((int((now - START).total_seconds()), amps(judge)))
    assert moments == [(300, Decimal("25.6")), (360, Decimal("28.8")), (420, None)]


def test_a_looser_order_is_risen_to_and_not_jumped_to() -> None:
    judge = new(Loaded(0.5))
    judge.decide({SUPPLY: order("12.8")}, START)
    looser = {SUPPLY: order("19.2")}
    judge.decide(looser, START)
    assert amps(judge) == Decimal("12.8")
    judge.decide(looser, START + timedelta(seconds=300))
    assert amps(judge) == Decimal("16.0")
    judge.decide(looser, START + timedelta(seconds=360))
    assert judge.slots[SUPPLY] == Slot(looser[SUPPLY])


@pytest.mark.proves("W20")
@pytest.mark.parametrize("second", [10, 400])
def test_a_new_order_during_a_restore_holds_at_once_and_ends_the_restore(second: int) -> None:
    judge = new(Loaded(0.5))
    judge.decide({SUPPLY: order("12.8")}, START)
    judge.decide({}, START)
    now = START + timedelta(seconds=second)
    judge.decide({}, now)
    judge.decide({SUPPLY: order("6.4")}, now)
    assert judge.slots[SUPPLY] == Slot(order("6.4"))


def test_an_order_for_everything_ends_without_a_wait() -> None:
    judge = new()
    judge.decide({SUPPLY: order("32")}, START)
    judge.decide({}, START)
    assert amps(judge) is None


@pytest.mark.proves("P10", "W19", "VE06")
def test_a_restart_does_not_draw_again() -> None:
    judge = new(Loaded(0.5))
    judge.decide({SUPPLY: order("12.8")}, START)
    judge.decide({}, START)
    dice = Loaded(1.0)
    after = new(dice, judge.slots)
    after.decide({}, START + timedelta(seconds=299))
    assert amps(after) == Decimal("12.8")
    after.decide({}, START + timedelta(seconds=300))
    assert amps(after) == Decimal("16.0")
    assert dice.thrown == 0


@pytest.mark.proves("W19")
def test_an_order_that_ended_while_the_power_was_off_is_released_at_random_when_it_is_back() -> None:
    judge = new(Loaded(0.5), {SUPPLY: Slot(order("12.8"))})
    back = START + timedelta(hours=3)
    judge.decide({}, back)
    assert amps(judge) == Decimal("12.8")
    assert judge.next_change(back) == back + timedelta(seconds=300)


def test_a_clock_that_is_set_back_does_not_stretch_a_release() -> None:
    judge = new(Loaded(1.0))
    judge.decide({SUPPLY: order("12.8")}, START)
    judge.decide({}, START)
    earlier = START - timedelta(days=1)
    judge.decide({}, earlier)
    change = judge.next_change(earlier)
    assert change is not None
    assert change - earlier <= LONGEST_WAIT


# --- what is on the way up only ---


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.5, 1.0])
def test_nothing_rises_before_more_has_been_allowed_for_a_minute(share: float) -> None:
    judge = new(Loaded(share))
    judge.decide({SUPPLY: order("12.8")}, START)
    judge.decide({}, START)
    change = judge.next_change(START)
    assert change is not None
    assert HOLD_UP <= change - START <= HOLD_UP + RESTORE_MAX


@pytest.mark.proves("W20")
def test_an_order_that_comes_and_goes_is_obeyed_each_time_and_left_never() -> None:
    """Once in every 50 s for an hour: it goes down at once, and there it stays."""
    judge, now = new(Loaded(0.0)), START
    for _ in range(72):
        judge.decide({SUPPLY: order("12.8")}, now)
        assert amps(judge) == Decimal("12.8")
        now += timedelta(seconds=50)
        judge.decide({}, now)
        assert amps(judge) == Decimal("12.8")


def test_a_rise_of_less_than_a_step_is_left_until_it_has_become_one() -> None:
    dice = Loaded(0.5)
    judge = new(dice)
    for amount in ("16", "16.1", "17", "19.1"):
        judge.decide({SUPPLY: order(amount)}, START)
        assert amps(judge) == Decimal(16)
        assert judge.next_change(START) is None
    judge.decide({SUPPLY: order("15.9")}, START)
    assert amps(judge) == Decimal("15.9"), "and a fall of a tenth is none too small"
    assert dice.thrown == 0
    judge.decide({SUPPLY: order("19.2")}, START)
    change = judge.next_change(START)
    assert change is not None
    judge.decide({SUPPLY: order("19.2")}, change)
    assert amps(judge) == Decimal("16.0"), "a rise that has begun goes by the rating's own steps"
    judge.decide({SUPPLY: order("19.2")}, change + MINUTE)
    assert judge.slots[SUPPLY] == Slot(order("19.2"))


def test_what_is_left_of_a_trifle_belongs_to_the_order_that_holds() -> None:
    """So that it ends with that, and with the word of its driver."""
    judge = new()
    judge.decide({SHIFT: order("16", SHIFT)}, START)
    judge.decide({SHIFT: replace(order("17", SHIFT), because="E2", until=None)}, START)
    limit = judge.slots[SHIFT].limit
    assert (limit.amps, limit.because, limit.until) == (Decimal(16), "E2", None)


@pytest.mark.parametrize(
    ("held_at", "allowed"), [("0", "6"), ("30.4", "32")], ids=["from a pause", "to no limit at all"]
)
def test_no_trifle_keeps_a_car_from_charging_nor_a_limit_alive(held_at: str, allowed: str) -> None:
    judge = Arbiter({EVSE_1: replace(RATING, amps=Decimal(32), step=10)}, RESTORE_MAX, MINUTE, Loaded(0.5))
    judge.decide({SUPPLY: order(held_at)}, START)
    judge.decide({SUPPLY: order(allowed)}, START)
    now = START
    while (change := judge.next_change(now)) is not None:
        now = change
        judge.decide({SUPPLY: order(allowed)}, now)
    assert amps(judge) == Decimal(allowed)


def test_where_a_minimum_is_owed_no_trifle_is_left() -> None:
    judge = Arbiter(RATINGS, RESTORE_MAX, MINUTE, Loaded(0.5), leaves_trifles=False)
    judge.decide({SUPPLY: order("17.4")}, START)
    judge.decide({SUPPLY: order("18.2")}, START)
    judge.decide({SUPPLY: order("18.2")}, START + timedelta(seconds=300))
    assert judge.slots[SUPPLY] == Slot(order("18.2"))


def returns(judge: Arbiter, now: datetime) -> timedelta:
    """How long after START it begins to rise, once nobody orders any more."""
    judge.decide({}, now)
    change = judge.next_change(now)
    assert change is not None
    return change - START


@pytest.mark.parametrize("length", [0, 10, 239, 240, 3600])
def test_a_pause_by_a_load_shift_lasts_five_minutes_at_the_least(length: int) -> None:
    """The shortest draw that there is, which is the longest where it would be too short (see `offset_after`)."""
    waits = []
    for second in range(601):
        judge = new(Loaded(second / 600))
        for now in (START, START + timedelta(seconds=length) / 2):
            judge.decide({SHIFT: order("0", SHIFT)}, now)
        waits.append(returns(judge, START + timedelta(seconds=length)))
    assert min(waits) == max(SHORTEST_PAUSE, timedelta(seconds=length) + HOLD_UP)
    assert max(waits) - min(waits) == RESTORE_MAX
    assert len(set(waits)) == 601, "each draw has a second of its own"


def test_a_pause_in_an_emergency_and_what_is_no_pause_of_a_car_are_not_held_so_long() -> None:
    back = export_of(EVSE_1)
    for key, amount in ((SUPPLY, "0"), (SHIFT, "6.4"), (SlotKey(back, Source.LOAD_SHIFT), "0")):
        judge = Arbiter({**RATINGS, back: RATING}, RESTORE_MAX, MINUTE, Loaded(0.1))
        judge.decide({key: order(amount, key)}, START)
        assert returns(judge, START) == HOLD_UP


def test_a_pause_that_comes_back_before_the_return_is_the_same_pause() -> None:
    judge = new(Loaded(0.5))
    judge.decide({SHIFT: order("0", SHIFT)}, START)
    judge.decide({}, START + 2 * MINUTE)
    judge.decide({SHIFT: order("0", SHIFT)}, START + 4 * MINUTE)
    assert judge.slots[SHIFT] == Slot(order("0", SHIFT)), "at once, as ever"
    assert returns(judge, START + 10 * MINUTE) == 15 * MINUTE


@pytest.mark.proves("P10")
def test_after_a_restart_a_pause_counts_as_new_and_a_return_goes_on() -> None:
    judge = new(Loaded(0.1))
    judge.decide({SHIFT: order("0", SHIFT)}, START)
    again = new(Loaded(0.5), judge.slots)
    assert returns(again, START + 60 * MINUTE) == 65 * MINUTE
    dice = Loaded(1.0)
    once_more = new(dice, again.slots)
    assert returns(once_more, START + 61 * MINUTE) == 65 * MINUTE
    assert dice.thrown == 0


@pytest.mark.proves("W19", "P10")
def test_when_power_is_back_each_chargepoint_has_a_wait_of_its_own_that_a_restart_keeps() -> None:
    judge = new(Random(5))
    judge.hold_back("power-up", START)
    judge.decide({}, START)
    waits = {key: slot.restore.release_at - START for key, slot in judge.slots.items() if slot.restore}
    assert {key.resource_id for key in waits} == set(RATINGS)
    assert len(set(waits.values())) == len(RATINGS)
    assert all(judge.limit(name) and not amps_at(judge, name) for name in RATINGS), "though no limit had held"
    dice = Loaded(1.0)
    for key, wait in waits.items():
        after = new(dice, judge.slots)
        after.decide({}, START + wait - timedelta(seconds=1))
        assert amps_at(after, key.resource_id) == 0
        after.decide({}, START + wait + 4 * MINUTE)
        assert amps_at(after, key.resource_id) != 0
    assert dice.thrown == 0


def amps_at(judge: Arbiter, name: ResourceId) -> Decimal | None:
    limit = judge.limit(name)
    return limit.amps if limit else None


def test_neither_hold_nor_pause_grows_when_the_clock_is_set() -> None:
    day = timedelta(days=1)
    for by in (day, -day):
        judge = new(Loaded(1 / 600))
        judge.decide({SHIFT: order("0", SHIFT)}, START)
        judge.clock_set(by)
        assert returns(judge, START + by + 4 * MINUTE) == by + 4 * MINUTE + timedelta(seconds=602)
        judge.clock_set(-by)
        change = judge.next_change(START)
        assert change == START + 4 * MINUTE + timedelta(seconds=602)


def test_who_declines_is_not_held_in_a_pause() -> None:
    shift = event(
        programme="load-shift", share="0", start_after=Duration(), target=Target(resource_ids=(EVSE_1,))
    )
    (each,) = held(shift)
    judge = new(Loaded(0.2))
    judge.decide(ordered.orders((each,), SITE, RATINGS, START), START)
    assert amps(judge) == 0
    judge.let_go((each.declining(frozenset({EVSE_1})),))
    assert amps(judge) is None
    judge.decide(ordered.orders((each,), SITE, RATINGS, START + 4 * MINUTE), START + 4 * MINUTE)
    assert returns(judge, START + 5 * MINUTE) >= 9 * MINUTE, "a pause after that is another"


@pytest.mark.parametrize(("every", "least"), [(0, 0), (10, 50), (60, 300), (600, 300)])
def test_a_site_that_rises_faster_holds_as_much_shorter(every: int, least: int) -> None:
    judge = Arbiter(RATINGS, timedelta(), timedelta(seconds=every), Loaded(0))
    judge.decide({SHIFT: order("0", SHIFT)}, START)
    judge.decide({}, START)
    restore = judge.slots[SHIFT].restore if SHIFT in judge.slots else None
    assert (restore.release_at - START if restore else timedelta()) == timedelta(seconds=least)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.none() | st.integers(0, 21), st.booleans()), max_size=25),
    st.integers(0, 1000),
    st.sampled_from([timedelta(), timedelta(seconds=30), MINUTE]),
)
@pytest.mark.proves("VE15", "W20")
def test_no_limit_is_ever_above_the_smallest_order(
    changes: list[tuple[int, int | None, bool]], seed: int, ramp_every: timedelta
) -> None:
    """Orders come, change and go in two slots; at every moment the limit is at most the smallest of them."""
    judge = Arbiter(RATINGS, RESTORE_MAX, ramp_every, Random(seed))
    orders: dict[SlotKey, Limit] = {}
    now = START
    for wait, halves, is_shift in changes:
        now += timedelta(seconds=wait)
        key = SHIFT if is_shift else SUPPLY
        orders.pop(key, None)
        if halves is not None:
            orders[key] = order(
                str(min(Decimal("1.6") * halves if halves > 3 else Decimal(0), RATING.amps)), key
            )
        judge.decide(orders, now)
        after = amps(judge)
        smallest = min((limit.amps for limit in orders.values()), default=None)
        if smallest is not None:
            assert after is not None
            assert after <= smallest
    for _ in range(100):
        if (change := judge.next_change(now)) is None:
            break
        assert change > now, "the arbiter wants to wake up at once and has nothing to do"
        now = change
        judge.decide(orders, now)
    smallest = min((limit.amps for limit in orders.values()), default=None)
    after = amps(judge)
    assert after == smallest or (smallest and after and 0 < smallest - after < STEP)


@given(st.integers(0, 9), st.integers(0, 10_000))
@pytest.mark.proves("W18", "P10", "B15")
def test_a_release_waits_within_its_bound_and_never_falls_on_its_way(tenths: int, seed: int) -> None:
    judge = Arbiter(RATINGS, RESTORE_MAX, MINUTE, Random(seed))
    judge.decide({SUPPLY: order(str(Decimal("3.2") * tenths if tenths > 1 else 0))}, START)
    judge.decide({}, START)
    restore = judge.slots[SUPPLY].restore if SUPPLY in judge.slots else None
    assert restore is None or START + HOLD_UP <= restore.release_at <= START + HOLD_UP + RESTORE_MAX
    now, last = START, amps(judge) or Decimal(0)
    while (change := judge.next_change(now)) is not None:
        now = change
        judge.decide({}, now)
        risen = amps(judge)
        if risen is not None:
            assert last <= risen
            last = risen
    assert now <= START + HOLD_UP + RESTORE_MAX + 9 * MINUTE
    assert amps(judge) is None


def test_a_slot_can_be_read_back_as_it_was() -> None:
    restore = Restore(Decimal("12.8"), Decimal(40), START)
    assert new(slots={SUPPLY: Slot(order("12.8"), restore)}).slots == {SUPPLY: Slot(order("12.8"), restore)}


def test_a_shift_within_its_tolerance_orders_from_its_drawn_start() -> None:
    shift = event(programme="load-shift", start_after=Duration(300), target=Target(resource_ids=(EVSE_1,)))
    book = held(shift, dice=Loaded(0.5))
    assert amps_ordered(book, START + timedelta(seconds=149)) == {}
    assert amps_ordered(book, START + timedelta(seconds=150)) == {SHIFT: "12.8"}


@pytest.mark.proves("r65")
def test_a_randomised_event_that_is_cancelled_ends_at_random_too() -> None:
    shift = event(programme="load-shift", start_after=Duration(300), target=Target(resource_ids=(EVSE_1,)))
    book = held(shift)
    judge = new(Loaded(0.5))
    judge.decide(ordered.orders(book, SITE, RATINGS, START), START)
    cancelled = events.merge(book, listing(replace(shift, descriptor=CANCELLATION)), SITE, START, Loaded())
    assert cancelled.held == ()
    judge.decide(ordered.orders(cancelled.held, SITE, RATINGS, START), START)
    assert amps(judge) == Decimal("12.8")
    assert judge.next_change(START) == START + timedelta(seconds=300)


# --- one value for all together ---


def dispatched(watts: str) -> Event:
    unit = Unit(kind=UnitKind.POWER_REAL, description="RealPower", symbol="W")
    return event(signals=(replace(signal(watts, name=LOAD_DISPATCH, type=SignalType.SETPOINT), unit=unit),))


@pytest.mark.proves("W38")
def test_what_is_ordered_of_a_whole_site_is_shared_out() -> None:
    """At 253 V, since it is an emergency and nobody has measured."""
    book = held(dispatched("10120"))
    assert amps_ordered(book, START) == {SUPPLY: "8.0", SlotKey(EVSE_2, Source.SUPPLY_LIMIT): "16.0"}


@pytest.mark.proves("W38")
def test_what_one_declines_goes_to_nobody_else() -> None:
    """It draws beside the sum that was ordered, so the others must not draw its part as well."""
    shift = replace(dispatched("9200"), descriptor=event(programme="load-shift").descriptor)
    (each,) = held(shift)
    both = amps_ordered((each,), each.start)
    (left,) = amps_ordered((each.declining(frozenset({EVSE_2})),), each.start).items()
    assert left == (SHIFT, both[SHIFT])


def test_where_it_is_too_little_for_all_they_take_turns() -> None:
    book = held(dispatched("5000"))
    seen = []
    now = START
    for _ in range(2):
        seen.append({key.resource_id for key, amps in amps_ordered(book, now).items() if amps != "0"})
        turn = ordered.next_order(book, SITE, now)
        assert turn is not None
        now = turn
    assert sorted(map(sorted, seen)) == [[EVSE_1], [EVSE_2]]
    assert now - START <= 2 * TURN
