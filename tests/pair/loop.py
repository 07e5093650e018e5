"""The tests' own time, which stands still while a disk in another thread is waited for."""

import asyncio
import selectors
from collections.abc import Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from tests.ven.virtual import VirtualLoop

T = TypeVar("T")

PATIENCE = 20.0
"""Real seconds that a disk may take before the test fails."""


class _Selector(selectors.SelectSelector):
    passed = 0.0
    stopped = 0
    """How many parts of the test wait for something that takes no time."""

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.stopped:
            if not (ready := super().select(PATIENCE)):
                raise RuntimeError("the disk does not answer")
            return ready
        if timeout is None:
            raise RuntimeError("every task waits for something that will never come")
        self.passed += max(timeout, 0.0)
        return ready


class PairLoop(VirtualLoop):
    def __init__(self) -> None:
        self._timer: Any = _Selector()
        asyncio.SelectorEventLoop.__init__(self, self._timer)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        self._timer.stopped += 1
        try:
            yield
        finally:
            self._timer.stopped -= 1


def standing_still() -> AbstractContextManager[None]:
    """No time passes inside of this block, however long the disk takes."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, PairLoop)
    return loop.standing_still()


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=PairLoop) as runner:
        return runner.run(main)
