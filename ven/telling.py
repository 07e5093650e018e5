"""What a VEN tells whoever listens: each change of a limit, news of its conversations, and what is wrong here."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from oadr.charging.limit import Limit
from oadr.wire.ids import ResourceId
from ven.news import News

MOST: Final = 10_000
"""Items that wait for a reader; then the oldest goes."""


@dataclass(frozen=True, slots=True)
class LimitChanged:
    """From now on this limit binds the chargepoint; None: nobody limits it."""

    resource_id: ResourceId
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something local that a person should see: no schema, journal not writable, a charger that does not obey."""

    what: str


@dataclass(frozen=True, slots=True)
class ClockSet(Trouble):
    """Somebody has set this machine's clock, by so much."""

    by: timedelta


class Teller:
    def __init__(self) -> None:
        self.news: asyncio.Queue[News | LimitChanged | Trouble] = asyncio.Queue(maxsize=MOST)
        self._listeners: list[asyncio.Queue[LimitChanged]] = []
        self._faults: dict[str, str] = {}

    def tell(self, item: News | LimitChanged | Trouble) -> None:
        if isinstance(item, LimitChanged):
            for queue in self._listeners:
                queue.put_nowait(item)
        if self.news.full():
            self.news.get_nowait()  # nobody listens
        self.news.put_nowait(item)

    def trouble(self, what: str) -> None:
        self.tell(Trouble(what))

    def fault(self, where: str, what: str) -> None:
        """Tell a fault once, not each time that it comes back."""
        if self._faults.get(where) != what:
            self._faults[where] = what
            self.trouble(f"{where}: {what}")

    def well(self, where: str) -> None:
        self._faults.pop(where, None)

    async def limits(self, now: Mapping[ResourceId, Limit | None]) -> AsyncIterator[LimitChanged]:
        """The limits as they are `now`, and then each change."""
        queue: asyncio.Queue[LimitChanged] = asyncio.Queue()
        for resource_id, limit in now.items():
            queue.put_nowait(LimitChanged(resource_id, limit))
        self._listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)
