"""Carries the newest limit to one chargepoint, and keeps at it until the charger has taken it."""

import asyncio
from typing import Final

from oadr.charging.limit import Limit
from ven.driver import Chargepoint

DEADLINE: Final = 5.0
RETRY_AFTER: Final = 1.0
"""Seconds: how long a charger may take, and the pause before it is asked again."""


class Actuator:
    """The latest wish wins: what was overtaken while the charger was busy is never sent."""

    def __init__(self, chargepoint: Chargepoint) -> None:
        self.chargepoint = chargepoint
        self.wanted: Limit | None = None
        self.applied = False
        self.trouble: str | None = None
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()

    def want(self, limit: Limit | None) -> bool:
        """Ask for `limit`; False if that is what was wanted already."""
        if self.applied and limit == self.wanted:
            return False
        self.wanted, self.applied = limit, False
        self._settled.clear()
        self._changed.set()
        return True

    async def settled(self) -> None:
        """Returns when the newest wish has been taken by the charger."""
        await self._settled.wait()

    async def run(self) -> None:
        """Apply wishes for ever. A charger's failure is remembered, never raised: the limit stays wanted."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            limit = self.wanted
            try:
                async with asyncio.timeout(DEADLINE):
                    await self.chargepoint.apply(limit)
            except Exception as error:  # whatever a driver raises must not end the control of the others
                self.trouble = f"{type(error).__name__}: {error}"
                self._changed.set()
                await asyncio.sleep(RETRY_AFTER)
                continue
            self.trouble = None
            if limit == self.wanted:
                self.applied = True
                self._settled.set()
