"""OadrPoll: the next thing for the caller, or nothing.

One thing at a time: events first, then what is about the registration, then reports. Each is offered until its own
answer has come (the HTTP reply alone proves nothing), so nothing is lost when a reply is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.states.report import Wanted
from oadr.wire.ids import NO_REQUEST, RequestId
from oadr.wire.messages import (
    CancelReport,
    CreateReport,
    Message,
    Poll,
    RegisterReport,
    Response,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.report import ReportRequest
from vtn.delivery.index import Item
from vtn.model.delivery import Delivery
from vtn.model.reading import Point
from vtn.model.registration import Caller, Registration
from vtn.model.report_request import ReportOrder
from vtn.model.wish import Wish, WishKind
from vtn.service import event, party, report_orders
from vtn.service.desk import Desk
from vtn.store import interventions, offer_requests, registrations, reports, wishes
from vtn.store.engine import Tx
from vtn.store.offer_requests import OfferRequest

UNASKED_FOR: Final = timedelta(seconds=30)
"""So long after it has registered a VEN may offer its reports by itself (r309) before it is asked."""


@dataclass(frozen=True, slots=True)
class Mail:
    """All that a registered VEN has not answered."""

    deliveries: tuple[Delivery, ...]
    registration: Registration
    wishes: Mapping[WishKind, Wish]
    asked: tuple[OfferRequest, ...]
    orders: tuple[ReportOrder, ...]
    points: tuple[Point, ...]

    def items(self, now: datetime) -> list[Item]:
        """What there is for it, the most urgent first."""
        has_offered = self.registration.offered
        waiting = (
            (Item.EVENTS, any(delivery.due(now) for delivery in self.deliveries)),
            (Item.DEREGISTRATION, WishKind.DEREGISTER in self.wishes),
            (Item.REREGISTRATION, WishKind.REREGISTER in self.wishes),
            (Item.GREETING, not self.registration.greeted or bool(self.asked)),
            (Item.METADATA, not has_offered and not self.is_fresh(now)),
            (Item.REPORT_CANCELS, any(order.state is Wanted.ENDING for order in self.orders)),
            (Item.REPORT_REQUESTS, any(order.state is Wanted.ASKED for order in self.orders)),
        )
        return [item for item, is_waiting in waiting if is_waiting]

    def is_fresh(self, now: datetime) -> bool:
        """Whether it may still say by itself what it can report."""
        return timedelta() <= now - self.registration.registered_at < UNASKED_FOR


async def poll(_: Poll, caller: Caller, desk: Desk, now: datetime) -> Message:
    """No database is touched when there is nothing to say, or an answer is waited for (r500)."""
    ticket = desk.index.ticket(caller.ven_id)
    if ticket is None or desk.index.is_waiting(caller.ven_id, now):
        return _nothing(caller)
    async with desk.store.reading() as tx:
        mail = await _mail(tx, caller)
    item = desk.index.choose(caller.ven_id, mail.items(now)) if mail else None
    if mail is None or item is None:
        if mail is None or mail.registration.offered or not mail.is_fresh(now):
            desk.index.empty(caller.ven_id, ticket)
        return _nothing(caller)
    desk.index.offered(caller.ven_id, item, ticket, now)
    return await _message(item, mail, caller, desk, now)


async def _message(item: Item, mail: Mail, caller: Caller, desk: Desk, now: datetime) -> Message:
    match item:
        case Item.EVENTS:
            return await event.distribute(mail.deliveries, desk, now, NO_REQUEST)
        case Item.DEREGISTRATION:
            return party.farewell(mail.wishes[WishKind.DEREGISTER], mail.registration)
        case Item.REREGISTRATION:
            return party.reregister(caller)
        case Item.GREETING:
            return _greeting(mail.asked, caller, desk)
        case Item.METADATA:
            requests: tuple[ReportRequest, ...] = (report_orders.for_offer(mail.registration),)
        case Item.REPORT_CANCELS:
            return _cancel(mail.orders, caller)
        case Item.REPORT_REQUESTS:
            asked = (order for order in mail.orders if order.state is Wanted.ASKED)
            requests = report_orders.requests(asked, mail.points)
    return CreateReport(request_id=_new_request(desk), requests=requests, ven_id=caller.ven_id)


async def _mail(tx: Tx, caller: Caller) -> Mail | None:
    """None: it is not registered any more."""
    registration = await registrations.of(tx, caller.ven_id)
    if registration is None:
        return None
    orders = await reports.orders(tx, caller.ven_id)
    is_asked = any(order.state is Wanted.ASKED for order in orders)
    return Mail(
        deliveries=await interventions.of_ven(tx, caller.ven_id),
        registration=registration,
        wishes=await wishes.of(tx, caller.ven_id),
        asked=await offer_requests.of(tx, caller.ven_id),
        orders=orders,
        points=tuple((await reports.points(tx, caller.ven_id)).values()) if is_asked else (),
    )


def _cancel(orders: tuple[ReportOrder, ...], caller: Caller) -> CancelReport:
    """One report at a time, and under the same name each time."""
    first = next(order for order in orders if order.state is Wanted.ENDING)
    return CancelReport(
        request_id=first.cancel_id or NO_REQUEST,
        request_ids=(first.report_request_id,),
        report_to_follow=False,
        ven_id=caller.ven_id,
    )


def _nothing(caller: Caller) -> Response:
    return Response(response=EiResponse(request_id=NO_REQUEST), ven_id=caller.ven_id)


def _greeting(asked: tuple[OfferRequest, ...], caller: Caller, desk: Desk) -> RegisterReport:
    """It follows each new registration, answers each request for it, and lists no reports, for we have none (r301)."""
    first = asked[0] if asked else None
    return RegisterReport(
        request_id=first.request_id if first else _new_request(desk),
        ven_id=caller.ven_id,
        report_request_id=first.report_request_id if first else None,
    )


def _new_request(desk: Desk) -> RequestId:
    return RequestId(desk.new_id())
