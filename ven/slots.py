"""One slot for each source and chargepoint: what it holds, and the rise that may have begun there."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from oadr.charging.limit import Limit, Source
from oadr.wire.ids import ResourceId


class SlotKey(NamedTuple):
    resource_id: ResourceId
    source: Source


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
