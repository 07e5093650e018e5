"""Time for tests: it passes only when nothing else is left to do, and then at once."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


class _Selector(selectors.SelectSelector):
    """In place of waiting for a timer it sets the time forward; files are asked, never waited for."""

    passed = 0.0
    patience = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(self.patience if timeout is None else min(self.patience, max(timeout, 0.0)))
        if not ready:
            if timeout is None:
                raise RuntimeError("every task waits for something that will never come")
            self.passed += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """All of asyncio's timers run on it; what would go to a thread is done on the spot."""

    def __init__(self) -> None:
        self._timer = _Selector()
        super().__init__(self._timer)

    def time(self) -> float:
        return self._timer.passed

    def wait_for_files(self, seconds: float) -> None:
        """So long, by real time, a socket may take before virtual time passes; a busy machine is not at once."""
        self._timer.patience = seconds

    def run_in_executor(
        self, _: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class VirtualClock:
    """The wall clock over the loop's time; `step` sets it like a person or an NTP client would."""

    def __init__(self) -> None:
        self._shift = timedelta()

    def now(self) -> datetime:
        passed = asyncio.get_running_loop().time()
        return START + timedelta(milliseconds=round(passed * 1000)) + self._shift

    async def sleep_until(self, moment: datetime) -> None:
        left = (moment - self.now()).total_seconds()
        await asyncio.sleep(min(max(left, 0.0), 30.0))

    def step(self, by: timedelta) -> None:
        self._shift += by


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
