"""The one place where the VEN asks what time it is, and where it waits."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

T = TypeVar("T")

LONGEST_SLEEP: Final = 30.0
"""Seconds. Sleeping runs on the monotonic clock; waking this often notices when the wall clock was set."""


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
