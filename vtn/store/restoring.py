"""What makes an older store safe to go on with: no number in it is one that somebody has seen with another meaning.

Sites hold modifications of which the store knows nothing, so all of them are raised beyond whatever there was: a site
takes what it is told next, and answers it anew. The record goes on behind what was lost, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.ledger.keys import key_id
from vtn.store import record, witness
from vtn.store.backend import StoreAway
from vtn.store.engine import Store
from vtn.store.tables import changes, events, interventions

RAISED_BY: Final = 1000
"""More changes than anybody makes of one order between a backup and the day when it is needed."""


@dataclass(frozen=True, slots=True)
class PutBack:
    entries: int
    """Of the record, as far as the backup goes."""
    lost: int
    """Entries that came after it."""


async def put_back(store: Store, folder: Path, key: Ed25519PrivateKey, now: datetime) -> PutBack:
    """Raise the numbers of a store that may be older than the hashes in `folder`. Raises `StoreAway`."""
    async with store.rebuilding() as tx:
        head = await record.head(tx)
        if head.key_id != key_id(key.public_key()):
            raise StoreAway(f"the record of this store was begun with another key than the one in {folder}")
        lost = await witness.beyond(tx, folder)
        await record.lose(tx, lost)
        last = head.size + len(lost) - 1
        gone: Mapping[str, Value] = {"first": head.size, "last": last} if lost else {}
        body = {"because": "an older store was put back", "modifications_raised_by": RAISED_BY, **gone}
        await record.append(tx, EntryType.ERASED if lost else EntryType.CONFIG_CHANGE, body, now)
        await record.seal(tx, key, now)  # no hole is believed before the word on it is sealed
        await tx.execute(update(interventions).values(raised=interventions.c.raised + RAISED_BY))
        raised = events.c.modification_number + RAISED_BY
        await tx.execute(update(events).values(modification_number=raised, created_at=now, handed_out=False))
        await tx.execute(update(changes).values(number=changes.c.number + RAISED_BY))
    return PutBack(head.size, len(lost))
