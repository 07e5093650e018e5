"""EiRegisterParty (r400-r407), and who may say what at all (r23, r401, r500, r508)."""

from collections.abc import Iterator
from typing import Any, Final

from oadr.rules.breach import Finding, Party, Rule, rule
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CanceledReport,
    CancelPartyRegistration,
    CancelReport,
    CreatedPartyRegistration,
    CreatedReport,
    CreatePartyRegistration,
    CreateReport,
    DistributeEvent,
    Poll,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    RequestReregistration,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.registration import TransportName

ANONYMOUS: Final = (CreatePartyRegistration, QueryRegistration)
"""What a VEN may say before it has a venID."""


def _found_by_kind(message: object) -> Iterator[Finding]:
    yield type(message).__name__, "is not for this party to say"


@rule(RequestEvent, binds=Party.VTN)
def r23(message: RequestEvent) -> Iterator[Finding]:
    """Only the VEN requests events."""
    yield from _found_by_kind(message)


@rule(CreatePartyRegistration, QueryRegistration, binds=Party.VTN)
def r401(message: object) -> Iterator[Finding]:
    """The VEN registers with the VTN, never the other way round."""
    yield from _found_by_kind(message)


@rule(CreatedPartyRegistration, RequestReregistration, binds=Party.VEN)
def r401_answers(message: object) -> Iterator[Finding]:
    """And the VTN answers, and may ask for a renewal."""
    yield from _found_by_kind(message)


@rule(DistributeEvent, binds=Party.VEN)
def r51(message: object) -> Iterator[Finding]:
    """Events come from the VTN."""
    yield from _found_by_kind(message)


@rule(Poll, binds=Party.VTN)
def r501(message: object) -> Iterator[Finding]:
    """Only a VEN polls."""
    yield from _found_by_kind(message)


@rule(CreatePartyRegistration, binds=Party.VEN)
def r402(message: CreatePartyRegistration) -> Iterator[Finding]:
    """HTTP says pull or push, push says where; a registrationID comes with its venID."""
    is_http = message.transport is TransportName.SIMPLE_HTTP
    if is_http and message.http_pull is None:
        yield "oadrHttpPullModel", "missing for simpleHttp"
    if is_http and message.http_pull is False and not message.transport_address:
        yield "oadrTransportAddress", "missing for push"
    if message.registration_id and not message.ven_id:
        yield "venID", "missing beside a registrationID"


@rule(
    *(RegisterReport, RegisteredReport, CreateReport, CreatedReport, UpdateReport, UpdatedReport),
    *(CancelReport, CanceledReport, CancelPartyRegistration, CanceledPartyRegistration, Response),
    binds=Party.VEN,
)
def r508(message: Any) -> Iterator[Finding]:
    """The VEN names itself in all that it says; where the schema demands it anyway there is nothing to check."""
    if not message.ven_id:
        yield "venID", "missing"


RULES: Final[tuple[Rule, ...]] = (r23, r51, r401, r401_answers, r402, r501, r508)
