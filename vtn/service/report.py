"""EiReport: what the VEN can measure, what we want of it, and its measurements.

oadrRegisterReport --> oadrRegisteredReport with our requests (piggy-backed, r344) --> oadrCreatedReport
oadrUpdateReport, again and again --> oadrUpdatedReport once the readings are on disk
    not in the rhythm of our settings: by poll oadrCancelReport --> oadrCanceledReport, and a new request
nothing was offered: by poll oadrCreateReport for METADATA --> oadrCreatedReport, oadrRegisterReport
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from oadr.wire.errors import Invalid, Refused, ResponseCode
from oadr.wire.ids import ReportRequestId, RequestId
from oadr.wire.messages import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    RegisteredReport,
    RegisterReport,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.report import PendingReports, Report
from vtn.delivery.index import Item
from vtn.model import reading as model
from vtn.model.reading import Reading, State, Total
from vtn.model.registration import Caller
from vtn.model.report_request import ReportOrder
from vtn.service import report_orders
from vtn.service.desk import Desk
from vtn.service.report_values import Site, values
from vtn.store import network, offer_requests, registrations, reports
from vtn.store.offer_requests import OfferRequest

MOST_ASKED: Final = 10
"""Requests for our metadata that one VEN may have open."""


async def register(message: RegisterReport, caller: Caller, desk: Desk, now: datetime) -> RegisteredReport:
    """Take over what the VEN offers, and ask for all of it that means something to us. Raises `Invalid`."""
    async with desk.store.writing() as tx:
        resources = tuple(one.resource_id for one in await network.of_site(tx, caller.ven_id))
        points = tuple(
            model.point(caller.ven_id, report, description, resources)
            for report in message.reports
            for description in report.descriptions
        )
        if len({(point.specifier_id, point.r_id) for point in points}) < len(points):
            raise Invalid("a data point is described twice", ResponseCode.COMPLIANCE_ERROR)  # r308
        orders = tuple(
            report_orders.order(specifier, offered, desk, now)
            for specifier, offered in report_orders.useful(points).items()
        )
        await reports.offer(tx, caller.ven_id, points)
        await reports.ask(tx, orders)
        await registrations.offered(tx, caller.ven_id)
    if orders:  # a poll asks once more if the request that rides on this answer is overlooked
        ticket = desk.index.post(caller.ven_id)
        desk.index.offered(caller.ven_id, Item.REPORT_REQUESTS, ticket, now)
    return RegisteredReport(
        response=EiResponse(request_id=message.request_id),
        requests=report_orders.requests(orders, points),
        ven_id=caller.ven_id,
    )


async def registered(
    message: RegisteredReport, caller: Caller, desk: Desk, now: datetime
) -> Response | CreatedReport:
    """The answer to our greeting. A request that rides on it counts like one that comes by itself (r344)."""
    answered = message.response.request_id
    async with desk.store.writing() as tx:
        await registrations.greet(tx, caller.ven_id, answered=True)
        await offer_requests.answered(tx, caller.ven_id, answered)
    desk.index.answered(caller.ven_id)
    if message.requests:
        riding = CreateReport(request_id=answered, requests=message.requests, ven_id=caller.ven_id)
        return await create(riding, caller, desk, now)
    return Response(response=EiResponse(request_id=answered), ven_id=caller.ven_id)


async def created(message: CreatedReport, caller: Caller, desk: Desk) -> Response:
    """Which of our orders the VEN has taken. It may list them all (r329), or, as some do, only the last.

    A VEN that cannot answer what it offers is not asked for it again; one that can says so next.
    """
    async with desk.store.writing() as tx:
        if message.response.accepted:
            await reports.confirm(tx, caller.ven_id)
        else:
            await reports.confirm(tx, caller.ven_id, message.pending.request_ids)
            await reports.withdraw(tx, caller.ven_id)
            await registrations.offered(tx, caller.ven_id)
        known = await registrations.of(tx, caller.ven_id)
    if known is None or known.offered:
        desk.index.answered(caller.ven_id)
    return Response(response=EiResponse(request_id=message.response.request_id), ven_id=caller.ven_id)


async def update(message: UpdateReport, caller: Caller, desk: Desk, now: datetime) -> UpdatedReport:
    """Readings, on disk before they are acknowledged. All or none of a message is taken.

    Raises `Refused`, 452 for what was never asked for (r304), and `Invalid` for what cannot have been measured.
    """
    async with desk.store.writing() as tx:
        ratings = {one.resource_id: one.rating for one in await network.of_site(tx, caller.ven_id)}
        site = Site(await reports.points(tx, caller.ven_id), ratings)
        asked = {order.report_request_id: order for order in await reports.orders(tx, caller.ven_id)}
        found = [
            value
            for report in message.reports
            for value in values(report, _order(report, asked).granularity, site, now)
        ]
        await reports.keep(tx, (one for one in found if isinstance(one, Reading)))
        await reports.note_totals(tx, (one for one in found if isinstance(one, Total)))
        await reports.note(tx, (one for one in found if isinstance(one, State)))
        await reports.confirm(tx, caller.ven_id, [report.request_id for report in message.reports])
        outdated = report_orders.outdated(asked.values(), site.points.values(), desk)
        await reports.retire(tx, caller.ven_id, outdated)
    if outdated:
        desk.index.post(caller.ven_id)
    return UpdatedReport(response=EiResponse(request_id=message.request_id), ven_id=caller.ven_id)


async def canceled(message: CanceledReport, caller: Caller, desk: Desk, now: datetime) -> Response:
    """The VEN has ended what we had asked for, or does not know it any more: ask anew, in today's rhythm.

    Raises `Refused` (452) for the answer to a cancellation that was never said.
    """
    answered = message.response.request_id
    async with desk.store.writing() as tx:
        orders = await reports.orders(tx, caller.ven_id)
        ended = next((one for one in orders if one.cancel_id and one.cancel_id == answered), None)
        if ended is not None:
            points = report_orders.useful((await reports.points(tx, caller.ven_id)).values())
            await reports.end(tx, caller.ven_id, ended.report_request_id)
            if offered := points.get(ended.specifier_id):
                anew = report_orders.order(ended.specifier_id, offered, desk, now, replaces=answered)
                await reports.ask(tx, [anew])
        elif not any(one.replaces == answered for one in orders):
            raise Refused("an answer to what was never asked", ResponseCode.INVALID_ID)
    if ended is not None:
        desk.index.post(caller.ven_id)
    return Response(response=EiResponse(request_id=answered), ven_id=caller.ven_id)


async def create(message: CreateReport, caller: Caller, desk: Desk, now: datetime) -> CreatedReport:
    """The VEN wants reports of ours: there are none, which it learns from the metadata that follows (r308, r311).

    Who wants the metadata periodically gets them once, for they never change (r510). Raises a `PeerError`.
    """
    if any(one.specifier_id != wire.METADATA for one in message.requests):
        raise Refused("reportSpecifierID", ResponseCode.INVALID_ID)
    new = [OfferRequest(one.request_id, RequestId(desk.new_id())) for one in message.requests]
    async with desk.store.writing() as tx:
        await offer_requests.ask(tx, caller.ven_id, new, now)
        asked = await offer_requests.of(tx, caller.ven_id)
        if len(asked) > MOST_ASKED:
            raise Invalid("asks for more reports than are offered")
    desk.index.post(caller.ven_id)
    return CreatedReport(
        response=EiResponse(request_id=message.request_id), pending=_pending(asked), ven_id=caller.ven_id
    )


async def cancel(message: CancelReport, caller: Caller, desk: Desk) -> CanceledReport:
    """We report nothing: only a request for our metadata may be pending. All else is unknown (r336)."""
    async with desk.store.writing() as tx:
        known = {one.report_request_id for one in await offer_requests.of(tx, caller.ven_id)}
        await offer_requests.cancel(tx, caller.ven_id, message.request_ids)
        left = await offer_requests.of(tx, caller.ven_id)
    response = EiResponse(request_id=message.request_id)
    if not known.issuperset(message.request_ids):
        response = replace(response, code=ResponseCode.INVALID_ID, description="reportRequestID")
    return CanceledReport(response=response, pending=_pending(left), ven_id=caller.ven_id)


def _pending(asked: Iterable[OfferRequest]) -> PendingReports:
    """All that the VEN still waits for (r329)."""
    return PendingReports(tuple(one.report_request_id for one in asked))


def _order(report: Report, asked: Mapping[ReportRequestId, ReportOrder]) -> ReportOrder:
    """The order that a report answers. Raises `Refused` (452)."""
    order = asked.get(report.request_id)
    if order is None:
        raise Refused("reportRequestID", ResponseCode.INVALID_ID)
    if order.specifier_id != report.specifier_id:
        raise Refused("reportSpecifierID", ResponseCode.INVALID_ID)
    return order
