"""What is kept of what the meters said."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from tests.ven.stage import EVSE_1, SECOND
from tests.ven.virtual import START
from ven.samples import BUFFER, HISTORY, HISTORY_GRAIN, Sample, Samples

FAR = timedelta(days=1000)


def sample(second: float) -> Sample:
    return Sample(EVSE_1, START + timedelta(seconds=second), None, Decimal(32))


def test_without_a_request_hardly_any_sample_is_kept_in_the_ring() -> None:
    samples = Samples()
    for second in range(3600):
        samples.record(sample(second), START + FAR)
    assert len(samples.between(EVSE_1, START - FAR, START + FAR)) <= 12


@pytest.mark.proves("r346", "r510")
def test_what_is_wanted_is_kept_for_an_hour_at_most_which_is_more_than_a_hundred_points() -> None:
    samples = Samples()
    for second in range(0, 7200, 10):
        samples.record(sample(second), START)
    kept = samples.between(EVSE_1, START - FAR, START + FAR)
    assert len(kept) == BUFFER / timedelta(seconds=10) + 1 > 100


@pytest.mark.proves("r510")
def test_a_history_is_a_value_a_minute_for_a_day() -> None:
    samples = Samples()
    for second in range(0, 2 * 86_400, 20):
        samples.record(sample(second), START + FAR)
    kept = samples.history(EVSE_1, START - FAR, START + FAR)
    assert len(kept) == HISTORY / HISTORY_GRAIN
    assert all(later.at - one.at == HISTORY_GRAIN for one, later in pairwise(kept))
    assert samples.history(EVSE_1, kept[3].at, kept[5].at) == kept[4:6]


@pytest.mark.proves("F10")
def test_a_clock_that_is_set_back_leaves_the_order_of_time() -> None:
    samples = Samples()
    for second in (0, 60, 120, 30):
        samples.record(sample(second), START)
    for kept in (
        samples.between(EVSE_1, START - FAR, START + FAR),
        samples.history(EVSE_1, START - FAR, START + FAR),
    ):
        assert [one.at for one in kept] == sorted(one.at for one in kept)
    assert samples.latest((EVSE_1,), START + 40 * SECOND)[EVSE_1].at == START + 30 * SECOND
