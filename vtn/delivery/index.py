"""What one server process keeps in memory: who may call, and who has mail.

All of it comes from the store and can be rebuilt from there at any time. Thanks to it a poll with nothing to say
touches no database.

Whoever looks into the store for mail first takes a ticket. If something is posted while it looks, the ticket is
worth nothing any more: "there is nothing" was true a moment ago, and must not undo what has come since.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, NewType

from certs import Sha256
from oadr.wire.ids import VenId
from vtn.model.delivery import LISTED_AFTER_START
from vtn.model.registration import Caller
from vtn.store import changes, interventions, network, offer_requests, registrations, reports, wishes
from vtn.store.engine import Store, StoreAway, Tx

OFFER_AGAIN: Final = timedelta(seconds=5)
"""A VEN that has not answered what it was handed is given so long before it is handed something again."""
TRIES: Final = 3
"""So often something is offered in a row before it is another thing's turn."""

Ticket = NewType("Ticket", int)


class Item(Enum):
    """What a VEN may be handed at a poll, the most urgent first."""

    EVENTS = auto()
    DEREGISTRATION = auto()
    REREGISTRATION = auto()
    GREETING = auto()
    """Our oadrRegisterReport."""
    METADATA = auto()
    """The question what it can report."""
    REPORT_CANCELS = auto()
    REPORT_REQUESTS = auto()


class Index:
    """`refresh` reads the store; the services keep it right between two refreshes.

    The services tell of a change once it is committed, and before they wait for anything else.
    """

    def __init__(self) -> None:
        self._callers: dict[Sha256, Caller] = {}
        self._mail: dict[VenId, Ticket] = {}
        self._offered: dict[VenId, datetime] = {}
        self._tries: Counter[tuple[VenId, Item]] = Counter()
        self._seen: dict[VenId, datetime] = {}
        self._number: int | None = None
        self._tickets = 0

    async def refresh(self, store: Store, now: datetime) -> bool:
        """Take over what other processes have changed since the last time; whether there was anything."""
        async with store.reading() as tx:
            if await changes.number(tx) == self._number:
                return False
        async with (
            store.writing() as tx
        ):  # no service writes meanwhile, so nothing that it tells of is overwritten
            number = await changes.number(tx)
            callers = await network.callers(tx)
            mail = await _who_has_mail(tx, callers, now)
            self._number, self._callers = number, dict(callers)
            self._mail = {ven_id: self._new_ticket() for ven_id in mail}
            self._offered.clear()
            self._tries.clear()
        return True

    # --- who may call ---

    def caller(self, certificate: Sha256) -> Caller | None:
        """The site that this certificate acts for, or None. Raises `StoreAway` before the first `refresh`."""
        if self._number is None:
            raise StoreAway("nobody is known yet")
        return self._callers.get(certificate)

    @property
    def fleet(self) -> int:
        """So many certificates may call."""
        return len(self._callers)

    @property
    def certificates(self) -> frozenset[Sha256]:
        """That act for a site."""
        return frozenset(self._callers)

    def changed(self, caller: Caller) -> None:
        """Its registration was made or ended here. A certificate that acts no longer stays without effect.

        All else may have been changed elsewhere since the caller was looked up, and was read by a refresh.
        """
        known = self._callers.get(caller.certificate)
        if known is not None and known.ven_id == caller.ven_id:
            self._callers[caller.certificate] = replace(known, registration_id=caller.registration_id)

    def called(self, ven_id: VenId, now: datetime) -> None:
        self._seen[ven_id] = now

    def take_seen(self) -> Mapping[VenId, datetime]:
        """Who called since the last take, to be written in one batch."""
        seen, self._seen = self._seen, {}
        return seen

    # --- who has mail ---

    def ticket(self, ven_id: VenId) -> Ticket | None:
        """None: there is nothing for it."""
        return self._mail.get(ven_id)

    def is_waiting(self, ven_id: VenId, now: datetime) -> bool:
        """Whether its answer to what it was handed is waited for; not for long."""
        offered = self._offered.get(ven_id)
        return offered is not None and timedelta() <= now - offered < OFFER_AGAIN

    def choose(self, ven_id: VenId, items: Sequence[Item]) -> Item | None:
        """Which of these to hand out now. What a VEN never answers does not block the rest for ever.

        Events are offered until they are over; the others only a few times until something changes.
        """
        worthwhile = [item for item in items if item is Item.EVENTS or self._tries[ven_id, item] < TRIES]
        return min(worthwhile, key=lambda item: self._tries[ven_id, item] // TRIES, default=None)

    def post(self, ven_id: VenId) -> Ticket:
        """There is something new for it."""
        for item in Item:
            del self._tries[ven_id, item]
        self._offered.pop(ven_id, None)
        self._mail[ven_id] = self._new_ticket()
        return self._mail[ven_id]

    def offered(self, ven_id: VenId, item: Item, ticket: Ticket | None, now: datetime) -> None:
        """This was handed to it. With an old ticket that counts for nothing: there is something newer."""
        if ticket is not None and self._mail.get(ven_id) == ticket:
            self._offered[ven_id] = now
            self._tries[ven_id, item] += 1

    def answered(self, ven_id: VenId) -> None:
        """It has settled something: the next thing may be handed out at once."""
        self._offered.pop(ven_id, None)

    def empty(self, ven_id: VenId, ticket: Ticket) -> None:
        """The store had nothing for it."""
        if self._mail.get(ven_id) == ticket:
            del self._mail[ven_id]
            self._offered.pop(ven_id, None)

    def _new_ticket(self) -> Ticket:
        self._tickets += 1
        return Ticket(self._tickets)


async def _who_has_mail(tx: Tx, callers: Mapping[Sha256, Caller], now: datetime) -> frozenset[VenId]:
    """Everyone registered who has not yet answered something: an event, our greeting, a wish, a report order."""
    registered = frozenset(caller.ven_id for caller in callers.values() if caller.registration_id is not None)
    unsettled = await interventions.unsettled(tx, now - LISTED_AFTER_START)
    due = {delivery.ven_id for delivery in unsettled if delivery.due(now)}
    strangers = await registrations.ungreeted(tx) | await registrations.unoffered(tx)
    wanted = await wishes.open_(tx) | await offer_requests.open_(tx) | await reports.unconfirmed(tx)
    return registered & (due | strangers | wanted)
