"""EiOpt: a VEN's word on an event's resources, or a schedule of when it takes part."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from oadr.wire.codec import Message
from oadr.wire.ids import MarketContext, OptId, RequestId, Token, VenId
from oadr.wire.messages.common import EiResponse, OptType, QualifiedEventId, Target
from oadr.wire.scalars import Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """One period of a schedule, without tolerance, ramp or notification (r200); zero is open-ended (r210)."""

    start: Annotated[datetime, "xcal:properties/xcal:dtstart/xcal:date-time"]
    duration: Annotated[Duration, "xcal:properties/xcal:duration/xcal:duration"]


@dataclass(frozen=True, slots=True)
class Periods:
    available: Annotated[tuple[Available, ...], "xcal:available"] = ()


@dataclass(frozen=True, slots=True)
class Availability:
    periods: Annotated[Periods, "xcal:components"] = Periods()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOpt(Message):
    """Either about one event, or a schedule; never both (r206)."""

    TAG: ClassVar = "oadr:oadrCreateOpt"
    opt_id: Annotated[OptId, "ei:optID"]
    opt: Annotated[OptType, "ei:optType"]
    reason: Annotated[Token, "ei:optReason"]
    market_context: Annotated[MarketContext | None, "emix:marketContext"] = None
    ven_id: Annotated[VenId, "ei:venID"]
    schedule: Annotated[Availability | None, "xcal:vavailability"] = None
    created_at: Annotated[datetime, "ei:createdDateTime"]
    request_id: Annotated[RequestId, "pyld:requestID"]
    event: Annotated[QualifiedEventId | None, "ei:qualifiedEventID"] = None
    target: Annotated[Target, "ei:eiTarget"] = Target()
    device_class: Annotated[Target | None, "oadr:oadrDeviceClass"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedOpt(Message):
    TAG: ClassVar = "oadr:oadrCreatedOpt"
    response: Annotated[EiResponse, "ei:eiResponse"]
    opt_id: Annotated[OptId, "ei:optID"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOpt(Message):
    TAG: ClassVar = "oadr:oadrCancelOpt"
    request_id: Annotated[RequestId, "pyld:requestID"]
    opt_id: Annotated[OptId, "ei:optID"]
    ven_id: Annotated[VenId, "ei:venID"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledOpt(Message):
    TAG: ClassVar = "oadr:oadrCanceledOpt"
    response: Annotated[EiResponse, "ei:eiResponse"]
    opt_id: Annotated[OptId | None, "ei:optID"] = None
