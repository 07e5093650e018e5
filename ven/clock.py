"""The one place where the VEN asks what time it is, and where it waits."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

T = TypeVar("T")

LONGEST_SLEEP: Final = 30.0
"""Seconds. Sleeping runs on the monotonic clock; waking this often notices when the wall clock was set."""

DRIFT: Final = timedelta(seconds=2)
"""Between two looks, at the most."""
EARLIEST: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""This program is younger: a clock that shows less was never set since its power went."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    def now(self) -> datetime: ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return at `moment`, or somewhat earlier: the caller looks at the time again."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        left = (moment - self.now()).total_seconds()
        await asyncio.sleep(min(max(left, 0.0), LONGEST_SLEEP))


class Steps:
    """Notices when the wall clock was set: it then moves otherwise than the loop's own, which nobody can set."""

    def __init__(self) -> None:
        self._ahead: timedelta | None = None

    def noticed(self, now: datetime) -> timedelta:
        """By how much it was set since the last look; a correction that cannot be told from drift is none."""
        ahead = now - _EPOCH - timedelta(seconds=asyncio.get_running_loop().time())
        before, self._ahead = self._ahead, ahead
        step = timedelta() if before is None else ahead - before
        return step if abs(step) > DRIFT else timedelta()


def is_set(now: datetime) -> bool:
    """Whether a clock that shows `now` can be believed at all."""
    return now >= EARLIEST


async def until(clock: Clock, moment: datetime, event: asyncio.Event) -> bool:
    """Wait for `event`, no longer than the clock's sleep until `moment`; whether the event came."""
    waits = asyncio.create_task(event.wait()), asyncio.create_task(clock.sleep_until(moment))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
    return event.is_set()


async def in_time(work: Callable[[], Awaitable[T]], seconds: float) -> T:
    """What foreign `work` gives. Raises `TimeoutError` when it is late, and whatever it raises itself.

    It runs in a task of its own: neither its cancelling itself nor its not letting go reaches the caller.
    """
    task = asyncio.create_task(_awaited(work))
    try:
        await asyncio.wait((task,), timeout=seconds)
    finally:
        task.cancel()
    if not task.done():
        raise TimeoutError(f"no answer within {seconds:g} s")
    if task.cancelled():
        raise RuntimeError("cancelled itself")
    return task.result()


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
