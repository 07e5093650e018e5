"""Which service answers which message, and whether its sender may say it at all."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from oadr.wire.errors import PeerError, Refused, ResponseCode
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CanceledReport,
    CancelOpt,
    CancelPartyRegistration,
    CancelReport,
    CreatedEvent,
    CreatedReport,
    CreateOpt,
    CreatePartyRegistration,
    CreateReport,
    Message,
    Poll,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.registration import ServiceName
from vtn.model.registration import Caller
from vtn.service import event, opt, party, poll, registration, report
from vtn.service.desk import Desk
from vtn.service.refusals import not_registered, refuse, wrong_ven

Handler = Callable[[Any, Caller, Desk, datetime], Awaitable[Message]]


async def _query(message: QueryRegistration, caller: Caller, desk: Desk, _: datetime) -> Message:
    return await registration.query(message, caller, desk)


async def _created_report(message: CreatedReport, caller: Caller, desk: Desk, _: datetime) -> Message:
    return await report.created(message, caller, desk)


async def _cancel_report(message: CancelReport, caller: Caller, desk: Desk, _: datetime) -> Message:
    return await report.cancel(message, caller, desk)


async def _unasked(_: Message, __: Caller, ___: Desk, ____: datetime) -> Message:
    raise Refused("an answer to what was never asked", ResponseCode.INVALID_ID)


SERVICES: Final[dict[ServiceName, dict[type[Message], Handler]]] = {
    ServiceName.REGISTER_PARTY: {
        QueryRegistration: _query,
        CreatePartyRegistration: registration.create,
        CancelPartyRegistration: registration.cancel,
        CanceledPartyRegistration: party.canceled,
        Response: party.responded,
    },
    ServiceName.EVENT: {RequestEvent: event.request, CreatedEvent: event.created},
    ServiceName.REPORT: {
        RegisterReport: report.register,
        RegisteredReport: report.registered,
        CreateReport: report.create,
        CreatedReport: _created_report,
        UpdateReport: report.update,
        UpdatedReport: _unasked,
        CancelReport: _cancel_report,
        CanceledReport: report.canceled,
    },
    ServiceName.OPT: {CreateOpt: opt.create, CancelOpt: opt.cancel},
    ServiceName.POLL: {Poll: poll.poll},
}
"""What each of the five addresses takes; anything else is not supported there (HTTP 404)."""

BEFORE_REGISTRATION: Final = (QueryRegistration, CreatePartyRegistration)


async def answer(
    handler: Handler, message: Message, caller: Caller | None, desk: Desk, now: datetime
) -> Message:
    """The answer to `message`; whatever is wrong with it becomes a refusal in the fitting payload."""
    try:
        return await handler(message, _allowed(message, caller), desk, now)
    except PeerError as error:
        return refuse(message, error, desk.terms.vtn_id)


def _allowed(message: Message, caller: Caller | None) -> Caller:
    """The caller, if this message may come from it. Raises `Refused`: 463 or 452 (r500, r517).

    Identity is the certificate's; a venID in the message is compared with it and gives nothing (P4).
    """
    if caller is None:
        raise not_registered()
    if caller.registration_id is None and not isinstance(message, BEFORE_REGISTRATION):
        raise not_registered()
    if getattr(message, "ven_id", None) not in (None, caller.ven_id):
        raise wrong_ven()
    return caller
