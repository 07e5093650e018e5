"""Every message that the VTN takes, with the payload and the code that a registered site gets for it."""

from dataclasses import replace

from oadr.wire.ids import OptId, RegistrationId, ReportRequestId, ReportSpecifierId, RequestId, RId, Token
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
    CreateReport,
    DistributeEvent,
    Message,
    Poll,
    QueryRegistration,
    RegisteredReport,
    RequestEvent,
    Response,
    UpdatedReport,
)
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import EiResponse, OptType, Target
from oadr.wire.messages.report import ReportRequest, SpecifierPayload
from oadr.wire.scalars import Duration
from tests.vtn.service.offers import interval, offer, update
from tests.vtn.world import HOME, NOW, created_event, registration

R = RequestId("Q1")
OK = EiResponse(request_id=R)
METADATA_REQUEST = ReportRequest(
    request_id=ReportRequestId("M1"),
    specifier_id=wire.METADATA,
    granularity=Duration(),
    report_back=Duration(),
    points=(SpecifierPayload(r_id=RId("0"), reading_type=wire.NOT_APPLICABLE),),
)
CREATE_OPT = CreateOpt(
    opt_id=OptId("O1"),
    opt=OptType.OPT_OUT,
    reason=Token("economic"),
    ven_id=HOME,
    created_at=NOW,
    request_id=R,
    target=Target(),
)

Said = dict[str, tuple[Message, type[Message], str]]
SAID: Said = {
    "a query": (QueryRegistration(request_id=R), CreatedPartyRegistration, "200"),
    "a registration": (registration(ven_id=HOME), CreatedPartyRegistration, "200"),
    "a cancellation": (
        CancelPartyRegistration(request_id=R, registration_id=RegistrationId("?"), ven_id=HOME),
        CanceledPartyRegistration,
        "452",
    ),
    "an answer to no cancellation": (CanceledPartyRegistration(response=OK, ven_id=HOME), Response, "452"),
    "an answer to nothing": (Response(response=OK, ven_id=HOME), Response, "452"),
    "a request for events": (RequestEvent(request_id=R, ven_id=HOME), DistributeEvent, "200"),
    "a word on events": (created_event(), Response, "200"),
    "an offer of reports": (replace(offer(), request_id=R), RegisteredReport, "200"),
    "a receipt of ours": (RegisteredReport(response=OK, ven_id=HOME), Response, "200"),
    "a request for our offer": (
        CreateReport(request_id=R, requests=(METADATA_REQUEST,), ven_id=HOME),
        CreatedReport,
        "200",
    ),
    "a request for our values": (
        CreateReport(
            request_id=R,
            requests=(replace(METADATA_REQUEST, specifier_id=ReportSpecifierId("usage")),),
            ven_id=HOME,
        ),
        CreatedReport,
        "452",
    ),
    "a report accepted": (CreatedReport(response=OK, ven_id=HOME), Response, "200"),
    "a report never asked for": (
        replace(update(ReportRequestId("?"), interval(start=NOW)), request_id=R),
        UpdatedReport,
        "452",
    ),
    "an answer to no report": (UpdatedReport(response=OK, ven_id=HOME), Response, "452"),
    "a report cancelled": (
        CancelReport(request_id=R, request_ids=(ReportRequestId("?"),), report_to_follow=False, ven_id=HOME),
        CanceledReport,
        "452",
    ),
    "an answer to no cancelled report": (CanceledReport(response=OK, ven_id=HOME), Response, "452"),
    "an opt": (CREATE_OPT, CreatedOpt, "459"),
    "an opt cancelled": (CancelOpt(opt_id=OptId("O1"), ven_id=HOME, request_id=R), CanceledOpt, "452"),
    "a poll": (Poll(ven_id=HOME), Response, "200"),
}
