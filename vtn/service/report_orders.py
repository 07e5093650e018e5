"""What we want VENs to report: all that means something to us, in the rhythm of our settings."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from oadr.states.report import ASKING, Getting
from oadr.wire.ids import ReportRequestId, ReportSpecifierId, RequestId, RId
from oadr.wire.messages import report as wire
from oadr.wire.messages.report import ReportRequest, SpecifierPayload
from oadr.wire.scalars import Duration
from vtn.model.reading import Point
from vtn.model.registration import Registration
from vtn.model.report_request import ReportOrder, rhythm
from vtn.service.desk import Desk


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


def for_offer(registration: Registration) -> ReportRequest:
    """What a VEN is asked that has not said what it can report; always the same words (r308, r327)."""
    return ReportRequest(
        request_id=ReportRequestId(f"M-{registration.registration_id}"),
        specifier_id=wire.METADATA,
        granularity=Duration(),
        report_back=Duration(),
        points=(SpecifierPayload(r_id=RId("0"), reading_type=wire.NOT_APPLICABLE),),
    )


def useful(points: Iterable[Point]) -> Mapping[ReportSpecifierId, tuple[Point, ...]]:
    """The specifiers with a point that we understand, and those points."""
    found: defaultdict[ReportSpecifierId, tuple[Point, ...]] = defaultdict(tuple)
    for point in points:
        if point.quantity is not None:
            found[point.specifier_id] += (point,)
    return dict(found)


def order(
    specifier: ReportSpecifierId,
    offered: tuple[Point, ...],
    desk: Desk,
    now: datetime,
    replaces: RequestId | None = None,
) -> ReportOrder:
    wanted = rhythm(offered, desk.terms.report_every)
    return ReportOrder(
        report_request_id=ReportRequestId(desk.new_id()),
        ven_id=offered[0].ven_id,
        specifier_id=specifier,
        granularity=wanted.granularity,
        report_back=wanted.report_back,
        requested_at=now,
        replaces=replaces,
    )


def outdated(
    orders: Iterable[ReportOrder], points: Iterable[Point], desk: Desk
) -> Mapping[ReportRequestId, RequestId]:
    """The orders that we would not give so today, each with the name of what cancels it.

    One at a time, for some VENs read only the first name of a cancellation.
    """
    offered = useful(points)
    return {
        one.report_request_id: RequestId(desk.new_id())
        for one in orders
        if ASKING.maybe_after(one.state, Getting.CANCEL)
        and one.specifier_id in offered
        and not one.fits(rhythm(offered[one.specifier_id], desk.terms.report_every))
    }
