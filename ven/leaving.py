"""What a VEN that does not run says to its VTN when its unit is reset: schedules end, or the registration (r407)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from oadr.states.opt import Stage
from oadr.wire.errors import ResponseCode, Unreachable
from oadr.wire.ids import RequestId
from oadr.wire.messages import (
    CanceledOpt,
    CanceledPartyRegistration,
    CancelOpt,
    CancelPartyRegistration,
    Message,
    Response,
)
from oadr.wire.messages.registration import ServiceName
from ven.clock import Clock
from ven.enrolment import Registration
from ven.opts import Opt
from ven.outbox import Request
from ven.transport import Transport

PATIENCE: Final = timedelta(seconds=15)
"""Longer nobody waits for a VTN that is not there; it is told by other ways then."""
PAUSE: Final = timedelta(seconds=1)
"""Between two attempts."""
_UNKNOWN: Final = (ResponseCode.NOT_REGISTERED, ResponseCode.INVALID_ID)


async def leave(transport: Transport, known: Registration, request_id: RequestId, clock: Clock) -> bool:
    """Whether the VTN does not know the registration any more.

    Also when it has never heard of it (r400): then an earlier attempt has reached it.
    """
    message = CancelPartyRegistration(
        request_id=request_id, registration_id=known.registration_id, ven_id=known.ven_id
    )
    request = Request(ServiceName.REGISTER_PARTY, message)
    match await _answer(transport, request, clock.now() + PATIENCE, clock):
        case CanceledPartyRegistration(response=response) | Response(response=response):
            return response.accepted or response.code in _UNKNOWN
    return False


def schedules(opts: Iterable[Opt]) -> tuple[Opt, ...]:
    """Those of which the VTN may know."""
    return tuple(
        one for one in opts if one.event is None and one.stage in (Stage.OWED, Stage.TOLD, Stage.CANCELLING)
    )


async def take_back(
    transport: Transport, known: Registration, opts: Iterable[Opt], request_id: RequestId, clock: Clock
) -> bool:
    """Whether the VTN has none of these schedules any more; that it never had one is no error (r211)."""
    give_up = clock.now() + PATIENCE
    for opt_id in sorted({one.opt_id for one in opts}):
        message = CancelOpt(opt_id=opt_id, ven_id=known.ven_id, request_id=request_id)
        match await _answer(transport, Request(ServiceName.OPT, message), give_up, clock):
            case CanceledOpt():
                continue
            case Response(response=response) if response.accepted:
                continue
        return False
    return True


async def _answer(transport: Transport, request: Request, give_up: datetime, clock: Clock) -> Message | None:
    """Asked for again and again until it is there; None: it was empty, or never came."""
    while clock.now() < give_up:
        try:
            return await transport.exchange(request)
        except Unreachable:
            await clock.sleep_until(clock.now() + PAUSE)
    return None
