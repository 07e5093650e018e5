"""What happened in a session, as values for whoever keeps a log, a record or a page."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from oadr.wire.ids import EventId, RegistrationId, ResourceId, VenId, VtnId
from ven.events import HeldEvent
from ven.failsafe import Link
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
)
