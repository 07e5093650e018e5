"""The part of the network that is operated: feeders, the sites on them, and the sites' chargepoints."""

from dataclasses import dataclass

from certs import Sha256
from oadr.charging.electricity import Rating
from oadr.wire.ids import GroupId, ResourceId, VenId


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """A cable or transformer with a rating; VENs know it as a groupID."""

    feeder_id: GroupId
    name: str = ""
    rating_watts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One VEN: a home, a car park. Approved once its certificate is known."""

    ven_id: VenId
    name: str = ""
    certificate: Sha256 | None = None
    """SHA-256 of the certificate that may act for this site, and of no other (P4)."""
    pseudonym: str = ""
    """By which the record knows it; random, so nobody can compute a home from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chargepoint:
    resource_id: ResourceId
    ven_id: VenId
    feeder_id: GroupId
    rating: Rating
    pseudonym: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    feeders: tuple[Feeder, ...] = ()
    sites: tuple[Site, ...] = ()
    chargepoints: tuple[Chargepoint, ...] = ()
