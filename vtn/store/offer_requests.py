"""The VENs' own requests for our list of reports. Each is answered by one oadrRegisterReport (r301, r311)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from oadr.wire.ids import ReportRequestId, RequestId, VenId
from vtn.store.dialect import insert
from vtn.store.engine import Tx
from vtn.store.tables import offer_requests


@dataclass(frozen=True, slots=True)
class OfferRequest:
    report_request_id: ReportRequestId
    request_id: RequestId
    """Of the oadrRegisterReport that answers it; the VEN repeats it when it has got that."""


async def ask(tx: Tx, ven_id: VenId, asked: Iterable[OfferRequest], now: datetime) -> None:
    """The same again changes nothing."""
    for one in asked:
        row = {
            "ven_id": ven_id,
            "report_request_id": one.report_request_id,
            "request_id": one.request_id,
            "asked_at": now,
        }
        await tx.execute(insert(tx, offer_requests).values(row).on_conflict_do_nothing())


async def of(tx: Tx, ven_id: VenId) -> tuple[OfferRequest, ...]:
    """The unanswered ones, the oldest first."""
    query = select(offer_requests).where(offer_requests.c.ven_id == ven_id)
    rows = await tx.execute(query.order_by("asked_at", "report_request_id"))
    return tuple(
        OfferRequest(ReportRequestId(row.report_request_id), RequestId(row.request_id)) for row in rows
    )


async def open_(tx: Tx) -> frozenset[VenId]:
    """The VENs that wait for an answer."""
    query = select(offer_requests.c.ven_id).distinct()
    return frozenset(VenId(row.ven_id) for row in await tx.execute(query))


async def answered(tx: Tx, ven_id: VenId, request_id: RequestId) -> None:
    ours = (offer_requests.c.ven_id == ven_id) & (offer_requests.c.request_id == request_id)
    await tx.execute(delete(offer_requests).where(ours))


async def cancel(tx: Tx, ven_id: VenId, request_ids: Collection[ReportRequestId]) -> None:
    ours = offer_requests.c.report_request_id.in_(tuple(request_ids))
    await tx.execute(delete(offer_requests).where(offer_requests.c.ven_id == ven_id, ours))


async def erase(tx: Tx, ven_id: VenId) -> None:
    await tx.execute(delete(offer_requests).where(offer_requests.c.ven_id == ven_id))
