"""The tasks of a VEN: a fault in one ends neither it nor the others."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from ven.clock import Clock

AFTER_A_FAULT: Final = timedelta(seconds=1)
"""Pause before a task of ours that failed goes on."""
LEAVING: Final = 5.0
"""Seconds that drivers have to let go at the end."""


class Tasks:
    def __init__(self, clock: Clock, fault: Callable[[str, str], None]) -> None:
        """`fault` hears which task has failed, and of what."""
        self._clock = clock
        self._fault = fault
        self._running: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._running.append(asyncio.create_task(self._for_ever(name, work)))

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=LEAVING)
        self._running.clear()

    async def _for_ever(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Limits stay as they are, and it goes on."""
        while True:
            try:
                await work()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                self._fault(name, "cancelled from inside")
            except Exception as error:  # whatever it is, a bug of ours must not be the end of control
                self._fault(name, f"{type(error).__name__}: {error}")
            await self._clock.sleep_until(self._clock.now() + AFTER_A_FAULT)
