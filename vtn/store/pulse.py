"""How the whole store stands, in three words: whoever kept an older answer sees what has changed since."""

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import func, select

from vtn.store import changes, record
from vtn.store.engine import Tx
from vtn.store.tables import proposals


@dataclass(frozen=True, slots=True)
class Pulse:
    orders: str
    """Of what is ordered, and of who may call."""
    record: str
    """Of everything that is recorded: answers, results, roles and keys, kill switches."""
    proposals: str
    """Of what waits for a second person."""


async def pulse(tx: Tx) -> Pulse:
    return Pulse(
        orders=str(await changes.number(tx)),
        record=str((await record.head(tx)).size),
        proposals=await _of_proposals(tx),
    )


async def _of_proposals(tx: Tx) -> str:
    """They have no number of their own that grows; but each step moves one of these."""
    count, newest = func.count(), func.max(proposals.c.written_at)
    decided = func.max(proposals.c.decided_at)
    query = select(proposals.c.stood, count, newest, decided).group_by(proposals.c.stood)
    rows = sorted(tuple(f"{each}" for each in row) for row in await tx.execute(query))
    return sha256(repr(rows).encode()).hexdigest()[:8]
