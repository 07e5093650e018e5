"""EiRegisterParty."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from oadr.wire.codec import Message
from oadr.wire.ids import RegistrationId, RequestId, VenId, VtnId
from oadr.wire.messages.common import EiResponse
from oadr.wire.scalars import Duration


class ProfileName(StrEnum):
    A = "2.0a"
    B = "2.0b"


class TransportName(StrEnum):
    SIMPLE_HTTP = "simpleHttp"
    XMPP = "xmpp"


class ServiceName(StrEnum):
    EVENT = "EiEvent"
    OPT = "EiOpt"
    REPORT = "EiReport"
    REGISTER_PARTY = "EiRegisterParty"
    POLL = "OadrPoll"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    name: Annotated[ProfileName, "oadr:oadrProfileName"]
    transports: Annotated[
        tuple[TransportName, ...], "oadr:oadrTransports/oadr:oadrTransport[]/oadr:oadrTransportName"
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    key: Annotated[str, "oadr:oadrKey"]
    value: Annotated[str, "oadr:oadrValue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceInfo:
    service: Annotated[ServiceName, "oadr:oadrServiceName"]
    infos: Annotated[tuple[Info, ...], "oadr:oadrInfo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    name: Annotated[str, "oadr:oadrExtensionName"]
    infos: Annotated[tuple[Info, ...], "oadr:oadrInfo"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRegistration(Message):
    TAG: ClassVar = "oadr:oadrQueryRegistration"
    request_id: Annotated[RequestId, "pyld:requestID"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePartyRegistration(Message):
    """A wish to register; with `registration_id` a re-registration (r402)."""

    TAG: ClassVar = "oadr:oadrCreatePartyRegistration"
    request_id: Annotated[RequestId, "pyld:requestID"]
    registration_id: Annotated[RegistrationId | None, "ei:registrationID"] = None
    ven_id: Annotated[VenId | None, "ei:venID"] = None
    profile: Annotated[ProfileName, "oadr:oadrProfileName"]
    transport: Annotated[TransportName, "oadr:oadrTransportName"]
    transport_address: Annotated[str | None, "oadr:oadrTransportAddress"] = None
    report_only: Annotated[bool, "oadr:oadrReportOnly"] = False
    xml_signature: Annotated[bool, "oadr:oadrXmlSignature"] = False
    ven_name: Annotated[str | None, "oadr:oadrVenName"] = None
    http_pull: Annotated[bool | None, "oadr:oadrHttpPullModel"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedPartyRegistration(Message):
    """The answer to a query or a registration; IDs are absent unless the VEN is registered (r404)."""

    TAG: ClassVar = "oadr:oadrCreatedPartyRegistration"
    response: Annotated[EiResponse, "ei:eiResponse"]
    registration_id: Annotated[RegistrationId | None, "ei:registrationID"] = None
    ven_id: Annotated[VenId | None, "ei:venID"] = None
    vtn_id: Annotated[VtnId, "ei:vtnID"]
    profiles: Annotated[tuple[Profile, ...], "oadr:oadrProfiles/oadr:oadrProfile"]
    poll_frequency: Annotated[Duration | None, "oadr:oadrRequestedOadrPollFreq/xcal:duration"] = None
    services: Annotated[tuple[ServiceInfo, ...], "oadr:oadrServiceSpecificInfo/oadr:oadrService"] = ()
    extensions: Annotated[tuple[Extension, ...], "oadr:oadrExtensions/oadr:oadrExtension"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPartyRegistration(Message):
    TAG: ClassVar = "oadr:oadrCancelPartyRegistration"
    request_id: Annotated[RequestId, "pyld:requestID"]
    registration_id: Annotated[RegistrationId, "ei:registrationID"]
    ven_id: Annotated[VenId | None, "ei:venID"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledPartyRegistration(Message):
    TAG: ClassVar = "oadr:oadrCanceledPartyRegistration"
    response: Annotated[EiResponse, "ei:eiResponse"]
    registration_id: Annotated[RegistrationId | None, "ei:registrationID"] = None
    ven_id: Annotated[VenId | None, "ei:venID"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReregistration(Message):
    """The VTN asks the VEN to register again with its IDs; the VEN answers by oadrResponse first."""

    TAG: ClassVar = "oadr:oadrRequestReregistration"
    ven_id: Annotated[VenId, "ei:venID"]
