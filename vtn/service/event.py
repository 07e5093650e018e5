"""EiEvent: the complete list of a VEN's events, and its word on each."""

from collections.abc import Mapping
from datetime import datetime

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.wire.errors import PeerError, Refused, ResponseCode
from oadr.wire.ids import RequestId
from oadr.wire.messages import CreatedEvent, DistributeEvent, RequestEvent, Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.event import EventResponse
from vtn.delivery import event_list
from vtn.model.delivery import Answer, Delivery
from vtn.model.registration import Caller
from vtn.service.desk import Desk
from vtn.store import interventions, record
from vtn.store.engine import Tx


async def request(message: RequestEvent, caller: Caller, desk: Desk, now: datetime) -> DistributeEvent:
    """Every event that concerns the caller, or the first `replyLimit` of them."""
    async with desk.store.reading() as tx:
        deliveries = await interventions.of_ven(tx, caller.ven_id)
    return await distribute(deliveries, caller, desk, now, message.request_id, message.reply_limit)


async def distribute(
    deliveries: tuple[Delivery, ...],
    caller: Caller,
    desk: Desk,
    now: datetime,
    asked: RequestId,
    reply_limit: int | None = None,
) -> DistributeEvent:
    """The list as a message; when it was first handed out is noted, which proves no arrival."""
    events = event_list.render(deliveries, desk.terms.market_contexts, now, reply_limit)
    listed = {event.event_id for event in events}
    fresh = [one.event_id for one in deliveries if one.event_id in listed and one.offered_at is None]
    if fresh:
        async with desk.store.writing() as tx:
            await interventions.offered(tx, fresh, now)
    desk.index.offered(caller.ven_id, now)
    return DistributeEvent(
        response=EiResponse(request_id=asked),
        request_id=asked or RequestId(desk.new_id()),  # always filled (r41)
        vtn_id=desk.terms.vtn_id,
        events=events,
    )


async def created(message: CreatedEvent, caller: Caller, desk: Desk, now: datetime) -> Response:
    """Take the caller's word on each event; one that cannot be taken never spoils the others.

    Responses count only if the outer code is a success (r25). Raises the first `Refused` once the rest is stored:
    452 for an unknown event, 450 for another modification (r48).
    """
    wrong: list[PeerError] = []
    if message.response.accepted and message.event_responses:
        async with desk.store.writing() as tx:
            known = {one.event_id: one for one in await interventions.of_ven(tx, caller.ven_id)}
            for response in message.event_responses:
                try:
                    await _take(tx, response, known.get(response.event.event_id), caller, now)
                except PeerError as error:
                    wrong.append(error)
        desk.index.answered(caller.ven_id)
    if wrong:
        raise wrong[0]
    return Response(response=EiResponse(request_id=message.response.request_id), ven_id=caller.ven_id)


async def _take(
    tx: Tx, response: EventResponse, known: Delivery | None, caller: Caller, now: datetime
) -> None:
    if known is None:
        raise Refused("eventID", ResponseCode.INVALID_ID)
    if response.event.modification_number != known.intervention.modification_number:
        raise Refused("modificationNumber", ResponseCode.OUT_OF_SEQUENCE)
    answer = Answer(
        modification_number=response.event.modification_number,
        opt=response.opt,
        code=response.code,
        answered_at=now,
    )
    if known.answer and (known.answer.modification_number, known.answer.opt, known.answer.code) == (
        answer.modification_number,
        answer.opt,
        answer.code,
    ):
        return  # a retry: one effect
    await interventions.answered(tx, known.event_id, answer)
    body: Mapping[str, Value] = {
        "intervention": known.intervention.intervention_id,
        "site": caller.pseudonym,
        "modification": answer.modification_number,
        "opt": answer.opt,
        "code": answer.code[:3],
    }
    await record.append(tx, EntryType.OPT, body, now)
