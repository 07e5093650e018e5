"""OadrPoll: the next thing for the caller, or nothing.

One thing at a time: events first, then our greeting, then what we want reported. Each is offered until its own
answer has come (the HTTP reply alone proves nothing), so nothing is lost when a reply is.
"""

from datetime import datetime

from oadr.wire.ids import NO_REQUEST, RequestId
from oadr.wire.messages import CreateReport, Message, Poll, RegisterReport, Response
from oadr.wire.messages.common import EiResponse
from vtn.delivery.index import Item
from vtn.model.reading import Point
from vtn.model.registration import Caller, Registration
from vtn.model.report_request import ReportOrder
from vtn.service import event, report
from vtn.service.desk import Desk
from vtn.store import interventions, registrations, reports
from vtn.store.engine import Tx


async def poll(_: Poll, caller: Caller, desk: Desk, now: datetime) -> Message:
    """No database is touched when there is nothing to say, or an answer is waited for (r500)."""
    ticket = desk.index.ticket(caller.ven_id)
    if ticket is None or desk.index.is_waiting(caller.ven_id, now):
        return _nothing(caller)
    async with desk.store.reading() as tx:
        deliveries = await interventions.of_ven(tx, caller.ven_id)
        registration = await registrations.of(tx, caller.ven_id)
        orders, points = await _unconfirmed(tx, caller)
    waiting = (
        (Item.EVENTS, any(delivery.due(now) for delivery in deliveries)),
        (Item.GREETING, registration is not None and not registration.greeted),
        (Item.REPORT_REQUESTS, bool(orders)),
    )
    item = desk.index.choose(caller.ven_id, [item for item, is_waiting in waiting if is_waiting])
    if item is None:
        desk.index.empty(caller.ven_id, ticket)
        return _nothing(caller)
    desk.index.offered(caller.ven_id, item, ticket, now)
    match item:
        case Item.EVENTS:
            return await event.distribute(deliveries, desk, now, NO_REQUEST)
        case Item.GREETING:
            return _greeting(registration, caller, desk)
        case Item.REPORT_REQUESTS:
            requests = report.requests(orders, points)
            return CreateReport(request_id=_new_request(desk), requests=requests, ven_id=caller.ven_id)


async def _unconfirmed(tx: Tx, caller: Caller) -> tuple[tuple[ReportOrder, ...], tuple[Point, ...]]:
    orders = tuple(order for order in await reports.orders(tx, caller.ven_id) if not order.confirmed)
    points = await reports.points(tx, caller.ven_id) if orders else {}
    return orders, tuple(points.values())


def _nothing(caller: Caller) -> Response:
    return Response(response=EiResponse(request_id=NO_REQUEST), ven_id=caller.ven_id)


def _greeting(registration: Registration | None, caller: Caller, desk: Desk) -> RegisterReport:
    """It follows each new registration and lists no reports of our own, for there are none (r301)."""
    asked_by = registration.asked_by if registration else None
    return RegisterReport(request_id=_new_request(desk), ven_id=caller.ven_id, report_request_id=asked_by)


def _new_request(desk: Desk) -> RequestId:
    return RequestId(desk.new_id())
