"""The metrology check: a limit is believed when the meter shows it, and something is done when it does not."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.compliance import complies
from oadr.charging.limit import Limit, Source
from ven.verify import Abilities, Check, Finding, Measure, commanded, sampled, taken

EMERGENCY = Limit(Decimal("12.8"), Decimal(40), Source.SUPPLY_LIMIT, "E1", None)
SHIFT = replace(EMERGENCY, source=Source.LOAD_SHIFT)
FAST = Abilities()
ALL = replace(FAST, has_other_method=True, may_disable=True)
FREE = Decimal(20)


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


class Bench:
    """A meter that is read every second, and a charger that says yes to everything."""

    def __init__(
        self, limit: Limit = EMERGENCY, abilities: Abilities = FAST, amps: Decimal | None = FREE
    ) -> None:
        self.abilities = abilities
        self.second = 0
        self.check = taken(commanded(Check(), limit, amps, abilities, at(0)))
        self.course: list[tuple[int, Measure]] = []

    def read(self, amps: Decimal | None, times: int = 1, *, answers: bool = True) -> Finding:
        for _ in range(times):
            self.second += 1
            before = self.check.measure
            self.check = sampled(self.check, amps, self.abilities, at(self.second))
            if self.check.measure is not before:
                self.course.append((self.second, self.check.measure))
                self.check = taken(self.check) if answers else self.check
        return self.check.finding


def test_a_car_that_follows_holds_after_three_samples() -> None:
    bench = Bench()
    assert bench.read(FREE, 2) is Finding.SETTLING
    assert bench.read(Decimal("12.7"), 2) is Finding.SETTLING
    assert bench.read(Decimal("12.7")) is Finding.HOLDS
    assert bench.check.measure is Measure.ASK


@pytest.mark.proves("W56")
def test_a_liar_is_found_in_less_than_ten_seconds() -> None:
    bench = Bench()
    bench.read(FREE, 9)
    assert bench.course == [(7, Measure.REPEAT)]
    assert (bench.check.excess, bench.check.bad) == (Decimal("7.2"), 0), "the new request has its own time"


@pytest.mark.proves("W56")
def test_who_never_obeys_meets_one_step_after_the_other() -> None:
    bench = Bench(abilities=ALL)
    bench.read(FREE, 60)
    assert [step for _, step in bench.course] == [
        Measure.REPEAT,
        Measure.OTHER_METHOD,
        Measure.PAUSE,
        Measure.DISABLE,
        Measure.GIVEN_UP,
    ]
    assert bench.check.finding is Finding.FAILED
    assert bench.check.target == 0


def test_the_supply_is_disabled_only_in_an_emergency_where_allowed_and_for_more_than_a_trifle() -> None:
    for limit, abilities, amps in (
        (SHIFT, ALL, FREE),
        (EMERGENCY, replace(ALL, may_disable=False), FREE),
        (EMERGENCY, ALL, Decimal("1.5")),  # 1.5 A while it should pause
    ):
        bench = Bench(limit, abilities)
        bench.read(FREE, 24)
        bench.read(amps, 40)
        assert Measure.DISABLE not in [step for _, step in bench.course]
        assert bench.check.finding is Finding.FAILED


def test_a_charger_that_does_not_answer_gets_the_next_step_at_once() -> None:
    bench = Bench(amps=FREE)
    bench.check = commanded(Check(), EMERGENCY, FREE, FAST, at(0))
    bench.read(None, 11, answers=False)
    assert bench.course == [(5, Measure.REPEAT), (10, Measure.PAUSE)]


def test_without_an_emergency_silence_is_waited_for() -> None:
    bench = Bench(SHIFT)
    bench.check = commanded(Check(), SHIFT, FREE, FAST, at(0))
    bench.read(None, 11, answers=False)
    assert bench.course == []


def test_what_nobody_measures_is_never_called_held() -> None:
    assert (
        commanded(Check(), EMERGENCY, None, Abilities(has_meter=False), at(0)).finding is Finding.UNVERIFIABLE
    )
    bench = Bench()
    bench.read(Decimal(10), 3)
    assert bench.read(None, 9) is Finding.HOLDS
    assert bench.read(None) is Finding.UNVERIFIABLE
    assert bench.read(Decimal(10), 2) is Finding.UNVERIFIABLE
    assert bench.read(Decimal(10)) is Finding.HOLDS, "three good samples are evidence again"


def test_without_an_emergency_a_meter_may_be_silent_for_a_minute() -> None:
    bench = Bench(SHIFT)
    bench.read(Decimal(10), 10)
    assert bench.read(None, 59) is Finding.HOLDS
    assert bench.read(None) is Finding.UNVERIFIABLE
    slow = Abilities(every=timedelta(seconds=10))
    assert slow.settle == timedelta(seconds=15)
    assert slow.blind_after(is_emergency=True) == timedelta(seconds=30), "three samples must have a chance"


def test_who_is_below_already_complies_at_the_instant() -> None:
    bench = Bench(amps=Decimal(9))
    assert bench.check.finding is Finding.ALREADY_BELOW
    assert bench.read(Decimal(9), 5) is Finding.ALREADY_BELOW
    assert bench.read(FREE) is Finding.VERIFYING
    bench.read(FREE, 2)
    assert bench.check.measure is Measure.REPEAT


def test_the_check_goes_on_as_long_as_the_limit() -> None:
    bench = Bench()
    bench.read(Decimal(10), 600)
    assert bench.check.finding is Finding.HOLDS
    bench.read(FREE, 3)
    assert bench.check.measure is Measure.REPEAT


def test_a_step_that_was_needed_stays_until_nobody_limits() -> None:
    bench = Bench(abilities=ALL)
    bench.read(FREE, 20)
    reached = bench.check.measure
    assert reached > Measure.REPEAT
    tighter = replace(EMERGENCY, amps=Decimal(8), percent=Decimal(25))
    bench.check = commanded(bench.check, tighter, FREE, ALL, at(bench.second))
    assert bench.check.measure is reached
    bench.check = commanded(bench.check, None, FREE, ALL, at(bench.second))
    assert bench.check == Check()


def test_the_same_current_for_another_reason_is_no_new_command() -> None:
    bench = Bench()
    bench.read(Decimal(10), 10)
    again = commanded(bench.check, replace(EMERGENCY, because="E2"), Decimal(10), FAST, at(10))
    assert again.finding is Finding.HOLDS
    assert again.limit is not None
    assert again.limit.because == "E2"


@given(st.lists(st.none() | st.decimals(0, 32, places=1), min_size=3, max_size=80), st.booleans())
def test_whatever_is_measured_held_is_what_the_newest_samples_show(
    course: list[Decimal | None], is_shift: bool
) -> None:
    bench = Bench(SHIFT if is_shift else EMERGENCY, ALL)
    for amps in course:
        target, before = bench.check.target, bench.check.measure
        assert target is not None
        assert target <= EMERGENCY.amps
        finding = bench.read(amps)
        assert bench.check.measure >= before, "no step is taken back while the limit holds"
        if finding in (Finding.HOLDS, Finding.ALREADY_BELOW) and amps is not None:
            assert complies(amps, target)
