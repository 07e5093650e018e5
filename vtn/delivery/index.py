"""What one server process keeps in memory: who may call, and who has mail.

All of it comes from the store and can be rebuilt from there at any time. Thanks to it a poll with nothing to say
touches no database.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from certs import Sha256
from oadr.wire.ids import VenId
from vtn.model.registration import Caller
from vtn.store import changes, interventions, network, registrations, reports
from vtn.store.engine import Store, Tx

OFFER_AGAIN: Final = timedelta(seconds=5)
"""A VEN that has not answered what it was handed is given so long before it is handed the same again."""


class Index:
    """`refresh` reads the store; the services keep it right between two refreshes."""

    def __init__(self) -> None:
        self._callers: Mapping[Sha256, Caller] = {}
        self._mail: set[VenId] = set()
        self._offered: dict[VenId, datetime] = {}
        self._seen: dict[VenId, datetime] = {}
        self._number: int | None = None

    async def refresh(self, store: Store, now: datetime) -> bool:
        """Take over what other processes have changed since the last time; whether there was anything."""
        async with store.reading() as tx:
            number = await changes.number(tx)
            if number == self._number:
                return False
            self._callers = await network.callers(tx)
            self._mail = await _who_has_mail(tx, self._callers, now)
            self._number = number
        self._offered.clear()
        return True

    def caller(self, certificate: Sha256) -> Caller | None:
        """The site that this certificate acts for, or None."""
        return self._callers.get(certificate)

    def called(self, ven_id: VenId, now: datetime) -> None:
        self._seen[ven_id] = now

    def take_seen(self) -> Mapping[VenId, datetime]:
        """Who called since the last take, to be written in one batch."""
        seen, self._seen = self._seen, {}
        return seen

    def changed(self, certificates: Mapping[Sha256, Caller]) -> None:
        """A registration was made or ended here."""
        self._callers = certificates

    def has_mail(self, ven_id: VenId, now: datetime) -> bool:
        """Whether to look into the store for this VEN; not while it has just been handed something."""
        if ven_id not in self._mail:
            return False
        offered = self._offered.get(ven_id)
        return offered is None or not timedelta() <= now - offered < OFFER_AGAIN

    def post(self, ven_id: VenId) -> None:
        """There is something new for it."""
        self._mail.add(ven_id)
        self._offered.pop(ven_id, None)

    def offered(self, ven_id: VenId, now: datetime) -> None:
        self._offered[ven_id] = now

    def answered(self, ven_id: VenId) -> None:
        """It has answered something: the next thing may be handed out at once."""
        self._offered.pop(ven_id, None)

    def empty(self, ven_id: VenId) -> None:
        """The store has nothing for it."""
        self._mail.discard(ven_id)
        self._offered.pop(ven_id, None)


async def _who_has_mail(tx: Tx, callers: Mapping[Sha256, Caller], now: datetime) -> set[VenId]:
    """Everyone registered who has an unanswered event, an unanswered greeting or an unconfirmed report order."""
    registered = {caller.ven_id for caller in callers.values() if caller.registration_id is not None}
    due = {delivery.ven_id for delivery in await interventions.unsettled(tx) if delivery.due(now)}
    return registered & (due | await registrations.ungreeted(tx) | await reports.unconfirmed(tx))
