"""A signed message acts once (r514)."""

from collections import OrderedDict
from typing import Final

from oadr.wire.errors import Forged
from oadr.wire.ids import VenId
from oadr.wire.messages import Message, Poll, QueryRegistration, RequestEvent
from oadr.wire.replay import Once
from vtn.store import nonces
from vtn.store.engine import Store

QUESTIONS: Final = (Poll, QueryRegistration, RequestEvent)
"""What asks and changes nothing: whoever could replay it could as well ask anew."""
REMEMBERED: Final = 100_000
"""Questions of all sites; a day's worth of one, or ten minutes of 1600 that poll every ten seconds."""


class Spent:
    """Which messages there were: on disk if they act, so that it holds for all processes and over a restart.

    Polls are most of the traffic, and waiting for the disk with each would cost more than their signatures. So
    questions are kept in the memory of one process, and the oldest are forgotten: that one is answered twice
    does no harm, and tells nobody but the owner of the certificate anything.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._questions: OrderedDict[tuple[VenId, str], None] = OrderedDict()

    async def spend(self, ven_id: VenId, message: Message, once: Once) -> None:
        """To be called before the message has any effect. Raises `Forged` for a replay, and `StoreAway`."""
        if isinstance(message, QUESTIONS):
            self._ask(ven_id, once)
            return
        async with self._store.writing() as tx:
            await nonces.spend(tx, ven_id, once)

    def _ask(self, ven_id: VenId, once: Once) -> None:
        asked = ven_id, once.nonce
        if asked in self._questions:
            raise Forged("replayed")
        self._questions[asked] = None
        if len(self._questions) > REMEMBERED:
            self._questions.popitem(last=False)
