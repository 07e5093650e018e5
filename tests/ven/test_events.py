"""What a list of events does to the book, and how each event is answered."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from oadr.charging.ceilings import Price
from oadr.wire.ids import GroupId, Mrid, ResourceId, Token, VenId
from oadr.wire.messages.common import OptType, Scale, Target, Unit, UnitKind
from oadr.wire.messages.event import SIMPLE, Event, EventStatus, ResponseRequired, SignalType
from oadr.wire.scalars import Duration
from tests.ven.stage import EVSE_1, EVSE_2, MINUTE, SITE, VEN, Loaded, event, listing, signal
from tests.ven.virtual import START
from ven import events
from ven.events import HeldEvent, Merged

NEVER = ResponseRequired.NEVER
CANCELLED = EventStatus.CANCELLED


def merge(*listed: Event, held: tuple[HeldEvent, ...] = (), dice: Loaded | None = None) -> Merged:
    return events.merge(held, listing(*listed), SITE, START, dice or Loaded())


def answers(merged: Merged) -> list[tuple[str, int, str, str]]:
    return [
        (one.event.event_id, one.event.modification_number, one.code, one.opt.value)
        for one in merged.responses
    ]


@pytest.mark.proves("r56", "r62")
def test_an_unknown_event_is_added_and_answered() -> None:
    merged = merge(event())
    assert [one.event.event_id for one in merged.held] == ["E1"]
    assert merged.arrived == merged.held
    assert answers(merged) == [("E1", 0, "200", "optIn")]


def test_a_new_event_may_come_with_any_modification_number() -> None:
    assert answers(merge(event(number=7))) == [("E1", 7, "200", "optIn")]


@pytest.mark.proves("r57", "F9")
def test_a_higher_modification_replaces() -> None:
    merged = merge(event(number=1, share="0.2"), held=merge(event()).held)
    assert [one.modification_number for one in merged.held] == [1]
    assert merged.held[0].event.signals[0].intervals[0].value == Decimal("0.2")
    assert merged.arrived == merged.held


@pytest.mark.proves("r12", "r62")
def test_the_same_modification_is_answered_again_and_changes_nothing() -> None:
    held = merge(event()).held
    merged = merge(event(share="0.9"), held=held)
    assert merged.held == held
    assert not merged.arrived
    assert answers(merged) == [("E1", 0, "200", "optIn")]


@pytest.mark.proves("r58", "F9", "VE12")
@pytest.mark.parametrize("status", [EventStatus.ACTIVE, CANCELLED])
def test_a_lower_modification_is_refused_by_450_and_what_runs_stays(status: EventStatus) -> None:
    held = merge(event(number=3)).held
    merged = merge(event(number=2, share="1", status=status), held=held)
    assert merged.held == held
    assert answers(merged) == [("E1", 2, "450", "optOut")]
    assert not merged.cancelled


@pytest.mark.proves("r59", "r36")
@pytest.mark.parametrize("number", [0, 1])
def test_a_known_event_that_is_cancelled_is_forgotten_and_confirmed(number: int) -> None:
    held = merge(event()).held
    merged = merge(event(number=number, status=CANCELLED), held=held)
    assert merged.held == ()
    assert merged.cancelled == held
    assert answers(merged) == [("E1", number, "200", "optIn")]


@pytest.mark.proves("r36")
def test_the_cancellation_of_a_refused_event_is_confirmed_too() -> None:
    held = merge(event(programme="other")).held
    assert answers(merge(event(programme="other", status=CANCELLED), held=held)) == [
        ("E1", 0, "200", "optIn")
    ]


@pytest.mark.proves("r60", "r21")
def test_an_unknown_event_that_is_cancelled_is_ignored_and_answered_if_it_asks() -> None:
    merged = merge(event(status=CANCELLED), event("E2", status=CANCELLED, response=NEVER))
    assert merged.held == merged.arrived == merged.cancelled == ()
    assert answers(merged) == [("E1", 0, "200", "optIn")]


@pytest.mark.proves("r61", "VE12")
def test_an_event_that_is_missing_is_cancelled_by_that() -> None:
    held = merge(event(), event("E2")).held
    merged = merge(event("E2"), held=held)
    assert [one.event.event_id for one in merged.implied] == ["E1"]
    assert [one.event.event_id for one in merged.held] == ["E2"]


def test_an_event_that_is_over_leaves_the_list_without_being_cancelled() -> None:
    held = merge(event(start=START - 40 * MINUTE)).held
    assert merge(held=held).implied == ()


@pytest.mark.proves("r12")
def test_an_event_that_wants_no_answer_gets_none_and_is_obeyed() -> None:
    merged = merge(event(response=NEVER), event("E2"))
    assert [one.obeyed for one in merged.held] == [True, True]
    assert answers(merged) == [("E2", 0, "200", "optIn")]


def test_an_event_that_has_ended_is_answered_all_the_same() -> None:
    assert answers(merge(event(start=START - 60 * MINUTE))) == [("E1", 0, "200", "optIn")]


@pytest.mark.proves("r42", "r43")
def test_an_answer_repeats_the_identifier_of_the_list_whatever_it_is() -> None:
    for request_id in ("D1", "D1", "", "None"):
        merged = events.merge((), listing(event(), request_id=request_id), SITE, START, Loaded())
        assert [one.request_id for one in merged.responses] == [request_id]


@pytest.mark.proves("r19", "r48", "r109", "F9")
def test_one_event_that_cannot_be_served_does_not_spoil_the_others() -> None:
    price = signal("0.2", name=Token("ELECTRICITY_PRICE"), type=SignalType.PRICE)
    merged = merge(event("E1"), event("E2", signals=(price,)), event("E3", share="7"), event("E4"))
    assert answers(merged) == [
        ("E1", 0, "200", "optIn"),
        ("E2", 0, "460", "optOut"),
        ("E3", 0, "454", "optOut"),
        ("E4", 0, "200", "optIn"),
    ]
    assert [one.event.event_id for one in merged.held if one.obeyed] == ["E1", "E4"]


@pytest.mark.proves("r48", "r112", "I04")
@pytest.mark.parametrize(
    ("listed", "code"),
    [
        (event(programme="sports"), "462"),
        (event(target=Target(ven_ids=(VenId("Ven-2"),))), "462"),
        (event(target=Target(ven_ids=(VenId("ven-1"),))), "462"),
        (event(target=Target(group_ids=(GroupId("feeder-13"),))), "462"),
        (event(target=Target(resource_ids=(ResourceId("evse-9"),))), "469"),
        (event(signals=(signal("0.4", target=Target(end_device_assets=(Mrid("Pool_Pump"),))),)), "462"),
        (event(signals=(signal("0.4", type=SignalType.LOAD_CONTROL_LEVEL_OFFSET),)), "460"),
        (event(signals=(signal("0.4", name=Token("x-custom")),)), "460"),
    ],
)
def test_what_is_not_for_us_or_not_understood_is_refused_with_its_own_code(listed: Event, code: str) -> None:
    assert answers(merge(listed)) == [("E1", 0, code, "optOut")]


@pytest.mark.proves("W53")
def test_a_price_is_taken_and_limits_nobody() -> None:
    pence = Unit(kind=UnitKind.CURRENCY_PER_KWH, description="currencyPerKWh", symbol="GBP")
    price = replace(signal("0.2", name=Token("ELECTRICITY_PRICE"), type=SignalType.PRICE), unit=pence)
    merged = merge(event(programme="price", signals=(price,)))
    assert answers(merged) == [("E1", 0, "200", "optIn")]
    (held,) = merged.held
    assert [(step.ceilings, step.advice) for step in held.steps] == [((), (Price(Decimal("0.2"), "GBP"),))]


@pytest.mark.proves("r22")
@pytest.mark.parametrize(
    ("target", "meant"),
    [
        (Target(), {EVSE_1, EVSE_2}),
        (Target(ven_ids=(VEN,)), {EVSE_1, EVSE_2}),
        (Target(group_ids=(GroupId("feeder-12"),)), {EVSE_1, EVSE_2}),
        (Target(resource_ids=(EVSE_2,)), {EVSE_2}),
        (Target(resource_ids=(EVSE_2, ResourceId("evse-9"))), {EVSE_2}),
        (Target(resource_ids=(EVSE_2,), group_ids=(GroupId("feeder-13"),)), {EVSE_2}),
        (Target(resource_ids=(EVSE_2,), ven_ids=(VEN,)), {EVSE_1, EVSE_2}),
    ],
)
def test_criteria_of_a_target_are_alternatives_and_none_means_all(
    target: Target, meant: set[ResourceId]
) -> None:
    assert merge(event(target=target)).held[0].resources == meant


@pytest.mark.proves("r111")
@pytest.mark.parametrize("device", ["EVSE", "Electric_Vehicle"])
def test_a_signal_for_other_devices_is_left_out(device: str) -> None:
    pump = signal("0", target=Target(end_device_assets=(Mrid("Pool_Pump"),)))
    ours = signal("0.4", target=Target(end_device_assets=(Mrid(device),)))
    (held,) = merge(event(signals=(pump, ours))).held
    assert [ceiling.value for step in held.steps for ceiling in step.ceilings] == [Decimal("0.4")]


def test_simple_levels_serve_where_nothing_richer_is_sent() -> None:
    (held,) = merge(event(signals=(signal("2", name=SIMPLE, type=SignalType.LEVEL),))).held
    assert held.steps[0].ceilings[0].value == Decimal("0.4")


def test_a_limit_in_watts_is_understood() -> None:
    unit = Unit(kind=UnitKind.POWER_REAL, description="RealPower", symbol="W", scale=Scale.KILO)
    watts = signal("4.2", type=SignalType.LOAD_CONTROL_SETPOINT, unit=unit)
    (held,) = merge(event(signals=(watts,))).held
    assert held.steps[0].ceilings[0].value == Decimal(4200)


@pytest.mark.proves("r30")
def test_the_start_of_a_load_shift_is_drawn_once_and_kept_over_modifications() -> None:
    shift = event(programme="load-shift", start_after=Duration(300))
    first = merge(shift, dice=Loaded(0.5)).held
    assert first[0].start == START + timedelta(seconds=150)
    modified = event(number=1, share="0.2", programme="load-shift", start_after=Duration(300))
    second = merge(modified, held=first, dice=Loaded(1.0)).held
    assert second[0].start == START + timedelta(seconds=150)
    wider = event(number=2, programme="load-shift", start_after=Duration(400))
    assert merge(wider, held=second, dice=Loaded(1.0)).held[0].start == START + timedelta(seconds=400)


@pytest.mark.proves("r30", "r66")
def test_a_randomised_event_ends_as_much_later_as_it_started() -> None:
    shift = event(programme="load-shift", start_after=Duration(300))
    first = merge(shift, dice=Loaded(0.5)).held
    completed = replace(shift, descriptor=replace(shift.descriptor, status=EventStatus.COMPLETED))
    (held,) = merge(completed, held=first).held
    assert held.end == START + 30 * MINUTE + timedelta(seconds=150)


@pytest.mark.proves("W18")
def test_a_load_shift_without_a_tolerance_starts_within_our_own() -> None:
    assert merge(event(programme="load-shift"), dice=Loaded(1.0)).held[0].start == START + 10 * MINUTE


def test_a_tolerance_of_zero_forbids_randomising() -> None:
    shift = event(programme="load-shift", start_after=Duration(0))
    assert merge(shift, dice=Loaded(1.0)).held[0].start == START


@pytest.mark.proves("W20", "P10", "B15")
def test_no_tolerance_delays_a_supply_limitation() -> None:
    dice = Loaded(1.0)
    assert merge(event(start_after=Duration(900)), dice=dice).held[0].start == START
    assert dice.thrown == 0


@pytest.mark.proves("r48")
def test_a_modification_that_makes_no_sense_is_refused_and_what_runs_goes_on() -> None:
    shift = event(programme="load-shift", start_after=Duration(300))
    first = merge(shift, dice=Loaded(0.5)).held
    merged = merge(event(number=1, share="9", programme="load-shift"), held=first)
    assert answers(merged) == [("E1", 1, "454", "optOut")]
    (held,) = merged.held
    assert (held.event, held.obeyed, held.start) == (shift, True, first[0].start)
    again = merge(event(number=1, share="9", programme="load-shift"), held=merged.held)
    assert answers(again) == [("E1", 1, "454", "optOut")]
    assert not again.arrived


def test_who_follows_after_all_does_not_agree_to_a_modification_that_cannot_be_served() -> None:
    first = merge(event(programme="load-shift")).held
    (held,) = merge(event(number=1, share="9", programme="load-shift"), held=first).held
    back = held.declining(held.resources).declining(frozenset())
    assert (back.declined, back.code, back.opt) == (frozenset(), "454", OptType.OPT_OUT)


@pytest.mark.proves("r48", "P12", "VE21")
@pytest.mark.parametrize(
    "period",
    [
        {"start_after": Duration(months=1)},
        {"duration": Duration(-60)},
        {"duration": Duration(months=12 * 99)},
        {"ramp_up": Duration(10**12)},
        {"duration": Duration(0, 0), "start": START.replace(year=9999, month=12, day=31, hour=23, minute=50)},
        {"start": START.replace(year=9999, month=12, day=31, hour=23)},
    ],
)
def test_times_that_cannot_be_reckoned_with_are_refused(period: dict[str, Any]) -> None:
    shift = event(programme="load-shift")
    odd = replace(shift, period=replace(shift.period, **period))
    odd = replace(odd, period=replace(odd.period, start=period.get("start", START.replace(year=9950))))
    merged = merge(odd)
    assert answers(merged) == [("E1", 0, "454", "optOut")]
    assert not merge(held=merged.held).held


def test_an_event_that_is_listed_twice_is_held_once() -> None:
    merged = merge(event(), event(number=1, share="0.2"))
    assert [one.modification_number for one in merged.held] == [1]
    assert len(merged.responses) == 2


@pytest.mark.proves("r6")
@pytest.mark.parametrize(
    ("flag", "is_test"), [(None, False), ("false", False), ("true", True), ("maybe", True)]
)
def test_any_test_flag_but_false_makes_a_test_that_is_answered(flag: str | None, is_test: bool) -> None:
    merged = merge(event(test=flag))
    assert merged.held[0].event.descriptor.is_test is is_test
    assert merged.responses[0].opt is OptType.OPT_IN


def test_whatever_order_lists_come_in_the_book_is_that_of_the_newest_of_each() -> None:
    """Lists of random events, each read by its rule alone: the highest number seen, and what the last list names."""
    dice = Random(5)
    held: tuple[HeldEvent, ...] = ()
    seen: dict[str, int] = {}
    for _ in range(200):
        listed = {name: dice.randint(0, 4) for name in "ABCD" if dice.random() < 0.7}
        held = events.merge(
            held, listing(*(event(name, number) for name, number in listed.items())), SITE, START, Loaded()
        ).held
        seen = {name: max(number, seen.get(name, 0)) for name, number in listed.items()}
        assert {one.event.event_id: one.modification_number for one in held} == seen
