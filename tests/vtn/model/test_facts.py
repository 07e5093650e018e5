"""What hangs on an order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.electricity import Rating
from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId, ResourceId, VenId
from tests.vtn.assess.fleet import intervention
from vtn.model import rarity
from vtn.model.facts import beside, facts, only_gives_back, taken_off
from vtn.model.intervention import Intervention, InterventionId, Order
from vtn.model.network import Chargepoint, Feeder
from vtn.model.people import PersonId, Word
from vtn.model.release import Facts, Rules

NOW: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
F1, F2, F3 = GroupId("F1"), GroupId("F2"), GroupId("F3")
FEEDERS: Final = tuple(
    Feeder(feeder_id=one, substation=its) for one, its in ((F1, "mill"), (F2, "mill"), (F3, ""))
)
FLEET: Final = tuple(
    Chargepoint(
        resource_id=ResourceId(f"{feeder}-{number}"),
        ven_id=VenId(f"site-{feeder}-{number // 2}"),
        feeder_id=feeder,
        rating=Rating(Decimal(32), 3),
    )
    for feeder in (F1, F2, F3)
    for number in range(4)
)
"""Four chargepoints of 24.3 kW at 253 V on each feeder, two to a site."""


def order(*feeders: GroupId, **changes: Any) -> Order:
    plain = Order(
        programme=Programme.SUPPLY_LIMIT,
        feeder_ids=feeders or (F1,),
        percent=Decimal(50),
        start=NOW,
        duration=timedelta(minutes=30),
        reason="hot",
        ordered_by="operator",
    )
    return replace(plain, **changes)


def runs(what: Order, word: Word, **changes: Any) -> Intervention:
    return Intervention(
        intervention_id=InterventionId("I1"), order=what, ordered_at=NOW, word=word, **changes
    )


def weighed(one: Order, *together: Order) -> Facts:
    return facts(one, together, FLEET, FEEDERS, (), Rules())


def test_the_power_at_stake_is_what_the_ratings_leave_above_the_limit() -> None:
    assert taken_off(order(), FLEET[0]) == 16 * 3 * 253
    assert taken_off(order(programme=Programme.LOAD_SHIFT), FLEET[0]) == 16 * 3 * 230
    assert taken_off(order(percent=Decimal(100)), FLEET[0]) == 0
    assert taken_off(order(percent=None), FLEET[0]) == 32 * 3 * 253, "a written event may mean anything"
    assert weighed(order()) == Facts(watts=Decimal(4 * 16 * 3 * 253), sites=2)


def test_a_test_moves_nothing() -> None:
    assert weighed(order(F1, F2, is_test=True)) == Facts()


@pytest.mark.proves("O04")
def test_all_feeders_of_a_substation_are_a_whole_one() -> None:
    assert weighed(order(F1, F3)).substations == ()
    assert weighed(order(F2, F1)).substations == ("mill",)
    assert weighed(order(F1), order(F2)).substations == ("mill",), "also in two orders"
    assert weighed(order(F3), order(F1, F2)).substations == (), "this one has no part in it"


@pytest.mark.proves("O04")
def test_a_large_order_in_small_ones_counts_as_a_large_one() -> None:
    mine, other = Word(by=PersonId("P-1")), Word(by=PersonId("P-2"))
    both = Word(by=PersonId("P-1"), second=PersonId("P-2"))
    alone = runs(order(F2), mine)
    assert beside(order(), [alone], PersonId("P-1")) == (order(F2),)
    assert beside(order(), [runs(order(F2), Word())], PersonId("P-1")) == (order(F2),), "nobody knows whose"
    assert beside(order(), [alone], None) == (order(F2),)
    assert beside(order(), [runs(order(F2), other), runs(order(F2), both)], PersonId("P-1")) == ()
    assert beside(order(), [replace(alone, cancelled_at=NOW)], PersonId("P-1")) == ()
    assert beside(order(start=NOW + timedelta(minutes=30)), [alone], PersonId("P-1")) == ()
    assert weighed(order(F1), order(F2)).watts == weighed(order(F1, F2)).watts


@given(st.sets(st.sampled_from((F1, F2, F3)), min_size=1), st.integers(0, 100), st.integers(0, 100))
def test_beside_another_order_never_less_is_at_stake(feeders: set[GroupId], one: int, other: int) -> None:
    alone = weighed(order(F1, percent=Decimal(one)))
    both = weighed(order(F1, percent=Decimal(one)), order(*feeders, percent=Decimal(other)))
    assert both.watts >= alone.watts
    assert both.sites >= alone.sites


@pytest.mark.parametrize(
    ("changes", "gives"),
    [
        ({"percent": Decimal(60)}, True),
        ({"duration": timedelta(minutes=20)}, True),
        ({"percent": Decimal(60), "duration": timedelta(minutes=20)}, True),
        ({"percent": Decimal(49)}, False),
        ({"percent": Decimal(60), "duration": timedelta(minutes=31)}, False),
        ({"start": NOW + timedelta(minutes=5)}, False),
        ({"start": NOW - timedelta(minutes=5)}, False),
        ({"start": NOW + timedelta(minutes=5), "duration": timedelta(minutes=25)}, True),
        ({"randomise": timedelta(minutes=5)}, False),
        ({"percent": None}, False),
    ],
)
@pytest.mark.proves("O04")
def test_what_only_gives_load_back_is_known_from_what_takes_more(
    changes: dict[str, Any], gives: bool
) -> None:
    assert only_gives_back(runs(order(), Word()), order(**changes)) is gives


@pytest.mark.proves("W13")
def test_half_hours_are_counted_in_the_thirty_days_that_have_most_of_them() -> None:
    given = tuple(intervention(start=NOW + timedelta(days=days)) for days in (-40, -20, -1, 5, 20, 31))
    feeder = given[0].order.feeder_ids[0]
    (counter,) = rarity.counters(given, order(feeder), 3)
    assert (counter.so_far, counter.with_it) == (3, 4), "from 20 days before to 10 after"
    assert counter.is_too_often
    assert facts(order(feeder), (), (), (), given, Rules(most_half_hours=3)).too_often == (feeder,)
    assert facts(order(feeder), (), (), (), given, Rules(most_half_hours=4)).too_often == ()
    assert rarity.counters(given, order(feeder, programme=Programme.LOAD_SHIFT), 3) == ()
