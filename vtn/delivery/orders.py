"""The operator's three acts: order, cancel, and the record of both, each one transaction."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil
from typing import Final

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.wire.ids import EventId, ResourceId, VenId
from vtn.model import intervention as model
from vtn.model.delivery import Delivery
from vtn.model.errors import NotNow
from vtn.model.intervention import Intervention, InterventionId, Order, State
from vtn.model.network import Chargepoint
from vtn.store import changes, interventions, network, record
from vtn.store.engine import Store, Tx

PER_ENTRY: Final = 1000
"""Chargepoints that one entry of the record names; more need another, since an entry is bounded."""


async def give(store: Store, order: Order, now: datetime) -> Intervention:
    """Store the intervention, an event for each site, and the entry in the record. Raises a `Mistake`.

    A repeated order overlaps the first, so it has no effect but a refusal.
    """
    order = _as_sent(order)
    model.check(order, now)
    async with store.writing() as tx:
        chargepoints = await network.on_feeders(tx, order.feeder_ids)
        if not chargepoints:
            raise NotNow(f"there are no chargepoints on {', '.join(order.feeder_ids)}")
        await _refuse_overlap(tx, order)
        intervention = Intervention(intervention_id=_new_id(now), order=order, ordered_at=now)
        beyond = await network.sites_beyond(tx, order.feeder_ids)
        deliveries = _deliveries(intervention, chargepoints, beyond)
        await interventions.add(tx, intervention, deliveries)
        for body in _told(intervention, chargepoints):
            await record.append(tx, EntryType.INTERVENTION, body, now)
        await changes.announce(tx)
    return intervention


async def cancel(store: Store, intervention_id: str, reason: str, who: str, now: datetime) -> Intervention:
    """End an intervention before its time; its VENs release at random. Raises a `Mistake`."""
    model.check_reason(reason, who)
    async with store.writing() as tx:
        found = await interventions.find(tx, intervention_id)
        if found is None:
            raise NotNow(f"there is no intervention {intervention_id}; see them with: vtn events")
        if found.state(now) in (State.OVER, State.CANCELLED):
            raise NotNow(f"{intervention_id} is {found.state(now)} already")
        await interventions.cancel(tx, found.intervention_id, reason, now)
        told: Mapping[str, Value] = {
            "intervention": intervention_id,
            "reason": reason,
            "cancelled_by": who,
        }
        await record.append(tx, EntryType.CANCEL, told, now)
        await changes.announce(tx)
    return replace(found, cancelled_at=now, cancel_reason=reason)


def _as_sent(order: Order) -> Order:
    """In UTC and whole seconds, as the wire (r1) and the record have it: what we reckon with is what is sent."""
    return replace(order, start=order.start.astimezone(UTC).replace(microsecond=0))


async def _refuse_overlap(tx: Tx, order: Order) -> None:
    for other in await interventions.load(tx):
        if model.overlap(other, order):
            raise NotNow(
                f"{other.intervention_id} limits {', '.join(other.order.feeder_ids)} in the same programme until "
                f"{other.latest_end:%Y-%m-%d %H:%M} UTC; cancel it first"
            )


def _deliveries(
    intervention: Intervention, chargepoints: tuple[Chargepoint, ...], beyond: frozenset[VenId]
) -> tuple[Delivery, ...]:
    """One event for each site, for those of its chargepoints that are meant."""
    meant: dict[VenId, list[ResourceId]] = {}
    for chargepoint in chargepoints:
        meant.setdefault(chargepoint.ven_id, []).append(chargepoint.resource_id)
    return tuple(
        Delivery(
            event_id=EventId(f"{intervention.intervention_id}-{number}"),
            ven_id=ven_id,
            intervention=intervention,
            resources=tuple(resources),
            is_whole_site=ven_id not in beyond,
            created_at=intervention.ordered_at,
        )
        for number, (ven_id, resources) in enumerate(sorted(meant.items()), start=1)
    )


def _told(intervention: Intervention, chargepoints: tuple[Chargepoint, ...]) -> Iterator[Mapping[str, Value]]:
    """The public side of an order: what, why, who, when, and whom by pseudonym only; usually in one part."""
    order = intervention.order
    names = tuple(chargepoint.pseudonym for chargepoint in chargepoints)
    parts = ceil(len(names) / PER_ENTRY)
    for part in range(parts):
        yield {
            "intervention": intervention.intervention_id,
            "programme": order.programme,
            "feeders": order.feeder_ids,
            "permille": int(order.percent * Decimal(10)),
            "start": f"{order.start:%Y-%m-%dT%H:%M:%SZ}",
            "seconds": int(order.duration.total_seconds()),
            "reason": order.reason,
            "ordered_by": order.ordered_by,
            "test": order.is_test,
            "part": part + 1,
            "parts": parts,
            "chargepoints": names[part * PER_ENTRY : (part + 1) * PER_ENTRY],
        }


def _new_id(now: datetime) -> InterventionId:
    """Readable on a telephone, sorted by day, never the same twice."""
    return InterventionId(f"I{now:%y%m%d}-{secrets.token_hex(3)}")
