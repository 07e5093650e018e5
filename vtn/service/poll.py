"""OadrPoll: the next thing for the caller, or nothing.

One thing at a time: events first, then our greeting, then what we want reported. Each is offered until its own
answer has come (the HTTP reply alone proves nothing), so nothing is lost when an answer is.
"""

from datetime import datetime

from oadr.wire.ids import NO_REQUEST, RequestId
from oadr.wire.messages import CreateReport, Message, Poll, RegisterReport, Response
from oadr.wire.messages.common import EiResponse
from vtn.model.registration import Caller
from vtn.service import event, report
from vtn.service.desk import Desk
from vtn.store import interventions, registrations, reports


async def poll(message: Poll, caller: Caller, desk: Desk, now: datetime) -> Message:
    """No database is touched when there is nothing to say (r500)."""
    if not desk.index.has_mail(caller.ven_id, now):
        return Response(response=EiResponse(request_id=NO_REQUEST), ven_id=message.ven_id)
    return await _next(caller, desk, now)


async def _next(caller: Caller, desk: Desk, now: datetime) -> Message:
    async with desk.store.reading() as tx:
        deliveries = await interventions.of_ven(tx, caller.ven_id)
        registration = await registrations.of(tx, caller.ven_id)
        orders = await reports.orders(tx, caller.ven_id)
        points = await reports.points(tx, caller.ven_id)
    if any(delivery.due(now) for delivery in deliveries):
        return await event.distribute(deliveries, caller, desk, now, NO_REQUEST)
    desk.index.offered(caller.ven_id, now)
    if (
        registration and not registration.greeted
    ):  # after each new registration, with no reports of our own (r301)
        return RegisterReport(request_id=RequestId(desk.new_id()), ven_id=caller.ven_id)
    if unconfirmed := tuple(order for order in orders if not order.confirmed):
        requests = report.requests(unconfirmed, tuple(points.values()))
        return CreateReport(request_id=RequestId(desk.new_id()), requests=requests, ven_id=caller.ven_id)
    desk.index.empty(caller.ven_id)
    return Response(response=EiResponse(request_id=NO_REQUEST), ven_id=caller.ven_id)
