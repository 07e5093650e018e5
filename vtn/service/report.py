"""EiReport: what the VEN can measure, what we want of it, and its measurements.

oadrRegisterReport --> oadrRegisteredReport with our requests (piggy-backed, r344) --> oadrCreatedReport
oadrUpdateReport, again and again --> oadrUpdatedReport once the readings are on disk
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from oadr.wire.errors import Invalid, Refused, ResponseCode
from oadr.wire.ids import ReportRequestId, ReportSpecifierId, RId
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
from oadr.wire.messages.report import (
    Quantity,
    Report,
    ReportInterval,
    ReportRequest,
    SpecifierPayload,
)
from oadr.wire.scalars import Duration
from vtn.delivery.index import Item
from vtn.model import reading as model
from vtn.model.reading import Point, Reading
from vtn.model.registration import Caller
from vtn.model.report_request import ReportOrder
from vtn.service.desk import Desk
from vtn.store import network, registrations, reports

USABLE: Final = ("Quality Good", "No New Value")
"""How the quality of a value starts that may be used; a value without one is taken as good."""
FUTURE: Final = timedelta(minutes=5)
"""How far ahead of ours a VEN's clock may be."""
HISTORY: Final = wire.METADATA_PREFIX + "HISTORY"
SHORTEST: Final = timedelta(seconds=1)
"""Granularity that is asked for; zero would mean "on change" (r317)."""

Known = Mapping[tuple[ReportSpecifierId, RId], Point]


async def register(message: RegisterReport, caller: Caller, desk: Desk, now: datetime) -> RegisteredReport:
    """Take over what the VEN offers, and ask for all of it that means something to us. Raises `Invalid`."""
    async with desk.store.writing() as tx:
        resources = tuple(one.resource_id for one in await network.of_site(tx, caller.ven_id))
        points = tuple(
            model.point(caller.ven_id, report.specifier_id, description, resources)
            for report in message.reports
            for description in report.descriptions
        )
        if len({(point.specifier_id, point.r_id) for point in points}) < len(points):
            raise Invalid("a data point is described twice", ResponseCode.COMPLIANCE_ERROR)  # r308
        orders = _orders(message.reports, points, caller, desk, now)
        await reports.offer(tx, caller.ven_id, points)
        await reports.ask(tx, orders)
    if orders:  # a poll asks once more if the request that rides on this answer is overlooked
        ticket = desk.index.post(caller.ven_id)
        desk.index.offered(caller.ven_id, Item.REPORT_REQUESTS, ticket, now)
    return RegisteredReport(
        response=EiResponse(request_id=message.request_id),
        requests=requests(orders, points),
        ven_id=caller.ven_id,
    )


async def registered(message: RegisteredReport, caller: Caller, desk: Desk) -> Response:
    """The answer to our greeting; we offer no reports, so there is nothing that it may ask for."""
    async with desk.store.writing() as tx:
        await registrations.greet(tx, caller.ven_id, answered=True)
    desk.index.answered(caller.ven_id)
    return Response(response=EiResponse(request_id=message.response.request_id), ven_id=caller.ven_id)


async def created(message: CreatedReport, caller: Caller, desk: Desk) -> Response:
    """Which of our orders the VEN has taken. It may list them all (r329), or, as some do, only the last."""
    async with desk.store.writing() as tx:
        if message.response.accepted:
            await reports.confirm(tx, caller.ven_id)
        else:
            await reports.confirm(tx, caller.ven_id, message.pending.request_ids)
            await reports.withdraw(tx, caller.ven_id)
    desk.index.answered(caller.ven_id)
    return Response(response=EiResponse(request_id=message.response.request_id), ven_id=caller.ven_id)


async def update(message: UpdateReport, caller: Caller, desk: Desk, now: datetime) -> UpdatedReport:
    """Readings, on disk before they are acknowledged. All or none of a message is taken.

    Raises `Refused`, 452 for what was never asked for (r304), and `Invalid` for what cannot have been measured.
    """
    async with desk.store.writing() as tx:
        known = await reports.points(tx, caller.ven_id)
        asked = {order.report_request_id: order for order in await reports.orders(tx, caller.ven_id)}
        ratings = {one.resource_id: one.rating for one in await network.of_site(tx, caller.ven_id)}
        found: list[Reading] = []
        for report in message.reports:
            found.extend(_readings(report, known, _order(report, asked), now))
        if not all(one.is_plausible(ratings[one.resource_id]) for one in found if one.resource_id in ratings):
            raise Invalid("more than a chargepoint can carry")
        await reports.keep(tx, found)
        await reports.confirm(tx, caller.ven_id, [report.request_id for report in message.reports])
    return UpdatedReport(response=EiResponse(request_id=message.request_id), ven_id=caller.ven_id)


async def create(message: CreateReport, caller: Caller, desk: Desk) -> CreatedReport:
    """The VEN wants reports of ours: there are none, which it learns from the metadata that follows (r308, r311)."""
    if any(one.specifier_id != wire.METADATA for one in message.requests):
        raise Refused("reportSpecifierID", ResponseCode.INVALID_ID)
    async with desk.store.writing() as tx:
        asked_by = message.requests[0].request_id
        await registrations.greet(tx, caller.ven_id, answered=False, asked_by=asked_by)
    desk.index.post(caller.ven_id)
    return CreatedReport(response=EiResponse(request_id=message.request_id), ven_id=caller.ven_id)


async def cancel(message: CancelReport, caller: Caller) -> CanceledReport:
    """We report nothing, so there is nothing to cancel (r336)."""
    response = EiResponse(
        code=ResponseCode.INVALID_ID, description="reportRequestID", request_id=message.request_id
    )
    return CanceledReport(response=response, ven_id=caller.ven_id)


def requests(orders: Iterable[ReportOrder], points: tuple[Point, ...]) -> tuple[ReportRequest, ...]:
    """Our orders as the VEN reads them: every point of the specifier, without a unit (r321)."""
    return tuple(
        ReportRequest(
            request_id=order.report_request_id,
            specifier_id=order.specifier_id,
            granularity=Duration.of(order.granularity),
            report_back=Duration.of(order.report_back),
            period=wire.ReportPeriod(start=order.requested_at, duration=Duration()),  # for ever (r325)
            points=tuple(
                SpecifierPayload(r_id=point.r_id, reading_type=wire.NOT_APPLICABLE)  # r338
                for point in points
                if point.specifier_id == order.specifier_id and point.quantity is not None
            ),
        )
        for order in orders
    )


def _orders(
    offers: Iterable[Report], points: tuple[Point, ...], caller: Caller, desk: Desk, now: datetime
) -> tuple[ReportOrder, ...]:
    """One for each offer of telemetry with a point that we understand; histories are not asked for."""
    useful = {point.specifier_id for point in points if point.quantity is not None}
    wanted = {
        offer.specifier_id: _granularity(offer, desk.terms.report_every)
        for offer in offers
        if offer.specifier_id in useful and not (offer.name or "").startswith(HISTORY)
    }
    return tuple(
        ReportOrder(
            report_request_id=ReportRequestId(desk.new_id()),
            ven_id=caller.ven_id,
            specifier_id=specifier,
            granularity=granularity,
            report_back=max(granularity, desk.terms.report_every),
            requested_at=now,
        )
        for specifier, granularity in wanted.items()
    )


def _granularity(offer: Report, every: timedelta) -> timedelta:
    """As often as we would like, within what is offered (r300, r317)."""
    rates = [description.sampling_rate for description in offer.descriptions if description.sampling_rate]
    shortest = max((rate.min_period.span for rate in rates), default=every)
    longest = min((rate.max_period.span for rate in rates if not rate.max_period.is_zero), default=every)
    return max(min(every, longest), shortest, SHORTEST)


def _order(report: Report, asked: Mapping[ReportRequestId, ReportOrder]) -> ReportOrder:
    """The order that a report answers. Raises `Refused` (452)."""
    order = asked.get(report.request_id)
    if order is None:
        raise Refused("reportRequestID", ResponseCode.INVALID_ID)
    if order.specifier_id != report.specifier_id:
        raise Refused("reportSpecifierID", ResponseCode.INVALID_ID)
    return order


def _readings(report: Report, known: Known, order: ReportOrder, now: datetime) -> Iterable[Reading]:
    """What a report says about chargepoints. Values that say that they are missing are left out (r318).

    An interval without a start follows the one before: after its duration (r315), or after the granularity.
    """
    start = report.start
    for interval in report.intervals:
        begun = interval.start or start
        if begun is None:
            raise Invalid("an interval without a time", ResponseCode.COMPLIANCE_ERROR)
        end = (interval.duration or Duration()).after(begun)
        if not begun <= end <= now + FUTURE:
            raise Invalid("a measurement from the future, or one that ends before it begins")
        start = begun + order.granularity if end == begun else end
        yield from _values(report.specifier_id, interval, known, end)


def _values(
    specifier: ReportSpecifierId, interval: ReportInterval, known: Known, at: datetime
) -> Iterable[Reading]:
    for payload in interval.payloads:
        point = known.get((specifier, payload.r_id))
        if point is None:
            raise Refused("rID", ResponseCode.INVALID_ID)
        is_usable = payload.quality is None or payload.quality.startswith(USABLE)
        if is_usable and point.resource_id and point.quantity and isinstance(payload.value, Quantity):
            yield Reading(point.resource_id, point.quantity, at, payload.value.value * point.factor)
