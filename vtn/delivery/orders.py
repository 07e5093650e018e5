"""The operator's acts: order, change, cancel, and the record of each, one transaction for each."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from math import ceil
from typing import Final

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.wire.ids import EventId, ResourceId, VenId
from vtn.model import change as changing
from vtn.model import intervention as model
from vtn.model.change import Change
from vtn.model.delivery import Delivery
from vtn.model.errors import NotNow
from vtn.model.intervention import Changed, Intervention, InterventionId, Order, State
from vtn.model.network import Chargepoint
from vtn.store import changes, interventions, network, order_rows, record
from vtn.store.engine import Store, Tx

PER_ENTRY: Final = 1000
"""Chargepoints that one entry of the record names; more need another, since an entry is bounded."""


async def give(store: Store, order: Order, now: datetime) -> Intervention:
    """Store the intervention, an event for each site, and the entry in the record. Raises a `Mistake`.

    A repeated order overlaps the first, so it has no effect but a refusal.
    """
    order = replace(order, start=_as_sent(order.start))
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


async def change(store: Store, intervention_id: str, wanted: Change, now: datetime) -> Intervention:
    """Change whatever of an order is not past (r20): a new modification, to be answered anew. Raises a `Mistake`."""
    if wanted.start is not None:
        wanted = replace(wanted, start=_as_sent(wanted.start))
    async with store.writing() as tx:
        found = await _found(tx, intervention_id)
        order = changing.changed(found, wanted, now)
        await _refuse_overlap(tx, order, but=found.intervention_id)
        done = Changed(before=found.order, at=now, reason=wanted.reason, changed_by=wanted.changed_by)
        await interventions.change(tx, found, order, done)
        after = replace(found, order=order, changes=(*found.changes, done))
        await record.append(tx, EntryType.MODIFY, _modified(after, done), now)
        await changes.announce(tx)
    return after


async def cancel(store: Store, intervention_id: str, reason: str, who: str, now: datetime) -> Intervention:
    """End an intervention before its time; its VENs release at random. Raises a `Mistake`."""
    model.check_reason(reason, who)
    async with store.writing() as tx:
        found = await _found(tx, intervention_id)
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


async def _found(tx: Tx, intervention_id: str) -> Intervention:
    found = await interventions.find(tx, intervention_id)
    if found is None:
        raise NotNow(f"there is no intervention {intervention_id}; see them with: vtn events")
    return found


def _as_sent(start: datetime) -> datetime:
    """In UTC and whole seconds, as the wire (r1) and the record have it: what we reckon with is what is sent."""
    return start.astimezone(UTC).replace(microsecond=0)


async def _refuse_overlap(tx: Tx, order: Order, but: InterventionId | None = None) -> None:
    for other in await interventions.load(tx):
        if other.intervention_id != but and model.overlap(other, order):
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
            **_content(order),
            "reason": order.reason,
            "ordered_by": order.ordered_by,
            "test": order.is_test,
            "part": part + 1,
            "parts": parts,
            "chargepoints": names[part * PER_ENTRY : (part + 1) * PER_ENTRY],
        }


def _modified(after: Intervention, done: Changed) -> Mapping[str, Value]:
    """What holds from now on; what held before stands in an entry before."""
    return {
        "intervention": after.intervention_id,
        "modification": after.modification_number,
        **_content(after.order),
        "reason": done.reason,
        "changed_by": done.changed_by,
    }


def _content(order: Order) -> Mapping[str, Value]:
    """What is ordered, and when; of a written event its signals, and the SHA-256 of its XML as the store keeps it."""
    times: Mapping[str, Value] = {
        "start": f"{order.start:%Y-%m-%dT%H:%M:%SZ}",
        "seconds": None if order.is_open_ended else int(order.duration.total_seconds()),
    }
    if order.written is None:
        return {**times, "permille": None if order.percent is None else int(order.percent * 10)}
    return {
        **times,
        "market_context": order.written.descriptor.market_context,
        "signals": tuple(
            {
                "name": signal.name,
                "type": signal.type,
                "values": tuple(f"{interval.value}" for interval in signal.intervals),
            }
            for signal in order.written.signals
        ),
        "written": sha256(order_rows.packed(order.written)).hexdigest(),
    }


def _new_id(now: datetime) -> InterventionId:
    """Readable on a telephone, sorted by day, never the same twice."""
    return InterventionId(f"I{now:%y%m%d}-{secrets.token_hex(3)}")
