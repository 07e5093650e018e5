"""Interventions and the events that they become."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, insert, select, true, update

from oadr.charging.signals import Programme
from oadr.wire.ids import EventId, GroupId, ResourceId, VenId
from oadr.wire.messages.common import OptType
from vtn.model.delivery import Answer, Delivery
from vtn.model.intervention import Intervention, InterventionId, Order
from vtn.store import opts
from vtn.store.engine import Tx
from vtn.store.tables import event_resources, events, intervention_feeders, interventions


async def add(tx: Tx, intervention: Intervention, deliveries: Iterable[Delivery]) -> None:
    order = intervention.order
    await tx.execute(
        insert(interventions).values(
            intervention_id=intervention.intervention_id,
            programme=order.programme,
            percent=str(order.percent),
            start=order.start,
            duration_ms=_ms(order.duration),
            randomise_ms=None if order.randomise is None else _ms(order.randomise),
            reason=order.reason,
            ordered_by=order.ordered_by,
            is_test=order.is_test,
            ordered_at=intervention.ordered_at,
        )
    )
    for feeder_id in dict.fromkeys(order.feeder_ids):
        await tx.execute(
            insert(intervention_feeders).values(
                intervention_id=intervention.intervention_id, feeder_id=feeder_id
            )
        )
    for delivery in deliveries:
        await _add_delivery(tx, delivery)


async def cancel(tx: Tx, intervention_id: InterventionId, reason: str, now: datetime) -> None:
    """Every event gets a new modification (r10), which is due to be delivered."""
    await tx.execute(
        update(interventions)
        .where(interventions.c.intervention_id == intervention_id)
        .values(cancelled_at=now, cancel_reason=reason)
    )
    await tx.execute(
        update(events)
        .where(events.c.intervention_id == intervention_id)
        .values(modification_number=events.c.modification_number + 1, created_at=now)
    )


async def recorded(tx: Tx, intervention_id: InterventionId, now: datetime) -> None:
    """Its result has gone into the record."""
    await tx.execute(
        update(interventions).where(interventions.c.intervention_id == intervention_id).values(outcome_at=now)
    )


async def load(tx: Tx) -> tuple[Intervention, ...]:
    """All of them, the newest first."""
    feeders = await _feeders(tx, true())
    query = select(interventions).order_by(interventions.c.ordered_at.desc(), "intervention_id")
    return tuple(_intervention(row, feeders) for row in await tx.execute(query))


async def find(tx: Tx, intervention_id: str) -> Intervention | None:
    query = select(interventions).where(interventions.c.intervention_id == intervention_id)
    row = (await tx.execute(query)).one_or_none()
    is_its = intervention_feeders.c.intervention_id == intervention_id
    return _intervention(row, await _feeders(tx, is_its)) if row else None


async def of_ven(tx: Tx, ven_id: VenId) -> tuple[Delivery, ...]:
    """Every event that this VEN was ever meant to get, whether still listed or not."""
    return await _deliveries(tx, events.c.ven_id == ven_id)


async def of_intervention(tx: Tx, intervention_id: InterventionId) -> tuple[Delivery, ...]:
    return await _deliveries(tx, events.c.intervention_id == intervention_id)


async def unsettled(tx: Tx, since: datetime) -> tuple[Delivery, ...]:
    """Of what starts after `since`: deliveries whose newest modification is not answered, due or not."""
    answered = events.c.answered_modification
    is_open = answered.is_(None) | (answered != events.c.modification_number)
    recent = select(interventions.c.intervention_id).where(interventions.c.start > since)
    return await _deliveries(tx, is_open & events.c.intervention_id.in_(recent))


async def offered(tx: Tx, event_ids: Iterable[EventId], now: datetime) -> None:
    """Handed out; the first time counts."""
    await tx.execute(
        update(events)
        .where(events.c.event_id.in_(tuple(event_ids)), events.c.offered_at.is_(None))
        .values(offered_at=now)
    )


async def answered(tx: Tx, event_id: EventId, answer: Answer) -> None:
    """Keep the newest answer, and beside it the newest to the order itself: a cancellation does not rewrite it."""
    change = update(events).where(events.c.event_id == event_id)
    if answer.modification_number == 0:
        change = change.values(
            order_answered_at=answer.answered_at, order_opt=answer.opt, order_code=answer.code
        )
    await tx.execute(
        change.values(
            answered_modification=answer.modification_number,
            answered_at=answer.answered_at,
            opt=answer.opt,
            code=answer.code,
        )
    )


async def reopen(tx: Tx, event_ids: Iterable[EventId]) -> None:
    """Their VEN has started from nothing (r406): what it had answered is to be answered again."""
    await tx.execute(
        update(events)
        .where(events.c.event_id.in_(tuple(event_ids)))
        .values(answered_modification=None, answered_at=None, opt=None, code=None)
    )


async def _add_delivery(tx: Tx, delivery: Delivery) -> None:
    await tx.execute(
        insert(events).values(
            event_id=delivery.event_id,
            intervention_id=delivery.intervention.intervention_id,
            ven_id=delivery.ven_id,
            modification_number=delivery.intervention.modification_number,
            is_whole_site=delivery.is_whole_site,
            created_at=delivery.created_at,
        )
    )
    await tx.execute(
        insert(event_resources),
        [{"event_id": delivery.event_id, "resource_id": resource} for resource in delivery.resources],
    )


async def _deliveries(tx: Tx, condition: Any) -> tuple[Delivery, ...]:
    meant_interventions = select(events.c.intervention_id).where(condition)
    feeders = await _feeders(tx, intervention_feeders.c.intervention_id.in_(meant_interventions))
    opted = await opts.on_events(tx, select(events.c.event_id).where(condition))
    resources: dict[str, list[ResourceId]] = {}
    meant = select(event_resources).join(events).where(condition).order_by("resource_id")
    for row in await tx.execute(meant):
        resources.setdefault(row.event_id, []).append(ResourceId(row.resource_id))
    query = (
        select(events, interventions)
        .join(interventions, events.c.intervention_id == interventions.c.intervention_id)
        .where(condition)
        .order_by(events.c.event_id)
    )
    return tuple(
        Delivery(
            event_id=EventId(row.event_id),
            ven_id=VenId(row.ven_id),
            intervention=_intervention(row, feeders),
            resources=tuple(resources.get(row.event_id, ())),
            is_whole_site=row.is_whole_site,
            created_at=row.created_at,
            offered_at=row.offered_at,
            answer=_answer(row),
            order_answer=_order_answer(row),
            opts=opted.get(EventId(row.event_id), ()),
        )
        for row in await tx.execute(query)
    )


async def _feeders(tx: Tx, condition: Any) -> Mapping[str, tuple[GroupId, ...]]:
    found: dict[str, tuple[GroupId, ...]] = {}
    query = select(intervention_feeders).where(condition).order_by("feeder_id")
    for row in await tx.execute(query):
        found[row.intervention_id] = (*found.get(row.intervention_id, ()), GroupId(row.feeder_id))
    return found


def _answer(row: Row[Any]) -> Answer | None:
    if row.answered_modification is None:
        return None
    return Answer(
        modification_number=row.answered_modification,
        opt=OptType(row.opt),
        code=row.code,
        answered_at=row.answered_at,
    )


def _order_answer(row: Row[Any]) -> Answer | None:
    if row.order_answered_at is None:
        return None
    return Answer(
        modification_number=0,
        opt=OptType(row.order_opt),
        code=row.order_code,
        answered_at=row.order_answered_at,
    )


def _intervention(row: Row[Any], feeders: Mapping[str, tuple[GroupId, ...]]) -> Intervention:
    return Intervention(
        intervention_id=InterventionId(row.intervention_id),
        order=Order(
            programme=Programme(row.programme),
            feeder_ids=feeders.get(row.intervention_id, ()),
            percent=Decimal(row.percent),
            start=row.start,
            duration=timedelta(milliseconds=row.duration_ms),
            reason=row.reason,
            ordered_by=row.ordered_by,
            randomise=None if row.randomise_ms is None else timedelta(milliseconds=row.randomise_ms),
            is_test=row.is_test,
        ),
        ordered_at=row.ordered_at,
        cancelled_at=row.cancelled_at,
        cancel_reason=row.cancel_reason,
        outcome_at=row.outcome_at,
    )


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
