"""One slot for each source, party and chargepoint: what it holds, and the rise that may have begun there."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from oadr.charging.limit import Limit, Source
from oadr.wire.ids import ResourceId
from ven.party import GRID_OPERATOR, Party

OF_EVENTS: Final = frozenset({Source.SUPPLY_LIMIT, Source.LOAD_SHIFT})
"""What a VTN orders; the rest is the site's own."""


class SlotKey(NamedTuple):
    resource_id: ResourceId
    source: Source
    party: Party = GRID_OPERATOR


@dataclass(frozen=True, slots=True)
class Restore:
    """A rise that has begun: `release_at` holds the draw, so a restart does not draw again."""

    amps: Decimal
    percent: Decimal
    release_at: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    limit: Limit
    restore: Restore | None = None
