"""A report that we asked a VEN for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oadr.wire.ids import ReportRequestId, ReportSpecifierId, VenId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrder:
    report_request_id: ReportRequestId
    ven_id: VenId
    specifier_id: ReportSpecifierId
    granularity: timedelta
    report_back: timedelta
    requested_at: datetime
    confirmed: bool = False
    """Whether the VEN has said oadrCreatedReport."""
