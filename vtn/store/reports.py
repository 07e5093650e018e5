"""What VENs offer to report, what we asked them for, and what they measured."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from oadr.wire.ids import ReportRequestId, ReportSpecifierId, RequestId, ResourceId, RId, Token, VenId
from vtn.model.reading import Point, Quantity, Rate, Reading, State, Total
from vtn.model.report_request import ReportOrder
from vtn.store import dialect
from vtn.store.engine import Tx
from vtn.store.tables import readings, report_orders, report_points, states, totals


async def offer(tx: Tx, ven_id: VenId, points: Iterable[Point]) -> None:
    """New metadata replaces all that was offered, and ends what was asked for (r306)."""
    for table in (report_points, report_orders):
        await tx.execute(delete(table).where(table.c.ven_id == ven_id))
    rows = [_point_row(point) for point in points]
    if rows:
        await tx.execute(insert(report_points), rows)


async def points(tx: Tx, ven_id: VenId) -> Mapping[tuple[ReportSpecifierId, RId], Point]:
    query = select(report_points).where(report_points.c.ven_id == ven_id).order_by("specifier_id", "r_id")
    return {(point.specifier_id, point.r_id): point for point in map(_point, await tx.execute(query))}


async def ask(tx: Tx, orders: Iterable[ReportOrder]) -> None:
    rows = [_order_row(order) for order in orders]
    if rows:
        await tx.execute(insert(report_orders), rows)


async def orders(tx: Tx, ven_id: VenId) -> tuple[ReportOrder, ...]:
    query = select(report_orders).where(report_orders.c.ven_id == ven_id).order_by("report_request_id")
    return tuple(_order(row) for row in await tx.execute(query))


async def confirm(tx: Tx, ven_id: VenId, pending: Iterable[ReportRequestId] | None = None) -> None:
    """The VEN has taken these orders; None: all of them."""
    change = update(report_orders).where(report_orders.c.ven_id == ven_id).values(confirmed=True)
    if pending is not None:
        change = change.where(report_orders.c.report_request_id.in_(tuple(pending)))
    await tx.execute(change)


async def retire(tx: Tx, ven_id: VenId, cancels: Mapping[ReportRequestId, RequestId]) -> None:
    """These orders shall end, each by an oadrCancelReport of its own."""
    for request_id, cancel_id in cancels.items():
        change = update(report_orders).where(
            report_orders.c.ven_id == ven_id, report_orders.c.report_request_id == request_id
        )
        await tx.execute(change.values(cancel_id=cancel_id))


async def end(tx: Tx, ven_id: VenId, request_id: ReportRequestId) -> None:
    """The VEN reports this no more."""
    ended = (report_orders.c.ven_id == ven_id) & (report_orders.c.report_request_id == request_id)
    await tx.execute(delete(report_orders).where(ended))


async def withdraw(tx: Tx, ven_id: VenId) -> None:
    """The VEN refused what we asked for: there is nothing to wait for."""
    refused = (report_orders.c.ven_id == ven_id) & report_orders.c.confirmed.is_(False)
    await tx.execute(delete(report_orders).where(refused))


async def unconfirmed(tx: Tx) -> frozenset[VenId]:
    """The VENs that have not yet taken an order of ours, or its end."""
    open_ = report_orders.c.confirmed.is_(False) | report_orders.c.cancel_id.is_not(None)
    query = select(report_orders.c.ven_id).where(open_).distinct()
    return frozenset(row.ven_id for row in await tx.execute(query))


async def keep(tx: Tx, found: Iterable[Reading]) -> None:
    """A corrected reading replaces the one of the same moment (r346)."""
    rows = [
        {"resource_id": one.resource_id, "quantity": one.quantity, "at": one.at, "value": f"{one.value:f}"}
        for one in found
    ]
    if rows:
        statement = dialect.insert(tx, readings)
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["resource_id", "quantity", "at"], set_={"value": statement.excluded.value}
            ),
            rows,
        )


async def note(tx: Tx, found: Iterable[State]) -> None:
    """How chargepoints stand. What is older than what is known changes nothing."""
    rows = [_state_row(one) for one in found]
    if rows:
        statement = dialect.insert(tx, states)
        new = statement.excluded
        changed = {name: new[name] for name in ("at", "online", "overridden", "share")}
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["resource_id"], set_=changed, where=new.at >= states.c.at
            ),
            rows,
        )


async def note_totals(tx: Tx, found: Iterable[Total]) -> None:
    """What whole sites draw. What is older than what is known changes nothing."""
    rows = [
        {"ven_id": one.ven_id, "quantity": one.quantity, "at": one.at, "value": f"{one.value:f}"}
        for one in found
    ]
    if rows:
        statement = dialect.insert(tx, totals)
        new = statement.excluded
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["ven_id", "quantity"],
                set_={"at": new.at, "value": new.value},
                where=new.at >= totals.c.at,
            ),
            rows,
        )


async def known_states(tx: Tx, resources: Iterable[ResourceId]) -> Mapping[ResourceId, State]:
    """How these chargepoints stood when they last said so."""
    query = select(states).where(states.c.resource_id.in_(tuple(resources)))
    return {one.resource_id: one for one in map(_state, await tx.execute(query))}


async def known_totals(tx: Tx, quantity: Quantity) -> Mapping[VenId, Total]:
    """What the sites that do not tell their chargepoints apart drew when they last said so."""
    rows = await tx.execute(select(totals).where(totals.c.quantity == quantity))
    found = (Total(VenId(row.ven_id), Quantity(row.quantity), row.at, Decimal(row.value)) for row in rows)
    return {one.ven_id: one for one in found}


async def between(
    tx: Tx, resources: Iterable[ResourceId], since: datetime, until: datetime
) -> tuple[Reading, ...]:
    """Readings of these chargepoints from `since` to `until`, both included, in the order of time."""
    query = (
        select(readings)
        .where(readings.c.resource_id.in_(tuple(resources)), readings.c.at.between(since, until))
        .order_by(readings.c.resource_id, readings.c.at, readings.c.quantity)
    )
    return tuple(_reading(row) for row in await tx.execute(query))


async def latest(tx: Tx, resources: Iterable[ResourceId], quantity: Quantity) -> Mapping[ResourceId, Reading]:
    """The newest reading of one quantity for each chargepoint that ever sent one."""
    newest = (
        select(readings.c.resource_id, func.max(readings.c.at).label("at"))
        .where(readings.c.resource_id.in_(tuple(resources)), readings.c.quantity == quantity)
        .group_by(readings.c.resource_id)
        .subquery()
    )
    is_newest = (readings.c.resource_id == newest.c.resource_id) & (readings.c.at == newest.c.at)
    query = select(readings).join(newest, is_newest).where(readings.c.quantity == quantity)
    return {reading.resource_id: reading for reading in map(_reading, await tx.execute(query))}


def _reading(row: Row[Any]) -> Reading:
    return Reading(ResourceId(row.resource_id), Quantity(row.quantity), row.at, Decimal(row.value))


def _state_row(one: State) -> dict[str, Any]:
    share = None if one.share is None else f"{one.share:f}"
    return {
        "resource_id": one.resource_id,
        "at": one.at,
        "online": one.online,
        "overridden": one.overridden,
        "share": share,
    }


def _state(row: Row[Any]) -> State:
    share = None if row.share is None else Decimal(row.share)
    return State(
        resource_id=ResourceId(row.resource_id),
        at=row.at,
        online=row.online,
        overridden=row.overridden,
        share=share,
    )


def _point_row(point: Point) -> dict[str, Any]:
    return {
        "ven_id": point.ven_id,
        "specifier_id": point.specifier_id,
        "r_id": point.r_id,
        "reading_type": point.reading_type,
        "resource_id": point.resource_id,
        "is_whole_site": point.is_whole_site,
        "quantity": point.quantity,
        "factor": str(point.factor),
        "shortest_ms": _milliseconds(point.rate.shortest) if point.rate else None,
        "longest_ms": _milliseconds(point.rate.longest) if point.rate else None,
        "on_change": point.rate.on_change if point.rate else None,
    }


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _point(row: Row[Any]) -> Point:
    return Point(
        ven_id=VenId(row.ven_id),
        specifier_id=ReportSpecifierId(row.specifier_id),
        r_id=RId(row.r_id),
        reading_type=Token(row.reading_type),
        resource_id=row.resource_id,
        is_whole_site=row.is_whole_site,
        quantity=None if row.quantity is None else Quantity(row.quantity),
        factor=Decimal(row.factor),
        rate=None
        if row.on_change is None
        else Rate(
            timedelta(milliseconds=row.shortest_ms), timedelta(milliseconds=row.longest_ms), row.on_change
        ),
    )


def _order_row(order: ReportOrder) -> dict[str, Any]:
    return {
        "report_request_id": order.report_request_id,
        "ven_id": order.ven_id,
        "specifier_id": order.specifier_id,
        "granularity_ms": _milliseconds(order.granularity),
        "report_back_ms": _milliseconds(order.report_back),
        "requested_at": order.requested_at,
        "confirmed": order.confirmed,
        "cancel_id": order.cancel_id,
        "replaces": order.replaces,
    }


def _order(row: Row[Any]) -> ReportOrder:
    return ReportOrder(
        report_request_id=ReportRequestId(row.report_request_id),
        ven_id=VenId(row.ven_id),
        specifier_id=ReportSpecifierId(row.specifier_id),
        granularity=timedelta(milliseconds=row.granularity_ms),
        report_back=timedelta(milliseconds=row.report_back_ms),
        requested_at=row.requested_at,
        confirmed=row.confirmed,
        cancel_id=row.cancel_id,
        replaces=row.replaces,
    )
