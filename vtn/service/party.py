"""EiRegisterParty, the other way: what we want of a VEN's registration, and its answers.

oadrRequestReregistration --> oadrResponse, then oadrCreatePartyRegistration, which alone settles it
oadrCancelPartyRegistration --> oadrCanceledPartyRegistration, or no answer in time: both forget each other (r407)
"""

from dataclasses import replace
from datetime import datetime

from oadr.ledger.entry import EntryType
from oadr.wire.errors import Refused, ResponseCode
from oadr.wire.ids import VenId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    RequestReregistration,
    Response,
)
from oadr.wire.messages.common import EiResponse
from vtn.model.registration import Caller, Registration
from vtn.model.wish import Wish, WishKind
from vtn.service.desk import Desk
from vtn.store import changes, network, record, registrations, wishes
from vtn.store.engine import Store


def reregister(caller: Caller) -> RequestReregistration:
    return RequestReregistration(ven_id=caller.ven_id)


def farewell(wish: Wish, registration: Registration) -> CancelPartyRegistration:
    return CancelPartyRegistration(
        request_id=wish.request_id,
        registration_id=registration.registration_id,
        ven_id=registration.ven_id,
    )


async def responded(message: Response, caller: Caller, desk: Desk, now: datetime) -> Response:
    """The VEN has heard that it shall register again, or will not. Raises `Refused` if nobody had asked (452)."""
    async with desk.store.writing() as tx:
        if WishKind.REREGISTER not in await wishes.of(tx, caller.ven_id):
            raise _unasked()
        if not message.response.accepted:
            await wishes.settle(tx, caller.ven_id, WishKind.REREGISTER)
            body = {"site": caller.pseudonym, "change": "refuses to register again"}
            await record.append(tx, EntryType.CONFIG_CHANGE, body, now)
    return Response(response=EiResponse(request_id=message.response.request_id), ven_id=caller.ven_id)


async def canceled(message: CanceledPartyRegistration, caller: Caller, desk: Desk, now: datetime) -> Response:
    """The VEN knows that its registration has ended, whatever it thinks of that. Raises `Refused` (452, r400)."""
    async with desk.store.writing() as tx:
        known = await registrations.of(tx, caller.ven_id)
        if known is None or WishKind.DEREGISTER not in await wishes.of(tx, caller.ven_id):
            raise _unasked()
        if message.registration_id not in (None, "", known.registration_id):
            raise Refused("registrationID", ResponseCode.INVALID_ID)
        await registrations.erase(tx, caller.ven_id)
        body = {"site": caller.pseudonym, "change": "registration ended by us"}
        await record.append(tx, EntryType.CONFIG_CHANGE, body, now)
    desk.index.changed(replace(caller, registration_id=None))
    return Response(response=EiResponse(request_id=message.response.request_id), ven_id=caller.ven_id)


async def forget_the_silent(store: Store, now: datetime) -> tuple[VenId, ...]:
    """End the registrations whose end was not answered in time (r407); whose they were."""
    async with store.reading() as tx:
        if not await wishes.overdue(tx, now):
            return ()
    async with store.writing() as tx:
        silent = await wishes.overdue(tx, now)
        pseudonyms = {site.ven_id: site.pseudonym for site in (await network.load(tx)).sites}
        for ven_id in silent:
            await registrations.erase(tx, ven_id)
            body = {"site": pseudonyms[ven_id], "change": "registration ended by us, without an answer"}
            await record.append(tx, EntryType.CONFIG_CHANGE, body, now)
        await changes.announce(tx)
    return silent


def _unasked() -> Refused:
    return Refused("an answer to what was never asked", ResponseCode.INVALID_ID)
