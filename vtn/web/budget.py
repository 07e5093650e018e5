"""How long an answer may wait for the store, and how many at once: polls and events have places of their own (VT07).

An answer that takes too long is given up, not stopped: the sender is told to come again, and what was begun comes to
its end. Until then it keeps its place, so a slow store is never given more than it has places.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

from oadr.wire.messages import Message
from vtn.store.engine import StoreAway

URGENT_SECONDS: Final = 2.0
OTHER_SECONDS: Final = 5.0
"""Until an answer is given up, waiting for a place included."""
URGENT_PLACES: Final = 8
OTHER_PLACES: Final = 4
"""Together fewer than the connections to the store: the server's own jobs need some."""
LONGEST_QUEUE: Final = 200
"""Who finds so many before it is told at once to come later."""


Work = Callable[[], Coroutine[None, None, Message]]


class Places:
    """Of one kind."""

    def __init__(self, count: int, patience: float) -> None:
        self._free = asyncio.Semaphore(count)
        self._patience = patience
        self._running: set[asyncio.Task[Message]] = set()
        self.waiting = 0

    @property
    def taken(self) -> int:
        return len(self._running)

    async def serve(self, work: Work) -> Message:
        """What `work` says. Raises `StoreAway`, or whatever `work` raises."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        await self._place(until)
        task = loop.create_task(work())
        self._running.add(task)
        task.add_done_callback(self._finished)
        await asyncio.wait((task,), timeout=max(until - loop.time(), 0))
        if not task.done():
            raise StoreAway("the store is slow")
        return task.result()

    async def settle(self) -> None:
        """What is still under way comes to its end. For the end of the server, before its store is closed."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _place(self, until: float) -> None:
        if self.waiting >= LONGEST_QUEUE:
            raise StoreAway("too many wait for the store")
        self.waiting += 1
        try:
            async with asyncio.timeout_at(until):
                await self._free.acquire()
        except TimeoutError as error:
            raise StoreAway("the store is slow") from error
        finally:
            self.waiting -= 1

    def _finished(self, task: asyncio.Task[Message]) -> None:
        self._running.discard(task)
        self._free.release()
        if not task.cancelled():
            task.exception()  # somebody has looked, also where nobody waits any more


class Budget:
    """The places of one server."""

    def __init__(self) -> None:
        self.urgent = Places(URGENT_PLACES, URGENT_SECONDS)
        """Polls and what is about events."""
        self.others = Places(OTHER_PLACES, OTHER_SECONDS)

    async def settle(self) -> None:
        await self.urgent.settle()
        await self.others.settle()
