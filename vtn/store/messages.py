"""The last messages of single sites, kept to find a fault.

Readings and names are personal data: messages are kept of a site only while somebody wants them, no more than a set
number and for no longer than a week, and they end with the site's registration.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from oadr.wire.ids import VenId
from oadr.wire.recording import Direction, Recorded
from vtn.model.errors import NotNow
from vtn.store import changes
from vtn.store.engine import Tx
from vtn.store.tables import messages, sites

MOST: Final = 1000
"""Messages of one site."""
LONGEST: Final = timedelta(days=7)
"""A switch that somebody has forgotten must not make a memory without end of a site that falls silent."""


async def want(tx: Tx, ven_id: VenId, last: int | None) -> None:
    """Keep the `last` messages of a site from now on; None: none, and delete what there is. Raises `NotNow`."""
    changed = await tx.execute(update(sites).where(sites.c.ven_id == ven_id).values(record_last=last))
    if not changed.rowcount:
        raise NotNow(f"there is no site {ven_id}; see them with: vtn sites list")
    await _shorten(tx, ven_id, last or 0)
    await changes.announce(tx)


async def keep(tx: Tx, ven_id: VenId, recorded: Iterable[Recorded]) -> None:
    """In the order in which they went over the wire. Nothing is kept of a site of which it is not wanted any more."""
    last = (await tx.execute(select(sites.c.record_last).where(sites.c.ven_id == ven_id))).scalar()
    if last:
        await tx.execute(insert(messages), [_row(ven_id, one) for one in recorded])
        await _shorten(tx, ven_id, last)


async def of(tx: Tx, ven_id: VenId, last: int = MOST) -> tuple[Recorded, ...]:
    """The `last` ones that are kept, the oldest first."""
    query = select(messages).where(messages.c.ven_id == ven_id).order_by(messages.c.number.desc()).limit(last)
    return tuple(map(_recorded, reversed((await tx.execute(query)).all())))


async def forget(tx: Tx, now: datetime) -> None:
    """Delete those that are too old."""
    await tx.execute(delete(messages).where(messages.c.at < now - LONGEST))


async def erase(tx: Tx, ven_id: VenId) -> None:
    await tx.execute(delete(messages).where(messages.c.ven_id == ven_id))


async def _shorten(tx: Tx, ven_id: VenId, last: int) -> None:
    """To the `last` ones."""
    ours = messages.c.ven_id == ven_id
    newest = select(messages.c.number).where(ours).order_by(messages.c.number.desc()).limit(last)
    await tx.execute(delete(messages).where(ours, messages.c.number.not_in(newest)))


def _row(ven_id: VenId, one: Recorded) -> dict[str, Any]:
    return {**one.fields, "ven_id": ven_id, "at": one.at}


def _recorded(row: Row[Any]) -> Recorded:
    return Recorded(
        at=row.at,
        direction=Direction(row.direction),
        service=row.service,
        message=row.message,
        verdict=row.verdict,
        size=row.size,
        xml=row.xml,
    )
