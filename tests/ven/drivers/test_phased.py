"""A simulated outlet that changes its phases, the street's voltage, and a charger that takes watts only."""

from datetime import timedelta
from decimal import Decimal

import pytest

from oadr.charging.electricity import EMERGENCY_VOLTS, Rating, from_watts
from oadr.charging.limit import Limit, Source
from oadr.wire.ids import ResourceId
from tests.ven.drivers.test_simulated import MINUTE, RATING, Clock, limit, session
from ven.driver import Phased
from ven.drivers.car import Car
from ven.drivers.phased import PhasedChargepoint
from ven.drivers.simulated import Behaviour, SimulatedChargepoint

EVSE = ResourceId("evse-1")


def phased(clock: Clock, behaviour: Behaviour = Behaviour.OBEDIENT, car_phases: int = 3) -> PhasedChargepoint:
    car = Car(Decimal(32), car_phases)
    coming = (session(0, 30), session(60, 90))
    return PhasedChargepoint(EVSE, RATING, coming, clock, car=car, behaviour=behaviour)


async def amps(point: SimulatedChargepoint) -> tuple[Decimal, ...]:
    return (await point.measure()).amps


async def test_one_phase_is_used_at_once_and_three_when_they_may_be() -> None:
    clock = Clock()
    point = phased(clock)
    assert isinstance(point, Phased)
    assert len(await amps(point)) == 3
    await point.use_phases(1, at_once=True)
    assert len(await amps(point)) == 1
    await point.use_phases(3, at_once=True)
    assert len(await amps(point)) == 3


async def test_three_without_haste_come_with_the_next_car() -> None:
    clock = Clock()
    point = phased(clock)
    await point.use_phases(1, at_once=True)
    await point.use_phases(3, at_once=False)
    clock.passes(10 * MINUTE)
    assert len(await amps(point)) == 1
    clock.passes(55 * MINUTE)
    assert await amps(point) == (Decimal(32),) * 3


async def test_one_phase_outlasts_the_car() -> None:
    clock = Clock()
    point = phased(clock)
    await point.use_phases(1, at_once=True)
    clock.passes(65 * MINUTE)
    assert await amps(point) == (Decimal(32),)


async def test_a_car_uses_no_more_phases_than_it_has() -> None:
    point = phased(Clock(), car_phases=1)
    await point.use_phases(3, at_once=True)
    assert len(await amps(point)) == 1


async def test_a_liar_stays_where_it_is_and_one_that_is_offline_says_so() -> None:
    liar = phased(Clock(), Behaviour.LIAR)
    await liar.use_phases(1, at_once=True)
    assert len(await amps(liar)) == 3
    with pytest.raises(ConnectionError):
        await phased(Clock(), Behaviour.OFFLINE).use_phases(1, at_once=True)


async def test_the_voltage_of_the_street_is_shown_and_makes_the_power() -> None:
    clock = Clock()
    point = SimulatedChargepoint(EVSE, RATING, (session(0, 60),), clock, volts=Decimal(240))
    seen = await point.measure()
    assert seen.volts == (Decimal(240),) * 3
    assert seen.watts == 32 * 3 * 240
    clock.passes(timedelta(minutes=30))
    assert (await point.measure()).energy_wh == Decimal(32 * 3 * 240) / 2
    plain = SimulatedChargepoint(EVSE, RATING, (session(0, 60),), Clock())
    assert (await plain.measure()).volts == ()


@pytest.mark.parametrize("told", ["6.0", "14.4", "16.1", "31.9"])
async def test_watts_come_to_the_same_amps_whatever_the_street_has(told: str) -> None:
    """The order's margin is taken off once, when the limit is made."""
    coming = (session(0, 60),)
    point = SimulatedChargepoint(
        EVSE, RATING, coming, Clock(), behaviour=Behaviour.WATTS_ONLY, volts=Decimal(250)
    )
    await point.apply_otherwise(limit(Decimal(told)))
    assert str(point.draws()) == told


async def test_an_order_in_watts_holds_at_a_charger_that_takes_watts_up_to_the_voltage_of_the_margin() -> (
    None
):
    ordered = from_watts(Decimal(11_000), RATING, EMERGENCY_VOLTS)
    point = SimulatedChargepoint(
        EVSE, RATING, (session(0, 60),), Clock(), behaviour=Behaviour.WATTS_ONLY, volts=EMERGENCY_VOLTS
    )
    await point.apply_otherwise(Limit(ordered.amps, ordered.percent, Source.SUPPLY_LIMIT, "E1", None))
    drawn = (await point.measure()).watts
    assert 11_000 - Decimal("0.1") * 3 * EMERGENCY_VOLTS < drawn <= 11_000


async def test_on_one_phase_watts_are_told_for_one_phase() -> None:
    point = PhasedChargepoint(EVSE, Rating(Decimal(32), 3), (session(0, 60),), Clock())
    await point.use_phases(1, at_once=True)
    order = Limit(Decimal("17.3"), Decimal("18.0"), Source.SUPPLY_LIMIT, "E1", None, phases=1)
    await point.apply_otherwise(order)
    assert await amps(point) == (Decimal("17.3"),)
