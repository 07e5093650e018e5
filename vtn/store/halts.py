"""Which kill switches are pulled."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn.model.errors import NotNow
from vtn.model.halt import Halt, HaltId, Scope
from vtn.model.people import PersonId
from vtn.store.engine import Tx
from vtn.store.tables import halts


async def pulled(tx: Tx) -> tuple[Halt, ...]:
    """Those that are not lifted, the oldest first."""
    query = select(halts).where(halts.c.lifted_at.is_(None)).order_by(halts.c.number)
    return tuple(_halt(row) for row in await tx.execute(query))


async def pull(tx: Tx, scope: Scope, by: PersonId, reason: str, now: datetime) -> Halt:
    """The one that is pulled already, where there is one of the same scope."""
    for halt in await pulled(tx):
        if halt.scope == scope:
            return halt
    row = {
        "feeder_id": scope.feeder_id,
        "programme": scope.programme,
        "since": now,
        "by": by,
        "reason": reason,
    }
    done = await tx.execute(insert(halts).values(row).returning(halts.c.number))
    number = done.scalar_one()
    return next(halt for halt in await pulled(tx) if halt.number == number)


async def lift(tx: Tx, number: int, by: PersonId, now: datetime) -> Halt:
    """Raises `NotNow` where none of this number is pulled."""
    for halt in await pulled(tx):
        if halt.number == number:
            lifted = update(halts).where(halts.c.number == number).values(lifted_at=now, lifted_by=by)
            await tx.execute(lifted)
            return halt
    raise NotNow(f"there is no halt {number}; see them with: vtn halts")


def _halt(row: Row[Any]) -> Halt:
    return Halt(
        number=HaltId(row.number),
        scope=Scope(
            feeder_id=None if row.feeder_id is None else GroupId(row.feeder_id),
            programme=None if row.programme is None else Programme(row.programme),
        ),
        since=row.since,
        by=PersonId(row.by),
        reason=row.reason,
    )
