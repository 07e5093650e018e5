"""Rules on sequences: a whole evening of our ends keeps them all, and what is told here breaks one each."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from oadr.rules import Breach, Conversation, Exchange
from oadr.wire.ids import NO_REQUEST, EventId, RegistrationId, ReportRequestId, RequestId, RId, VenId
from oadr.wire.messages import (
    CanceledOpt,
    CanceledReport,
    CancelOpt,
    CancelReport,
    CreatedEvent,
    CreatedOpt,
    CreatedPartyRegistration,
    CreatedReport,
    CreatePartyRegistration,
    CreateReport,
    DistributeEvent,
    Message,
    Poll,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse, OptType
from oadr.wire.messages.event import Event, EventResponse, EventStatus, ResponseRequired
from oadr.wire.messages.report import METADATA, PendingReports
from oadr.wire.scalars import Duration
from tests.oadr.rules.evening import evening, put, said
from tests.oadr.rules.test_messages import OF_EVENT
from tests.vtn.world import HOME, NOW, SECOND

DESCRIPTOR = ("descriptor",)
POLL = Poll(ven_id=HOME)
ASK = RequestEvent(request_id=RequestId("E1"), ven_id=HOME)
NOTHING = Response(response=EiResponse(request_id=NO_REQUEST), ven_id=HOME)


def broken(*exchanges: Exchange) -> set[str]:
    """By the last exchange; those before it set the scene."""
    conversation, found = Conversation(), tuple[Breach, ...]()
    for exchange in exchanges:
        conversation, found = conversation.step(exchange)
    return {breach.rule for breach in found}


def until(kind: type[Message]) -> tuple[Exchange, ...]:
    """The evening until the first request of this kind, that one included."""
    upto = next(count for count, one in enumerate(evening()) if isinstance(one.request, kind))
    return evening()[: upto + 1]


def event(**changes: Any) -> Event:
    """Far, an hour from now, as our VTN lists it; without a current value, which would depend on the time."""
    whole = said(DistributeEvent).events[0]
    start = NOW + timedelta(hours=1)
    whole = put(put(whole, ("period", "start"), start), ("descriptor", "created_at"), NOW)
    whole = put(whole, ("descriptor", "status"), EventStatus.FAR)
    signals = tuple(replace(signal, current_value=None) for signal in whole.signals)
    whole = replace(whole, signals=signals)
    changed: Event = replace(whole, descriptor=replace(whole.descriptor, **changes))
    return changed


def listed(*events: Event, at: datetime = NOW, by: Message = POLL, request_id: str = "D1") -> Exchange:
    asked = getattr(by, "request_id", NO_REQUEST)
    reply = DistributeEvent(
        response=EiResponse(request_id=asked),
        request_id=RequestId(request_id),
        vtn_id=said(DistributeEvent).vtn_id,
        events=events,
    )
    return Exchange(by, reply, at)


def answered(
    about: Event, opt: OptType = OptType.OPT_IN, request_id: str = "D1", at: datetime = NOW
) -> Exchange:
    word = EventResponse(code="200", request_id=RequestId(request_id), event=about.qualified_id, opt=opt)
    said_so = CreatedEvent(response=EiResponse(request_id=NO_REQUEST), event_responses=(word,), ven_id=HOME)
    return Exchange(said_so, NOTHING, at)


def known(message: Message | None) -> Any:
    """A message whose kind the reader knows, and the type checker does not."""
    return message


REGISTERED = until(RegisterReport) + until(RequestEvent)[-1:]


def test_an_evening_of_our_two_ends_breaks_no_rule() -> None:
    conversation = Conversation()
    for exchange in evening():
        conversation, found = conversation.step(exchange)
        assert found == ()
    assert conversation.owed == ()


# --- events ---------------------------------------------------------------------------------------------------


@pytest.mark.proves("r5")
@pytest.mark.parametrize(
    "second",
    [
        event(vtn_comment="another"),
        event(status=EventStatus.CANCELLED),
        put(event(), ("period", "duration"), Duration(60)),
    ],
)
def test_a_change_without_a_new_number_is_noticed(second: Event) -> None:
    assert "r5" in broken(*REGISTERED, listed(event()), listed(second))


def test_a_number_that_falls_is_noticed() -> None:
    first = event(modification_number=2, modified_at=NOW)
    assert "r5" in broken(*REGISTERED, listed(first), listed(event()))


def test_status_current_value_and_time_of_creation_change_without_a_number() -> None:
    later = NOW + timedelta(hours=1)
    second = event(status=EventStatus.ACTIVE, created_at=later)
    assert broken(*REGISTERED, listed(event()), listed(second, at=later)) <= {"r12"}


def test_a_new_event_with_a_number_that_nothing_explains_is_noticed() -> None:
    assert "r4" in broken(*REGISTERED, listed(event(modification_number=1)))
    assert "r4" not in broken(*REGISTERED, listed(event(modification_number=1, modified_at=NOW)))


def test_a_status_that_goes_back_is_noticed() -> None:
    later = NOW + timedelta(hours=1)
    active = event(status=EventStatus.ACTIVE)
    assert "r13" in broken(*REGISTERED, listed(active, at=later), listed(event(), at=later))


@pytest.mark.proves("r115")
def test_a_time_of_creation_that_is_not_renewed_is_noticed() -> None:
    changed = event(modification_number=1, vtn_comment="another", modified_at=NOW)
    first, later = listed(event(), at=NOW + 10 * SECOND), NOW + 20 * SECOND
    assert "r115" in broken(*REGISTERED, first, listed(changed, at=later))
    renewed = put(changed, ("descriptor", "created_at"), later)
    assert "r115" not in broken(*REGISTERED, first, listed(renewed, at=later))


def test_a_stale_status_in_the_answer_to_a_request_is_noticed() -> None:
    later = NOW + timedelta(hours=1)
    assert "r115" in broken(*REGISTERED, listed(event(), by=ASK, at=later))
    assert "r115" not in broken(*REGISTERED, listed(event(), by=POLL, at=later))


@pytest.mark.proves("r50")
def test_an_event_that_is_missing_from_a_list_is_noticed() -> None:
    assert "r50" in broken(*REGISTERED, listed(event()), listed())
    limited = replace(ASK, reply_limit=1)
    assert "r50" not in broken(*REGISTERED, listed(event()), listed(by=limited))


def test_a_randomised_event_that_is_dropped_at_its_end_is_noticed() -> None:
    randomised = put(event(), ("period", "start_after"), Duration(600))
    end = randomised.period.duration.after(randomised.period.start)
    assert "r66" in broken(*REGISTERED, listed(randomised), listed(at=end + SECOND))
    assert broken(*REGISTERED, listed(randomised), listed(at=end + 600 * SECOND)) == set()


def test_a_cancellation_that_is_not_repeated_is_noticed() -> None:
    cancelled = event(status=EventStatus.CANCELLED, modification_number=1, modified_at=NOW)
    assert "r52" in broken(*REGISTERED, listed(cancelled), listed())
    assert "r52" not in broken(*REGISTERED, listed(cancelled), answered(cancelled), listed())


@pytest.mark.proves("r12", "r62")
def test_an_event_that_is_never_answered_is_noticed() -> None:
    lists = [listed(event())] * 4
    assert "r12" not in broken(*REGISTERED, *lists[:3])
    assert "r12" in broken(*REGISTERED, *lists)
    assert "r12" not in broken(*REGISTERED, *lists[:1], answered(event()), *lists[1:])


def test_an_answer_to_an_event_that_asks_for_none_is_noticed() -> None:
    quiet = replace(event(), response_required=ResponseRequired.NEVER)
    assert "r12" in broken(*REGISTERED, listed(quiet), answered(quiet))


@pytest.mark.proves("r42")
def test_an_answer_under_another_request_id_is_noticed() -> None:
    assert "r42" in broken(*REGISTERED, listed(event()), answered(event(), request_id="D2"))
    assert "r42" in broken(*REGISTERED, answered(event()))
    assert broken(*REGISTERED, listed(event()), answered(event())) == set()


@pytest.mark.proves("r36")
def test_opting_out_of_a_cancellation_is_noticed() -> None:
    cancelled = event(status=EventStatus.CANCELLED, modification_number=1, modified_at=NOW)
    assert "r36" in broken(*REGISTERED, listed(cancelled), answered(cancelled, OptType.OPT_OUT))


def test_a_vtn_that_accepts_an_answer_about_nothing_is_noticed() -> None:
    unknown = event(event_id=EventId("unknown"))
    assert "r21" in broken(*REGISTERED, listed(event()), answered(unknown))


@pytest.mark.proves("r502")
def test_a_poll_that_brings_events_without_news_is_noticed() -> None:
    assert "r502" in broken(*REGISTERED, listed(event()), answered(event()), listed(event()))
    assert "r502" not in broken(*REGISTERED, listed(event()), listed(event())), "it is not answered yet"


def test_more_events_than_asked_for_are_noticed() -> None:
    limited = replace(ASK, reply_limit=1)
    second = event(event_id=EventId("second"))
    assert "r27" in broken(*REGISTERED, listed(event(), second, by=limited))
    assert "r27" not in broken(*REGISTERED, listed(event(), by=limited))


@pytest.mark.proves("r40")
def test_a_list_without_a_response_is_noticed() -> None:
    bare = listed(event())
    assert "r40" in broken(*REGISTERED, replace(bare, reply=put(bare.reply, ("response",), None)))
    assert "r40" in broken(*REGISTERED, Exchange(ASK, NOTHING, NOW))


# --- opts -----------------------------------------------------------------------------------------------------


def test_an_opt_that_its_event_does_not_allow_is_noticed() -> None:
    opt = replace(OF_EVENT, event=event().qualified_id)
    said_so = Exchange(
        opt, CreatedOpt(response=EiResponse(request_id=opt.request_id), opt_id=opt.opt_id), NOW
    )
    quiet = replace(event(), response_required=ResponseRequired.NEVER)
    assert "r206" in broken(*REGISTERED, listed(quiet), said_so)
    assert broken(*REGISTERED, listed(event()), said_so) == set()
    other = put(said_so.reply, ("response", "request_id"), RequestId("other"))
    assert "r207" in broken(*REGISTERED, listed(event()), replace(said_so, reply=other))


def test_an_opt_of_an_event_that_is_cancelled_is_noticed() -> None:
    opt = replace(OF_EVENT, event=event().qualified_id)
    said_so = Exchange(
        opt, CreatedOpt(response=EiResponse(request_id=opt.request_id), opt_id=opt.opt_id), NOW
    )
    cancel = CancelOpt(request_id=RequestId("Q2"), opt_id=opt.opt_id, ven_id=HOME)
    done = Exchange(cancel, CanceledOpt(response=EiResponse(request_id=RequestId("Q2"))), NOW)
    assert "r211" in broken(*REGISTERED, listed(event()), said_so, done)
    assert broken(*REGISTERED, listed(event()), done) == set()


# --- registration and polls -------------------------------------------------------------------------------------


def register(**changes: Any) -> Exchange:
    exchange = until(CreatePartyRegistration)[-1]
    return replace(exchange, reply=replace(known(exchange.reply), **changes))


@pytest.mark.proves("r403")
def test_an_answer_to_a_registration_without_its_parts_is_noticed() -> None:
    assert broken(register()) == set()
    assert "r403" in broken(register(ven_id=None))
    assert "r403" in broken(register(poll_frequency=None))
    assert "r403" in broken(replace(register(), reply=NOTHING))


def test_identifiers_for_a_stranger_who_asks_are_noticed() -> None:
    query = Exchange(QueryRegistration(request_id=RequestId("R0")), register().reply, NOW)
    assert "r404" in broken(query)
    assert broken(register(), query) == set()


@pytest.mark.proves("r401")
def test_talking_before_a_registration_is_noticed_on_both_sides() -> None:
    assert broken(Exchange(POLL, NOTHING, NOW)) == {"r401", "r517"}


def test_another_registration_id_that_is_accepted_is_noticed() -> None:
    again = replace(known(register().request), registration_id=RegistrationId("other"), ven_id=HOME)
    assert "r400" in broken(register(), replace(register(), request=again))


@pytest.mark.proves("r309", "r405")
def test_what_comes_before_the_offers_of_a_new_registration_is_noticed() -> None:
    assert broken(register(), Exchange(POLL, NOTHING, NOW)) == {"r309", "r405"}
    assert broken(*REGISTERED, Exchange(POLL, NOTHING, NOW)) == set()


@pytest.mark.proves("r301")
def test_a_vtn_that_never_offers_is_noticed() -> None:
    polls = [Exchange(POLL, NOTHING, NOW + count * 10 * SECOND) for count in range(5)]
    assert "r301" not in broken(*REGISTERED, *polls[:3])
    assert "r301" in broken(*REGISTERED, *polls)


@pytest.mark.proves("r500")
def test_polls_that_come_too_fast_or_bring_something_else_are_noticed() -> None:
    polled = Exchange(POLL, NOTHING, NOW)
    assert "r500" in broken(*REGISTERED, polled, replace(polled, at=NOW + 9 * SECOND))
    assert broken(*REGISTERED, polled, replace(polled, at=NOW + 10 * SECOND)) == set()
    assert "r500" not in broken(*REGISTERED, listed(event()), polled), "there may be more"
    assert "r500" in broken(*REGISTERED, replace(polled, reply=said(CreatedPartyRegistration)))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("r500", Poll(ven_id=VenId("other"))),
        ("r21", replace(ASK, ven_id=VenId("other"))),
        ("r304", RegisterReport(request_id=RequestId("Q"), ven_id=VenId("other"))),
    ],
)
def test_another_ven_that_is_accepted_is_noticed(number: str, message: Message) -> None:
    assert {number, "r508"} <= broken(*REGISTERED, Exchange(message, NOTHING, NOW))


# --- reports ----------------------------------------------------------------------------------------------------

OFFERED = until(UpdateReport)[:-1]
UPDATE = until(UpdateReport)[-1]


def reported(*path_and_value: Any) -> Exchange:
    *path, value = path_and_value
    return replace(UPDATE, request=put(UPDATE.request, ("reports", 0, *path), value))


@pytest.mark.proves("r300", "r304", "r306", "r342")
def test_values_that_are_not_what_was_asked_for_are_noticed() -> None:
    assert broken(*OFFERED, UPDATE) == set()
    assert "r306" in broken(*OFFERED, reported("request_id", ReportRequestId("never")))
    assert "r304" in broken(*OFFERED, reported("specifier_id", "another"))
    payloads = known(UPDATE.request).reports[0].intervals[0].payloads
    assert "r300" in broken(*OFFERED, reported("intervals", 0, "payloads", payloads[1:]))
    limit = next(one for one in evening() if isinstance(one.request, UpdateReport) and is_mean(one.request))
    no_span = put(limit.request, ("reports", 0, "intervals", 0, "duration"), None)
    assert "r342" in broken(*OFFERED, replace(limit, request=no_span))


def is_mean(message: UpdateReport) -> bool:
    return message.reports[0].specifier_id == "x-LIMIT"


@pytest.mark.proves("r306")
def test_a_report_of_the_offer_before_is_noticed() -> None:
    offer = until(RegisterReport)[-1]
    bare = replace(offer, reply=RegisteredReport(response=known(offer.reply).response, ven_id=HOME))
    assert "r306" in broken(*OFFERED, bare, UPDATE)


def asking(**changes: Any) -> Exchange:
    request = next(
        one.reply.requests[0]
        for one in evening()
        if isinstance(one.reply, RegisteredReport) and one.reply.requests
    )
    asked = CreateReport(request_id=RequestId("C1"), requests=(replace(request, **changes),), ven_id=HOME)
    return Exchange(POLL, asked, OFFERED[-1].at + timedelta(minutes=1))


def test_a_request_beyond_the_offer_is_noticed() -> None:
    points = known(asking().reply).requests[0].points
    unknown = (replace(points[0], r_id=RId("unknown")),)
    assert "r300" in broken(*OFFERED, asking(points=unknown, request_id=ReportRequestId("Q9")))
    assert "r317" in broken(*OFFERED, asking(granularity=Duration(1)))
    assert "r322" in broken(*OFFERED, asking(points=points[:1]))
    assert broken(*OFFERED, asking()) == set()


@pytest.mark.proves("r329")
def test_a_list_of_pending_reports_that_is_not_whole_is_noticed() -> None:
    created = until(CreatedReport)
    assert broken(*created) == set()
    none = put(created[-1].request, ("pending",), PendingReports())
    assert "r329" in broken(*created[:-1], replace(created[-1], request=none))
    more = put(created[-1].request, ("pending",), PendingReports((ReportRequestId("never"),)))
    assert "r329" in broken(*created[:-1], replace(created[-1], request=more))


@pytest.mark.proves("r303")
def test_an_answer_about_reports_under_another_request_id_is_noticed() -> None:
    offer = until(RegisterReport)[-1]
    other = put(offer.reply, ("response", "request_id"), RequestId("other"))
    assert "r303" in broken(*until(RegisterReport)[:-1], replace(offer, reply=other))
    other = put(UPDATE.reply, ("response", "request_id"), RequestId("other"))
    assert "r303" in broken(*OFFERED, replace(UPDATE, reply=other))
    for request, reply in (
        (known(asking().reply), CreatedReport),
        (CancelReport(request_id=RequestId("X"), request_ids=(), report_to_follow=False), CanceledReport),
    ):
        answer = reply(response=EiResponse(request_id=RequestId("other")), ven_id=HOME)
        assert "r303" in broken(*OFFERED, Exchange(request, answer, NOW)), type(request)
    greeted = until(RegisteredReport)
    other = put(greeted[-1].request, ("response", "request_id"), RequestId("other"))
    assert "r303" in broken(*greeted[:-1], replace(greeted[-1], request=other))


def test_an_offer_that_answers_what_was_never_asked_is_noticed() -> None:
    offer = until(RegisterReport)[-1]
    answer = put(offer.request, ("report_request_id",), ReportRequestId("M1"))
    assert "r311" in broken(*OFFERED, replace(offer, request=answer))
    asked = asking(specifier_id=METADATA, request_id=ReportRequestId("M1"))
    assert "r311" not in broken(*OFFERED, asked, replace(offer, request=answer))


def test_a_cancellation_of_what_was_not_reported_or_not_asked_for_is_noticed() -> None:
    cancel = CancelReport(
        request_id=RequestId("X1"), request_ids=(ReportRequestId("no"),), report_to_follow=False, ven_id=HOME
    )
    rides = UpdatedReport(response=known(UPDATE.reply).response, cancel=cancel, ven_id=HOME)
    assert "r328" in broken(*OFFERED, replace(UPDATE, reply=rides))
    done = CanceledReport(response=EiResponse(request_id=RequestId("X1")), ven_id=HOME)
    assert "r336" in broken(*OFFERED, Exchange(POLL, cancel, NOW), Exchange(done, NOTHING, NOW))


def cancelling(update: UpdateReport, *, to_follow: bool) -> tuple[Exchange, Exchange]:
    ids = tuple(report.request_id for report in update.reports)
    at = OFFERED[-1].at + timedelta(minutes=1)
    cancel = CancelReport(
        request_id=RequestId("X1"), request_ids=ids, report_to_follow=to_follow, ven_id=HOME
    )
    done = CanceledReport(response=EiResponse(request_id=RequestId("X1")), ven_id=HOME)
    return Exchange(POLL, cancel, at), Exchange(done, NOTHING, at)


def test_a_cancelled_report_may_follow_once_if_it_was_asked_to() -> None:
    update = known(UPDATE.request)
    assert "r306" in broken(*OFFERED, *cancelling(update, to_follow=False), UPDATE)
    assert broken(*OFFERED, *cancelling(update, to_follow=True), UPDATE) == set()
    assert "r306" in broken(*OFFERED, *cancelling(update, to_follow=True), UPDATE, UPDATE)


def test_a_report_that_is_made_once_and_has_several_values_is_noticed() -> None:
    once = asking(request_id=ReportRequestId("N1"), report_back=Duration(), period=None)
    report = replace(
        known(UPDATE.request).reports[0],
        request_id=ReportRequestId("N1"),
        specifier_id=known(once.reply).requests[0].specifier_id,
    )
    second = replace(report.intervals[0], start=report.intervals[0].start + SECOND)
    several = replace(report, intervals=(report.intervals[0], second))
    assert "r337" in broken(
        *OFFERED, once, replace(UPDATE, request=put(UPDATE.request, ("reports",), (several,)))
    )


def test_a_ven_that_takes_a_request_beyond_its_offer_is_noticed() -> None:
    created = until(CreatedReport)[-1]
    beyond = asking(
        request_id=ReportRequestId("Q9"),
        points=(replace(known(asking().reply).requests[0].points[0], r_id=RId("no")),),
    )
    pending = PendingReports((*known(created.request).pending.request_ids, ReportRequestId("Q9")))
    assert "r340" in broken(
        *OFFERED, beyond, replace(created, request=put(created.request, ("pending",), pending))
    )
