"""Carries the newest limit to one chargepoint, and keeps at it until the charger has taken it."""

import asyncio
from collections.abc import Callable
from typing import Final

from oadr.charging.limit import Limit
from ven.driver import Chargepoint

DEADLINE: Final = 5.0
RETRY_AFTER: Final = 1.0
"""Seconds: how long a charger may take, and the pause before it is asked again."""
GRACE: Final = 0.02
"""Seconds that a driver has to let go of a call that was cancelled, before the next one is made."""
MAX_STUCK: Final = 5
"""Calls that may hang for good; a driver with so many is not called again until one comes back."""


class Actuator:
    """The latest wish wins: one that was overtaken while the charger was busy is abandoned at once."""

    def __init__(self, chargepoint: Chargepoint, tell: Callable[[str], None] = lambda _: None) -> None:
        """`tell` hears each new trouble once."""
        self.chargepoint = chargepoint
        self.wanted: Limit | None = None
        self.applied = False
        self.trouble: str | None = None
        self._tell = tell
        self._is_asked = False
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._calls: set[asyncio.Task[None]] = set()

    def want(self, limit: Limit | None) -> bool:
        """Ask for `limit`; False if that is what was wanted already."""
        if self._is_asked and limit == self.wanted:
            return False
        self.wanted, self._is_asked = limit, True
        self._ask()
        return True

    async def settled(self) -> None:
        """Returns when the newest wish has been taken by the charger."""
        await self._settled.wait()

    async def run(self) -> None:
        """Apply wishes for ever. A charger's failure is remembered, never raised: the limit stays wanted."""
        if self._is_asked and not self.applied:
            self._changed.set()
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                failure = await self._call(self.wanted)
                if self._changed.is_set():
                    continue
                self._note(failure)
                if failure is None:
                    self.applied = True
                    self._settled.set()
                else:
                    await self._pause()
        finally:
            for call in self._calls:
                call.cancel()

    def _ask(self) -> None:
        self.applied = False
        self._settled.clear()
        self._changed.set()

    async def _call(self, limit: Limit | None) -> str | None:
        """One attempt, cut short by a newer wish; what went wrong, or None."""
        if len(self._calls) >= MAX_STUCK:
            return "the driver does not return"
        call = asyncio.create_task(self._attempt(limit))
        self._calls.add(call)
        newer = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait((call, newer), timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            newer.cancel()
        if call.done():
            self._calls.discard(call)
            return _outcome(call)
        call.cancel()
        await asyncio.wait((call,), timeout=GRACE)
        if call.done():
            self._calls.discard(call)
            _outcome(call)
        else:  # it may still write its old limit: when it has, the newest is sent again
            call.add_done_callback(self._came_late)
        return f"no answer within {DEADLINE:g} s"

    async def _attempt(self, limit: Limit | None) -> None:
        await self.chargepoint.apply(limit)

    def _came_late(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        _outcome(call)
        self._ask()

    def _note(self, failure: str | None) -> None:
        if failure and failure != self.trouble:
            self._tell(f"{self.chargepoint.resource_id} does not take its limit: {failure}")
        self.trouble = failure

    async def _pause(self) -> None:
        """Before the next attempt; a newer wish does not wait."""
        newer = asyncio.create_task(self._changed.wait())
        await asyncio.wait((newer,), timeout=RETRY_AFTER)
        newer.cancel()
        self._changed.set()


def _outcome(call: asyncio.Task[None]) -> str | None:
    """Whatever a driver raises is its own trouble; an end by cancellation too."""
    if call.cancelled():
        return "the driver cancelled itself"
    error = call.exception()
    return f"{type(error).__name__}: {error}" if error else None
