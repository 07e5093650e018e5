"""The one thing that everything else is about: how much, whose order, why, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from oadr.charging.minimum import Undercut


class Source(StrEnum):
    """Who may limit a chargepoint, the highest rank first. A source has one slot and writes no other's."""

    SAFETY = "safety"
    SUPPLY_LIMIT = "supply-limit"
    FAILSAFE = "failsafe"
    SITE = "site"
    LOAD_SHIFT = "load-shift"
    PROGRAMME = "programme"
    CALENDAR = "calendar"
    USER = "user"

    @property
    def rank(self) -> int:
        """1 is the highest; it decides only whose name is shown when two limits are equal."""
        return tuple(Source).index(self) + 1


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a chargepoint may draw. 0 A is an order to pause; "no limit" is None, never 0."""

    amps: Decimal
    """Per phase, rounded down to 0.1 A; 0, or 6 and more (IEC 61851-1)."""
    percent: Decimal
    """Of the rated current, as applied."""
    source: Source
    because: str
    """Event id or rule, shown to the EV driver."""
    until: datetime | None
    """None: until it is cancelled."""
    recovery: timedelta | None = None
    """What the rise of its release is spread over (r31); None: the site's own pace."""
    party: str = ""
    """Which of several servers has ordered it; empty: the network operator's, or none."""
    watts: Decimal | None = None
    """What was ordered, where it came in W: then the amps follow the voltage."""
    phases: int | None = None
    """On how many phases `amps` flow; None: on all that are wired."""
    undercut: Undercut | None = None
    """Where it lies below what the contract's profile owes."""
    ordered_amps: Decimal | None = None
    """What was ordered, where the contract's floor (`authority_floor`) has left more."""


def smallest(limits: Iterable[Limit]) -> Limit | None:
    """The limit that binds, or None when there is none. Priority never raises a limit, it only breaks ties."""
    return min(limits, key=lambda limit: (limit.amps, limit.source.rank), default=None)
