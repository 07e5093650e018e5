"""Whether the clock can be believed: two clocks, the kernel's word, and what the settings ask of it."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from vtn.model.errors import NotNow
from vtn.operations.timekeeping import CALM, Kernel, Timekeeper, Trust, behind, demand, kernel

START = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)
FINE = Kernel(is_synchronised=True, error=timedelta(milliseconds=20))
ADRIFT = Kernel(is_synchronised=False, error=timedelta(seconds=16))


def after(keeper: Timekeeper, seconds: float, off: float = 0, says: Kernel | None = None) -> str | None:
    """What it makes of a wall clock that is so many seconds off by then."""
    return keeper.doubt(START + timedelta(seconds=seconds + off), 1000 + seconds, says)


@pytest.mark.proves("VT09", "P9")
@pytest.mark.parametrize("step", [-86_400.0, -3.0, 3.0, 86_400.0])
def test_a_clock_that_was_set_is_in_doubt_until_it_has_run_calmly_for_a_while(step: float) -> None:
    keeper = Timekeeper(Trust.FREE)
    assert after(keeper, 0) is None
    assert after(keeper, 1) is None
    assert after(keeper, 2, step) == f"it was set by {step:+.0f} s"
    assert after(keeper, CALM + 1, step)
    assert after(keeper, CALM + 2, step) is None
    assert after(keeper, CALM + 3, 0), "set back is set as well"


def test_a_clock_that_drifts_or_is_slewed_is_believed() -> None:
    keeper = Timekeeper(Trust.FREE)
    assert not any(after(keeper, second, second * 0.0005) for second in range(3000))


@pytest.mark.proves("VT09")
def test_the_kernel_vouches_for_a_clock_that_ntp_has_set() -> None:
    keeper = Timekeeper(Trust.FREE)
    assert after(keeper, 0) is None
    assert after(keeper, 1, 3600, ADRIFT)
    assert after(keeper, 2, 3600, FINE) is None
    assert after(keeper, 3, 3600) is None


@pytest.mark.proves("VT09")
def test_a_disciplined_clock_needs_the_kernels_word_all_the_time() -> None:
    keeper = Timekeeper(Trust.DISCIPLINED)
    assert after(keeper, 0, 0, FINE) is None
    assert after(keeper, 1, 0, ADRIFT) == "the kernel does not call it synchronised"
    assert after(keeper, 2, 0, None) == "the kernel says nothing of it"
    assert after(keeper, 3, 0, Kernel(True, timedelta(seconds=3))) == "it may be 3.0 s off"
    assert after(keeper, 4, 0, FINE) is None


def test_a_program_that_has_just_begun_holds_its_clock_against_the_store() -> None:
    assert behind(START, None) is None
    assert behind(START, START + timedelta(seconds=2)) is None
    assert behind(START, START + timedelta(seconds=61)) == "it is 61 s behind what the store has seen"


@pytest.mark.proves("VT09")
def test_a_clock_behind_the_store_releases_nothing() -> None:
    demand(Trust.FREE, None, START)
    demand(Trust.FREE, START + timedelta(seconds=1), START)
    with pytest.raises(NotNow, match="61 s behind what the store has seen: nothing is released"):
        demand(Trust.FREE, START + timedelta(seconds=61), START)


@pytest.mark.proves("VT09")
def test_where_the_clock_must_be_disciplined_the_kernel_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, is_released in ((FINE, True), (ADRIFT, False), (None, False)):
        monkeypatch.setattr("vtn.operations.timekeeping.kernel", lambda said=said: said)
        with nullcontext() if is_released else pytest.raises(NotNow, match="nothing is released"):
            demand(Trust.DISCIPLINED, None, START)


def test_the_kernel_answers_or_there_is_none() -> None:
    said = kernel()
    assert said is None or said.error >= timedelta()
