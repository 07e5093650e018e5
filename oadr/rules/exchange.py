"""A request and its reply, and what the one must be to the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from oadr import timing
from oadr.rules.breach import Finding, Party, Rule, rule
from oadr.wire.messages import (
    CancelOpt,
    CancelPartyRegistration,
    CancelReport,
    CreatedPartyRegistration,
    CreateOpt,
    CreatePartyRegistration,
    CreateReport,
    DistributeEvent,
    Message,
    Poll,
    RegisterReport,
    RequestEvent,
    RequestReregistration,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.event import EventStatus

POLL_ANSWERS: Final = (
    *(Response, DistributeEvent, CreateReport, RegisterReport, CancelReport, UpdateReport),
    *(CancelPartyRegistration, RequestReregistration),
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request of the pull model. `at` is the time of the end whose view this is."""

    request: Message
    reply: Message | None
    """None: an empty one, or none came."""
    at: datetime


def response_of(message: Message | None) -> EiResponse | None:
    """How a reply takes what it answers; None for what is no answer."""
    found = getattr(message, "response", None)
    return found if isinstance(found, EiResponse) else None


def accepted(reply: Message | None) -> bool:
    """A reply that is a message of its own, or an answer with a code of success."""
    response = response_of(reply)
    return reply is not None and (response is None or response.accepted)


def events_of(exchange: Exchange) -> DistributeEvent | None:
    """The list of events in the reply, unless it is a refusal."""
    reply = exchange.reply
    return reply if isinstance(reply, DistributeEvent) and accepted(reply) else None


def _echo(exchange: Exchange) -> Iterator[Finding]:
    response = response_of(exchange.reply)
    if response and response.request_id != getattr(exchange.request, "request_id", response.request_id):
        yield "eiResponse", f"requestID {response.request_id} is not that of the request"


@rule(Exchange, binds=Party.VTN)
def r27(exchange: Exchange) -> Iterator[Finding]:
    """No more events than were asked for."""
    if isinstance(exchange.request, RequestEvent) and (told := events_of(exchange)):
        limit = exchange.request.reply_limit
        if limit and len(told.events) > limit:
            yield "oadrDistributeEvent", f"{len(told.events)} events where {limit} were asked for"


@rule(Exchange, binds=Party.VTN)
def r40(exchange: Exchange) -> Iterator[Finding]:
    """A request for events is answered by a list of events, and a list that answers says so."""
    reply = exchange.reply
    if isinstance(exchange.request, RequestEvent) and not isinstance(reply, DistributeEvent | None):
        yield type(reply).__name__, "answers oadrRequestEvent"
    if isinstance(reply, DistributeEvent) and reply.response is None:
        yield "oadrDistributeEvent", "no eiResponse in an answer"


@rule(Exchange, binds=Party.VTN)
def r115(exchange: Exchange) -> Iterator[Finding]:
    """Whoever requests events gets their status of now; what is polled may have that of its last change."""
    if isinstance(exchange.request, RequestEvent) and (told := events_of(exchange)):
        for event in told.events:
            status = event.descriptor.status
            is_cancelled = status is EventStatus.CANCELLED
            fresh = timing.status(event.period, exchange.at, cancelled=is_cancelled)
            if status is not fresh:
                yield f"event {event.event_id}", f"{status} while it is {fresh}"


@rule(Exchange, binds=Party.VTN)
def r207(exchange: Exchange) -> Iterator[Finding]:
    """An answer to an opt repeats its requestID, also if that is empty."""
    if isinstance(exchange.request, CreateOpt | CancelOpt):
        yield from _echo(exchange)


@rule(Exchange, binds=Party.VTN)
def r303(exchange: Exchange) -> Iterator[Finding]:
    """An answer about reports repeats the requestID."""
    if isinstance(exchange.request, RegisterReport | CreateReport | UpdateReport | CancelReport):
        yield from _echo(exchange)


@rule(Exchange, binds=Party.VTN)
def r328(exchange: Exchange) -> Iterator[Finding]:
    """A cancellation that rides on the receipt of reports is about these reports."""
    request, reply = exchange.request, exchange.reply
    if isinstance(request, UpdateReport) and isinstance(reply, UpdatedReport) and reply.cancel:
        unknown = set(reply.cancel.request_ids) - {report.request_id for report in request.reports}
        yield from (("oadrCancelReport", f"{one} was not reported") for one in sorted(unknown))


@rule(Exchange, binds=Party.VTN)
def r403(exchange: Exchange) -> Iterator[Finding]:
    """Who registers learns both identifiers, and how often to poll."""
    request, reply = exchange.request, exchange.reply
    if not isinstance(request, CreatePartyRegistration) or not accepted(reply):
        return
    if not isinstance(reply, CreatedPartyRegistration):
        yield type(reply).__name__, "answers oadrCreatePartyRegistration"
        return
    if not reply.ven_id or not reply.registration_id:
        yield "oadrCreatedPartyRegistration", "without venID or registrationID"
    if request.http_pull and reply.poll_frequency is None:
        yield "oadrCreatedPartyRegistration", "without a poll frequency"


@rule(Exchange, binds=Party.VTN)
def r500(exchange: Exchange) -> Iterator[Finding]:
    """A poll brings one of the payloads that a VTN may start with, or oadrResponse."""
    if isinstance(exchange.request, Poll) and not isinstance(exchange.reply, (*POLL_ANSWERS, type(None))):
        yield type(exchange.reply).__name__, "answers oadrPoll"


RULES: Final[tuple[Rule, ...]] = (r27, r40, r115, r207, r303, r328, r403, r500)
