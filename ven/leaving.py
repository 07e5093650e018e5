"""What a VEN that does not run says to its VTN when its unit is reset.

That words of its people do not count any more, or that the registration ends (r407).
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from oadr.states.opt import Stage
from oadr.wire.errors import ResponseCode, Unreachable
from oadr.wire.ids import NO_REQUEST, RequestId
from oadr.wire.messages import (
    CanceledOpt,
    CanceledPartyRegistration,
    CancelOpt,
    CancelPartyRegistration,
    CreatedOpt,
    Message,
    Response,
)
from oadr.wire.messages.common import OptType
from oadr.wire.messages.registration import ServiceName
from ven import answers
from ven.clock import Clock
from ven.enrolment import Registration
from ven.events import HeldEvent
from ven.opts import Opt, Opts, Reason
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


def declined(held: Iterable[HeldEvent], now: datetime) -> tuple[HeldEvent, ...]:
    """What somebody here has declined, and is not over."""
    return tuple(each for each in held if each.declined and (each.end is None or now < each.end))


async def follow_again(
    transport: Transport,
    known: Registration,
    held: Iterable[HeldEvent],
    new_id: Callable[[], str],
    clock: Clock,
) -> bool:
    """Whether the VTN knows that nobody declines these events any more: by EiOpt, or by an answer to them (r17)."""
    give_up = clock.now() + PATIENCE
    for each in held:
        opts = Opts("", new_id)
        opts.say_of(each, OptType.OPT_IN, Reason.PARTICIPATING, each.resources, clock.now())
        if opts.next is None:
            continue  # who wants no answers has none
        message = opts.message(opts.next, known.ven_id, RequestId(new_id()))
        if _is_taken(await _answer(transport, Request(ServiceName.OPT, message), give_up, clock)):
            continue
        word = answers.opts((each.declining(frozenset()).word(NO_REQUEST),), known.ven_id)
        if not _is_taken(await _answer(transport, Request(ServiceName.EVENT, word), give_up, clock)):
            return False
    return True


def _is_taken(answer: Message | None) -> bool:
    """Also by one who does not know the event: there is nothing to be taken back."""
    match answer:
        case CreatedOpt(response=response) | Response(response=response):
            return response.accepted or response.code == ResponseCode.INVALID_ID
    return False


async def _answer(transport: Transport, request: Request, give_up: datetime, clock: Clock) -> Message | None:
    """Asked for again and again until it is there; None: it was empty, or never came."""
    while clock.now() < give_up:
        try:
            return await transport.exchange(request)
        except Unreachable:
            await clock.sleep_until(clock.now() + PAUSE)
    return None
