"""A simulated chargepoint that feeds back: what is spare, while it does not charge, and never more than it may."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ven.drivers.test_simulated import MINUTE, RATING, Clock, limit, session
from ven import Bidirectional, Measurement, Metered, Rating, ResourceId
from ven.drivers.bidirectional import BidirectionalChargepoint
from ven.drivers.sessions import ChargingSession
from ven.drivers.simulated import Behaviour

EXPORT = Rating(amps=Decimal(16), phases=3)


def chargepoint(
    clock: Clock,
    *sessions: ChargingSession,
    behaviour: Behaviour = Behaviour.OBEDIENT,
    spare_kwh: int = 20,
) -> BidirectionalChargepoint:
    return BidirectionalChargepoint(
        ResourceId("evse-1"),
        RATING,
        EXPORT,
        sessions,
        clock,
        spare_wh=Decimal(spare_kwh) * 1000,
        behaviour=behaviour,
    )


def flows(point: BidirectionalChargepoint) -> tuple[int, int]:
    """A per phase that are drawn, and that are fed back."""
    return int(point.draws()), int(point.gives())


@pytest.mark.proves("W103")
def test_it_is_a_chargepoint_that_can_feed_back_and_measures_both_ways() -> None:
    made = chargepoint(Clock())
    assert isinstance(made, Bidirectional)
    assert isinstance(made, Metered)


@pytest.mark.proves("W43", "W103")
async def test_a_charge_pause_leaves_export_and_an_export_limit_leaves_charging() -> None:
    clock = Clock()
    point = chargepoint(clock, session(0, 600))
    assert flows(point) == (32, 0), "it charges first"
    await point.apply_export(limit(8))
    assert flows(point) == (32, 0)
    await point.apply(limit(0))
    assert flows(point) == (0, 8)
    await point.apply_export(limit(0))
    assert point.gives() == 0
    await point.apply_export(None)
    assert point.gives() == 16


async def test_each_register_counts_its_own_way() -> None:
    clock = Clock()
    point = chargepoint(clock, session(0, 600, 22), spare_kwh=11)
    await point.apply(limit(16))
    clock.passes(timedelta(hours=5))
    seen = await point.measure()
    assert seen.fed_back
    assert [int(one.energy_wh) for one in (seen, seen.fed_back)] == [22_000, 11_000]
    assert flows(point) == (0, 0), "full, and nothing to spare"


async def test_its_meter_shows_the_voltage_of_the_street_both_ways() -> None:
    point = BidirectionalChargepoint(
        ResourceId("evse-1"), RATING, EXPORT, [session(0, 60)], Clock(), volts=Decimal(240)
    )
    await point.apply(limit(0))
    back = (await point.measure()).fed_back
    assert back == Measurement(
        (Decimal(16),) * 3, Decimal(16 * 3 * 240), Decimal(0), volts=(Decimal(240),) * 3
    )


async def test_no_car_no_export_and_the_next_one_brings_its_own() -> None:
    clock = Clock()
    point = chargepoint(clock, session(0, 60), session(120, 180), spare_kwh=1)
    await point.apply(limit(0))
    clock.passes(90 * MINUTE)
    assert point.gives() == 0
    clock.passes(31 * MINUTE)
    assert point.gives() == 16
    clock.passes(55 * MINUTE)
    seen = await point.measure()
    assert seen.fed_back
    assert seen.fed_back.energy_wh == 2_000


async def test_its_manners_are_those_of_export_too() -> None:
    clock = Clock()
    liar = chargepoint(clock, session(0, 600, Decimal("0.001")), behaviour=Behaviour.LIAR)
    slow = chargepoint(clock, session(0, 600), behaviour=Behaviour.SLOW)
    for point in (liar, slow):
        await point.apply_export(limit(0))
    await slow.apply(limit(0))
    clock.passes(timedelta(seconds=89))
    assert flows(slow) == (32, 0)
    clock.passes(timedelta(seconds=2))
    assert flows(slow) == (0, 0)
    assert flows(liar) == (0, 16)
    with pytest.raises(ConnectionError):
        await chargepoint(clock, behaviour=Behaviour.OFFLINE).apply_export(None)


@pytest.mark.proves("W43")
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([None, 0, 6, 10, 20, 32])), max_size=12),
    st.integers(1, 40),
)
async def test_it_never_does_more_than_it_may_either_way(
    told: Sequence[tuple[bool, int | None]], minutes: int
) -> None:
    clock = Clock()
    point = chargepoint(clock, session(0, 100, 5), session(120, 400, 10), spare_kwh=3)
    drawn = back = Decimal(99)
    for is_export, amps in told:
        if is_export:
            back = Decimal(99) if amps is None else Decimal(amps)
            await point.apply_export(None if amps is None else limit(amps))
        else:
            drawn = Decimal(99) if amps is None else Decimal(amps)
            await point.apply(None if amps is None else limit(amps))
        clock.passes(minutes * MINUTE)
        seen = await point.measure()
        assert seen.fed_back
        assert max(seen.amps) <= min(drawn, RATING.amps)
        assert max(seen.fed_back.amps) <= min(back, EXPORT.amps)
        assert not (max(seen.amps) and max(seen.fed_back.amps)), "one way at a time"
