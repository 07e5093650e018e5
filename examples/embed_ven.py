r"""A chargepoint maker's whole program: a driver for your charger, and the VEN around it.

    certs init && certs issue ven evse-1
    python -m examples.embed_ven https://vtn.example:8443 http://dso.example/programmes \
        pki/secrets/evse-1.pem pki/certs/vtn-ca.pem state

Ctrl-C ends it. The limit that held then holds again at the next start, before the network is up.
"""

import asyncio
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from ven import Limit, Measurement, Rating, ResourceId, Ven, VenConfig

# --- yours: how to talk to the charger ---


class MyCharger:
    """In place of a bus or an API, this one has a variable."""

    resource_id = ResourceId("evse-1")
    rating = Rating(amps=Decimal(32), phases=3)
    amps = rating.amps

    async def apply(self, limit: Limit | None) -> None:
        self.amps = limit.amps if limit else self.rating.amps

    async def measure(self) -> Measurement:
        return Measurement((self.amps,) * 3, watts=self.amps * 3 * 230, energy_wh=Decimal(0))


# --- ours: everything else ---


async def main(url: str, programmes: str, pem: Path, trust: Path, state: Path) -> None:
    config = VenConfig(vtn_url=url, certificate=pem, trust=trust, state=state, market_contexts=programmes)
    async with Ven(config, [MyCharger()]) as ven:
        async for change in ven.limits():
            print(change.resource_id, change.limit or "no limit", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1], sys.argv[2], *map(Path, sys.argv[3:])))
