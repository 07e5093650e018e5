"""What orders are reckoned with: measured voltages, and phases that change and come back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.limit import Limit, Source
from oadr.charging.minimum import Cause, Profile, Undercut
from oadr.charging.scale import export_of
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId
from oadr.wire.messages.common import Scale, Unit, UnitKind
from oadr.wire.messages.event import LOAD_CONTROL, LOAD_DISPATCH, SignalType
from tests.ven.stage import EVSE_1, EVSE_2, RATINGS, SITE, Loaded, event, listing, signal
from tests.ven.virtual import START
from ven import events, ordered
from ven.conditions import Conditions
from ven.contract import Contract
from ven.events import HeldEvent
from ven.slots import Restore, Slot, SlotKey
from ven.wiring import Wiring

SECOND = timedelta(seconds=1)
KEY = SlotKey(EVSE_1, Source.SUPPLY_LIMIT)
ON_ONE = Limit(Decimal(16), Decimal("16.6"), Source.SUPPLY_LIMIT, "E1", None, phases=1)


def wiring(seed: bytes = b"", spread: int = 0, slots: dict[SlotKey, Slot] | None = None) -> Wiring:
    changing = (EVSE_1, EVSE_2)
    return Wiring(RATINGS, Contract(), changing, slots, seed, timedelta(seconds=spread))


def test_an_outlet_with_one_phase_has_none_to_change() -> None:
    made = wiring()
    assert (made.phases(EVSE_1), made.phases(EVSE_2)) == (3, None)
    assert Wiring(RATINGS, Contract()).phases(EVSE_1) is None


def test_a_voltage_has_moved_until_somebody_has_reckoned_with_it() -> None:
    made = wiring()
    assert not made.has_moved(START)
    made.seen(EVSE_1, (Decimal(236),), START)
    assert made.has_moved(START)
    assert made.measured(START).volts == {EVSE_1: 236, export_of(EVSE_1): 236}
    assert not made.has_moved(START)
    assert made.has_moved(START + 60 * SECOND), "it is too old now"


def test_after_a_restart_an_outlet_is_where_its_slot_says() -> None:
    assert wiring(slots={KEY: Slot(ON_ONE)}).measured(START).phases == {EVSE_1: 1}


def test_a_release_ends_on_the_phase_on_which_it_began() -> None:
    slots = {KEY: Slot(ON_ONE, Restore(ON_ONE.amps, ON_ONE.percent, START))}
    made = wiring(slots=slots)
    made.move((), slots, START)
    made.move((), slots, START + 3600 * SECOND)
    assert (made.phases(EVSE_1), made.next_change()) == (1, None)
    made.move((), {}, START + 3600 * SECOND)
    assert made.next_change() == START + 4200 * SECOND
    made.move((), {}, START + 4200 * SECOND)
    assert made.phases(EVSE_1) == 3


def test_the_rise_of_an_order_on_all_phases_sends_nobody_back_to_one() -> None:
    made = wiring()
    made.move((), {KEY: Slot(ON_ONE, Restore(ON_ONE.amps, ON_ONE.percent, START))}, START)
    assert made.phases(EVSE_1) == 3


def test_a_street_does_not_go_back_to_three_phases_as_one() -> None:
    moments = set()
    for unit in range(200):
        made = wiring(seed=str(unit).encode(), spread=600)
        made.move((EVSE_1,), {}, START)
        made.move((), {}, START)
        moment = made.next_change()
        assert moment is not None
        assert 600 * SECOND <= moment - START <= 1200 * SECOND
        moments.add(moment)
    assert len(moments) > 150


def test_a_wait_lasts_as_long_as_it_would_have_when_the_clock_is_set() -> None:
    made = wiring()
    made.move((EVSE_1,), {}, START)
    made.move((), {}, START)
    made.clock_set(timedelta(hours=1))
    assert made.next_change() == START + timedelta(hours=1) + 600 * SECOND


# --- what comes of it ---

POWER = Unit(kind=UnitKind.POWER_REAL, description="RealPower", symbol="W", scale=Scale.NONE)


def held(watts: str, *, is_shared: bool) -> tuple[HeldEvent, ...]:
    kind = SignalType.SETPOINT if is_shared else SignalType.LOAD_CONTROL_SETPOINT
    name = LOAD_DISPATCH if is_shared else LOAD_CONTROL
    message = listing(event(signals=(signal(watts, name=name, type=kind, unit=POWER),)))
    return events.merge((), message, SITE, START, Loaded(0.0)).held


@given(
    st.decimals(Decimal(0), Decimal(40_000), places=1),
    st.booleans(),
    st.dictionaries(st.sampled_from((EVSE_1, EVSE_2)), st.decimals(Decimal(207), Decimal(264), places=1)),
    st.booleans(),
)
def test_no_order_in_watts_is_exceeded_at_the_voltages_that_were_measured(
    watts: Decimal, is_shared: bool, volts: dict[ResourceId, Decimal], is_on_one: bool
) -> None:
    conditions = Conditions(volts=volts, phases={EVSE_1: 1} if is_on_one else {})
    found = ordered.orders(held(str(watts), is_shared=is_shared), SITE, RATINGS, START, conditions=conditions)
    drawn = {
        key.resource_id: limit.amps * volts.get(key.resource_id, Decimal(253)) * (limit.phases or phases)
        for key, limit in found.items()
        for phases in (RATINGS[key.resource_id].phases,)
    }
    assert set(drawn) == set(RATINGS)
    assert sum(drawn.values()) <= watts if is_shared else max(drawn.values()) <= watts


def test_where_nobody_has_measured_an_emergency_has_a_margin() -> None:
    plain = Conditions()
    assert plain.volts_for(Programme.SUPPLY_LIMIT, EVSE_1) == 253
    assert plain.volts_for(Programme.LOAD_SHIFT, EVSE_1) == 230
    measured = Conditions(volts={EVSE_1: Decimal(241)})
    assert {measured.volts_for(one, EVSE_1) for one in Programme} == {241}


def test_what_is_shared_out_never_asks_for_one_phase() -> None:
    one = ordered.on_one_phase(held("4000", is_shared=True), SITE, RATINGS, START, Conditions())
    assert one == frozenset()
    own = ordered.on_one_phase(held("4000", is_shared=False), SITE, RATINGS, START, Conditions())
    assert own == {EVSE_1}


def test_what_a_single_phase_takes_of_a_percentage_is_not_the_operators_doing() -> None:
    message = listing(event(share="0.5"))
    half = events.merge((), message, SITE, START, Loaded(0.0)).held
    on_one = Conditions(Profile.DE14A, phases={EVSE_1: 1})
    limit = ordered.orders(half, SITE, RATINGS, START, conditions=on_one)[KEY]
    assert limit.undercut == Undercut(Decimal(4200), Decimal(3680), Cause.QUANTISATION)
    on_all = ordered.orders(half, SITE, RATINGS, START, conditions=Conditions(Profile.DE14A))[KEY]
    assert on_all.undercut is None


@pytest.mark.proves("W47")
@pytest.mark.parametrize(("watts", "cause"), [("3000", Cause.ORDER), ("7560", None), ("9000", None)])
def test_of_one_value_for_a_site_its_chargepoints_are_owed_less_than_each_alone(
    watts: str, cause: Cause | None
) -> None:
    german = Conditions(Profile.DE14A)
    found = ordered.orders(held(watts, is_shared=True), SITE, RATINGS, START, conditions=german)
    undercuts = {limit.undercut for limit in found.values()}
    assert {one and (one.owed, one.cause) for one in undercuts} == {cause and (Decimal(7560), cause)}
