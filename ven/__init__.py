"""The VEN library: what a chargepoint maker embeds.

async with Ven(config, chargepoints) as ven:
    async for change in ven.limits(): ...
"""

from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit, Source
from oadr.wire.ids import ResourceId
from ven.config import VenConfig
from ven.driver import Chargepoint, Measurement, Metered
from ven.ven import LimitChanged, Trouble, Ven

__all__ = [
    "Chargepoint",
    "Limit",
    "LimitChanged",
    "Measurement",
    "Metered",
    "Rating",
    "ResourceId",
    "Source",
    "Trouble",
    "Ven",
    "VenConfig",
]
