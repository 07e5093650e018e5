"""What happened in a session, as values for whoever keeps a log, a record or a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from oadr.charging.limit import Limit
from oadr.charging.minimum import Undercut
from oadr.wire.ids import EventId, RegistrationId, ResourceId, VenId, VtnId
from ven.events import HeldEvent
from ven.failsafe import Link
from ven.party import Party
from ven.verify import Finding, Measure


@dataclass(frozen=True, slots=True)
class Registered:
    ven_id: VenId
    registration_id: RegistrationId
    vtn_id: VtnId
    anew: bool


@dataclass(frozen=True, slots=True)
class RegistrationRefused:
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Deregistered:
    """The VTN ended the registration, or does not know it any more."""

    why: str


@dataclass(frozen=True, slots=True)
class EventArrived:
    """A new event or a new modification, and our answer to it."""

    held: HeldEvent


@dataclass(frozen=True, slots=True)
class EventEnded:
    """An event left the list before its end: cancelled, or just missing from it (r61)."""

    event_id: EventId
    implied: bool


@dataclass(frozen=True, slots=True)
class Declined:
    """Who of an event's chargepoints does not follow it, by decision of its people; nobody: they are back."""

    event_id: EventId
    resources: frozenset[ResourceId]


@dataclass(frozen=True, slots=True)
class DeclineRefused:
    """Somebody wanted to decline what cannot be declined."""

    event_id: EventId
    why: str


@dataclass(frozen=True, slots=True)
class ClockDoubted:
    """A limit holds from its receipt, because by our clock it should not hold at all. Somebody has to set the clock."""

    event_id: EventId
    off_by: timedelta
    """Roughly: how far our clock is ahead; negative when it is behind."""


@dataclass(frozen=True, slots=True)
class PeerComplained:
    """The VTN answered one of our messages with an error."""

    about: str
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class GaveUp:
    """An answer that the VTN cannot take was dropped after several tries."""

    about: str


@dataclass(frozen=True, slots=True)
class ContactLost:
    why: str


@dataclass(frozen=True, slots=True)
class ContactMade:
    """The VTN answers (again)."""


@dataclass(frozen=True, slots=True)
class Enforced:
    """What the meter shows of a limit has changed, or what is done about it."""

    resource_id: ResourceId
    finding: Finding
    measure: Measure
    excess: Decimal
    """A above the limit."""


@dataclass(frozen=True, slots=True)
class LinkMoved:
    """How the site stands to its grid operator: in contact, in silence, on its own."""

    before: Link
    after: Link


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two VTNs or more order at once on one chargepoint."""

    resource_id: ResourceId
    limits: tuple[Limit, ...]
    """What each has ordered, the smallest, which holds, first."""


@dataclass(frozen=True, slots=True)
class FromParty:
    """News of the conversation with a VTN that is not the grid operator's."""

    party: Party
    news: "News"


@dataclass(frozen=True, slots=True)
class BelowMinimum:
    """A supply limitation leaves less than the contract's profile owes. It is obeyed."""

    resource_id: ResourceId
    because: str
    undercut: Undercut


@dataclass(frozen=True, slots=True)
class FloorKept:
    """The contract's own floor (`authority_floor`) leaves more than a supply limitation has ordered."""

    resource_id: ResourceId
    because: str
    ordered: Decimal
    """A per phase."""
    kept: Decimal


def remarks(
    resource_id: ResourceId, limit: Limit | None, before: Limit | None
) -> Iterator[BelowMinimum | FloorKept]:
    """What is to be remembered of a new limit, and was not so of the one before: once for each event and cause."""
    if limit is None:
        return
    is_known = before is not None and before.because == limit.because
    known = before.undercut.cause if is_known and before and before.undercut else None
    if limit.undercut is not None and limit.undercut.cause is not known:
        yield BelowMinimum(resource_id, limit.because, limit.undercut)
    ordered, told = limit.ordered_amps, before.ordered_amps if is_known and before else None
    if ordered is not None and ordered != told:
        yield FloorKept(resource_id, limit.because, ordered, limit.amps)


News = (
    Registered
    | RegistrationRefused
    | Deregistered
    | EventArrived
    | EventEnded
    | Declined
    | DeclineRefused
    | ClockDoubted
    | PeerComplained
    | GaveUp
    | ContactLost
    | ContactMade
    | Enforced
    | LinkMoved
    | Conflict
    | FromParty
    | BelowMinimum
    | FloorKept
)
