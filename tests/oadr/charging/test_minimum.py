"""What is owed, and where an order or our own rounding lies below it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging import electricity, minimum
from oadr.charging.electricity import Allowed, Rating
from oadr.charging.minimum import Cause, Commanded, Profile, Undercut

OWED = Decimal(4200)
NOMINAL, MARGIN = Decimal(230), Decimal(253)


def rating(amps: int, phases: int, step: int = 10) -> Rating:
    return Rating(Decimal(amps), phases, step)


def found(order: Allowed, used: Rating, volts: Decimal = NOMINAL, ordered: Decimal = OWED) -> Undercut | None:
    return minimum.undercut(Profile.DE14A, ordered, Commanded(used, volts, order.amps))


def share(value: str, used: Rating) -> tuple[Allowed, Decimal]:
    """The order, and what it asks for in W."""
    asked = electricity.watts(Decimal(value) * used.amps, used, NOMINAL)
    return electricity.from_share(Decimal(value), used), asked


# --- 4.2 kW as each kind of signal, row by row ---


@pytest.mark.proves("W47")
@pytest.mark.parametrize(("amps", "value", "coarse"), [(16, "0.3805", "4.8"), (32, "0.1903", "3.2")])
def test_steps_of_ten_percent_make_a_pause_of_the_minimum_on_three_phases(
    amps: int, value: str, coarse: str
) -> None:
    used = rating(amps, 3)
    order, asked = share(value, used)
    assert asked >= OWED
    with_step = Decimal(value) * 100 // 10 * 10 * amps / 100
    assert str(with_step.quantize(Decimal("0.1"))) == coarse
    assert order.amps == 0
    assert found(order, used, ordered=asked) == Undercut(OWED, Decimal(0), Cause.QUANTISATION)


@pytest.mark.proves("W47")
def test_steps_of_ten_percent_take_some_of_the_minimum_on_one_phase() -> None:
    used = rating(32, 1)
    order, asked = share("0.571", used)
    assert order.amps == 16
    assert found(order, used, ordered=asked) == Undercut(OWED, Decimal(3680), Cause.QUANTISATION)


@pytest.mark.proves("W47")
@pytest.mark.parametrize(
    ("amps", "phases", "value"), [(16, 3, "0.3805"), (32, 3, "0.1903"), (32, 1, "0.571")]
)
def test_steps_of_one_percent_leave_it(amps: int, phases: int, value: str) -> None:
    used = Profile.DE14A.finest(rating(amps, phases))
    order, asked = share(value, used)
    assert found(order, used, ordered=asked) is None


@pytest.mark.proves("W47")
def test_watts_at_the_nominal_voltage_come_to_the_next_lower_value_that_is_possible() -> None:
    used = rating(16, 3)
    order = electricity.from_watts(OWED, used, NOMINAL)
    assert str(order.amps) == "6.0"
    assert electricity.watts(order.amps, used, NOMINAL) == 4140
    assert found(order, used) is None


@pytest.mark.proves("W47")
def test_the_margin_for_a_voltage_that_nobody_measured_would_be_a_pause_of_our_making() -> None:
    used = rating(16, 3)
    order = electricity.from_watts(OWED, used, Profile.UK.emergency_volts)
    assert Profile.UK.emergency_volts == MARGIN
    assert order.amps == 0
    assert found(order, used) == Undercut(OWED, Decimal(0), Cause.QUANTISATION)
    assert Profile.DE14A.emergency_volts == NOMINAL


@pytest.mark.proves("W47")
@pytest.mark.parametrize(("volts", "on_three", "on_one"), [("233.4", "0", "17.9"), ("252", "0", "16.6")])
def test_above_233_volts_three_phases_pause_and_one_carries_it(
    volts: str, on_three: str, on_one: str
) -> None:
    measured, wide, small = Decimal(volts), rating(32, 3), rating(16, 3)
    order = electricity.from_watts(OWED, wide, measured)
    assert str(order.amps) == on_three
    assert found(order, wide, measured) == Undercut(OWED, Decimal(0), Cause.QUANTISATION)
    switched = electricity.from_watts(OWED, wide, measured, 1)
    assert str(switched.amps) == on_one
    assert found(switched, rating(32, 1), measured) is None
    at_most = electricity.from_watts(OWED, small, measured, 1)
    assert (str(at_most.amps), str(at_most.percent)) == ("16.0", "33.3")
    assert found(at_most, rating(16, 1), measured) is None


@pytest.mark.proves("W47")
def test_up_to_233_volts_three_phases_still_carry_it() -> None:
    order = electricity.from_watts(OWED, rating(32, 3), Decimal("233.3"))
    assert str(order.amps) == "6.0"


@pytest.mark.proves("W47")
def test_what_a_small_charger_cannot_take_is_nobodys_undercut() -> None:
    used = rating(16, 1)
    order = electricity.from_watts(OWED, used, NOMINAL)
    assert electricity.watts(order.amps, used, NOMINAL) == 3680
    assert found(order, used) is None


# --- whose doing it is ---


def test_an_order_below_the_minimum_is_the_operators() -> None:
    used = rating(32, 3)
    order = electricity.from_watts(Decimal(4139), used, NOMINAL)
    assert found(order, used, ordered=Decimal(4139)) == Undercut(OWED, Decimal(0), Cause.ORDER)
    on_one = electricity.from_watts(Decimal(2000), rating(32, 1), NOMINAL)
    assert found(on_one, rating(32, 1), ordered=Decimal(2000)) == Undercut(OWED, Decimal(1978), Cause.ORDER)


def test_without_the_profile_nothing_is_owed() -> None:
    made = Commanded(rating(32, 3), NOMINAL, Decimal(0))
    assert minimum.owed(Profile.UK) is None
    assert minimum.undercut(Profile.UK, Decimal(0), made) is None
    assert minimum.undercut_together(Profile.UK, Decimal(0), [made, made]) is None


@pytest.mark.parametrize(
    ("devices", "watts"),
    [
        (1, "4200"),
        (2, "7560"),
        (3, "10500"),
        (4, "13020"),
        (5, "15120"),
        (6, "16800"),
        (7, "18060"),
        (8, "18900"),
        (9, "19320"),
        (10, "21210"),
        (40, "77910"),
    ],
)
def test_chargepoints_that_share_one_value_are_owed_less_each(devices: int, watts: str) -> None:
    assert minimum.owed(Profile.DE14A, devices) == Decimal(watts)


def together(ordered: int, *amps: str, rated: int = 32) -> Undercut | None:
    made = [Commanded(rating(rated, 3), NOMINAL, Decimal(one)) for one in amps]
    return minimum.undercut_together(Profile.DE14A, Decimal(ordered), made)


def test_of_a_shared_value_one_may_wait_if_the_others_get_all_of_it() -> None:
    assert together(7560, "10.9", "0") is None
    assert together(7560, "10.0", "0") == Undercut(Decimal(7560), Decimal(6900), Cause.QUANTISATION)
    assert together(7000, "10.1", "0") == Undercut(Decimal(7560), Decimal(6969), Cause.ORDER)


def test_chargers_that_are_small_together_are_owed_what_they_can_take() -> None:
    made = [Commanded(rating(8, 1), NOMINAL, Decimal(8))] * 3
    assert minimum.undercut_together(Profile.DE14A, Decimal(5520), made) is None


# --- for any order ---

watts = st.decimals(Decimal(0), Decimal(25_000), places=1)
volts = st.decimals(Decimal(207), Decimal(264), places=1)
ratings = st.builds(
    Rating, amps=st.decimals(Decimal(6), Decimal(80), places=1), phases=st.sampled_from((1, 2, 3))
)


@given(watts, ratings, volts, st.booleans())
def test_no_order_in_watts_is_exceeded_at_the_voltage_that_was_measured(
    ordered: Decimal, used: Rating, measured: Decimal, on_one: bool
) -> None:
    phases = 1 if on_one else used.phases
    order = electricity.from_watts(ordered, used, measured, phases)
    assert order.amps * measured * phases <= ordered
    assert order.amps <= used.amps
    assert order.amps == 0 or order.amps >= 6
    assert order.watts == ordered
    if 6 < order.amps < used.amps:
        assert (order.amps + Decimal("0.1")) * measured * phases > ordered, "and no step is given away"


@given(st.decimals(Decimal(6), Decimal(80), places=1), st.sampled_from((1, 2, 3)), volts)
def test_a_charger_that_is_told_in_watts_comes_back_to_the_same_amps_or_a_tenth_less(
    amps: Decimal, phases: int, set_to: Decimal
) -> None:
    """The margin is in the amps already: the charger's own voltage takes nothing off them a second time."""
    told = electricity.told_in_watts(amps, phases, set_to)
    assert told == int(told) <= amps * set_to * phases
    assert amps - told / (set_to * phases) < Decimal("0.01")


@given(watts, ratings, volts)
def test_an_order_that_leaves_what_is_owed_is_never_the_operators_undercut(
    more: Decimal, used: Rating, measured: Decimal
) -> None:
    order = electricity.from_watts(OWED + more, used, measured)
    undercut = found(order, used, measured, OWED + more)
    assert undercut is None or (undercut.cause is Cause.QUANTISATION and order.amps == 0)


@given(st.decimals(Decimal(0), Decimal(1), places=3), ratings, volts)
def test_less_than_is_owed_is_never_left_unsaid(value: Decimal, used: Rating, measured: Decimal) -> None:
    order = electricity.from_share(value, used)
    made = Commanded(used, measured, order.amps)
    asked = electricity.watts(value * used.amps, used, measured)
    can = min(OWED, electricity.watts(used.amps, used, measured))
    is_less = made.watts <= can - electricity.watts(Decimal("0.1"), used, measured)
    assert (minimum.undercut(Profile.DE14A, asked, made) is not None) >= is_less
