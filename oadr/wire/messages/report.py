"""EiReport. Every operation may go either way (r301)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Final

from oadr.wire.codec import Message
from oadr.wire.ids import MarketContext, ReportRequestId, ReportSpecifierId, RequestId, RId, Token, VenId
from oadr.wire.messages.common import EiResponse, Target, Unit
from oadr.wire.scalars import Duration

TELEMETRY_USAGE: Final = Token("TELEMETRY_USAGE")
TELEMETRY_STATUS: Final = Token("TELEMETRY_STATUS")
HISTORY_USAGE: Final = Token("HISTORY_USAGE")
METADATA_PREFIX: Final = "METADATA_"
METADATA: Final = ReportSpecifierId("METADATA")
"""The specifier by which a party asks for the other's list of reports (r327)."""

DIRECT_READ: Final = Token("Direct Read")
MEAN: Final = Token("Mean")
DERIVED: Final = Token("Derived")
NOT_APPLICABLE: Final = Token("x-notApplicable")
"""Reading types; a request always says the last (r338)."""

USAGE: Final = Token("usage")
DEMAND: Final = Token("demand")
SET_POINT: Final = Token("setPoint")
DEVIATION: Final = Token("deviation")
RESOURCE_STATUS: Final = Token("x-resourceStatus")
"""Report types."""

QUALITY_GOOD: Final = Token("Quality Good - Non Specific")
QUALITY_BAD: Final = Token("Quality Bad - Non Specific")
QUALITY_NO_VALUE: Final = Token("No Quality - No Value")
QUALITY_UNCHANGED: Final = Token("No New Value - Previous Value Used")


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingRate:
    min_period: Annotated[Duration, "oadr:oadrMinPeriod"]
    max_period: Annotated[Duration, "oadr:oadrMaxPeriod"]
    on_change: Annotated[bool, "oadr:oadrOnChange"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDescription:
    """One data point that a party can report; `r_id` names it and is a string (r330)."""

    r_id: Annotated[RId, "ei:rID"]
    subject: Annotated[Target | None, "ei:reportSubject"] = None
    data_source: Annotated[Target | None, "ei:reportDataSource"] = None
    report_type: Annotated[Token, "ei:reportType"]
    unit: Annotated[Unit | None, "*"] = None
    reading_type: Annotated[Token, "ei:readingType"]
    market_context: Annotated[MarketContext | None, "emix:marketContext"] = None
    sampling_rate: Annotated[SamplingRate | None, "oadr:oadrSamplingRate"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadControl:
    """Where a controllable quantity stands between its bounds."""

    minimum: Annotated[Decimal | None, "oadr:oadrMin"] = None
    maximum: Annotated[Decimal | None, "oadr:oadrMax"] = None
    current: Annotated[Decimal, "oadr:oadrCurrent"]
    normal: Annotated[Decimal | None, "oadr:oadrNormal"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadControlState:
    """The same children in every interval of a report (r334)."""

    capacity: Annotated[LoadControl | None, "oadr:oadrCapacity"] = None
    level_offset: Annotated[LoadControl | None, "oadr:oadrLevelOffset"] = None
    percent_offset: Annotated[LoadControl | None, "oadr:oadrPercentOffset"] = None
    set_point: Annotated[LoadControl | None, "oadr:oadrSetPoint"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """payloadFloat: a number in the unit of its description."""

    TAG: ClassVar = "ei:payloadFloat"
    value: Annotated[Decimal, "ei:value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceStatus:
    """oadrPayloadResourceStatus."""

    TAG: ClassVar = "oadr:oadrPayloadResourceStatus"
    online: Annotated[bool, "oadr:oadrOnline"]
    manual_override: Annotated[bool, "oadr:oadrManualOverride"]
    load_control_state: Annotated[LoadControlState | None, "oadr:oadrLoadControlState"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPayload:
    """One value of one data point. A missing value is a placeholder with a bad quality (r318)."""

    r_id: Annotated[RId, "ei:rID"]
    confidence: Annotated[int | None, "ei:confidence"] = None
    accuracy: Annotated[Decimal | None, "ei:accuracy"] = None
    value: Annotated[Quantity | ResourceStatus, "*"]
    quality: Annotated[Token | None, "oadr:oadrDataQuality"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInterval:
    """Point data have a start and no duration, interval data a duration (r315, r342)."""

    start: Annotated[datetime | None, "xcal:dtstart/xcal:date-time"] = None
    duration: Annotated[Duration | None, "xcal:duration/xcal:duration"] = None
    uid: Annotated[str | None, "xcal:uid/xcal:text"] = None
    payloads: Annotated[tuple[ReportPayload, ...], "oadr:oadrReportPayload"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """oadrReport: metadata (descriptions, no intervals, r305) or data (intervals, no descriptions, r313)."""

    start: Annotated[datetime | None, "xcal:dtstart/xcal:date-time"] = None
    duration: Annotated[Duration | None, "xcal:duration/xcal:duration"] = None
    intervals: Annotated[tuple[ReportInterval, ...], "strm:intervals/ei:interval"] = ()
    report_id: Annotated[str | None, "ei:eiReportID"] = None
    descriptions: Annotated[tuple[ReportDescription, ...], "oadr:oadrReportDescription"] = ()
    request_id: Annotated[ReportRequestId, "ei:reportRequestID"]
    specifier_id: Annotated[ReportSpecifierId, "ei:reportSpecifierID"]
    name: Annotated[Token | None, "ei:reportName"] = None
    created_at: Annotated[datetime, "ei:createdDateTime"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecifierPayload:
    r_id: Annotated[RId, "ei:rID"]
    unit: Annotated[Unit | None, "*"] = None
    reading_type: Annotated[Token, "ei:readingType"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPeriod:
    """reportInterval: from when, and for how long; a zero duration is for ever (r325)."""

    start: Annotated[datetime, "xcal:properties/xcal:dtstart/xcal:date-time"]
    duration: Annotated[Duration, "xcal:properties/xcal:duration/xcal:duration"]
    start_after: Annotated[
        Duration | None, "xcal:properties/xcal:tolerance/xcal:tolerate/xcal:startafter"
    ] = None
    notification: Annotated[Duration | None, "xcal:properties/ei:x-eiNotification/xcal:duration"] = None
    ramp_up: Annotated[Duration | None, "xcal:properties/ei:x-eiRampUp/xcal:duration"] = None
    recovery: Annotated[Duration | None, "xcal:properties/ei:x-eiRecovery/xcal:duration"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """oadrReportRequest. `report_back` zero is one report now (r324), `granularity` zero is on change (r317)."""

    request_id: Annotated[ReportRequestId, "ei:reportRequestID"]
    specifier_id: Annotated[ReportSpecifierId, "ei:reportSpecifier/ei:reportSpecifierID"]
    granularity: Annotated[Duration, "ei:reportSpecifier/xcal:granularity/xcal:duration"]
    report_back: Annotated[Duration, "ei:reportSpecifier/ei:reportBackDuration/xcal:duration"]
    period: Annotated[ReportPeriod | None, "ei:reportSpecifier/ei:reportInterval"] = None
    points: Annotated[tuple[SpecifierPayload, ...], "ei:reportSpecifier/ei:specifierPayload"]


@dataclass(frozen=True, slots=True)
class PendingReports:
    """Every report that is scheduled, not just the one at hand (r329)."""

    request_ids: Annotated[tuple[ReportRequestId, ...], "ei:reportRequestID"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReport(Message):
    """All reports that the sender can make, or none; replaces what it registered before (r306)."""

    TAG: ClassVar = "oadr:oadrRegisterReport"
    request_id: Annotated[RequestId, "pyld:requestID"]
    reports: Annotated[tuple[Report, ...], "oadr:oadrReport"] = ()
    ven_id: Annotated[VenId | None, "ei:venID"] = None
    report_request_id: Annotated[ReportRequestId | None, "ei:reportRequestID"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredReport(Message):
    """May carry requests at once, which must be accepted (r344)."""

    TAG: ClassVar = "oadr:oadrRegisteredReport"
    response: Annotated[EiResponse, "ei:eiResponse"]
    requests: Annotated[tuple[ReportRequest, ...], "oadr:oadrReportRequest"] = ()
    ven_id: Annotated[VenId | None, "ei:venID"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateReport(Message):
    TAG: ClassVar = "oadr:oadrCreateReport"
    request_id: Annotated[RequestId, "pyld:requestID"]
    requests: Annotated[tuple[ReportRequest, ...], "oadr:oadrReportRequest"]
    ven_id: Annotated[VenId | None, "ei:venID"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedReport(Message):
    TAG: ClassVar = "oadr:oadrCreatedReport"
    response: Annotated[EiResponse, "ei:eiResponse"]
    pending: Annotated[PendingReports, "oadr:oadrPendingReports"] = PendingReports()
    ven_id: Annotated[VenId | None, "ei:venID"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateReport(Message):
    TAG: ClassVar = "oadr:oadrUpdateReport"
    request_id: Annotated[RequestId, "pyld:requestID"]
    reports: Annotated[tuple[Report, ...], "oadr:oadrReport"] = ()
    ven_id: Annotated[VenId | None, "ei:venID"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReport(Message):
    TAG: ClassVar = "oadr:oadrCancelReport"
    request_id: Annotated[RequestId, "pyld:requestID"]
    request_ids: Annotated[tuple[ReportRequestId, ...], "ei:reportRequestID"]
    report_to_follow: Annotated[bool, "pyld:reportToFollow"]
    ven_id: Annotated[VenId | None, "ei:venID"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledReport(Message):
    TAG: ClassVar = "oadr:oadrCanceledReport"
    response: Annotated[EiResponse, "ei:eiResponse"]
    pending: Annotated[PendingReports, "oadr:oadrPendingReports"] = PendingReports()
    ven_id: Annotated[VenId | None, "ei:venID"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatedReport(Message):
    """May carry a cancellation, which must be processed (r328)."""

    TAG: ClassVar = "oadr:oadrUpdatedReport"
    response: Annotated[EiResponse, "ei:eiResponse"]
    cancel: Annotated[CancelReport | None, "oadr:oadrCancelReport"] = None
    ven_id: Annotated[VenId | None, "ei:venID"] = None
