"""The one place where the VEN asks what time it is."""

import asyncio
from datetime import UTC, datetime
from typing import Final, Protocol

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
