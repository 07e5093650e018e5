"""The part of the network that is operated: feeders, the sites on them, and the sites' chargepoints."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from certs import Sha256
from oadr.charging.electricity import Rating
from oadr.charging.scale import Direction, direction_of
from oadr.wire.ids import GroupId, ResourceId, VenId
from oadr.wire.signature import SignaturePolicy
from vtn.model.errors import Impossible

LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """A cable or transformer with a rating; VENs know it as a groupID."""

    feeder_id: GroupId
    name: str = ""
    rating_watts: int | None = None
    substation: str = ""
    """What it hangs on; empty: not known. Who binds all feeders of one needs a second person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One VEN: a home, a car park. Approved once its certificate is known."""

    ven_id: VenId
    name: str = ""
    certificate: Sha256 | None = None
    """SHA-256 of the certificate that may act for this site, and of no other (P4)."""
    pseudonym: str = ""
    """By which the record knows it; random, so nobody can compute a home from it."""
    signatures: SignaturePolicy | None = None
    """What is wanted of its messages (r514); None: what the settings say for all."""
    record_last: int | None = None
    """So many of its last messages are kept; None: none are."""


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


def check(network: Network) -> None:
    """Raises `Impossible` for names that could not be sent: one such would break every message to its site."""
    for name in _identifiers(network):
        if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
            raise Impossible(
                f"{name[:40]!r} cannot be a name: it needs 1 to {LONGEST_NAME} printable characters"
            )
    for chargepoint in network.chargepoints:
        if direction_of(chargepoint.resource_id) is Direction.EXPORT:  # a limit on import would block export
            raise Impossible(
                f"{chargepoint.resource_id} is what a chargepoint feeds back, no chargepoint of its own: import the "
                "chargepoint, and limit its export by vtn send, with a load shift that names this resource"
            )


def _identifiers(network: Network) -> Iterable[str]:
    yield from (feeder.feeder_id for feeder in network.feeders)
    yield from (feeder.substation for feeder in network.feeders if feeder.substation)
    yield from (site.ven_id for site in network.sites)
    for chargepoint in network.chargepoints:
        yield from (chargepoint.resource_id, chargepoint.ven_id, chargepoint.feeder_id)
