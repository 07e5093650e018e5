from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from tests.vtn.world import F1, F2, NOW, ORDER, SECOND
from vtn.model.errors import Impossible
from vtn.model.intervention import (
    LATE,
    LONGEST,
    LONGEST_EMERGENCY,
    LONGEST_RANDOM,
    Intervention,
    InterventionId,
    Order,
    State,
    check,
    check_reason,
    overlap,
)

SHIFT = replace(ORDER, programme=Programme.LOAD_SHIFT)
GIVEN = Intervention(intervention_id=InterventionId("I1"), order=ORDER, ordered_at=NOW)


def given_order(order: Order) -> Intervention:
    return replace(GIVEN, order=order)


@pytest.mark.parametrize(
    "order",
    [
        ORDER,
        SHIFT,
        replace(ORDER, percent=Decimal(0)),
        replace(ORDER, percent=Decimal(100)),
        replace(ORDER, percent=Decimal("33.3")),
        replace(ORDER, start=NOW - LATE),
        replace(ORDER, duration=LONGEST_EMERGENCY),
        replace(SHIFT, duration=LONGEST, randomise=LONGEST_RANDOM),
        replace(SHIFT, randomise=timedelta()),
        replace(ORDER, reason="Überlast & <mehr> \N{HIGH VOLTAGE SIGN}"),
    ],
)
def test_what_can_be_obeyed_may_be_ordered(order: Order) -> None:
    check(order, NOW)


@pytest.mark.proves("W13", "r47", "r1")
@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"percent": Decimal("-0.1")}, "--percent"),
        ({"percent": Decimal("100.1")}, "--percent"),
        ({"percent": Decimal("33.33")}, "--percent"),
        ({"percent": Decimal("1E-50")}, "--percent"),
        ({"percent": Decimal("NaN")}, "--percent"),
        ({"percent": Decimal("sNaN")}, "--percent"),
        ({"percent": Decimal("Infinity")}, "--percent"),
        ({"duration": timedelta()}, "--for"),
        ({"duration": timedelta(milliseconds=500)}, "whole seconds"),
        ({"duration": LONGEST_EMERGENCY + SECOND}, "--for"),
        ({"duration": LONGEST + SECOND, "programme": Programme.LOAD_SHIFT}, "--for"),
        ({"start": NOW - LATE - SECOND}, "--from"),
        ({"start": NOW.replace(year=9999, month=12, day=31)}, "--from"),
        ({"reason": " "}, "--reason"),
        ({"reason": "x" * 501}, "--reason"),
        ({"reason": "a\x00b"}, "--reason"),
        ({"reason": "a\nb"}, "--reason"),
        ({"reason": "half \ud800"}, "--reason"),
        ({"ordered_by": ""}, "name"),
        ({"ordered_by": "op\x1b[2J"}, "name"),
        ({"feeder_ids": ()}, "feeder"),
        ({"programme": Programme.PRICE}, "prices"),
        ({"randomise": timedelta(minutes=1)}, "never randomised"),
        ({"randomise": timedelta(), "programme": Programme.SUPPLY_LIMIT}, "never randomised"),
        ({"randomise": -SECOND, "programme": Programme.LOAD_SHIFT}, "--randomise"),
        ({"randomise": LONGEST_RANDOM + SECOND, "programme": Programme.LOAD_SHIFT}, "--randomise"),
        (
            {"randomise": 2 * SECOND, "duration": SECOND, "programme": Programme.LOAD_SHIFT},
            "--randomise",
        ),
    ],
)
def test_what_nobody_can_obey_is_refused_with_a_sentence(changes: dict[str, Any], names: str) -> None:
    with pytest.raises(Impossible, match=names):
        check(replace(ORDER, **changes), NOW)


def test_a_cancellation_needs_a_reason_that_can_be_sent() -> None:
    check_reason("load is down", "op1")
    for reason in ("", "a\x07b"):
        with pytest.raises(Impossible):
            check_reason(reason, "op1")


def test_its_state_follows_from_the_time() -> None:
    end = NOW + ORDER.duration
    assert [GIVEN.state(moment) for moment in (NOW - SECOND, NOW, end - SECOND, end)] == [
        State.PLANNED,
        State.RUNNING,
        State.RUNNING,
        State.OVER,
    ]
    cancelled = replace(GIVEN, cancelled_at=NOW + SECOND)
    assert {cancelled.state(moment) for moment in (NOW - SECOND, NOW, end)} == {State.CANCELLED}


@pytest.mark.proves("r4", "r5", "r10")
def test_a_cancellation_is_one_more_modification() -> None:
    assert GIVEN.modification_number == 0
    assert replace(GIVEN, cancelled_at=NOW).modification_number == 1


@given(minutes=st.integers(-60, 120))
def test_it_ends_by_plan_or_when_it_is_cancelled_but_never_before_its_start(minutes: int) -> None:
    cancelled = replace(GIVEN, cancelled_at=NOW + timedelta(minutes=minutes))
    assert cancelled.end == NOW + timedelta(minutes=max(0, min(30, minutes)))


offsets = st.integers(-90, 90).map(lambda minutes: NOW + timedelta(minutes=minutes))


@pytest.mark.proves("r18")
@given(start=offsets, other=offsets, random=st.sampled_from([None, timedelta(), timedelta(minutes=20)]))
def test_two_overlap_when_some_moment_is_in_both_random_delay_included(
    start: Any, other: Any, random: timedelta | None
) -> None:
    one = replace(SHIFT, start=start, randomise=random)
    two = replace(SHIFT, start=other, randomise=random)
    length = SHIFT.duration + (random or timedelta())
    assert overlap(given_order(one), two) == (abs(start - other) < length)
    assert overlap(given_order(one), two) == overlap(given_order(two), one)


def test_other_feeders_programmes_tests_and_cancelled_orders_are_not_in_the_way() -> None:
    assert overlap(GIVEN, ORDER)
    assert overlap(GIVEN, replace(ORDER, feeder_ids=(F2, F1)))
    assert not overlap(GIVEN, replace(ORDER, feeder_ids=(F2, GroupId("f1"))))
    assert not overlap(GIVEN, SHIFT)
    assert not overlap(replace(GIVEN, cancelled_at=NOW), ORDER)
    assert not overlap(given_order(replace(ORDER, is_test=True)), ORDER), "an emergency waits for no drill"
