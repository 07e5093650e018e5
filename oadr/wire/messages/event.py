"""EiEvent: oadrRequestEvent, oadrDistributeEvent, oadrCreatedEvent."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from oadr.wire.codec import Message
from oadr.wire.ids import EventId, MarketContext, RequestId, ResourceId, SignalId, Token, VenId, VtnId
from oadr.wire.messages.common import EiResponse, OptType, QualifiedEventId, Target, Unit
from oadr.wire.scalars import Duration


class EventStatus(StrEnum):
    NONE = "none"
    FAR = "far"
    NEAR = "near"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ResponseRequired(StrEnum):
    ALWAYS = "always"
    NEVER = "never"


class SignalType(StrEnum):
    DELTA = "delta"
    LEVEL = "level"
    MULTIPLIER = "multiplier"
    PRICE = "price"
    PRICE_MULTIPLIER = "priceMultiplier"
    PRICE_RELATIVE = "priceRelative"
    SETPOINT = "setpoint"
    LOAD_CONTROL_CAPACITY = "x-loadControlCapacity"
    LOAD_CONTROL_LEVEL_OFFSET = "x-loadControlLevelOffset"
    LOAD_CONTROL_PERCENT_OFFSET = "x-loadControlPercentOffset"
    LOAD_CONTROL_SETPOINT = "x-loadControlSetpoint"


SIMPLE: Final = Token("SIMPLE")
SIMPLE_OLD: Final = Token("simple")
LOAD_CONTROL: Final = Token("LOAD_CONTROL")
LOAD_DISPATCH: Final = Token("LOAD_DISPATCH")
ELECTRICITY_PRICE: Final = Token("ELECTRICITY_PRICE")
CHARGE_STATE: Final = Token("CHARGE_STATE")
"""Well-known signal names; a deployment may agree on more, `x-...`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalInterval:
    """One step of a signal. We send no `start` (r103); durations, from the active period's start, count (r102)."""

    start: Annotated[datetime | None, "xcal:dtstart/xcal:date-time"] = None
    duration: Annotated[Duration | None, "xcal:duration/xcal:duration"] = None
    uid: Annotated[str | None, "xcal:uid/xcal:text"] = None
    value: Annotated[Decimal, "ei:signalPayload/ei:payloadFloat/ei:value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    intervals: Annotated[tuple[SignalInterval, ...], "strm:intervals/ei:interval"]
    target: Annotated[Target | None, "ei:eiTarget"] = None
    name: Annotated[Token, "ei:signalName"]
    type: Annotated[SignalType, "ei:signalType"]
    signal_id: Annotated[SignalId, "ei:signalID"]
    unit: Annotated[Unit | None, "*"] = None
    current_value: Annotated[Decimal | None, "ei:currentValue/ei:payloadFloat/ei:value"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    start: Annotated[datetime, "xcal:dtstart/xcal:date-time"]
    duration: Annotated[Duration, "xcal:duration/xcal:duration"]
    intervals: Annotated[tuple[SignalInterval, ...], "strm:intervals/ei:interval"]
    baseline_id: Annotated[str, "ei:baselineID"]
    resource_ids: Annotated[tuple[ResourceId, ...], "ei:resourceID"] = ()
    name: Annotated[str, "ei:baselineName"]
    unit: Annotated[Unit | None, "*"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDescriptor:
    event_id: Annotated[EventId, "ei:eventID"]
    modification_number: Annotated[int, "ei:modificationNumber"]
    modified_at: Annotated[datetime | None, "ei:modificationDateTime"] = None
    modification_reason: Annotated[str | None, "ei:modificationReason"] = None
    priority: Annotated[int | None, "ei:priority"] = None
    """1 is the highest; 0 and None mean no priority, the lowest (r3)."""
    market_context: Annotated[MarketContext, "ei:eiMarketContext/emix:marketContext"]
    created_at: Annotated[datetime, "ei:createdDateTime"]
    status: Annotated[EventStatus, "ei:eventStatus"]
    test_event: Annotated[str | None, "ei:testEvent"] = None
    vtn_comment: Annotated[str | None, "ei:vtnComment"] = None

    @property
    def is_test(self) -> bool:
        """Any value but `false` makes a test event (r6)."""
        return self.test_event is not None and self.test_event.strip().lower() != "false"


@dataclass(frozen=True, slots=True)
class Components:
    """A mandatory element that is always empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivePeriod:
    """When an event runs. A zero `duration` means until cancelled (r47); ramp and recovery may be negative (r31)."""

    start: Annotated[datetime, "xcal:properties/xcal:dtstart/xcal:date-time"]
    duration: Annotated[Duration, "xcal:properties/xcal:duration/xcal:duration"]
    start_after: Annotated[
        Duration | None, "xcal:properties/xcal:tolerance/xcal:tolerate/xcal:startafter"
    ] = None
    """The start is randomised over this long (r30). None leaves it to the programme, zero forbids it."""
    notification: Annotated[Duration | None, "xcal:properties/ei:x-eiNotification/xcal:duration"] = None
    ramp_up: Annotated[Duration | None, "xcal:properties/ei:x-eiRampUp/xcal:duration"] = None
    recovery: Annotated[Duration | None, "xcal:properties/ei:x-eiRecovery/xcal:duration"] = None
    components: Annotated[Components, "xcal:components"] = Components()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """oadrEvent: an eiEvent and whether it wants an answer."""

    descriptor: Annotated[EventDescriptor, "ei:eiEvent/ei:eventDescriptor"]
    period: Annotated[ActivePeriod, "ei:eiEvent/ei:eiActivePeriod"]
    signals: Annotated[tuple[Signal, ...], "ei:eiEvent/ei:eiEventSignals/ei:eiEventSignal"]
    baseline: Annotated[Baseline | None, "ei:eiEvent/ei:eiEventSignals/ei:eiEventBaseline"] = None
    target: Annotated[Target, "ei:eiEvent/ei:eiTarget"] = Target()
    response_required: Annotated[ResponseRequired, "oadr:oadrResponseRequired"]

    @property
    def event_id(self) -> EventId:
        return self.descriptor.event_id

    @property
    def qualified_id(self) -> QualifiedEventId:
        descriptor = self.descriptor
        return QualifiedEventId(
            event_id=descriptor.event_id, modification_number=descriptor.modification_number
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventResponse:
    """The VEN's word on one event; `request_id` is that of the oadrDistributeEvent (r42)."""

    code: Annotated[str, "ei:responseCode"]
    description: Annotated[str | None, "ei:responseDescription"] = None
    request_id: Annotated[RequestId, "pyld:requestID"]
    event: Annotated[QualifiedEventId, "ei:qualifiedEventID"]
    opt: Annotated[OptType, "ei:optType"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent(Message):
    TAG: ClassVar = "oadr:oadrRequestEvent"
    request_id: Annotated[RequestId, "pyld:eiRequestEvent/pyld:requestID"]
    ven_id: Annotated[VenId, "pyld:eiRequestEvent/ei:venID"]
    reply_limit: Annotated[int | None, "pyld:eiRequestEvent/pyld:replyLimit"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributeEvent(Message):
    """All events that concern the VEN, always: one that is missing is an implied cancel (r50, r61)."""

    TAG: ClassVar = "oadr:oadrDistributeEvent"
    response: Annotated[EiResponse | None, "ei:eiResponse"] = None
    request_id: Annotated[RequestId, "pyld:requestID"]
    vtn_id: Annotated[VtnId, "ei:vtnID"]
    events: Annotated[tuple[Event, ...], "oadr:oadrEvent"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedEvent(Message):
    TAG: ClassVar = "oadr:oadrCreatedEvent"
    response: Annotated[EiResponse, "pyld:eiCreatedEvent/ei:eiResponse"]
    event_responses: Annotated[
        tuple[EventResponse, ...], "pyld:eiCreatedEvent/ei:eventResponses/ei:eventResponse"
    ] = ()
    ven_id: Annotated[VenId, "pyld:eiCreatedEvent/ei:venID"]
