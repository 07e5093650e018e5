"""All that the store knows of the network at one moment, for the pages that show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from oadr.wire.ids import ResourceId, VenId
from oadr.wire.signature import SignaturePolicy
from vtn.api.route import Office
from vtn.assess import gathering
from vtn.assess.preview import Drawn, Freshness
from vtn.model.network import Network
from vtn.model.reading import State
from vtn.model.registration import Registration
from vtn.store import network, registrations, reports
from vtn.store.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    network: Network
    drawn: Mapping[ResourceId, Drawn]
    states: Mapping[ResourceId, State]
    last_seen: Mapping[VenId, datetime]
    registered: Mapping[VenId, Registration]
    freshness: Freshness
    signatures: SignaturePolicy
    now: datetime

    def is_online(self, ven_id: VenId) -> bool:
        seen = self.last_seen.get(ven_id)
        return seen is not None and self.now - seen <= self.freshness.online_for

    def fresh(self, resource_id: ResourceId) -> Drawn | None:
        drawn = self.drawn.get(resource_id)
        return drawn if drawn and self.now - drawn.at <= self.freshness.measured_for else None


async def look(tx: Tx, office: Office, now: datetime) -> Known:
    terms = office.settings.terms
    found = await network.load(tx)
    names = tuple(one.resource_id for one in found.chargepoints)
    registered = [await registrations.of(tx, site.ven_id) for site in found.sites]
    return Known(
        network=found,
        drawn=await gathering.drawn(tx, names),
        states=await reports.known_states(tx, names),
        last_seen=await network.last_seen(tx),
        registered={one.ven_id: one for one in registered if one is not None},
        freshness=Freshness.of(terms.poll_every, terms.report_every),
        signatures=terms.signatures,
        now=now,
    )
