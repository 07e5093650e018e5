"""The record on disk: entries are only ever added, each in the transaction of what it tells."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, insert, select, update

from oadr.ledger import log as ledger
from oadr.ledger.canonical import Value
from oadr.ledger.checkpoint import Checkpoint
from oadr.ledger.entry import EntryType, LogId
from oadr.ledger.export import Hole
from oadr.ledger.log import Head
from vtn.store.engine import Tx
from vtn.store.tables import checkpoints, log, log_head

BATCH: Final = 1000
"""Entries that are in memory at once when all are read."""


async def begin(tx: Tx, log_id: LogId, key: Ed25519PrivateKey, now: datetime) -> Head:
    """The head of the record; a new record is begun where there is none."""
    raw = (await tx.execute(select(log_head.c.head))).scalar()
    if raw is not None:
        return Head.read(raw)
    head, entry = ledger.begin(log_id, key.public_key(), now)
    await tx.execute(insert(log).values(seq=entry.seq, entry=entry.raw))
    await tx.execute(insert(log_head).values(only=1, head=head.raw))
    return head


async def head(tx: Tx) -> Head:
    return Head.read((await tx.execute(select(log_head.c.head))).scalar_one())


async def append(tx: Tx, kind: EntryType, body: Mapping[str, Value], now: datetime) -> None:
    new, entry = (await head(tx)).append(kind, body, now)
    await tx.execute(insert(log).values(seq=entry.seq, entry=entry.raw))
    await tx.execute(update(log_head).values(head=new.raw))


async def seal(tx: Tx, key: Ed25519PrivateKey, now: datetime) -> Checkpoint | None:
    """Sign all that is there; None if the newest checkpoint covers it already."""
    newest = (await tx.execute(select(func.max(checkpoints.c.size)))).scalar()
    current = await head(tx)
    if newest == current.size:
        return None
    checkpoint = Checkpoint.sign(current, key, now)
    await tx.execute(insert(checkpoints).values(size=checkpoint.size, checkpoint=checkpoint.raw))
    return checkpoint


async def sealed(tx: Tx) -> tuple[Checkpoint, ...]:
    """Every checkpoint, in the order of their sizes."""
    query = select(checkpoints.c.checkpoint).order_by(checkpoints.c.size)
    return tuple(Checkpoint.read(row.checkpoint) for row in await tx.execute(query))


async def entry(tx: Tx, seq: int) -> bytes:
    return bytes((await tx.execute(select(log.c.entry).where(log.c.seq == seq))).scalar_one())


async def lose(tx: Tx, holes: Sequence[Hole]) -> None:
    """The record goes on after entries of which only their hashes are left."""
    after = await head(tx)
    for hole in holes:
        after = after.skip(hole.seq, hole.digest, hole.leaf)
        await tx.execute(insert(log).values(seq=hole.seq, entry=hole.raw))
    await tx.execute(update(log_head).values(head=after.raw))


async def entries(tx: Tx, start: int = 0) -> AsyncIterator[bytes]:
    """The canonical bytes of every entry, or of what is left of it, in order."""
    while True:
        query = select(log.c.entry).where(log.c.seq >= start).order_by(log.c.seq).limit(BATCH)
        found = (await tx.execute(query)).scalars().all()
        for raw in found:
            yield raw
        if len(found) < BATCH:
            return
        start += BATCH
