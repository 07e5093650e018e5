"""What we want of VENs themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select

from oadr.wire.ids import RequestId, VenId
from vtn.model.wish import PATIENCE, Wish, WishKind
from vtn.store import changes
from vtn.store.dialect import insert
from vtn.store.engine import Tx
from vtn.store.tables import wishes


async def make(tx: Tx, wish: Wish) -> None:
    """One of its kind at a time: the same again changes nothing."""
    row = {"ven_id": wish.ven_id, "kind": wish.kind, "request_id": wish.request_id, "since": wish.since}
    await tx.execute(insert(tx, wishes).values(row).on_conflict_do_nothing())
    await changes.announce(tx)


async def of(tx: Tx, ven_id: VenId) -> Mapping[WishKind, Wish]:
    found = map(_wish, await tx.execute(select(wishes).where(wishes.c.ven_id == ven_id)))
    return {wish.kind: wish for wish in found}


async def settle(tx: Tx, ven_id: VenId, kind: WishKind) -> None:
    await tx.execute(delete(wishes).where(wishes.c.ven_id == ven_id, wishes.c.kind == kind))


async def open_(tx: Tx) -> frozenset[VenId]:
    """The VENs of whom something is wanted."""
    return frozenset(VenId(row.ven_id) for row in await tx.execute(select(wishes.c.ven_id).distinct()))


async def overdue(tx: Tx, now: datetime) -> tuple[VenId, ...]:
    """Who has not answered in time that its registration ends."""
    query = select(wishes.c.ven_id).where(
        wishes.c.kind == WishKind.DEREGISTER, wishes.c.since <= now - PATIENCE
    )
    return tuple(VenId(row.ven_id) for row in await tx.execute(query.order_by(wishes.c.ven_id)))


async def erase(tx: Tx, ven_id: VenId) -> None:
    await tx.execute(delete(wishes).where(wishes.c.ven_id == ven_id))


def _wish(row: Row[Any]) -> Wish:
    return Wish(
        ven_id=VenId(row.ven_id),
        kind=WishKind(row.kind),
        request_id=RequestId(row.request_id),
        since=row.since,
    )
