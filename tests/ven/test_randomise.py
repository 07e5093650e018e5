"""Offsets and pauses stay within their bounds and use all of them."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ven.stage import Loaded
from ven.randomise import CAP, back_off, offset


@given(st.integers(-100, 10_000), st.integers())
@pytest.mark.proves("P10", "W18")
def test_an_offset_is_a_whole_number_of_seconds_within_its_bound_and_1800(longest: int, seed: int) -> None:
    drawn = offset(Random(seed), timedelta(seconds=longest))
    assert timedelta() <= drawn <= min(max(timedelta(seconds=longest), timedelta()), CAP)
    assert drawn % timedelta(seconds=1) == timedelta()


@pytest.mark.proves("B15")
def test_every_second_of_the_bound_is_drawn_alike_both_ends_included() -> None:
    dice = Random(3)
    counts = [0] * 11
    for _ in range(11_000):
        counts[int(offset(dice, timedelta(seconds=10)).total_seconds())] += 1
    assert min(counts) > 850
    assert max(counts) < 1150


def test_the_longest_offset_is_1800_seconds() -> None:
    assert offset(Loaded(1.0), timedelta(days=1)) == timedelta(seconds=1800)


@pytest.mark.proves("A03", "VE05")
def test_the_ceiling_of_a_pause_doubles_up_to_its_cap() -> None:
    cap = timedelta(seconds=300)
    pauses = [
        back_off(Loaded(1.0), failures, cap).total_seconds() for failures in (1, 2, 3, 8, 9, 10, 50, 10_000)
    ]
    assert pauses == [1, 2, 4, 128, 256, 300, 300, 300]


@given(st.integers(1, 10_000), st.integers())
@pytest.mark.proves("A03")
def test_a_pause_has_full_jitter_and_is_never_nothing(failures: int, seed: int) -> None:
    pause = back_off(Random(seed), failures, timedelta(seconds=300)).total_seconds()
    assert 0.1 <= pause <= 300
    assert back_off(Loaded(0.0), failures, timedelta(seconds=300)).total_seconds() == 0.1
