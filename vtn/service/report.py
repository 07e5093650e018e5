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

Known = Mapping[tuple[ReportSpecifierId, RId], Point]


async def register(message: RegisterReport, caller: Caller, desk: Desk, now: datetime) -> RegisteredReport:
    """Take over what the VEN offers, and ask for all of it that means something to us."""
    async with desk.store.writing() as tx:
        resources = tuple(one.resource_id for one in await network.of_site(tx, caller.ven_id))
        points = tuple(
            model.point(caller.ven_id, report.specifier_id, description, resources)
            for report in message.reports
            for description in report.descriptions
        )
        orders = _orders(points, caller, desk, now)
        await reports.offer(tx, caller.ven_id, points)
        await reports.ask(tx, orders)
    if orders:
        desk.index.post(
            caller.ven_id
        )  # asked for once more by poll if the piggy-backed request is overlooked
        desk.index.offered(caller.ven_id, now)
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
    """Readings, on disk before they are acknowledged. Raises `Refused`: 452 for what was never asked for."""
    async with desk.store.writing() as tx:
        known = await reports.points(tx, caller.ven_id)
        asked = {order.report_request_id: order for order in await reports.orders(tx, caller.ven_id)}
        for report in message.reports:
            if report.request_id not in asked:
                raise Refused("reportRequestID", ResponseCode.INVALID_ID)
        grains = {request_id: order.granularity for request_id, order in asked.items()}
        found = [one for report in message.reports for one in _readings(report, known, grains, now)]
        await reports.keep(tx, found)
        await reports.confirm(tx, caller.ven_id, (report.request_id for report in message.reports))
    return UpdatedReport(response=EiResponse(request_id=message.request_id), ven_id=caller.ven_id)


async def create(message: CreateReport, caller: Caller, desk: Desk) -> CreatedReport:
    """The VEN wants reports of ours: there are none, which it learns from the metadata that follows (r308)."""
    if any(one.specifier_id != wire.METADATA for one in message.requests):
        raise Refused("reportSpecifierID", ResponseCode.INVALID_ID)
    async with desk.store.writing() as tx:
        await registrations.greet(tx, caller.ven_id, answered=False)
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


def _orders(points: Iterable[Point], caller: Caller, desk: Desk, now: datetime) -> tuple[ReportOrder, ...]:
    """One for each specifier with a point that we understand."""
    every = desk.terms.report_every
    specifiers = dict.fromkeys(point.specifier_id for point in points if point.quantity is not None)
    return tuple(
        ReportOrder(
            report_request_id=ReportRequestId(desk.new_id()),
            ven_id=caller.ven_id,
            specifier_id=specifier,
            granularity=every,
            report_back=every,
            requested_at=now,
        )
        for specifier in specifiers
    )


def _readings(
    report: Report, known: Known, grains: Mapping[ReportRequestId, timedelta], now: datetime
) -> Iterable[Reading]:
    """What a report says about chargepoints. Values that say that they are missing are left out (r318)."""
    start = report.start
    for interval in report.intervals:
        begun = interval.start or start
        if begun is None:
            raise Invalid("an interval without a time", ResponseCode.COMPLIANCE_ERROR)
        end = begun + _span(interval)
        if end > now + FUTURE:
            raise Invalid("a measurement from the future")
        start = begun + (_span(interval) or grains[report.request_id])
        yield from _values(report.specifier_id, interval, known, end)


def _span(interval: ReportInterval) -> timedelta:
    return interval.duration.span if interval.duration else timedelta()


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
