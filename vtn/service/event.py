"""EiEvent: the complete list of a VEN's events, and its word on each."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.wire.errors import Refused, ResponseCode
from oadr.wire.ids import EventId, RequestId
from oadr.wire.messages import CreatedEvent, DistributeEvent, RequestEvent, Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.event import EventResponse
from vtn.delivery import event_list
from vtn.delivery.index import Item
from vtn.model.delivery import Answer, Delivery
from vtn.model.registration import Caller
from vtn.service.desk import Desk
from vtn.store import interventions, record
from vtn.store.engine import StoreAway, Tx

NOTE_SECONDS: Final = 0.5
"""How long an event waits for the note that it was handed out: it is worth more than the note."""


async def request(message: RequestEvent, caller: Caller, desk: Desk, now: datetime) -> DistributeEvent:
    """Every event that concerns the caller, or the first `replyLimit` of them (r27)."""
    ticket = desk.index.ticket(caller.ven_id)
    async with desk.store.reading() as tx:
        deliveries = await interventions.of_ven(tx, caller.ven_id)
    if any(delivery.due(now) for delivery in deliveries):
        desk.index.offered(caller.ven_id, Item.EVENTS, ticket, now)
    return await distribute(deliveries, desk, now, message.request_id, message.reply_limit)


async def distribute(
    deliveries: tuple[Delivery, ...],
    desk: Desk,
    now: datetime,
    asked: RequestId,
    reply_limit: int | None = None,
) -> DistributeEvent:
    """The list as a message; when an event was first handed out is noted, which proves no arrival."""
    events = event_list.render(deliveries, desk.terms.market_contexts, now, reply_limit)
    listed = {event.event_id for event in events}
    await _note([one for one in deliveries if one.event_id in listed], desk, now)
    return DistributeEvent(
        response=EiResponse(request_id=asked),
        request_id=asked or RequestId(desk.new_id()),  # always filled (r41)
        vtn_id=desk.terms.vtn_id,
        events=events,
    )


async def _note(listed: list[Delivery], desk: Desk, now: datetime) -> None:
    """A list that was read is handed out, also when the disk is too full to note that, or too slow (VT07)."""
    fresh = [one.event_id for one in listed if not one.offered_at]
    unasked = [one.event_id for one in listed if not one.intervention.order.wants_answer and not one.settled]
    if not fresh and not unasked:
        return
    noting = asyncio.create_task(_write(fresh, unasked, desk, now))
    desk.begun.add(noting)
    noting.add_done_callback(desk.begun.discard)
    await asyncio.wait((noting,), timeout=NOTE_SECONDS)


async def _write(fresh: list[EventId], unasked: list[EventId], desk: Desk, now: datetime) -> None:
    with suppress(StoreAway):
        async with desk.store.writing() as tx:
            await interventions.offered(tx, fresh, now)
            await interventions.handed_out(tx, unasked)


async def created(message: CreatedEvent, caller: Caller, desk: Desk, now: datetime) -> Response:
    """Take the caller's word on each event; one that cannot be taken never spoils the others.

    Responses count only if the outer code is a success (r25). Raises the first `Refused` once the rest is stored:
    452 for an unknown event, 450 for another modification (r48).
    """
    responses = message.event_responses if message.response.accepted else ()
    wrong: list[Refused] = []
    if responses:
        async with desk.store.writing() as tx:
            known = {one.event_id: one for one in await interventions.of_ven(tx, caller.ven_id)}
            for response in responses:
                try:
                    taken = await _take(tx, response, known.get(response.event.event_id), caller, now)
                    known[taken.event_id] = taken
                except Refused as error:
                    wrong.append(error)
    if len(wrong) < len(responses):
        desk.index.answered(
            caller.ven_id
        )  # and else not: a VEN that is always wrong would be answered in a loop
    if wrong:
        raise wrong[0]
    return Response(response=EiResponse(request_id=message.response.request_id), ven_id=caller.ven_id)


async def _take(
    tx: Tx, response: EventResponse, known: Delivery | None, caller: Caller, now: datetime
) -> Delivery:
    """The delivery with its answer. Raises `Refused`."""
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
    if known.answer and replace(known.answer, answered_at=now) == answer:
        return known  # a retry: one effect
    await interventions.answered(tx, known.event_id, answer)
    body: Mapping[str, Value] = {
        "intervention": known.intervention.intervention_id,
        "site": caller.pseudonym,
        "modification": answer.modification_number,
        "opt": answer.opt,
        "code": answer.code,
        **(
            {"outranked": len(known.opts)} if known.opts else {}
        ),  # chargepoints with an opt of their own (r206)
    }
    await record.append(tx, EntryType.OPT, body, now)
    return replace(known, answer=answer)
