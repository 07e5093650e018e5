"""A street of homes under one server of ours: each test has a home of its own, so none sees another's events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.serialization import Encoding

from certs import authority, fingerprint
from certs.authority import KeyType
from certs.folder import VEN_CA, Folder
from oadr.wire.ids import GroupId, ResourceId, VenId
from oadr.wire.signature import SignaturePolicy
from tests.interop.site import Home
from tests.interop.their_ven import TheirVen
from vtn.app import Server
from vtn.model.network import Network
from vtn.store import changes, network
from vtn.store.engine import Store


@dataclass(slots=True)
class Street:
    pki: Folder
    store: Store
    server: Server
    signatures: SignaturePolicy
    homes: dict[KeyType, Iterator[Home]]

    def ven(self, home: Home, ven_id: str | None = None) -> TheirVen:
        return TheirVen(self.pki, self.server, self.signatures, home, ven_id)


async def build(store: Store, pki: Folder, counts: Mapping[KeyType, int]) -> dict[KeyType, Iterator[Home]]:
    """So many homes with such keys, all approved."""
    issuer, now = pki.issuer(VEN_CA), datetime.now(UTC)
    homes = {kind: [_home(kind, number) for number in range(count)] for kind, count in counts.items()}
    networks = []
    for kind, home in ((kind, home) for kind, some in homes.items() for home in some):
        issued = authority.leaf(issuer, home.certificate, kind, now)
        pki.public(home.certificate).write_bytes(issued.chain_pem)
        pki.secret(home.certificate).write_bytes(issued.key_pem + issued.chain_pem)
        der = issued.certificate.public_bytes(Encoding.DER)
        networks.append(home.network(fingerprint.sha256(der)))
    async with store.writing() as tx:
        await network.merge(tx, _joined(networks))
        await changes.announce(tx)
    return {kind: iter(some) for kind, some in homes.items()}


def _joined(networks: list[Network]) -> Network:
    return Network(
        feeders=tuple(feeder for one in networks for feeder in one.feeders),
        sites=tuple(site for one in networks for site in one.sites),
        chargepoints=tuple(chargepoint for one in networks for chargepoint in one.chargepoints),
    )


def _home(kind: KeyType, number: int) -> Home:
    name = f"Home_{kind}_{number}"
    return Home(
        ven_id=VenId(name),
        feeder_id=GroupId(f"{name}_cable"),
        evse=ResourceId(f"{name}_1"),
        evse_2=ResourceId(f"{name}_2"),
        certificate=name,
    )
