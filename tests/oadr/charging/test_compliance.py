"""Whether a limit held: chargers that obey, lie, dawdle or cannot be seen. Time is in seconds after receipt."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.compliance import Acted, Compliance, Period, assess, complies, summary
from oadr.charging.electricity import Rating
from oadr.charging.metering import Sample

RECEIVED = datetime(2026, 1, 31, 17, 0, 0, tzinfo=UTC)
VOLTS = Decimal(230)
RATING = Rating(Decimal(16), 3)
LIMIT = Decimal("6.4")
WATTS_PER_AMP = 690
MINUTES = 60
BEFORE = -15 * MINUTES
END = 30 * MINUTES


def second(number: int) -> datetime:
    return RECEIVED + timedelta(seconds=number)


def order(end: int = END, start: int = 0) -> Period:
    return Period(RECEIVED, second(start), second(end))


def meter(
    draws: Callable[[int], str | Decimal | None], *, every: int = 1, since: int = BEFORE, until: int = END
) -> list[Sample]:
    """Samples of a chargepoint that draws so many amps at a second."""

    def sample(at: int) -> Sample:
        amps = draws(at)
        return Sample(second(at), None if amps is None else Decimal(amps))

    return [sample(at) for at in range(since, until, every)]


def judge(
    samples: Iterable[Sample],
    limit: Decimal = LIMIT,
    period: Period | None = None,
    rating: Rating = RATING,
    every: int = 1,
) -> Compliance:
    return assess(samples, limit, period or order(), rating, VOLTS, timedelta(seconds=every))


def falling_at(moment: int, to: str = "6.4") -> Callable[[int], str]:
    return lambda at: "16" if at < moment else to


def seconds(span: timedelta | None) -> float | None:
    return span.total_seconds() if span is not None else None


# ---- the inequality


@pytest.mark.proves("W66")
@pytest.mark.parametrize(
    ("amps", "limit", "verdict"),
    [
        ("6.4", "6.4", True),
        ("7.22", "6.4", True),  # 6.4 x 1.05 + 0.5
        ("7.2200001", "6.4", False),
        ("0", "6.4", True),
        ("-3", "6.4", True),
        ("0.9", "0", True),
        ("0.9999", "0", True),
        ("1", "0", False),
    ],
)
def test_a_limit_has_a_tolerance_and_a_pause_is_below_one_amp(amps: str, limit: str, verdict: bool) -> None:
    assert complies(Decimal(amps), Decimal(limit)) is verdict


@pytest.mark.parametrize(("watts", "verdict"), [("4981.8", True), ("4981.9", False)])
def test_the_same_inequality_holds_in_watts(watts: str, verdict: bool) -> None:
    sample = Sample.of_power(RECEIVED, Decimal(watts), RATING, VOLTS)  # 4416 x 1.05 + 0.5 x 690
    assert sample.amps is not None
    assert complies(sample.amps, LIMIT) is verdict
    assert sample.watts == Decimal(watts)


def test_no_power_is_no_current() -> None:
    assert Sample.of_power(RECEIVED, None, RATING, VOLTS) == Sample(RECEIVED, None, None)


# ---- characters


@pytest.mark.proves("W66", "W110")
def test_an_obedient_charger() -> None:
    one = judge(meter(falling_at(4)))
    assert one.acted is Acted.COMMANDED
    assert one.compliance_percent == one.coverage_percent == 100
    assert seconds(one.response) == 4
    assert one.worst_overshoot_amps == one.over_limit_wh == 0
    assert one.longest_excursion == timedelta()
    assert one.judged == timedelta(seconds=END - 15)


@pytest.mark.proves("W66")
def test_a_charger_that_says_yes_and_goes_on() -> None:
    one = judge(meter(lambda _: "16"))
    assert one.acted is Acted.FAILED
    assert one.compliance_percent == 0
    assert one.response is None
    assert one.worst_overshoot_amps == Decimal("9.6")
    assert one.longest_excursion == one.judged
    assert one.over_limit_wh == Decimal("9.6") * WATTS_PER_AMP * (END - 15) / 3600
    assert one.curtailed_wh == 0


def test_a_slow_charger_complies_from_when_it_does() -> None:
    one = judge(meter(falling_at(90)))
    assert one.acted is Acted.COMMANDED
    assert seconds(one.response) == 90
    assert seconds(one.breached) == seconds(one.longest_excursion) == 75
    assert one.compliance_percent == Decimal("95.79")  # (1785 - 75) / 1785, rounded down
    assert one.worst_overshoot_amps == Decimal("9.6")


def test_what_happens_within_the_grace_is_no_breach() -> None:
    assert judge(meter(falling_at(15))).compliance_percent == 100
    assert judge(meter(falling_at(16))).breached == timedelta(seconds=1)


@pytest.mark.proves("W66")
@pytest.mark.parametrize(("draws", "limit"), [("6.4", "6.4"), ("0", "6.4"), ("0.9", "0"), ("0", "0")])
def test_a_charger_that_is_already_below_complies_at_receipt(draws: str, limit: str) -> None:
    one = judge(meter(lambda _: draws), Decimal(limit))
    assert one.acted is Acted.ALREADY_BELOW
    assert seconds(one.response) == 0
    assert one.compliance_percent == 100
    assert one.curtailed_wh == 0


def test_whoever_needs_the_tolerance_is_not_already_below() -> None:
    one = judge(meter(lambda _: "6.9"))
    assert one.acted is Acted.COMMANDED
    assert one.compliance_percent == 100


def test_already_below_promises_nothing_for_later() -> None:
    one = judge(meter(lambda at: "0" if at < 900 else "16"))
    assert one.acted is Acted.ALREADY_BELOW
    assert one.longest_excursion == timedelta(seconds=900)
    assert one.compliance_percent == Decimal("49.57")


@pytest.mark.proves("W66")
@pytest.mark.parametrize("samples", [[], meter(lambda _: None)])
def test_without_a_meter_nothing_is_complied_with(samples: list[Sample]) -> None:
    one = judge(samples)
    assert one.acted is Acted.UNVERIFIABLE
    assert one.compliance_percent is None
    assert one.coverage_percent == one.baseline_coverage_percent == 0
    assert one.baseline_watts is one.curtailed_wh is None
    assert one.response is None


def test_a_pause_that_leaks_nine_tenths_of_an_amp_is_a_pause() -> None:
    one = judge(meter(falling_at(5, to="0.9")), Decimal(0))
    assert one.acted is Acted.COMMANDED
    assert one.compliance_percent == 100
    assert one.worst_overshoot_amps == Decimal("0.9")


def test_an_overshoot_within_the_tolerance_is_shown_and_no_breach() -> None:
    one = judge(meter(falling_at(5, to="7")))
    assert one.compliance_percent == 100
    assert one.worst_overshoot_amps == Decimal("0.6")
    assert one.over_limit_wh == round(Decimal("0.6") * WATTS_PER_AMP * (END - 15) / 3600, 3)


def test_two_compliant_samples_are_no_effect_yet() -> None:
    dips = judge(meter(lambda at: "6.4" if at % 10 in (5, 6) else "16"))
    assert dips.acted is Acted.FAILED
    assert judge(meter(lambda at: "6.4" if at % 10 in (5, 6, 7) else "16")).response == timedelta(seconds=5)


def test_the_longest_excursion_is_one_without_a_break() -> None:
    one = judge(meter(lambda at: "16" if at < 5 or 100 <= at < 130 or 200 <= at < 220 else "6.4"))
    assert seconds(one.breached) == 50
    assert seconds(one.longest_excursion) == 30


def test_what_the_meter_says_at_the_moment_of_receipt_counts() -> None:
    below = judge(meter(lambda _: "0", since=0))
    assert below.acted is Acted.ALREADY_BELOW
    tolerated = judge(meter(lambda _: "6.9", since=0))
    assert tolerated.acted is Acted.COMMANDED
    assert seconds(tolerated.response) == 0


@pytest.mark.parametrize("moment", [END - 2, END])
def test_what_happens_after_the_end_is_no_effect(moment: int) -> None:
    assert judge(meter(falling_at(moment), until=END + 60)).acted is Acted.FAILED


# ---- gaps


def test_a_short_silence_is_bridged_and_a_long_one_says_nothing() -> None:
    bridged = judge(meter(lambda at: None if at in (100, 101) else falling_at(5)(at)))
    assert bridged.coverage_percent == 100
    silent = judge(meter(lambda at: None if 100 <= at < 103 else falling_at(5)(at)))
    assert silent.judged - silent.held == timedelta(seconds=4)
    assert silent.compliance_percent == 100


def test_a_silence_is_no_excursion_and_ends_one() -> None:
    one = judge(meter(lambda at: None if 100 <= at < 400 else "16"))
    assert one.breached == one.judged - timedelta(seconds=301)
    assert one.longest_excursion == timedelta(seconds=END - 400)


def test_half_of_the_time_must_be_measured() -> None:
    judged = order(15 + 1_000)
    seen = judge(meter(falling_at(5), until=15 + 500 + 1), period=judged)  # the last sample holds for nothing
    assert seen.coverage_percent == 50
    assert seen.acted is Acted.COMMANDED
    unseen = judge(meter(falling_at(5), until=15 + 500), period=judged)
    assert unseen.acted is Acted.UNVERIFIABLE
    assert unseen.compliance_percent is unseen.curtailed_wh is None
    assert unseen.response is None


def test_a_breach_that_was_seen_is_shown_though_the_rest_was_not() -> None:
    one = judge(meter(lambda _: "16", until=200))
    assert one.acted is Acted.UNVERIFIABLE
    assert one.worst_overshoot_amps == Decimal("9.6")
    assert one.breached > timedelta(seconds=180)


def test_samples_far_apart_prove_no_effect() -> None:
    sparse = [sample for sample in meter(falling_at(5)) if sample.at.second % 4 == 0]
    assert judge(sparse).acted is Acted.UNVERIFIABLE


def test_what_was_measured_long_before_receipt_is_not_already_below() -> None:
    one = judge([*meter(lambda _: "0", until=-10), *meter(lambda _: "0", since=1)])
    assert one.acted is Acted.COMMANDED
    assert seconds(one.response) == 1


def test_a_reading_holds_for_three_sample_periods_also_at_receipt() -> None:
    assert (
        judge([*meter(lambda _: "0", until=-2), *meter(lambda _: "0", since=1)]).acted is Acted.ALREADY_BELOW
    )


@pytest.mark.parametrize("compliant", [(50, 51, 60), (50, 59, 60)])
def test_three_samples_with_a_silence_between_them_are_no_effect(compliant: tuple[int, ...]) -> None:
    def draws(at: int) -> str | None:
        if at in compliant:
            return "6.4"
        return None if 50 <= at <= 60 else "16"

    assert judge(meter(draws)).acted is Acted.FAILED


def test_samples_may_come_in_any_order_and_twice() -> None:
    samples = meter(falling_at(7))
    assert judge([*reversed(samples), *samples[::3]]) == judge(samples)


# ---- times


def test_an_order_that_still_runs_is_judged_up_to_now() -> None:
    samples = meter(falling_at(5), until=65)
    one = judge(samples, period=order(65))
    assert one.acted is Acted.COMMANDED
    assert one.judged == one.held == timedelta(seconds=50)


@pytest.mark.parametrize("now", [0, 5, 15])
def test_within_the_grace_nothing_is_known_yet(now: int) -> None:
    one = judge(meter(falling_at(5), until=now), period=order(now))
    assert one.acted is Acted.UNVERIFIABLE
    assert one.judged == timedelta()
    assert one.coverage_percent == 0


def test_too_few_samples_for_an_effect_are_neither_failure_nor_proof() -> None:
    one = judge(meter(falling_at(5), every=10, until=25), period=order(25), every=10)
    assert one.held == one.judged
    assert one.acted is Acted.UNVERIFIABLE


def test_a_planned_order_counts_from_its_start() -> None:
    one = judge(meter(falling_at(604)), period=order(start=600))
    assert one.acted is Acted.COMMANDED
    assert seconds(one.response) == 4
    assert one.judged == timedelta(seconds=END - 615)
    assert one.compliance_percent == 100


def test_a_planned_order_that_comes_late_counts_from_receipt() -> None:
    assert judge(meter(falling_at(4)), period=order(start=-600)) == judge(meter(falling_at(4)))


# ---- baseline and curtailment


@pytest.mark.proves("W110")
def test_the_baseline_is_the_mean_of_the_quarter_of_an_hour_before_receipt() -> None:
    def draws(at: int) -> str:
        if at < BEFORE:
            return "32"  # older than a quarter of an hour
        return "10" if at < -300 else "16" if at < 0 else "6.4"

    one = judge(meter(draws, since=2 * BEFORE))
    assert one.baseline_watts == 12 * WATTS_PER_AMP
    assert one.baseline_coverage_percent == 100
    assert one.curtailed_wh == round(Decimal("5.6") * WATTS_PER_AMP / 2, 3)


def test_what_comes_after_receipt_cannot_move_the_baseline() -> None:
    obedient, liar = judge(meter(falling_at(5))), judge(meter(lambda _: "16"))
    assert obedient.baseline_watts == liar.baseline_watts == 16 * WATTS_PER_AMP


def test_a_baseline_from_little_says_so_and_one_from_nothing_is_none() -> None:
    little = judge(meter(falling_at(5), since=-90))
    assert little.baseline_watts == 16 * WATTS_PER_AMP
    assert little.baseline_coverage_percent == 10
    nothing = judge(meter(falling_at(5), since=0))
    assert nothing.acted is Acted.COMMANDED
    assert nothing.baseline_watts is nothing.curtailed_wh is None


def test_more_than_the_baseline_is_no_negative_curtailment() -> None:
    one = judge(meter(lambda at: "2" if at < 0 else "6"))
    assert one.curtailed_wh == 0


def test_a_car_on_one_phase_of_three_is_credited_with_its_own_watts() -> None:
    def sample(at: int) -> Sample:
        amps = Decimal(16 if at < 5 else 6)
        return Sample(second(at), amps, amps * VOLTS)

    one = judge([sample(at) for at in range(BEFORE, END)])
    assert one.baseline_watts == 16 * VOLTS
    assert one.curtailed_wh == round(Decimal(10) * VOLTS * (END - 5) / 3600, 3)


def test_a_meter_that_reports_nonsense_breaks_nothing() -> None:
    one = judge(meter(lambda at: "1E38" if at < 100 else "6.4"))
    assert one.acted is Acted.COMMANDED
    assert one.worst_overshoot_amps > Decimal("9E37")


# ---- always


limits = st.one_of(st.just(Decimal(0)), st.decimals(Decimal(6), Decimal(32), places=1))
periods = st.sampled_from((1, 2, 10))


@pytest.mark.proves("W66")
@given(limit=limits, shares=st.lists(st.decimals(0, 1, places=2), min_size=1, max_size=9), every=periods)
def test_a_charger_that_is_always_at_or_below_is_wholly_compliant(
    limit: Decimal, shares: list[Decimal], every: int
) -> None:
    samples = meter(lambda at: shares[at // every % len(shares)] * limit, every=every, since=-60, until=300)
    one = judge(samples, limit, order(300), every=every)
    assert one.acted is Acted.ALREADY_BELOW
    assert one.compliance_percent == one.coverage_percent == 100
    assert one.worst_overshoot_amps == one.over_limit_wh == 0


@pytest.mark.proves("W66")
@given(
    limit=limits,
    excess=st.lists(st.decimals(Decimal("0.01"), 9, places=2), min_size=1, max_size=9),
    every=periods,
)
def test_a_charger_that_is_always_above_has_failed(limit: Decimal, excess: list[Decimal], every: int) -> None:
    most = limit * Decimal("1.05") + Decimal("0.5") if limit else Decimal(1)
    samples = meter(lambda at: most + excess[at // every % len(excess)], every=every, since=-60, until=300)
    one = judge(samples, limit, order(300), every=every)
    assert one.acted is Acted.FAILED
    assert one.compliance_percent == 0
    assert one.longest_excursion == one.breached == one.judged


@given(draws=st.lists(st.sampled_from(("0", "6.4", "7", "16", None)), min_size=1, max_size=40))
def test_time_is_held_breached_or_unknown_and_only_proof_is_compliance(draws: list[str | None]) -> None:
    one = judge(meter(lambda at: draws[at % len(draws)], since=-60, until=120), period=order(120))
    assert timedelta() <= one.held + one.breached <= one.judged
    assert one.longest_excursion <= one.breached
    if one.compliance_percent is not None:
        assert 2 * (one.held + one.breached) >= one.judged
        assert one.acted is not Acted.FAILED or one.compliance_percent < 100


# ---- a fleet


@pytest.mark.proves("W110")
def test_a_fleet_is_weighted_by_measured_time_and_counted_beside_it() -> None:
    short = order(15 + 100)
    obedient = judge(meter(falling_at(5)))
    idle = judge(meter(lambda _: "0"))
    liar = judge(meter(lambda _: "16"), period=short)
    fleet = summary((obedient, idle, liar))
    assert (fleet.commanded, fleet.already_below, fleet.unverifiable, fleet.failed) == (1, 1, 0, 1)
    assert fleet.compliance_percent == Decimal("97.27")  # 2 x 1785 of 2 x 1785 + 100 seconds
    assert fleet.curtailed_wh == obedient.curtailed_wh
    assert fleet.credited == 3


@pytest.mark.proves("W66", "W110")
def test_who_was_not_measured_neither_lifts_nor_lowers_the_fleet() -> None:
    obedient = judge(meter(falling_at(5)))
    unseen = judge([])
    half_seen = judge(meter(falling_at(5), until=400))
    fleet = summary((obedient, unseen, half_seen))
    assert fleet.unverifiable == 2
    assert fleet.compliance_percent == 100
    assert fleet.curtailed_wh == obedient.curtailed_wh
    assert fleet.credited == 1


def test_a_fleet_of_which_nothing_is_known_has_no_percentage() -> None:
    for fleet in (summary(()), summary((judge([]),))):
        assert fleet.compliance_percent is fleet.curtailed_wh is None
        assert fleet.credited == 0


def test_a_chargepoint_without_a_baseline_is_judged_and_not_credited() -> None:
    fleet = summary((judge(meter(falling_at(5), since=0)),))
    assert fleet.compliance_percent == 100
    assert fleet.curtailed_wh is None
