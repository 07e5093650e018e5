"""What we want of a VEN itself, until it has answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from oadr.wire.ids import RequestId, VenId

PATIENCE: Final = timedelta(minutes=5)
"""A VEN that does not answer that its registration ends is forgotten after this (r407)."""


class WishKind(StrEnum):
    REREGISTER = "reregister"
    """It shall confirm its registration (oadrRequestReregistration)."""
    DEREGISTER = "deregister"
    """Its registration ends (oadrCancelPartyRegistration)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    ven_id: VenId
    kind: WishKind
    request_id: RequestId
    since: datetime
