"""Waiting, and calls into what is not ours."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tests.ven.virtual import START, VirtualClock, run
from ven.clock import LONGEST_SLEEP, Steps, SystemClock, in_time, until


def passed() -> float:
    return asyncio.get_running_loop().time()


def test_the_system_clock_is_aware_and_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


@pytest.mark.proves("F10")
@pytest.mark.parametrize(("away", "slept"), [(timedelta(days=1), LONGEST_SLEEP), (timedelta(days=-1), 0)])
def test_no_sleep_is_so_long_that_a_set_clock_goes_unnoticed(away: timedelta, slept: float) -> None:
    async def main() -> float:
        await SystemClock().sleep_until(datetime.now(UTC) + away)
        return passed()

    assert run(main()) == pytest.approx(slept)


def test_waiting_ends_with_the_event_or_with_the_moment() -> None:
    async def main() -> None:
        event = asyncio.Event()
        asyncio.get_running_loop().call_later(3, event.set)
        clock = VirtualClock()
        assert not await until(clock, START + timedelta(seconds=2), event)
        assert passed() == 2
        assert await until(clock, START + timedelta(seconds=9), event)
        assert passed() == 3
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


def test_a_foreign_call_that_is_late_lets_go_or_not_is_left_behind() -> None:
    async def clings() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await in_time(clings, 2.0)
        assert passed() == 2

    run(main())


async def gives() -> int:
    return 7


async def cancels_itself() -> int:
    raise asyncio.CancelledError


async def fails() -> int:
    raise KeyError("theirs")


def test_a_foreign_call_gives_its_value_or_its_error_and_cannot_cancel_us() -> None:
    assert run(in_time(gives, 1.0)) == 7
    with pytest.raises(KeyError, match="theirs"):
        run(in_time(fails, 1.0))
    with pytest.raises(RuntimeError, match="cancelled itself"):
        run(in_time(cancels_itself, 1.0))


def test_a_clock_that_was_set_is_noticed_once_and_drift_is_not() -> None:
    async def main() -> list[float]:
        clock, steps, noticed = VirtualClock(), Steps(), []
        for by in (0.0, 1.9, -1.9, 86_400, 0, -600):
            clock.step(timedelta(seconds=by))
            noticed.append(steps.noticed(clock.now()).total_seconds())
            await asyncio.sleep(5)
        return noticed

    assert run(main()) == [0, 0, 0, 86_400, 0, -600]
