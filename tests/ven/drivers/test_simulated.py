from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.electricity import FLOOR_AMPS, PLANNED_VOLTS
from ven import Chargepoint, Limit, Metered, Rating, ResourceId, Source
from ven.driver import Switchable, Versatile
from ven.drivers.car import TAPER, TRICKLE, Car
from ven.drivers.sessions import ChargingSession
from ven.drivers.simulated import FLAPS, Behaviour, SimulatedChargepoint

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
RATING = Rating(amps=Decimal(32), phases=3)
MINUTE = timedelta(minutes=1)


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def passes(self, span: timedelta) -> None:
        self.at += span


def limit(amps: Decimal | int) -> Limit:
    amps = Decimal(amps)
    return Limit(amps, amps * 100 / RATING.amps, Source.SUPPLY_LIMIT, "E1", None)


def session(begins: int, ends: int, kwh: int | Decimal = 40) -> ChargingSession:
    """From and to so many minutes after the start."""
    return ChargingSession("A", START + begins * MINUTE, START + ends * MINUTE, Decimal(kwh) * 1000)


def chargepoint(
    clock: Clock,
    *sessions: ChargingSession,
    behaviour: Behaviour = Behaviour.OBEDIENT,
    car: Car | None = None,
) -> SimulatedChargepoint:
    return SimulatedChargepoint(ResourceId("evse-1"), RATING, sessions, clock, car=car, behaviour=behaviour)


def test_it_is_a_chargepoint_that_can_measure() -> None:
    made: Chargepoint = chargepoint(Clock())
    assert isinstance(made, Metered)


async def test_without_a_limit_a_car_takes_what_the_outlet_gives() -> None:
    clock = Clock()
    seen = await chargepoint(clock, session(0, 60)).measure()
    assert seen.amps == (Decimal(32),) * 3
    assert seen.watts == 32 * 3 * PLANNED_VOLTS


async def test_a_small_car_takes_no_more_than_it_can_on_the_phases_that_it_has() -> None:
    seen = await chargepoint(Clock(), session(0, 60), car=Car(Decimal(16), 1)).measure()
    assert seen.amps == (Decimal(16),)
    assert seen.watts == 16 * PLANNED_VOLTS


async def test_a_limit_holds_at_once_and_is_lifted_at_once() -> None:
    made = chargepoint(Clock(), session(0, 60))
    await made.apply(limit(13))
    assert made.draws() == 13
    await made.apply(limit(0))
    assert made.draws() == 0
    await made.apply(None)
    assert made.draws() == 32


async def test_below_six_amps_there_is_no_charging() -> None:
    made = chargepoint(Clock(), session(0, 60))
    await made.apply(limit(FLOOR_AMPS - Decimal("0.1")))
    assert made.draws() == 0


async def test_the_register_counts_what_flowed_between_two_looks() -> None:
    clock = Clock()
    made = chargepoint(clock, session(0, 600))
    await made.apply(limit(10))
    clock.passes(timedelta(minutes=30))
    assert (await made.measure()).energy_wh == 10 * 3 * PLANNED_VOLTS / 2


async def test_a_car_that_left_while_nobody_looked_took_energy_until_then() -> None:
    clock = Clock()
    stay = timedelta(seconds=65)
    made = chargepoint(clock, ChargingSession("A", START, START + stay, Decimal(40_000)))
    clock.passes(timedelta(hours=1))
    assert (await made.measure()).energy_wh == 398  # 22 080 W for 65 s


async def test_a_meter_never_shows_more_than_flows() -> None:
    made = chargepoint(Clock(), session(0, 60))
    await made.apply(limit(Decimal("12.999")))
    assert (await made.measure()).amps == (Decimal("12.99"),) * 3


async def test_each_car_comes_and_goes_by_its_session_and_nothing_flows_between_them() -> None:
    clock = Clock()
    made = chargepoint(clock, session(10, 20), session(30, 40))
    drawn = []
    for _ in range(10):
        drawn.append(made.draws() > 0)
        clock.passes(timedelta(minutes=5))
    assert drawn == [False, False, True, True, False, False, True, True, False, False]


async def test_power_falls_over_the_last_fifth_and_then_the_car_is_full() -> None:
    clock = Clock()
    made = chargepoint(clock, session(0, 600, kwh=10))
    drawn = []
    for _ in range(150):
        drawn.append(made.draws())
        clock.passes(MINUTE)
    falling = [amps for amps in drawn if 0 < amps < 32]
    assert drawn == sorted(drawn, reverse=True)
    assert falling
    assert falling[-1] == TRICKLE
    assert drawn[-1] == 0
    assert (await made.measure()).energy_wh == 10_000


def test_a_car_begins_to_taper_at_a_fifth_and_not_before() -> None:
    car = Car(Decimal(32), 3)
    needed = Decimal(10_000)
    assert car.draws(Decimal(32), needed, needed * TAPER) == 32
    assert car.draws(Decimal(32), needed, needed * TAPER / 2) == 16


async def test_a_liar_takes_a_limit_and_ignores_it() -> None:
    made = chargepoint(Clock(), session(0, 60), behaviour=Behaviour.LIAR)
    await made.apply(limit(0))
    assert made.draws() == 32


async def test_a_slow_one_obeys_after_ninety_seconds() -> None:
    clock = Clock()
    made = chargepoint(clock, session(0, 60), behaviour=Behaviour.SLOW)
    await made.apply(limit(10))
    clock.passes(timedelta(seconds=89))
    assert made.draws() == 32
    clock.passes(timedelta(seconds=1))
    assert made.draws() == 10


async def test_a_slow_one_obeys_while_nobody_looks() -> None:
    clock = Clock()
    arrival = START + timedelta(seconds=5)
    stays = ChargingSession("A", arrival, arrival + timedelta(hours=9), Decimal(40_000))
    made = chargepoint(clock, stays, behaviour=Behaviour.SLOW)
    await made.apply(limit(0))
    clock.passes(timedelta(hours=1))
    assert (await made.measure()).energy_wh == 521  # 22 080 W from the 5th second to the 90th


async def test_one_without_a_meter_obeys_and_cannot_show_it() -> None:
    made = chargepoint(Clock(), session(0, 60), behaviour=Behaviour.METERLESS)
    await made.apply(limit(10))
    assert made.draws() == 10
    with pytest.raises(ConnectionError):
        await made.measure()


async def test_one_that_is_offline_answers_nothing() -> None:
    made = chargepoint(Clock(), session(0, 60), behaviour=Behaviour.OFFLINE)
    with pytest.raises(ConnectionError):
        await made.apply(limit(10))
    with pytest.raises(ConnectionError):
        await made.measure()


async def test_one_that_flaps_answers_for_half_of_the_time() -> None:
    clock = Clock()
    made = chargepoint(clock, session(0, 60), behaviour=Behaviour.FLAPPING)
    await made.apply(limit(13))
    clock.passes(FLAPS)
    with pytest.raises(ConnectionError):
        await made.measure()
    clock.passes(FLAPS)
    assert (await made.measure()).amps[0] == 13


async def test_one_that_resumes_unlimited_has_to_be_told_again() -> None:
    made = chargepoint(Clock(), session(0, 60), behaviour=Behaviour.RESUMES_UNLIMITED)
    await made.apply(limit(13))
    assert made.draws() == 13
    await made.apply(limit(0))
    await made.apply(limit(13))
    assert made.draws() == 32
    await made.apply(limit(13))
    assert made.draws() == 13


async def test_one_that_knows_watts_only_refuses_amps_and_can_be_released() -> None:
    made = chargepoint(Clock(), session(0, 60), behaviour=Behaviour.WATTS_ONLY)
    assert isinstance(made, Versatile)
    with pytest.raises(ValueError, match="watts"):
        await made.apply(limit(13))
    await made.apply_otherwise(limit(13))
    assert made.draws() == 13
    await made.apply(None)
    assert made.draws() == 32


async def test_a_contactor_opens_whatever_the_charger_thinks_of_it() -> None:
    clock = Clock()
    made = chargepoint(clock, session(0, 60), behaviour=Behaviour.LIAR)
    assert isinstance(made, Switchable)
    clock.passes(6 * MINUTE)
    await made.disable()
    clock.passes(6 * MINUTE)
    seen = await made.measure()
    assert seen.amps[0] == 0
    assert 2207 <= seen.energy_wh <= 2208
    await made.enable()
    assert made.draws() == 32


async def test_a_clock_that_was_set_back_moves_no_energy() -> None:
    clock = Clock()
    made = chargepoint(clock, session(0, 600))
    clock.passes(timedelta(hours=1))
    before = (await made.measure()).energy_wh
    clock.passes(timedelta(hours=-1))
    assert (await made.measure()).energy_wh == before


spans = st.integers(0, 3 * 3600).map(lambda seconds: timedelta(seconds=seconds))
amps = st.decimals(0, 40, places=1)
orders = st.lists(st.tuples(spans, st.none() | amps), max_size=12)
cars = st.builds(Car, st.decimals(1, 80, places=1), st.integers(1, 3))


@st.composite
def visits(draw: st.DrawFn) -> tuple[ChargingSession, ...]:
    """A few cars, one after the other."""
    made: list[ChargingSession] = []
    moment = 0
    for _ in range(draw(st.integers(0, 3))):
        begins = moment + draw(st.integers(0, 240))
        moment = begins + draw(st.integers(1, 240))
        made.append(session(begins, moment, draw(st.decimals(0, 30, places=3))))
    return tuple(made)


def plugged(sessions: Iterable[ChargingSession], at: datetime) -> bool:
    return any(one.arrival <= at < one.departure for one in sessions)


@given(visits(), orders, cars)
async def test_no_car_ever_draws_more_than_limit_outlet_and_car_allow_nor_when_it_is_gone(
    sessions: tuple[ChargingSession, ...], ordered: list[tuple[timedelta, Decimal | None]], car: Car
) -> None:
    clock = Clock()
    made = chargepoint(clock, *sessions, car=car)
    for span, ceiling in ordered:
        await made.apply(None if ceiling is None else limit(ceiling))
        for _ in range(2):
            seen = await made.measure()
            assert len(seen.amps) == car.phases
            assert max(seen.amps) <= min(RATING.amps, car.amps, RATING.amps if ceiling is None else ceiling)
            assert max(seen.amps) == 0 or plugged(sessions, clock.at)
            clock.passes(span / 2)


@given(visits(), orders, cars)
async def test_energy_never_runs_back_nor_beyond_what_the_cars_needed_and_the_limit_let_through(
    sessions: tuple[ChargingSession, ...], ordered: list[tuple[timedelta, Decimal | None]], car: Car
) -> None:
    clock = Clock()
    made = chargepoint(clock, *sessions, car=car)
    register = Decimal(0)
    for span, ceiling in ordered:
        await made.apply(None if ceiling is None else limit(ceiling))
        clock.passes(span)
        seen = (await made.measure()).energy_wh
        most = car.watts(RATING.amps if ceiling is None else min(ceiling, RATING.amps))
        hours = Decimal(int(span.total_seconds())) / 3600
        assert register <= seen <= register + most * hours + 1  # both ends are rounded down to whole Wh
        register = seen
    assert register <= sum(one.needed_wh for one in sessions if one.arrival <= clock.at)
