"""A refusal in the payload that fits the question, with the parts that are mandatory there."""

from oadr.wire.errors import PeerError, Refused, ResponseCode
from oadr.wire.ids import NO_REQUEST, RequestId, VtnId
from oadr.wire.messages import (
    CanceledOpt,
    CanceledPartyRegistration,
    CanceledReport,
    CancelOpt,
    CancelPartyRegistration,
    CancelReport,
    CreatedOpt,
    CreatedPartyRegistration,
    CreatedReport,
    CreateOpt,
    CreatePartyRegistration,
    CreateReport,
    DistributeEvent,
    Message,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import Profile, ProfileName, TransportName

PROFILES = (Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,)),)
"""What this VTN speaks."""
UNNAMED = RequestId("0")
"""For a list of events that answers a request without a name: its own is never empty (r41)."""


def not_registered() -> Refused:
    """The same words whether the certificate is unknown or its site has not registered (r517)."""
    return Refused("not registered here", ResponseCode.NOT_REGISTERED)


def wrong_ven() -> Refused:
    """The same words whether that venID exists or not."""
    return Refused("venID is not the certificate's", ResponseCode.INVALID_ID)


def request_id(message: Message) -> RequestId:
    """What an answer echoes; empty where there is none (r303)."""
    response: EiResponse | None = getattr(message, "response", None)  # what is an answer itself has it inside
    return response.request_id if response else getattr(message, "request_id", NO_REQUEST)


def refuse(message: Message, error: PeerError, vtn_id: VtnId) -> Message:
    """The answer that tells the sender of `message` what is wrong."""
    asked = request_id(message)
    response = EiResponse(code=error.code, description=error.why, request_id=asked)
    match message:
        case RequestEvent():
            return DistributeEvent(response=response, request_id=asked or UNNAMED, vtn_id=vtn_id)
        case QueryRegistration() | CreatePartyRegistration():
            return CreatedPartyRegistration(response=response, vtn_id=vtn_id, profiles=PROFILES)
        case CancelPartyRegistration():
            return CanceledPartyRegistration(response=response, registration_id=message.registration_id)
        case RegisterReport():
            return RegisteredReport(response=response)
        case CreateReport() | RegisteredReport(requests=(_, *_)):
            return CreatedReport(response=response)
        case UpdateReport():
            return UpdatedReport(response=response)
        case CancelReport():
            return CanceledReport(response=response)
        case CreateOpt():
            return CreatedOpt(response=response, opt_id=message.opt_id)
        case CancelOpt():
            return CanceledOpt(response=response, opt_id=message.opt_id)
        case _:
            return Response(response=response)
