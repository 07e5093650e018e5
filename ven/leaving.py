"""How a VEN ends its registration itself (r407): for a unit that changes hands."""

from datetime import timedelta
from typing import Final

from oadr.wire.errors import ResponseCode, Unreachable
from oadr.wire.ids import RequestId
from oadr.wire.messages import CanceledPartyRegistration, CancelPartyRegistration, Message, Response
from oadr.wire.messages.registration import ServiceName
from ven.clock import Clock
from ven.enrolment import Registration
from ven.outbox import Request
from ven.transport import Transport

PATIENCE: Final = timedelta(seconds=15)
"""Longer nobody waits for a VTN that is not there; it is told by other ways then."""
PAUSE: Final = timedelta(seconds=1)
"""Between two attempts."""
_UNKNOWN: Final = (ResponseCode.NOT_REGISTERED, ResponseCode.INVALID_ID)


async def leave(transport: Transport, known: Registration, request_id: RequestId, clock: Clock) -> bool:
    """Whether the VTN does not know the registration any more. It is asked until it answers or `PATIENCE` is over."""
    message = CancelPartyRegistration(
        request_id=request_id, registration_id=known.registration_id, ven_id=known.ven_id
    )
    request = Request(ServiceName.REGISTER_PARTY, message)
    give_up = clock.now() + PATIENCE
    while clock.now() < give_up:
        try:
            return _is_over(await transport.exchange(request))
        except Unreachable:
            await clock.sleep_until(clock.now() + PAUSE)
    return False


def _is_over(reply: Message | None) -> bool:
    """Over too when it has never heard of it (r400): then an earlier attempt has reached it."""
    match reply:
        case CanceledPartyRegistration(response=response) | Response(response=response):
            return response.accepted or response.code in _UNKNOWN
    return False
