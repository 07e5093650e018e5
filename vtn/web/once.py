"""A signed message acts once, also after a restart (r514)."""

from typing import Final

from oadr.wire.ids import VenId
from oadr.wire.messages import Message, Poll, QueryRegistration, RequestEvent
from oadr.wire.replay import Once
from vtn.store import asked, nonces
from vtn.store.asked import Asked
from vtn.store.engine import Store

QUESTIONS: Final = (Poll, QueryRegistration, RequestEvent)
"""What asks and changes nothing: whoever could replay it could as well ask anew."""


class Spent:
    """Which messages there were: in the store if they act, with its full synchronisation and for all processes.

    Questions are noted without waiting for the disk, and of very many the oldest are forgotten.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: Asked | None = None

    async def spend(self, ven_id: VenId, message: Message, once: Once) -> None:
        """To be called before the message has any effect. Raises `Forged` for a replay, and `StoreAway`."""
        if isinstance(message, QUESTIONS):
            (self._asked or self._open()).spend(ven_id, once.nonce)
            return
        async with self._store.writing() as tx:
            await nonces.spend(tx, ven_id, once)

    def _open(self) -> Asked:
        self._asked = Asked(self._store.folder, asked.REMEMBERED)
        return self._asked
