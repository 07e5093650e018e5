"""One limit over many chargepoints: never more than it, nobody left out for good."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.wire.ids import ResourceId
from tests.ven.virtual import START
from ven.sharing import TURN, Claim, next_turn, shared

SIX = Decimal(6)


def claims(count: int, most: int = 32) -> list[Claim]:
    return [Claim(ResourceId(f"evse-{number}"), SIX, Decimal(most)) for number in range(count)]


def charging(total: Decimal, of: list[Claim], now: datetime) -> set[str]:
    return {resource for resource, share in shared(total, of, now).items() if share}


def test_shares_are_equal_and_rounded_down() -> None:
    assert set(shared(Decimal(32), claims(3), START).values()) == {Decimal("10.6")}


def test_what_one_cannot_use_goes_to_the_others() -> None:
    small, large = Claim(ResourceId("a"), SIX, Decimal(8)), Claim(ResourceId("b"), SIX, Decimal(32))
    assert shared(Decimal(30), [small, large], START) == {"a": Decimal(8), "b": Decimal(22)}
    assert shared(Decimal(100), [small, large], START) == {"a": Decimal(8), "b": Decimal(32)}


def test_a_least_that_is_larger_than_an_equal_share_comes_first() -> None:
    three_phases = Claim(ResourceId("a"), Decimal(4140), Decimal(22_000))
    one_phase = Claim(ResourceId("b"), Decimal(1380), Decimal(7000))
    assert shared(Decimal(6000), [three_phases, one_phase], START) == {"a": Decimal(4140), "b": Decimal(1860)}


def test_nobody_charges_with_less_than_a_car_can_take() -> None:
    assert not charging(Decimal("5.9"), claims(3), START)
    assert len(charging(Decimal(20), claims(4), START)) == 3
    assert shared(Decimal(20), [], START) == {}


def test_a_small_one_and_one_that_needs_much_leave_nothing_lying() -> None:
    much, small = (
        Claim(ResourceId("a"), Decimal(10), Decimal(32)),
        Claim(ResourceId("b"), Decimal(0), Decimal(1)),
    )
    assert shared(Decimal(12), [much, small], START) == {"a": Decimal(11), "b": Decimal(1)}


@pytest.mark.proves("W38")
def test_each_quarter_of_an_hour_one_makes_room_and_over_a_round_all_are_served_alike() -> None:
    quarters = [charging(Decimal(20), claims(5), START + TURN * number) for number in range(5)]
    assert all(len(before - after) == 1 for before, after in pairwise(quarters))
    assert set(Counter(one for quarter in quarters for one in quarter).values()) == {3}
    end = next_turn(START + timedelta(minutes=4))
    assert end - START == TURN
    assert charging(Decimal(20), claims(5), end - timedelta(seconds=1)) == quarters[0]
    assert charging(Decimal(20), claims(5), end) == quarters[1]


AMOUNTS = st.decimals(0, 100, places=1)


@given(AMOUNTS, st.lists(st.tuples(AMOUNTS, AMOUNTS), max_size=8), st.integers(0, 10**6))
def test_the_sum_is_never_more_than_the_limit(
    total: Decimal, bounds: list[tuple[Decimal, Decimal]], minute: int
) -> None:
    of = [Claim(ResourceId(f"evse-{number}"), min(pair), max(pair)) for number, pair in enumerate(bounds)]
    shares = shared(total, of, START + timedelta(minutes=minute))
    assert set(shares) == {one.resource_id for one in of}
    assert sum(shares.values()) <= total
    for one in of:
        share = shares[one.resource_id]
        assert share == 0 or one.least <= share <= one.most
    unused = total - sum(shares.values())
    if all(shares[one.resource_id] for one in of) and of:
        is_full = all(shares[one.resource_id] == one.most for one in of)
        assert is_full or unused < Decimal("0.1") * len(of), "nothing is left lying that somebody could use"
