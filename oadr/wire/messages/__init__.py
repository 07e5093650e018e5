"""Every payload of the 2.0b profile, both directions."""

from typing import Final

from oadr.wire.codec import Message
from oadr.wire.messages.event import CreatedEvent, DistributeEvent, RequestEvent
from oadr.wire.messages.opt import CanceledOpt, CancelOpt, CreatedOpt, CreateOpt
from oadr.wire.messages.poll import Poll, Response
from oadr.wire.messages.registration import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    QueryRegistration,
    RequestReregistration,
)
from oadr.wire.messages.report import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    RegisteredReport,
    RegisterReport,
    UpdatedReport,
    UpdateReport,
)

MESSAGES: Final[tuple[type[Message], ...]] = (
    DistributeEvent,
    CreatedEvent,
    RequestEvent,
    Response,
    CancelOpt,
    CanceledOpt,
    CreateOpt,
    CreatedOpt,
    CancelReport,
    CanceledReport,
    CreateReport,
    CreatedReport,
    RegisterReport,
    RegisteredReport,
    UpdateReport,
    UpdatedReport,
    CancelPartyRegistration,
    CanceledPartyRegistration,
    CreatePartyRegistration,
    CreatedPartyRegistration,
    RequestReregistration,
    QueryRegistration,
    Poll,
)

__all__ = [
    "MESSAGES",
    "CancelOpt",
    "CancelPartyRegistration",
    "CancelReport",
    "CanceledOpt",
    "CanceledPartyRegistration",
    "CanceledReport",
    "CreateOpt",
    "CreatePartyRegistration",
    "CreateReport",
    "CreatedEvent",
    "CreatedOpt",
    "CreatedPartyRegistration",
    "CreatedReport",
    "DistributeEvent",
    "Message",
    "Poll",
    "QueryRegistration",
    "RegisterReport",
    "RegisteredReport",
    "RequestEvent",
    "RequestReregistration",
    "Response",
    "UpdateReport",
    "UpdatedReport",
]
