"""Import and export: what a value orders on each of the two scales of one outlet."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging import signals
from oadr.charging.ceilings import Amps, Ceiling, Offset, Share, Step, Together, Watts, allowed
from oadr.charging.electricity import FLOOR_AMPS, PLANNED_VOLTS, RESOLUTION, Rating
from oadr.charging.scale import Direction, direction_of, export_of, is_fed_back, on_scale
from oadr.wire.errors import Invalid
from oadr.wire.ids import ResourceId
from tests.vtn import written

EVSE = ResourceId("evse-1")
RATINGS = st.builds(
    Rating,
    st.sampled_from([Decimal(amps) for amps in (6, 10, 16, 32)]),
    st.integers(1, 3),
    st.sampled_from([10, 5, 2, 1]),
)
QUANTITIES = st.decimals(0, 40_000, places=3)
VALUES = st.one_of(
    st.builds(Share, st.decimals(0, 1, places=4)),
    st.builds(Watts, QUANTITIES),
    st.builds(Amps, st.decimals(0, 64, places=3)),
    st.builds(Offset, st.decimals(-100, 100, places=1)),
    st.builds(Together, QUANTITIES),
)
FED_BACK = st.builds(Together, st.decimals(-40_000, "-0.001", places=3))


def step(*ceilings: Ceiling) -> Step:
    return Step(timedelta(), None, ceilings)


def amps(order: Step, direction: Direction, rating: Rating, *, is_named: bool = False) -> Decimal | None:
    """A per phase on one scale; None: no limit."""
    found = allowed(on_scale(order, direction, is_named=is_named), rating, PLANNED_VOLTS)
    return found.amps if found else None


@pytest.mark.proves("W43")
def test_the_direction_stands_in_the_name() -> None:
    assert direction_of(EVSE) is Direction.IMPORT
    assert export_of(EVSE) == "evse-1:export"
    assert direction_of(export_of(EVSE)) is Direction.EXPORT
    assert direction_of(ResourceId("export")) is direction_of(ResourceId("car:exports")) is Direction.IMPORT


@pytest.mark.proves("W43", "W103")
@given(st.lists(VALUES, min_size=1, max_size=3), RATINGS)
def test_an_import_limit_never_blocks_export(ceilings: list[Ceiling], rating: Rating) -> None:
    order = step(*ceilings)
    assert on_scale(order, Direction.IMPORT, is_named=False) == order
    assert amps(order, Direction.EXPORT, rating) is None


@pytest.mark.proves("W43", "W103")
@given(VALUES, RATINGS)
def test_on_the_scale_that_is_named_a_value_means_the_same_either_way(
    ceiling: Ceiling, rating: Rating
) -> None:
    order = step(ceiling)
    assert amps(order, Direction.EXPORT, rating, is_named=True) == amps(order, Direction.IMPORT, rating)


@pytest.mark.proves("W43", "W103")
@given(FED_BACK, RATINGS, st.booleans())
def test_what_is_fed_back_is_rounded_towards_nothing_and_nothing_is_drawn_meanwhile(
    set_point: Together, rating: Rating, is_named: bool
) -> None:
    order = step(set_point)
    assert is_fed_back(set_point)
    assert amps(order, Direction.IMPORT, rating, is_named=is_named) == 0
    found = amps(order, Direction.EXPORT, rating, is_named=is_named)
    assert found is not None
    assert found * PLANNED_VOLTS * rating.phases <= -set_point.value
    assert found == 0 or FLOOR_AMPS <= found <= rating.amps
    assert found == found.quantize(RESOLUTION)


@pytest.mark.proves("W43")
@given(st.lists(VALUES | FED_BACK, max_size=4), RATINGS)
def test_one_more_order_never_raises_a_limit_on_either_scale(ceilings: list[Ceiling], rating: Rating) -> None:
    for direction in Direction:
        for count in range(1, len(ceilings)):
            before = amps(step(*ceilings[:count]), direction, rating)
            after = amps(step(*ceilings[: count + 1]), direction, rating)
            assert before is None or (after is not None and after <= before)


def test_who_knows_one_scale_only_draws_nothing_while_power_is_to_be_fed_back() -> None:
    """The server that judges what a chargepoint has drawn, for one."""
    found = allowed(step(Together(Decimal(-2000))), Rating(Decimal(16), 1), PLANNED_VOLTS)
    assert found
    assert found.amps == 0


@pytest.mark.proves("W43")
def test_a_set_point_is_read_with_its_sign_and_a_cap_on_import_has_none() -> None:
    half = timedelta(minutes=15)
    order = written.event(written.set_point(3, -2, each=half), lasts=2 * half)
    assert [one.ceilings for one in signals.timeline(order)] == [
        (Together(Decimal(3000)),),
        (Together(Decimal(-2000)),),
    ]
    capped = replace(order, signals=(replace(written.share("-0.3")),))
    with pytest.raises(Invalid):
        signals.timeline(capped)
