"""EiRegisterParty: a site that the operator has approved says who it is, and learns how to call.

approved --CreatePartyRegistration--> registered --CancelPartyRegistration--> approved
                                      |      ^
                                      +------+  again: without IDs all starts afresh (r406), with them nothing does
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from oadr.ledger.entry import EntryType
from oadr.wire.errors import Refused, ResponseCode
from oadr.wire.ids import NO_REQUEST, RegistrationId, RequestId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    QueryRegistration,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ProfileName, TransportName
from oadr.wire.scalars import Duration
from oadr.wire.signature import SignaturePolicy
from vtn.model.registration import Caller, Registration
from vtn.model.wish import WishKind
from vtn.service.desk import Desk
from vtn.service.refusals import PROFILES, not_registered
from vtn.store import interventions, record, registrations, wishes
from vtn.store.engine import Tx

RETRY: Final = timedelta(minutes=2)
"""The same request again within this is a retry after a lost answer: it does not change the identifiers."""


async def query(message: QueryRegistration, caller: Caller, desk: Desk) -> CreatedPartyRegistration:
    """What this VTN speaks; the IDs only to a VEN that is registered (r404)."""
    async with desk.store.reading() as tx:
        known = await registrations.of(tx, caller.ven_id)
    return _created(message.request_id, known, desk)


async def create(
    message: CreatePartyRegistration, caller: Caller, desk: Desk, now: datetime
) -> CreatedPartyRegistration:
    """Register the caller, or confirm its registration. Raises `Refused`."""
    _check_terms(message, desk.terms.signatures_of(caller))
    if message.registration_id is not None:
        return await _renew(message.registration_id, message.request_id, caller, desk)
    async with desk.store.writing() as tx:
        known = await registrations.of(tx, caller.ven_id)
        if known is not None and _is_retry(message, known, now):
            await registrations.greet(tx, caller.ven_id, answered=False)
        else:
            known = _fresh(message, caller, desk, now)
            await registrations.replace(tx, known)
            await _remember(tx, caller, "registered", now)
        await _reopen(tx, caller, now)
    desk.index.changed(replace(caller, registration_id=known.registration_id))
    desk.index.post(caller.ven_id)
    return _created(message.request_id, known, desk)


async def _renew(
    registration_id: RegistrationId, request_id: RequestId, caller: Caller, desk: Desk
) -> CreatedPartyRegistration:
    """The same again, maybe because we wanted it: the VEN knows its events too, nothing is offered anew (r402)."""
    async with desk.store.writing() as tx:
        known = _same(await registrations.of(tx, caller.ven_id), registration_id)
        await wishes.settle(tx, caller.ven_id, WishKind.REREGISTER)
    desk.index.answered(caller.ven_id)
    return _created(request_id, known, desk)


async def cancel(
    message: CancelPartyRegistration, caller: Caller, desk: Desk, now: datetime
) -> CanceledPartyRegistration:
    """Forget the caller's registration and all that hangs on it (r407). Raises `Refused` (r400)."""
    async with desk.store.writing() as tx:
        known = _same(await registrations.of(tx, caller.ven_id), message.registration_id)
        await registrations.erase(tx, caller.ven_id)
        await _remember(tx, caller, "registration cancelled", now)
    desk.index.changed(replace(caller, registration_id=None))
    return CanceledPartyRegistration(
        response=EiResponse(request_id=message.request_id),
        registration_id=known.registration_id,
        ven_id=caller.ven_id,
    )


async def _reopen(tx: Tx, caller: Caller, now: datetime) -> None:
    """Who registers anew has forgotten its events, so what it had answered is offered again (r406)."""
    deliveries = await interventions.of_ven(tx, caller.ven_id)
    await interventions.reopen(
        tx,
        [one.event_id for one in deliveries if one.intervention.cancelled_at is None and one.listed(now)],
    )


async def _remember(tx: Tx, caller: Caller, what: str, now: datetime) -> None:
    """In the record, in the same transaction."""
    await record.append(tx, EntryType.CONFIG_CHANGE, {"site": caller.pseudonym, "change": what}, now)


def _is_retry(message: CreatePartyRegistration, known: Registration, now: datetime) -> bool:
    """The same words once more, soon. A requestID alone proves nothing: it need not be unique (r43)."""
    said = (known.request_id, known.ven_name)
    return (
        message.request_id != NO_REQUEST
        and (message.request_id, message.ven_name or "") == said
        and timedelta() <= now - known.registered_at < RETRY
    )


def _fresh(message: CreatePartyRegistration, caller: Caller, desk: Desk, now: datetime) -> Registration:
    return Registration(
        ven_id=caller.ven_id,
        registration_id=RegistrationId(desk.new_id()),
        request_id=message.request_id,
        registered_at=now,
        ven_name=message.ven_name or "",
    )


def _check_terms(message: CreatePartyRegistration, signatures: SignaturePolicy) -> None:
    """Raises `Refused` for what is not spoken here, or not with this site.

    A VEN that signs need not say so here: its messages themselves are looked at, each of them (r514).
    """
    if message.profile is not ProfileName.B or message.transport is not TransportName.SIMPLE_HTTP:
        raise Refused("only profile 2.0b over simpleHttp is spoken here", ResponseCode.NOT_ALLOWED)
    if message.xml_signature and signatures is SignaturePolicy.OFF:
        raise Refused("signatures are off for this site", ResponseCode.NOT_ALLOWED)
    if message.http_pull is False:
        raise Refused("only the pull model is served here", ResponseCode.NOT_ALLOWED)


def _same(known: Registration | None, registration_id: RegistrationId) -> Registration:
    if known is None:
        raise not_registered()
    if known.registration_id != registration_id:
        raise Refused("registrationID", ResponseCode.INVALID_ID)
    return known


def _created(request_id: RequestId, known: Registration | None, desk: Desk) -> CreatedPartyRegistration:
    return CreatedPartyRegistration(
        response=EiResponse(request_id=request_id),
        registration_id=known.registration_id if known else None,
        ven_id=known.ven_id if known else None,
        vtn_id=desk.terms.vtn_id,
        profiles=PROFILES,
        poll_frequency=Duration.of(desk.terms.poll_every),
    )
