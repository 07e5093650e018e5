"""What must not go unnoticed: written in the transaction of its cause, told by whichever server sees it first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from vtn.store.engine import Tx
from vtn.store.tables import alarms


@dataclass(frozen=True, slots=True)
class Alarm:
    at: datetime
    kind: str
    why: str


async def sound(tx: Tx, kind: str, why: str, now: datetime) -> None:
    await tx.execute(insert(alarms).values(at=now, kind=kind, why=why))


async def due(tx: Tx) -> bool:
    """Whether any is still to be told; cheap enough to ask every moment."""
    return (
        await tx.execute(select(alarms.c.number).where(alarms.c.told_at.is_(None)).limit(1))
    ).scalar() is not None


async def take(tx: Tx, now: datetime) -> tuple[Alarm, ...]:
    """Those that nobody has told yet, the oldest first; from then on they count as told."""
    untold = select(alarms).where(alarms.c.told_at.is_(None)).order_by(alarms.c.number)
    found = tuple(Alarm(row.at, row.kind, row.why) for row in await tx.execute(untold))
    await tx.execute(update(alarms).where(alarms.c.told_at.is_(None)).values(told_at=now))
    return found
