"""How every program opens the state: the tables, and a record that has begun and is as long as it ever was."""

from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from oadr.ledger.entry import LogId
from oadr.ledger.keys import key_id
from vtn.store import record, witness
from vtn.store.engine import Store, StoreAway


async def open_store(folder: Path, key: Ed25519PrivateKey, now: datetime, url: str | None = None) -> Store:
    """The store of `folder`, its record signed by `key`.

    Raises `StoreAway`, also for a record that was begun with another key, or was longer once.
    """
    store = await Store.open(folder, url)
    try:
        async with store.writing() as tx:
            head = await record.begin(tx, LogId(f"vtn-{key_id(key.public_key())[:12]}"), key, now)
        if head.key_id != key_id(key.public_key()):
            raise StoreAway(f"the record in {folder} was begun with another key than its ledger.key")
        async with store.reading() as tx:
            await witness.follow(tx, folder)
    except BaseException:
        await store.close()
        raise
    return store
