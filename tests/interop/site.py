"""The one site that the strangers speak for, or to, and how long they are waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest

import certs
from oadr.charging.electricity import Rating
from oadr.wire.ids import GroupId, ResourceId, VenId
from oadr.wire.signature import SignaturePolicy
from tests.pki import VEN_ECC
from vtn.model.network import Chargepoint, Feeder, Network, Site

FEEDER = GroupId("F12")
SITE = VenId("Car_Park_7")
EVSE, EVSE_2 = ResourceId("evse-1"), ResourceId("evse-2")
PROGRAMMES = "http://dso.example/programmes"
BOTH_WAYS = pytest.mark.parametrize(
    "signatures", [SignaturePolicy.OFF, SignaturePolicy.REQUIRED], scope="module"
)
PATIENCE = 30.0
"""Seconds that a stranger may take; ours is done in a fraction of one."""


@dataclass(frozen=True, slots=True)
class Home:
    """A site with two chargepoints on a feeder of its own, and the name of its certificate."""

    ven_id: VenId = SITE
    feeder_id: GroupId = FEEDER
    evse: ResourceId = EVSE
    evse_2: ResourceId = EVSE_2
    certificate: str = VEN_ECC

    def network(self, der_sha256: certs.Sha256) -> Network:
        rating = Rating(Decimal(32), 3)
        return Network(
            feeders=(Feeder(feeder_id=self.feeder_id),),
            sites=(Site(ven_id=self.ven_id, certificate=der_sha256),),
            chargepoints=tuple(
                Chargepoint(
                    resource_id=resource_id, ven_id=self.ven_id, feeder_id=self.feeder_id, rating=rating
                )
                for resource_id in (self.evse, self.evse_2)
            ),
        )


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    """Returns when `what` is so; a test that waits in vain fails."""
    async with asyncio.timeout(PATIENCE):
        while not await what():
            await asyncio.sleep(0.05)
