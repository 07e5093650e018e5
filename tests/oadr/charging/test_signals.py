"""From an event's signals to a time line of ceilings, and from a ceiling to amps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging import signals
from oadr.charging.ceilings import (
    Amps,
    Ceiling,
    EnergyWanted,
    Offset,
    Price,
    Share,
    Step,
    Together,
    Watts,
    allowed,
)
from oadr.charging.electricity import Rating
from oadr.charging.meanings import Agreed
from oadr.charging.signals import Programme
from oadr.wire.errors import Invalid, ResponseCode
from oadr.wire.ids import MarketContext, Token
from oadr.wire.messages.common import Scale, Unit, UnitKind
from oadr.wire.messages.event import (
    CHARGE_STATE,
    ELECTRICITY_PRICE,
    LOAD_CONTROL,
    LOAD_DISPATCH,
    SIMPLE_OLD,
    Baseline,
    Event,
    Signal,
    SignalType,
)
from oadr.wire.scalars import read_duration
from tests.oadr.charging.events import (
    NOON,
    capacity,
    current,
    event,
    intervals,
    period,
    power,
    signal,
    simple,
)

VOLTS = Decimal(230)
WATTS = Unit(kind=UnitKind.POWER_REAL, description="RealPower", symbol="W", scale=Scale.NONE)
WATT_HOURS = Unit(kind=UnitKind.ENERGY_REAL, description="RealEnergy", symbol="Wh", scale=Scale.KILO)
PENCE = Unit(kind=UnitKind.CURRENCY_PER_KWH, description="currencyPerKWh", symbol="GBP", scale=Scale.CENTI)
CHARGEPOINT = Rating(Decimal(16), 3)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def shares(order: Event) -> list[tuple[timedelta, timedelta | None, str]]:
    """Start, length and value of each step of one signal."""
    return [(step.start, step.length, str(step.ceilings[0].value)) for step in signals.timeline(order)]


def amps(order: Event, at: timedelta = timedelta(), rating: Rating = CHARGEPOINT) -> str | None:
    """A at a moment after the start; None when nothing is ordered then."""
    step = next((step for step in signals.timeline(order) if step.holds_at(at)), None)
    found = allowed(step, rating, VOLTS) if step else None
    return str(found.amps) if found else None


def refusal(order: Event) -> ResponseCode:
    with pytest.raises(Invalid) as caught:
        signals.timeline(order)
    return caught.value.code


# ---- what a signal means


@pytest.mark.proves("r32", "W46")
@pytest.mark.parametrize(
    ("one", "ceiling", "expected"),
    [
        (capacity(("0.4", "PT1H")), Share(Decimal("0.4")), "6.4"),
        (capacity(("0", "PT1H")), Share(Decimal(0)), "0"),
        (capacity(("1.0", "PT1H")), Share(Decimal(1)), "16.0"),
        (power(("5520", "PT1H")), Watts(Decimal(5520)), "8.0"),
        (power(("5.52", "PT1H"), scale=Scale.KILO), Watts(Decimal(5520)), "8.0"),
        (power(("5520", "PT1H"), scale=None), Watts(Decimal(5520)), "8.0"),
        (power(("20000", "PT1H")), Watts(Decimal(20000)), "16.0"),
        (current(("9.99", "PT1H")), Amps(Decimal("9.99")), "9.9"),
        (current(("7500", "PT1H"), scale=Scale.MILLI), Amps(Decimal("7.5")), "7.5"),
        (current(("5.9", "PT1H")), Amps(Decimal("5.9")), "0"),
    ],
)
def test_each_signal_that_is_understood(one: Signal, ceiling: Ceiling, expected: str) -> None:
    assert signals.timeline(event(one)) == (Step(timedelta(), HOUR, (ceiling,)),)
    assert amps(event(one)) == expected


def test_a_scale_raises_no_value_to_the_next_amp() -> None:
    assert amps(event(power(("4.139" + "9" * 40, "PT1H"), scale=Scale.KILO))) == "0"


@pytest.mark.proves("W46")
@pytest.mark.parametrize(("level", "expected"), [("0", "16.0"), ("1", "11.2"), ("2", "6.4"), ("3", "0")])
@pytest.mark.parametrize("name", [Token("SIMPLE"), SIMPLE_OLD])
def test_a_simple_level_is_a_share(name: Token, level: str, expected: str) -> None:
    assert amps(event(simple((level, "PT1H"), name=name))) == expected


def test_a_programme_may_agree_on_other_levels() -> None:
    levels = ((0, Decimal(1)), (1, Decimal("0.5")))
    (step,) = signals.timeline(event(simple(("1.0", "PT1H"))), Agreed(levels=levels))
    assert step.ceilings == (Share(Decimal("0.5")),)


@pytest.mark.parametrize(
    ("offset", "normal", "expected"),
    [
        ("-60", 100, "6.4"),
        ("-100", 100, "0"),
        ("0", 100, "16.0"),
        ("50", 100, "16.0"),
        ("-50", 80, "6.4"),
        ("50", 60, "14.4"),
    ],
)
def test_an_offset_refers_to_what_may_be_drawn_anyhow(offset: str, normal: int, expected: str) -> None:
    (step,) = signals.timeline(event(signal((offset, "PT1H"), type_=SignalType.LOAD_CONTROL_PERCENT_OFFSET)))
    assert step.ceilings == (Offset(Decimal(offset)),)
    found = allowed(step, CHARGEPOINT, VOLTS, normal=Decimal(normal))
    assert found
    assert str(found.amps) == expected


def test_a_level_offset_means_what_the_programme_has_agreed_on() -> None:
    agreed = Agreed(offsets=((0, Decimal(0)), (1, Decimal(-50))))
    order = event(signal(("0", "PT30M"), ("1", "PT30M"), type_=SignalType.LOAD_CONTROL_LEVEL_OFFSET))
    assert [step.ceilings for step in signals.timeline(order, agreed)] == [
        (Offset(Decimal(0)),),
        (Offset(Decimal(-50)),),
    ]
    strange = event(signal(("2", "PT1H"), type_=SignalType.LOAD_CONTROL_LEVEL_OFFSET))
    with pytest.raises(Invalid):
        signals.timeline(strange, agreed)


def test_a_capacity_in_percent_is_taken_only_where_that_is_agreed() -> None:
    order = event(capacity(("40.0", "PT1H")))
    (step,) = signals.timeline(order, Agreed(capacity_in_percent=True))
    assert step.ceilings == (Share(Decimal("0.4")),)
    assert refusal(order) is ResponseCode.INVALID_VALUE


def test_a_set_point_of_dispatch_is_for_all_together() -> None:
    order = event(signal(("9000", "PT1H"), name=LOAD_DISPATCH, type_=SignalType.SETPOINT, unit=WATTS))
    (step,) = signals.timeline(order)
    together = Together(Decimal(9000))
    assert step.ceilings == (together,)
    found = allowed(step, CHARGEPOINT, VOLTS, shares={together: Decimal(5520)})
    assert found
    assert str(found.amps) == "8.0"


def baseline(*values: tuple[str, str], start: datetime = NOON, unit: Unit = WATTS) -> Baseline:
    return Baseline(
        start=start,
        duration=read_duration("PT2H"),
        intervals=intervals(values),
        baseline_id="B",
        name="B",
        unit=unit,
    )


def test_a_delta_refers_to_the_baseline_of_the_event() -> None:
    delta = signal(
        ("-2000", "PT30M"), ("-9000", "PT30M"), name=LOAD_DISPATCH, type_=SignalType.DELTA, unit=WATTS
    )
    order = replace(event(delta), baseline=baseline(("7000", "PT15M"), ("8000", "PT105M")))
    assert shares(order) == [
        (0 * MINUTE, 15 * MINUTE, "5000"),
        (15 * MINUTE, 15 * MINUTE, "6000"),
        (30 * MINUTE, 30 * MINUTE, "0"),
    ]
    early = replace(order, baseline=baseline(("7000", "PT2H"), start=NOON - HOUR))
    assert shares(early) == [(0 * MINUTE, 30 * MINUTE, "5000"), (30 * MINUTE, 30 * MINUTE, "0")]
    late = replace(order, baseline=baseline(("7000", "PT2H"), start=NOON + 2 * HOUR))
    assert shares(late)[0][2] == "5000"
    amperes = replace(order, baseline=baseline(("7", "PT2H"), unit=PENCE))
    assert refusal(amperes) is ResponseCode.INVALID_VALUE


@pytest.mark.proves("W53")
def test_a_price_and_a_wish_for_energy_order_nothing() -> None:
    price = signal(
        ("12.5", "PT30M"), ("-3", "PT30M"), name=ELECTRICITY_PRICE, type_=SignalType.PRICE, unit=PENCE
    )
    steps = signals.timeline(event(price))
    assert [step.advice for step in steps] == [
        (Price(Decimal("0.125"), "GBP"),),
        (Price(Decimal("-0.03"), "GBP"),),
    ]
    assert all(allowed(step, CHARGEPOINT, VOLTS) is None for step in steps)
    energy = signal(("12", "PT1H"), name=CHARGE_STATE, type_=SignalType.SETPOINT, unit=WATT_HOURS)
    (step,) = signals.timeline(event(energy, capacity(("0.4", "PT1H"))))
    assert step.advice == (EnergyWanted(Decimal(12_000)),)
    assert step.ceilings == (Share(Decimal("0.4")),), "a wish lifts no limit"


# ---- what is refused


@pytest.mark.proves("r109")
@pytest.mark.parametrize(
    "one",
    [
        signal(("1", "PT1H"), name=ELECTRICITY_PRICE, type_=SignalType.PRICE),
        signal(("1", "PT1H"), name=LOAD_DISPATCH, type_=SignalType.LOAD_CONTROL_CAPACITY),
        signal(("1", "PT1H"), name=LOAD_CONTROL, type_=SignalType.LEVEL),
        signal(("1", "PT1H"), name=LOAD_CONTROL, type_=SignalType.LOAD_CONTROL_LEVEL_OFFSET),
        signal(("1", "PT1H"), name=LOAD_DISPATCH, type_=SignalType.DELTA, unit=WATTS),
        signal(("1", "PT1H"), name=CHARGE_STATE, type_=SignalType.SETPOINT, unit=WATTS),
        signal(("1", "PT1H"), name=LOAD_CONTROL, type_=SignalType.LOAD_CONTROL_SETPOINT),
        signal(
            ("1", "PT1H"),
            type_=SignalType.LOAD_CONTROL_SETPOINT,
            unit=Unit(kind=UnitKind.ENERGY_REAL, description="RealEnergy", symbol="Wh"),
        ),
        signal(("1", "PT1H"), unit=Unit(kind=UnitKind.POWER_REAL, description="RealPower", symbol="W")),
        signal(("1", "PT1H"), name=Token("x-ours"), type_=SignalType.LEVEL),
        signal(("1", "PT1H"), name=Token("SIMPLE"), type_=SignalType.PRICE),
    ],
)
def test_a_signal_that_is_not_understood_is_refused(one: Signal) -> None:
    assert refusal(event(one)) is ResponseCode.SIGNAL_NOT_SUPPORTED


@pytest.mark.proves("r48", "r109")
def test_half_an_order_is_not_obeyed_silently() -> None:
    price = signal(("1", "PT1H"), name=ELECTRICITY_PRICE, type_=SignalType.PRICE)
    assert refusal(event(capacity(("0.4", "PT1H")), price)) is ResponseCode.SIGNAL_NOT_SUPPORTED


@pytest.mark.proves("r48")
@pytest.mark.parametrize(
    "one",
    [
        capacity(("1.01", "PT1H")),
        capacity(("100.0", "PT1H")),
        capacity(("-0.1", "PT1H")),
        capacity(("0.5", "PT30M"), ("-0.1", "PT30M")),
        capacity(("0.5", "PT1H"), ("-0.1", "PT1H")),
        power(("-1", "PT1H")),
        signal(("-100.1", "PT1H"), type_=SignalType.LOAD_CONTROL_PERCENT_OFFSET),
        current(("-1", "PT1H")),
        simple(("4", "PT1H")),
        simple(("1.5", "PT1H")),
        simple(("-1", "PT1H")),
    ],
)
def test_a_value_out_of_its_range_is_refused(one: Signal) -> None:
    assert refusal(event(one)) is ResponseCode.INVALID_VALUE


@pytest.mark.proves("r48")
@pytest.mark.parametrize(
    "order",
    [
        event(capacity(("0.4", "-PT1H"))),
        event(capacity(("0.4", "PT1H")), during=period("-PT1H")),
        event(capacity(("0.4", "PT0S")), during=period("-P1M")),
    ],
)
def test_time_does_not_run_backwards(order: Event) -> None:
    assert refusal(order) is ResponseCode.INVALID_VALUE


@pytest.mark.proves("r48")
@pytest.mark.parametrize(
    "order",
    [
        event(capacity()),
        event(capacity(("0.4", "PT0S"), ("1", "PT1H"))),
        event(capacity(("0.4", None), ("1", "PT1H"))),
    ],
)
def test_intervals_that_make_no_sense_are_refused(order: Event) -> None:
    assert refusal(order) is ResponseCode.COMPLIANCE_ERROR


def test_an_event_without_signals_orders_nothing_that_we_support() -> None:
    assert refusal(event()) is ResponseCode.SIGNAL_NOT_SUPPORTED


def test_a_time_line_that_leaves_the_calendar_is_refused() -> None:
    late = period("PT1H", datetime(9999, 12, 31, 12, tzinfo=UTC))
    assert refusal(event(capacity(("0.4", "P1D")), during=late)) is ResponseCode.INVALID_VALUE


# ---- several signals


@pytest.mark.parametrize("level", ["0", "3", "7"])
def test_simple_is_ignored_beside_a_signal_that_is_understood(level: str) -> None:
    order = event(simple((level, "PT1H")), capacity(("0.5", "PT1H")))
    assert signals.timeline(order) == (Step(timedelta(), HOUR, (Share(Decimal("0.5")),)),)


def test_simple_stands_in_for_a_signal_that_is_not_understood() -> None:
    dispatch = signal(("-5000", "PT1H"), name=LOAD_DISPATCH, type_=SignalType.DELTA)
    assert amps(event(dispatch, simple(("2", "PT1H")))) == "6.4"
    assert amps(event(dispatch, capacity(("0.7", "PT1H")), simple(("2", "PT1H")))) == "6.4"
    assert amps(event(dispatch, capacity(("0.4", "PT1H")), simple(("1", "PT1H")))) == "6.4"


@pytest.mark.proves("W46")
def test_of_two_rich_signals_the_smaller_ceiling_holds_on_each_chargepoint() -> None:
    order = event(capacity(("0.5", "PT1H")), current(("10", "PT1H")))
    assert amps(order, rating=Rating(Decimal(16), 1)) == "8.0"
    assert amps(order, rating=Rating(Decimal(32), 1)) == "10.0"


def test_of_two_pauses_the_deeper_is_shown_as_asked_for() -> None:
    step = Step(timedelta(), None, (Share(Decimal("0.3")), Share(Decimal("0.1"))))
    found = allowed(step, CHARGEPOINT, VOLTS)
    assert found
    assert found.requested == 10


def test_two_signals_change_at_their_own_times() -> None:
    order = event(capacity(("0.5", "PT20M"), ("0.8", "PT40M")), current(("10", "PT30M"), ("6", "PT30M")))
    steps = signals.timeline(order)
    assert [(step.start // MINUTE, step.length and step.length // MINUTE) for step in steps] == [
        (0, 20),
        (20, 10),
        (30, 30),
    ]
    assert [amps(order, step.start) for step in steps] == ["8.0", "10.0", "6.0"]


# ---- when


@pytest.mark.proves("r32")
def test_a_day_of_steps_follows_the_intervals() -> None:
    order = event(capacity(("0.3", "PT2H"), ("1.0", "PT3H")), during=period("PT5H"))
    assert shares(order) == [(0 * HOUR, 2 * HOUR, "0.3"), (2 * HOUR, 3 * HOUR, "1.0")]


def test_an_interval_holds_at_its_start_and_not_at_its_end() -> None:
    order = event(capacity(("0.4", "PT30M"), ("0.7", "PT30M")))
    second = timedelta(seconds=1)
    assert amps(order, -second) is None
    assert amps(order, 0 * second) == "6.4"
    assert amps(order, 30 * MINUTE - second) == "6.4"
    assert amps(order, 30 * MINUTE) == "11.2"
    assert amps(order, HOUR - second) == "11.2"
    assert amps(order, HOUR) is None


@pytest.mark.proves("r47")
def test_an_event_without_an_end_orders_without_an_end() -> None:
    order = event(capacity(("0.7", "PT10M"), ("0.4", "PT0S")), during=period("PT0S"))
    assert shares(order) == [(0 * MINUTE, 10 * MINUTE, "0.7"), (10 * MINUTE, None, "0.4")]
    assert amps(order, 10_000 * HOUR) == "6.4"


@pytest.mark.proves("r47")
@pytest.mark.parametrize("length", ["PT0S", None])
def test_an_interval_without_an_end_lasts_as_long_as_the_event(length: str | None) -> None:
    assert shares(event(capacity(("0.4", length)))) == [(0 * HOUR, HOUR, "0.4")]


@pytest.mark.parametrize("duration", ["PT2H", "PT0S"])
def test_when_a_signal_stops_before_its_event_the_last_value_holds(duration: str) -> None:
    order = event(capacity(("0.7", "PT30M"), ("0.4", "PT30M")), during=period(duration))
    assert amps(order, 2 * HOUR - MINUTE) == "6.4"
    assert amps(order, 2 * HOUR) == (None if duration == "PT2H" else "6.4")


def test_a_short_signal_does_not_let_the_other_one_alone() -> None:
    order = event(capacity(("0.4", "PT10M")), current(("16", "PT1H")))
    assert amps(order, 59 * MINUTE) == "6.4"


def test_what_a_signal_says_beyond_its_event_is_cut_off() -> None:
    order = event(capacity(("0.4", "PT45M"), ("0.7", "PT45M"), ("1", "PT45M")))
    assert shares(order) == [(0 * MINUTE, 45 * MINUTE, "0.4"), (45 * MINUTE, 15 * MINUTE, "0.7")]
    exactly = event(capacity(("0.4", "PT1H"), ("0.7", "PT1H")))
    assert shares(exactly) == [(0 * HOUR, HOUR, "0.4")]


def test_months_are_those_of_the_calendar_at_each_interval() -> None:
    days = timedelta(days=1)
    order = event(capacity(("0.4", "P1M"), ("0.7", "P1M"), ("1", "P1D")), during=period("P3M"))
    assert shares(order) == [
        (0 * days, 28 * days, "0.4"),  # from 31 January to 28 February
        (28 * days, 28 * days, "0.7"),  # to 28 March
        (56 * days, (30 - 28 + 31 - 28 + 28) * days, "1"),  # to 30 April, where the event ends
    ]


lengths = st.integers(1, 200).map(lambda minutes: f"PT{minutes}M")
capacities = st.lists(st.tuples(st.sampled_from(("0", "0.4", "0.75", "1")), lengths), min_size=1, max_size=6)


@given(
    lines=st.lists(capacities, min_size=1, max_size=3),
    duration=st.integers(0, 500),
    at=st.integers(0, 600),
)
def test_at_each_minute_exactly_one_step_holds_and_says_what_each_signal_says(
    lines: list[list[tuple[str, str]]], duration: int, at: int
) -> None:
    order = event(*(capacity(*line) for line in lines), during=period(f"PT{duration}M"))
    holding = [step for step in signals.timeline(order) if step.holds_at(at * MINUTE)]
    if duration and at >= duration:
        assert holding == []
        return
    (step,) = holding
    assert step.ceilings == tuple(Share(Decimal(value_at(line, at))) for line in lines)


def value_at(line: list[tuple[str, str]], at: int) -> str:
    """By counting, minute for minute; the last value holds."""
    minutes = [value for value, length in line for _ in range(int(length[2:-1]))]
    return minutes[min(at, len(minutes) - 1)]


def test_a_very_long_signal_is_read_in_good_time() -> None:
    many = tuple(("0.4" if n % 2 else "0.7", "PT1S") for n in range(5_000))
    order = event(capacity(*many), capacity(*many), during=period("PT5000S"))
    assert len(signals.timeline(order)) == 5_000


# ---- programmes


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("http://example.org/ev/supply-limit", Programme.SUPPLY_LIMIT),
        ("HTTP://Example.ORG:80/ev/load-shift", Programme.LOAD_SHIFT),
        ("http://example.org/ev/price", Programme.PRICE),
        ("http://example.org/ev/Price", None),
        ("http://example.org/supply-limit", None),
        ("http://example.org:8080/ev/supply-limit", None),
        ("https://example.org/ev/supply-limit", None),
        ("http://example.org/ev/supply-limit/../load-shift", None),
        ("http://[example.org/ev/supply-limit", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("base", ["http://example.org/ev", "http://EXAMPLE.org:80/ev/"])
def test_a_market_context_names_a_programme(base: str, context: str, expected: Programme | None) -> None:
    assert signals.programme(MarketContext(Token(context)), base) is expected
