"""The VEN library: what a chargepoint maker embeds.

async with Ven(config, chargepoints) as ven:
    async for change in ven.limits(): ...
"""

from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit, Source
from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import EventId, OptId, ResourceId
from oadr.wire.messages.common import OptType
from ven.config import VenConfig
from ven.driver import Bidirectional, Chargepoint, Measurement, Metered, Phased, Switchable, Versatile
from ven.opts import CannotDecline, Opt, Reason
from ven.ven import LimitChanged, Trouble, Ven

__all__ = [
    "Bidirectional",
    "CannotDecline",
    "Chargepoint",
    "EventId",
    "Limit",
    "LimitChanged",
    "Measurement",
    "Metered",
    "Opt",
    "OptId",
    "OptType",
    "Period",
    "Phased",
    "Programme",
    "Rating",
    "Reason",
    "ResourceId",
    "Source",
    "Switchable",
    "Trouble",
    "Ven",
    "VenConfig",
    "Versatile",
]
