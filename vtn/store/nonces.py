"""Which signed messages have had their effect: none of them has it twice (r514).

The store is shared by all processes and survives a restart, so the memory of it does too.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete

from oadr.wire.errors import Forged
from oadr.wire.ids import VenId
from oadr.wire.replay import Once
from vtn.store.dialect import insert
from vtn.store.engine import Tx
from vtn.store.tables import nonces

LONGER: Final = timedelta(hours=1)
"""A nonce is kept for so long after it has expired: a clock that is set back by less lets no old message in."""


async def spend(tx: Tx, ven_id: VenId, once: Once) -> None:
    """Raises `Forged` if the site has used this nonce."""
    row = {"ven_id": ven_id, "nonce": once.nonce, "expires_at": once.expires_at}
    written = await tx.execute(insert(tx, nonces).values(row).on_conflict_do_nothing())
    if not written.rowcount:
        raise Forged("replayed")


async def forget(tx: Tx, now: datetime) -> None:
    """Delete those that no message of today can have."""
    await tx.execute(delete(nonces).where(nonces.c.expires_at < now - LONGER))
