"""Interventions and the events that they become."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, true, update

from oadr.wire.ids import EventId, GroupId, ResourceId, VenId
from oadr.wire.messages.common import OptType
from vtn.model.delivery import Answer, Delivery
from vtn.model.intervention import UNTIL_CANCELLED, Changed, Intervention, InterventionId, Order
from vtn.model.people import Word
from vtn.store import opts, order_rows
from vtn.store.engine import Tx
from vtn.store.tables import event_resources, events, intervention_feeders, interventions, superseded


async def add(tx: Tx, intervention: Intervention, deliveries: Iterable[Delivery]) -> None:
    order = intervention.order
    await tx.execute(
        insert(interventions).values(
            intervention_id=intervention.intervention_id,
            programme=order.programme,
            **order_rows.values(order),
            reason=order.reason,
            ordered_by=order.ordered_by,
            is_test=order.is_test,
            ordered_at=intervention.ordered_at,
            **_word_row(intervention.word),
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


async def change(tx: Tx, given: Intervention, order: Order, change: Changed, word: Word) -> None:
    """`order` takes the place of what was; every event gets a new modification (r5), which is due to be delivered."""
    its = given.intervention_id
    await tx.execute(
        insert(superseded).values(
            intervention_id=its,
            number=len(given.changes),
            at=change.at,
            reason=change.reason,
            changed_by=change.changed_by,
            **order_rows.values(change.before),
        )
    )
    await tx.execute(
        update(interventions)
        .where(interventions.c.intervention_id == its)
        .values(**order_rows.values(order), **_word_row(word))
    )
    await _modify(tx, its, change.at)


async def cancel(tx: Tx, intervention_id: InterventionId, reason: str, now: datetime) -> None:
    """Every event gets a new modification (r10), which is due to be delivered."""
    await tx.execute(
        update(interventions)
        .where(interventions.c.intervention_id == intervention_id)
        .values(cancelled_at=now, cancel_reason=reason)
    )
    await _modify(tx, intervention_id, now)


async def recorded(tx: Tx, intervention_id: InterventionId, now: datetime) -> None:
    """Its result has gone into the record."""
    await tx.execute(
        update(interventions).where(interventions.c.intervention_id == intervention_id).values(outcome_at=now)
    )


async def load(tx: Tx) -> tuple[Intervention, ...]:
    """All of them, the newest first."""
    beside = await _beside(tx, true(), true())
    query = select(interventions).order_by(interventions.c.ordered_at.desc(), "intervention_id")
    return tuple(_intervention(row, beside) for row in await tx.execute(query))


async def find(tx: Tx, intervention_id: str) -> Intervention | None:
    query = select(interventions).where(interventions.c.intervention_id == intervention_id)
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        return None
    meant = (intervention_feeders.c.intervention_id, superseded.c.intervention_id)
    return _intervention(row, await _beside(tx, *(each == intervention_id for each in meant)))


async def of_ven(tx: Tx, ven_id: VenId) -> tuple[Delivery, ...]:
    """Every event that this VEN was ever meant to get, whether still listed or not."""
    return await _deliveries(tx, events.c.ven_id == ven_id)


async def of_intervention(tx: Tx, intervention_id: InterventionId) -> tuple[Delivery, ...]:
    return await _deliveries(tx, events.c.intervention_id == intervention_id)


async def unsettled(tx: Tx, since: datetime) -> tuple[Delivery, ...]:
    """Of what starts after `since`, or has no end: those not answered in their newest modification, due or not."""
    answered = events.c.answered_modification
    is_open = answered.is_(None) | (answered != events.c.modification_number)
    endless = interventions.c.duration_ms == order_rows.milliseconds(UNTIL_CANCELLED)
    recent = select(interventions.c.intervention_id).where((interventions.c.start > since) | endless)
    return await _deliveries(tx, is_open & events.c.intervention_id.in_(recent))


async def offered(tx: Tx, event_ids: Iterable[EventId], now: datetime) -> None:
    """Handed out; the first time counts."""
    await tx.execute(
        update(events)
        .where(events.c.event_id.in_(tuple(event_ids)), events.c.offered_at.is_(None))
        .values(offered_at=now)
    )


async def handed_out(tx: Tx, event_ids: Iterable[EventId]) -> None:
    """In their newest modification, of which no answer will tell."""
    await tx.execute(update(events).where(events.c.event_id.in_(tuple(event_ids))).values(handed_out=True))


async def answered(tx: Tx, event_id: EventId, answer: Answer) -> None:
    """Keep the newest answer, and beside it the newest to the order itself: a cancellation does not rewrite it."""
    is_cancelled = select(interventions.c.cancelled_at).join(
        events, events.c.intervention_id == interventions.c.intervention_id
    )
    cancelled_at = (await tx.execute(is_cancelled.where(events.c.event_id == event_id))).scalar()
    saying = update(events).where(events.c.event_id == event_id)
    if cancelled_at is None:
        saying = saying.values(
            order_modification=answer.modification_number,
            order_answered_at=answer.answered_at,
            order_opt=answer.opt,
            order_code=answer.code,
        )
    await tx.execute(
        saying.values(
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
        .values(answered_modification=None, answered_at=None, opt=None, code=None, handed_out=False)
    )


async def _modify(tx: Tx, intervention_id: InterventionId, now: datetime) -> None:
    await tx.execute(
        update(events)
        .where(events.c.intervention_id == intervention_id)
        .values(modification_number=events.c.modification_number + 1, created_at=now, handed_out=False)
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
            handed_out=delivery.handed_out,
        )
    )
    await tx.execute(
        insert(event_resources),
        [{"event_id": delivery.event_id, "resource_id": resource} for resource in delivery.resources],
    )


async def _deliveries(tx: Tx, condition: Any) -> tuple[Delivery, ...]:
    meant_interventions = select(events.c.intervention_id).where(condition)
    beside = await _beside(
        tx,
        intervention_feeders.c.intervention_id.in_(meant_interventions),
        superseded.c.intervention_id.in_(meant_interventions),
    )
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
            intervention=_intervention(row, beside),
            resources=tuple(resources.get(row.event_id, ())),
            is_whole_site=row.is_whole_site,
            created_at=row.created_at,
            offered_at=row.offered_at,
            handed_out=row.handed_out,
            answer=_answer(row),
            order_answer=_order_answer(row),
            opts=opted.get(EventId(row.event_id), ()),
        )
        for row in await tx.execute(query)
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands in other tables than the intervention."""

    feeders: dict[str, tuple[GroupId, ...]] = field(default_factory=dict)
    changes: dict[str, tuple[Row[Any], ...]] = field(default_factory=dict)


async def _beside(tx: Tx, of_feeders: Any, of_changes: Any) -> _Beside:
    found = _Beside()
    feeders, changes = found.feeders, found.changes
    for row in await tx.execute(select(intervention_feeders).where(of_feeders).order_by("feeder_id")):
        feeders[row.intervention_id] = (*feeders.get(row.intervention_id, ()), GroupId(row.feeder_id))
    for row in await tx.execute(select(superseded).where(of_changes).order_by(superseded.c.number)):
        changes[row.intervention_id] = (*changes.get(row.intervention_id, ()), row)
    return found


def _word_row(word: Word) -> Mapping[str, Any]:
    return {"released_by": word.by, "second": word.second, "broke_glass": word.broke_glass}


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
        modification_number=row.order_modification,
        opt=OptType(row.order_opt),
        code=row.order_code,
        answered_at=row.order_answered_at,
    )


def _intervention(row: Row[Any], beside: _Beside) -> Intervention:
    order = order_rows.order(row, beside.feeders.get(row.intervention_id, ()))
    return Intervention(
        intervention_id=InterventionId(row.intervention_id),
        order=order,
        ordered_at=row.ordered_at,
        word=Word(by=row.released_by, second=row.second, broke_glass=row.broke_glass),
        changes=tuple(
            order_rows.changed(each, order) for each in beside.changes.get(row.intervention_id, ())
        ),
        cancelled_at=row.cancelled_at,
        cancel_reason=row.cancel_reason,
        outcome_at=row.outcome_at,
        raised=row.raised,
    )
