"""The conversation with a VTN, by a clock of the test's own."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from oadr.wire.ids import RegistrationId, ReportRequestId, RequestId, VenId, VtnId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CanceledReport,
    CancelPartyRegistration,
    CancelReport,
    CreatedEvent,
    CreatedPartyRegistration,
    CreatedReport,
    CreatePartyRegistration,
    CreateReport,
    Message,
    Poll,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    RequestReregistration,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.event import EventStatus, ResponseRequired
from oadr.wire.messages.registration import Profile, ProfileName, TransportName
from oadr.wire.messages.report import METADATA, ReportRequest
from oadr.wire.scalars import Duration
from tests.ven.stage import (
    MINUTE,
    SECOND,
    VEN,
    VTN,
    Conversation,
    Loaded,
    event,
    listing,
    report_request,
    response,
)
from tests.ven.virtual import START
from ven.enrolment import Registration
from ven.journal import Memory
from ven.news import (
    ContactLost,
    ContactMade,
    Deregistered,
    EventArrived,
    EventEnded,
    GaveUp,
    PeerComplained,
    Registered,
    RegistrationRefused,
)

KNOWN = Registration(VEN, RegistrationId("Reg-1"), VTN, timedelta(seconds=10))
FIRST_TALK = ["CreatePartyRegistration", "RegisterReport", "RequestEvent", "Poll"]


def settled(**introduction: Any) -> Conversation:
    """Registered, everything asked and answered, the first poll just made."""
    talk = Conversation(**introduction)
    talk.run_for(timedelta())
    talk.vtn.heard.clear()
    talk.news.clear()
    return talk


def last(talk: Conversation, kind: type[Message]) -> Any:
    return talk.vtn.of(kind)[-1]


def mailed(talk: Conversation, message: Message) -> list[str]:
    """What the VEN says when its next poll brings `message`."""
    talk.vtn.mail.append(message)
    talk.heard()
    talk.run_for(10 * SECOND)
    return talk.heard()


# --- registration ---


@pytest.mark.proves("r301", "r309", "r401", "r405")
def test_a_new_ven_registers_offers_its_reports_asks_for_events_and_polls() -> None:
    talk = Conversation()
    talk.run_for(timedelta())
    assert talk.heard() == FIRST_TALK
    assert talk.news == [Registered(VEN, RegistrationId("Reg-1"), VTN, True)]


@pytest.mark.proves("r402", "r37", "r51")
def test_a_first_registration_names_no_identifiers_and_a_later_one_both() -> None:
    talk = Conversation()
    talk.run_for(timedelta())
    first = last(talk, CreatePartyRegistration)
    assert (first.registration_id, first.ven_id, first.http_pull, first.transport_address) == (
        None,
        None,
        True,
        None,
    )
    again = Conversation(Memory(registration=KNOWN))
    again.vtn.known, again.vtn.registrations = True, 1
    again.run_for(timedelta())
    second = last(again, CreatePartyRegistration)
    assert (second.registration_id, second.ven_id) == ("Reg-1", VEN)


@pytest.mark.proves("r402")
def test_a_venid_that_was_given_beforehand_is_offered_and_no_other_is_taken() -> None:
    talk = Conversation(ven_id=VenId("Ven-7"))
    talk.run_for(timedelta())
    assert last(talk, CreatePartyRegistration).ven_id == "Ven-7"
    assert talk.session.registration is None
    assert talk.told(RegistrationRefused)


@pytest.mark.proves("r405")
def test_a_renewal_asks_for_events_and_offers_no_reports_again() -> None:
    talk = Conversation(Memory(registration=replace(KNOWN, offered=True)))
    talk.vtn.known, talk.vtn.registrations = True, 1
    talk.run_for(timedelta())
    assert talk.heard() == ["CreatePartyRegistration", "RequestEvent", "Poll"]
    assert talk.told(Registered) == [Registered(VEN, RegistrationId("Reg-1"), VTN, False)]


@pytest.mark.proves("r301")
def test_a_renewal_offers_the_reports_whose_offer_never_arrived() -> None:
    talk = Conversation(Memory(registration=KNOWN))
    talk.vtn.known, talk.vtn.registrations = True, 1
    talk.run_for(timedelta())
    assert talk.heard() == FIRST_TALK
    assert talk.session.registration == replace(KNOWN, offered=True)


@pytest.mark.proves("r405")
def test_a_new_registration_offers_reports_although_the_vtn_gives_the_same_identifiers() -> None:
    talk = settled()
    talk.vtn.known, talk.vtn.registrations = False, 0
    talk.run_for(MINUTE)
    assert talk.heard().count("RegisterReport") == 1
    assert talk.told(Registered)[-1] == Registered(VEN, RegistrationId("Reg-1"), VTN, True)


@pytest.mark.proves("r508")
def test_every_message_of_a_registered_ven_names_it() -> None:
    talk = settled()
    talk.vtn.offer(event())
    request = CreateReport(request_id=RequestId("Q1"), requests=(report_request(),))
    cancel = CancelReport(
        request_id=RequestId("Q2"), request_ids=(ReportRequestId("RR1"),), report_to_follow=True
    )
    talk.vtn.mail.extend([request, cancel, RegisterReport(request_id=RequestId("Q3"))])
    talk.run_for(MINUTE)
    talk.vtn.mail.append(RequestReregistration(ven_id=VEN))
    talk.run_for(MINUTE)
    heard: list[Any] = [message for _, message in talk.vtn.heard]
    assert len({type(message) for message in heard}) >= 9
    assert {message.ven_id for message in heard} == {VEN}


@pytest.mark.proves("VE05", "A03")
def test_refused_registrations_are_repeated_for_ever_with_longer_and_longer_pauses() -> None:
    talk = Conversation(dice=Loaded(1.0))
    talk.vtn.refuses = True
    talk.run_for(timedelta(hours=2))
    times = talk.vtn.times_of(CreatePartyRegistration)
    pauses = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert pauses[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert set(pauses[10:]) == {300}
    assert len(talk.told(RegistrationRefused)) == len(times)
    talk.vtn.refuses = False
    talk.run_for(timedelta(seconds=300))
    assert talk.session.registration


@pytest.mark.parametrize("answer", [None, response(), response("452"), listing(event())])
def test_whatever_does_not_answer_a_registration_is_a_refusal_and_no_busy_loop(
    answer: Message | None,
) -> None:
    talk = Conversation(dice=Loaded(1.0))
    talk.vtn.instead[CreatePartyRegistration] = answer
    talk.run_for(MINUTE)
    assert 5 <= len(talk.vtn.of(CreatePartyRegistration)) <= 7
    assert talk.session.held == ()


@pytest.mark.proves("r23")
def test_a_vtn_that_asks_us_for_events_is_complained_about_and_told_none() -> None:
    talk = settled()
    talk.vtn.instead[Poll] = RequestEvent(request_id=RequestId("Q1"), ven_id=VEN)
    talk.run_for(MINUTE)
    assert set(talk.heard()) == {"Poll"}
    assert set(talk.told(PeerComplained)) == {PeerComplained("Poll", "", "answered by RequestEvent")}


def test_a_vtn_without_identifiers_in_its_answer_has_refused() -> None:
    profile = Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,))
    talk = Conversation()
    talk.vtn.instead[CreatePartyRegistration] = CreatedPartyRegistration(
        response=EiResponse(request_id=RequestId("")), vtn_id=VTN, profiles=(profile,)
    )
    talk.run_for(SECOND)
    assert talk.session.registration is None
    assert talk.told(RegistrationRefused)


def test_another_vtn_than_the_one_configured_is_refused() -> None:
    talk = Conversation(vtn_id=VtnId("Vtn-2"))
    talk.run_for(SECOND)
    assert talk.session.registration is None


@pytest.mark.proves("r401", "F8")
@pytest.mark.parametrize("code", ["452", "463"])
def test_a_vtn_that_forgot_the_ven_is_registered_with_again(code: str) -> None:
    talk = settled()
    talk.vtn.instead[Poll] = response(code)
    talk.run_for(10 * SECOND)
    del talk.vtn.instead[Poll]
    assert talk.told(Deregistered)
    talk.run_for(5 * SECOND)
    assert talk.heard() == ["Poll", "CreatePartyRegistration", "RequestEvent", "Poll"]


@pytest.mark.proves("r401", "F8")
def test_after_a_restart_of_the_vtn_the_ven_comes_back_by_itself_and_keeps_its_events() -> None:
    talk = settled()
    talk.vtn.offer(event())
    talk.run_for(20 * SECOND)
    talk.vtn.known, talk.vtn.events = False, ()
    held = talk.session.held
    talk.vtn.down = True
    talk.run_for(MINUTE)
    talk.vtn.down = False
    talk.heard()
    for _ in range(1000):
        if talk.vtn.registrations == 2:
            break
        assert talk.session.held == held, "contact alone lifts no limit"
        talk.run_for(timedelta(milliseconds=100))
    talk.run_for(20 * SECOND)
    assert talk.session.held == ()
    assert talk.told(EventEnded) == [EventEnded(event().event_id, True)]
    names = talk.heard()
    assert names.count("RegisterReport") == 1
    assert names[-1] == "Poll"


def test_registrations_that_never_last_are_repeated_with_growing_pauses() -> None:
    talk = Conversation(dice=Loaded(1.0))
    talk.vtn.instead[Poll] = response("463")
    talk.run_for(timedelta(minutes=10))
    assert len(talk.vtn.of(CreatePartyRegistration)) < 12


@pytest.mark.proves("r400", "r407")
def test_a_registration_that_the_vtn_ends_is_confirmed_and_forgotten() -> None:
    talk = settled(dice=Loaded(1.0))
    cancel = CancelPartyRegistration(
        request_id=RequestId("C1"), registration_id=RegistrationId("Reg-1"), ven_id=VEN
    )
    accepted = CreateReport(request_id=RequestId("Q1"), requests=(report_request(),))
    mailed(talk, accepted)
    assert mailed(talk, cancel) == ["Poll", "CanceledPartyRegistration"]
    talk.run_for(MINUTE)
    assert talk.heard() == []
    assert talk.reports.orders == ()
    forgotten = Conversation(Memory(registration=talk.session.registration))
    forgotten.run_for(SECOND)
    talk.run_for(timedelta(minutes=5))
    for one in (talk, forgotten):
        assert last(one, CreatePartyRegistration).registration_id is None
        assert last(one, CreatePartyRegistration).ven_id is None


@pytest.mark.proves("r400")
def test_the_end_of_another_registration_is_refused_by_452() -> None:
    talk = settled()
    cancel = CancelPartyRegistration(request_id=RequestId("C1"), registration_id=RegistrationId("Reg-9"))
    assert mailed(talk, cancel) == ["Poll", "CanceledPartyRegistration", "Poll"]
    talk.vtn.mail.append(cancel)
    talk.run_for(10 * SECOND)
    answer = last(talk, CanceledPartyRegistration)
    assert (answer.response.code, answer.response.request_id) == ("452", "C1")
    assert not talk.told(Deregistered)


@pytest.mark.proves("r405")
def test_a_vtn_that_wants_a_renewal_gets_its_receipt_and_then_the_registration() -> None:
    talk = settled(dice=Loaded(0.0))
    talk.vtn.mail.append(RequestReregistration(ven_id=VEN))
    talk.run_for(11 * SECOND)
    assert talk.heard() == ["Poll", "Response", "CreatePartyRegistration", "RequestEvent", "Poll"]


def test_a_renewal_for_another_ven_is_refused_by_452() -> None:
    talk = settled()
    assert mailed(talk, RequestReregistration(ven_id=VenId("Ven-2"))) == ["Poll", "Response", "Poll"]


def test_a_vtn_that_wants_renewals_without_end_is_registered_with_anew_and_not_flooded() -> None:
    """openleadr answers each poll of a VEN that it does not know by oadrRequestReregistration."""
    talk = settled(dice=Loaded(1.0))
    talk.vtn.instead[Poll] = RequestReregistration(ven_id=VEN)
    talk.run_for(timedelta(minutes=10))
    sent: list[Any] = talk.vtn.of(CreatePartyRegistration)
    assert [one.registration_id for one in sent[:2]] == ["Reg-1", None]
    assert len(sent) < 12


# --- polls ---


@pytest.mark.proves("r500", "r501")
def test_polls_keep_the_interval_of_the_registration() -> None:
    talk = settled()
    talk.run_for(MINUTE)
    assert talk.vtn.times_of(Poll) == [timedelta(seconds=s) for s in range(10, 61, 10)]


@pytest.mark.proves("r500")
def test_after_each_message_the_answer_is_sent_and_the_ven_polls_again_until_nothing_is_left() -> None:
    talk = settled()
    talk.vtn.mail.extend(
        [
            CreateReport(request_id=RequestId("Q1"), requests=(report_request(start=START + MINUTE),)),
            RegisterReport(request_id=RequestId("Q2")),
        ]
    )
    talk.vtn.offer(event())
    talk.run_for(10 * SECOND)
    assert talk.heard() == [
        "Poll",
        "CreatedReport",
        "Poll",
        "RegisteredReport",
        "Poll",
        "CreatedEvent",
        "Poll",
    ]


@pytest.mark.proves("VE21")
def test_a_vtn_that_always_has_more_is_polled_so_often_and_no_oftener() -> None:
    talk = settled()
    talk.vtn.instead[Poll] = RegisterReport(request_id=RequestId("Q1"))
    talk.run_for(MINUTE)
    assert len(talk.vtn.of(Poll)) <= 21 * 6


def test_a_vtn_that_lists_its_events_at_each_poll_is_polled_once_an_interval() -> None:
    talk = settled()
    talk.vtn.events = (event(),)
    talk.vtn.instead[Poll] = listing(event())
    talk.run_for(MINUTE)
    assert len(talk.vtn.of(Poll)) == 7


def test_a_vtn_that_asks_for_a_month_between_polls_does_not_get_it() -> None:
    talk = Conversation()
    talk.vtn.instead[CreatePartyRegistration] = CreatedPartyRegistration(
        response=EiResponse(request_id=RequestId("")),
        ven_id=VEN,
        registration_id=RegistrationId("Reg-1"),
        vtn_id=VTN,
        profiles=(Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,)),),
        poll_frequency=Duration(months=1),
    )
    talk.run_for(SECOND)
    talk.vtn.known = True
    assert talk.session.registration
    assert talk.session.registration.poll_every == timedelta(hours=1)


@pytest.mark.proves("F10")
@pytest.mark.parametrize("step", [timedelta(days=1), timedelta(days=-1)])
def test_no_step_of_the_clock_stops_the_polls(step: timedelta) -> None:
    talk = settled()
    mailed(talk, CreateReport(request_id=RequestId("Q1"), requests=(report_request(),)))
    talk.run_for(MINUTE)
    talk.now += step
    talk.heard()
    talk.run_for(MINUTE)
    names = talk.heard()
    assert 6 <= names.count("Poll") <= 7
    assert names.count("UpdateReport") >= 1


# --- silence ---


@pytest.mark.proves("VE05", "A03")
def test_silence_is_answered_by_attempts_for_ever_further_and_further_apart() -> None:
    talk = settled(dice=Loaded(1.0))
    talk.vtn.down = True
    talk.run_for(timedelta(days=1))
    times = talk.vtn.times_of(Poll)
    pauses = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert pauses[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert set(pauses[10:]) == {300}
    assert len(talk.told(ContactLost)) == 1


@pytest.mark.proves("VE05", "P1")
def test_a_vtn_that_was_absent_at_the_start_is_registered_with_when_it_comes() -> None:
    talk = Conversation()
    talk.vtn.down = True
    talk.run_for(timedelta(hours=1))
    talk.vtn.down = False
    talk.heard()
    talk.run_for(timedelta(seconds=300))
    assert talk.heard()[: len(FIRST_TALK)] == FIRST_TALK
    assert [type(one) for one in talk.news] == [ContactLost, ContactMade, Registered]


@pytest.mark.proves("F8", "VE12")
def test_after_a_poll_whose_reply_was_lost_the_whole_list_is_asked_for() -> None:
    """A VTN that takes a sent reply for a delivery would not offer the event again."""
    talk = settled()
    talk.vtn.events, talk.vtn.drops = (event(),), 1
    talk.run_for(13 * SECOND)
    assert talk.heard()[:4] == ["Poll", "Poll", "RequestEvent", "CreatedEvent"]
    assert talk.session.held


@pytest.mark.proves("VE02", "VE04", "P1")
def test_silence_and_the_return_of_contact_change_no_event_only_a_list_does() -> None:
    talk = settled()
    talk.vtn.offer(event(minutes=600))
    talk.run_for(20 * SECOND)
    held = talk.session.held
    talk.vtn.down = True
    talk.run_for(timedelta(hours=1))
    assert talk.session.held == held
    talk.vtn.down, talk.vtn.events = False, ()
    talk.vtn.instead[RequestEvent] = None
    talk.run_for(timedelta(minutes=6))
    assert talk.told(ContactMade)
    assert talk.session.held == held


@pytest.mark.proves("VE18")
def test_a_vtn_that_answers_garbage_is_as_good_as_silent() -> None:
    talk = settled(dice=Loaded(1.0))
    talk.vtn.cannot = (Poll,)
    talk.run_for(MINUTE)
    assert len(talk.told(ContactLost)) == 1
    assert len(talk.vtn.of(Poll)) == 6


@pytest.mark.parametrize("kind", [CreatedReport, UpdateReport, RegisterReport, CreatedEvent])
def test_what_the_vtn_cannot_take_is_given_up_and_never_stops_the_polls(kind: type[Message]) -> None:
    talk = Conversation()
    talk.vtn.cannot = (kind,)
    talk.vtn.piggyback = (report_request(every=20),)
    talk.vtn.offer(event())
    talk.run_for(timedelta(minutes=2))
    assert len(talk.vtn.of(Poll)) >= 10
    assert GaveUp(kind.__name__) in talk.news
    assert not talk.told(ContactLost)
    assert talk.session.held


def test_an_answer_that_only_ever_times_out_does_not_stop_the_polls() -> None:
    talk = settled()

    def silent_about_answers(request: Any, answer: Any = talk.vtn.answer) -> Message | None:
        talk.vtn.down = isinstance(request.message, CreatedReport)
        return answer(request)  # type: ignore[no-any-return]

    talk.vtn.answer = silent_about_answers  # type: ignore[method-assign]
    talk.vtn.mail.append(CreateReport(request_id=RequestId("Q1"), requests=(report_request(),)))
    talk.run_for(timedelta(minutes=2))
    assert len(talk.vtn.of(CreatedReport)) <= 10
    assert GaveUp("CreatedReport") in talk.news
    assert len(talk.vtn.of(Poll)) >= 10


# --- events ---


@pytest.mark.proves("r12", "r35", "r42", "r51")
def test_events_are_answered_in_a_message_of_their_own_whose_outer_identifier_is_empty() -> None:
    talk = settled()
    talk.vtn.offer(event(), event("E2", share="7"), event("E3", response=ResponseRequired.NEVER))
    talk.run_for(10 * SECOND)
    answer = last(talk, CreatedEvent)
    assert (answer.response.code, answer.response.request_id, answer.ven_id) == ("200", "", VEN)
    assert [(one.event.event_id, one.code, one.request_id) for one in answer.event_responses] == [
        ("E1", "200", "D1"),
        ("E2", "454", "D1"),
    ]
    arrived: list[Any] = talk.told(EventArrived)
    assert [one.held.event.event_id for one in arrived] == ["E1", "E2", "E3"]


@pytest.mark.proves("r12")
def test_a_list_of_events_that_want_no_answer_gets_none() -> None:
    talk = settled()
    talk.vtn.offer(event(response=ResponseRequired.NEVER))
    talk.run_for(10 * SECOND)
    assert "CreatedEvent" not in talk.heard()
    assert talk.session.held


@pytest.mark.proves("r21", "r35", "r512", "VE21")
@pytest.mark.parametrize("vtn_id", ["Vtn-2", "vtn-1"])
def test_a_list_of_another_vtn_is_refused_as_a_whole_by_452(vtn_id: str) -> None:
    talk = settled()
    talk.vtn.mail.append(listing(event(), vtn_id=VtnId(vtn_id)))
    talk.run_for(10 * SECOND)
    answer = last(talk, CreatedEvent)
    assert (answer.response.code, answer.event_responses) == ("452", ())
    assert talk.session.held == ()


@pytest.mark.proves("r59", "r61")
def test_events_end_by_cancellation_and_by_being_left_out() -> None:
    talk = settled()
    talk.vtn.offer(event(), event("E2"))
    talk.run_for(10 * SECOND)
    talk.vtn.offer(event(number=1, status=EventStatus.CANCELLED))
    talk.run_for(10 * SECOND)
    assert talk.told(EventEnded) == [
        EventEnded(event().event_id, False),
        EventEnded(event("E2").event_id, True),
    ]
    assert talk.session.held == ()


def test_a_plain_response_to_a_request_for_events_is_nothing_new_and_cancels_nothing() -> None:
    """openleadr's way of saying that it has no event to tell."""
    talk = settled()
    talk.vtn.offer(event())
    talk.run_for(10 * SECOND)
    talk.vtn.instead[RequestEvent] = response()
    talk.vtn.drops = 1
    talk.run_for(20 * SECOND)
    assert "RequestEvent" in talk.heard()
    assert [one.event.event_id for one in talk.session.held] == ["E1"]


@pytest.mark.parametrize("code", ["450", "454", "500"])
def test_a_list_that_says_it_failed_cancels_nothing(code: str) -> None:
    talk = settled()
    talk.vtn.offer(event())
    talk.run_for(10 * SECOND)
    failed = replace(listing(), response=EiResponse(code=code, request_id=RequestId("")))
    talk.vtn.mail.append(failed)
    talk.run_for(10 * SECOND)
    assert talk.session.held
    assert talk.told(PeerComplained)


@pytest.mark.proves("I05")
@pytest.mark.parametrize("kind", [CreatedEvent, RegisterReport, CreatedReport, UpdateReport])
def test_events_and_orders_in_a_reply_to_something_else_are_not_taken(kind: type[Message]) -> None:
    for stray in (
        listing(),
        CancelPartyRegistration(request_id=RequestId("C1"), registration_id=RegistrationId("Reg-1")),
        RequestReregistration(ven_id=VEN),
    ):
        talk = Conversation()
        talk.vtn.offer(event())
        talk.vtn.piggyback = (report_request(),)
        talk.vtn.instead[kind] = stray
        talk.run_for(MINUTE)
        assert talk.session.held
        assert not talk.told(Deregistered)
        assert talk.told(PeerComplained)


@pytest.mark.proves("P14")
def test_an_event_whose_answer_was_lost_is_answered_again_when_it_is_offered_again() -> None:
    talk = settled()
    talk.vtn.offer(event())
    talk.vtn.cannot = (CreatedEvent,)
    talk.run_for(10 * SECOND)
    talk.vtn.cannot = ()
    talk.run_for(20 * SECOND)
    assert not talk.vtn.has_news
    assert len(talk.told(EventArrived)) == 1


def test_a_vtn_that_calls_our_answer_wrong_does_not_make_us_register_again() -> None:
    """openleadr says 452 where 450 is meant; neither is about who we are."""
    talk = settled()
    talk.vtn.offer(event())
    talk.vtn.instead[CreatedEvent] = response("452")
    talk.run_for(MINUTE)
    assert talk.told(PeerComplained)
    assert not talk.told(Deregistered)
    assert "CreatePartyRegistration" not in talk.heard()


# --- reports ---


@pytest.mark.proves("r344", "r329", "r338", "r325")
def test_a_request_on_the_receipt_of_the_offer_is_taken_and_served_from_now_on() -> None:
    talk = Conversation()
    talk.vtn.piggyback = (report_request(),)
    talk.run_for(timedelta(seconds=125))
    names = talk.heard()
    assert names[:5] == [*FIRST_TALK[:3], "CreatedReport", "Poll"]
    assert names.count("UpdateReport") == 3


@pytest.mark.proves("r303", "r329", "r340", "r304")
def test_requests_are_confirmed_with_all_that_is_pending_or_refused_by_code() -> None:
    talk = settled()
    for request_id, request, code, pending in (
        ("Q1", report_request(), "200", ("RR1",)),
        ("Q2", report_request(request_id="RR2"), "200", ("RR1", "RR2")),
        ("Q3", report_request(request_id="RR3", grain=-1), "454", ("RR1", "RR2")),
        ("Q4", report_request("nobody:P", request_id="RR4"), "452", ("RR1", "RR2")),
    ):
        talk.vtn.mail.append(CreateReport(request_id=RequestId(request_id), requests=(request,)))
        talk.run_for(10 * SECOND)
        answer = last(talk, CreatedReport)
        assert answer.response.request_id == request_id
        assert (answer.response.code, answer.pending.request_ids) == (code, pending)


@pytest.mark.proves("r306", "r311", "r327")
def test_the_offer_can_be_asked_for_and_ends_the_reports_of_the_one_before() -> None:
    talk = settled()
    mailed(talk, CreateReport(request_id=RequestId("Q1"), requests=(report_request(),)))
    wish = report_request("0", request_id="RR2", specifier=METADATA, every=0, grain=0)
    talk.vtn.mail.append(CreateReport(request_id=RequestId("Q2"), requests=(wish,)))
    talk.run_for(10 * SECOND)
    assert talk.heard()[:3] == ["Poll", "CreatedReport", "RegisterReport"]
    assert talk.reports.orders == ()
    talk.vtn.mail.append(CreateReport(request_id=RequestId("Q2"), requests=(wish,)))
    talk.run_for(10 * SECOND)
    offer = last(talk, RegisterReport)
    assert offer.report_request_id == "RR2"
    assert {report.request_id for report in offer.reports} == {"0"}


@pytest.mark.proves("VE21")
def test_one_message_cannot_ask_for_the_offer_a_hundred_times() -> None:
    talk = settled()
    wishes = tuple(
        report_request("0", request_id=f"RR{count}", specifier=METADATA, every=0, grain=0)
        for count in range(100)
    )
    talk.vtn.mail.append(CreateReport(request_id=RequestId("Q1"), requests=wishes))
    talk.run_for(10 * SECOND)
    assert last(talk, CreatedReport).response.code == "454"
    assert "RegisterReport" not in talk.heard()


def wish(request_id: str, every: int = 0, lasts: int = 0) -> ReportRequest:
    """For the list of what can be reported; its rID means nothing."""
    start = START + MINUTE if every else None
    return report_request(
        "0", request_id=request_id, specifier=METADATA, every=every, grain=0, start=start, lasts=lasts
    )


@pytest.mark.proves("r301", "r308", "r311", "r324", "r325", "r327", "r329")
def test_the_offer_can_be_asked_for_periodically_until_the_time_is_over() -> None:
    talk = settled()
    talk.vtn.mail.append(
        CreateReport(request_id=RequestId("Q1"), requests=(wish("RR1", every=60, lasts=120),))
    )
    talk.run_for(10 * SECOND)
    assert last(talk, CreatedReport).pending.request_ids == ("RR1",)
    talk.run_for(timedelta(minutes=10))
    offers: list[Any] = talk.vtn.of(RegisterReport)
    assert [one.report_request_id for one in offers] == ["RR1"] * 3
    assert [at for at in talk.vtn.times_of(RegisterReport) if at] == [MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert talk.reports.orders == ()


@pytest.mark.proves("r329")
def test_several_wishes_for_the_offer_are_pending_until_each_has_been_answered() -> None:
    talk = settled()
    for request_id, pending in (("RR1", ("RR1",)), ("RR2", ("RR1", "RR2"))):
        talk.vtn.mail.append(
            CreateReport(request_id=RequestId("Q1"), requests=(wish(request_id, every=3600),))
        )
        talk.run_for(10 * SECOND)
        assert last(talk, CreatedReport).pending.request_ids == pending
    talk.heard()
    both = CreateReport(request_id=RequestId("Q2"), requests=(wish("RR3"), wish("RR4")))
    talk.vtn.mail.append(both)
    talk.run_for(10 * SECOND)
    assert last(talk, CreatedReport).pending.request_ids == ("RR1", "RR2", "RR3", "RR4")
    offers: list[Any] = talk.vtn.of(RegisterReport)
    assert [one.report_request_id for one in offers] == ["RR3", "RR4"]
    assert talk.reports.pending().request_ids == ("RR1", "RR2")


@pytest.mark.proves("r306", "r329")
def test_a_new_offer_ends_running_reports_but_not_the_wishes_for_offers() -> None:
    talk = settled()
    mailed(talk, CreateReport(request_id=RequestId("Q1"), requests=(report_request(), wish("RR2", every=60))))
    assert talk.reports.pending().request_ids == ("RR1", "RR2")
    talk.run_for(5 * MINUTE)
    assert talk.reports.pending().request_ids == ("RR2",)


@pytest.mark.proves("r406")
def test_a_new_registration_ends_the_wishes_for_offers_too() -> None:
    talk = settled()
    mailed(talk, CreateReport(request_id=RequestId("Q1"), requests=(wish("RR2", every=60),)))
    talk.vtn.known = False
    talk.run_for(5 * MINUTE)
    assert talk.session.registration
    assert talk.reports.orders == ()


def test_an_offer_that_is_asked_for_on_every_offer_does_not_hold_up_the_polls() -> None:
    talk = Conversation()
    talk.vtn.piggyback = (wish("RR1"),)
    for _ in range(200):
        for request in talk.session.requests_to_send(talk.now):
            talk.exchange(request)
        talk.now += SECOND
    assert len(talk.vtn.of(Poll)) >= 15


@pytest.mark.proves("r336", "r345")
def test_a_cancelled_report_ends_and_may_be_followed_by_a_last_one() -> None:
    for to_follow, expected in ((False, ["CanceledReport"]), (True, ["CanceledReport", "UpdateReport"])):
        talk = settled()
        mailed(talk, CreateReport(request_id=RequestId("Q1"), requests=(report_request(),)))
        cancel = CancelReport(
            request_id=RequestId("Q2"),
            request_ids=(ReportRequestId("RR1"),),
            report_to_follow=to_follow,
        )
        assert mailed(talk, cancel)[1:-1] == expected
        talk.run_for(timedelta(minutes=3))
        assert "UpdateReport" not in talk.heard()


@pytest.mark.proves("r336", "r304")
def test_cancelling_an_unknown_report_is_refused_by_452() -> None:
    talk = settled()
    unknown = CancelReport(
        request_id=RequestId("Q2"), request_ids=(ReportRequestId("RR9"),), report_to_follow=False
    )
    talk.vtn.mail.append(unknown)
    talk.run_for(10 * SECOND)
    assert last(talk, CanceledReport).response.code == "452"


@pytest.mark.proves("r328")
def test_a_cancellation_on_the_receipt_of_a_report_is_carried_out() -> None:
    talk = settled()
    mailed(talk, CreateReport(request_id=RequestId("Q1"), requests=(report_request(),)))
    cancel = CancelReport(
        request_id=RequestId("Q2"), request_ids=(ReportRequestId("RR1"),), report_to_follow=False
    )
    receipt = EiResponse(request_id=RequestId(""))
    talk.vtn.instead[UpdateReport] = UpdatedReport(response=receipt, cancel=cancel)
    talk.run_for(timedelta(minutes=3))
    assert talk.heard().count("UpdateReport") == 1
    assert talk.reports.orders == ()


@pytest.mark.proves("r304")
@pytest.mark.parametrize("every", [0, 60])
def test_a_report_that_the_vtn_does_not_know_is_not_sent_again(every: int) -> None:
    talk = settled()
    receipt = EiResponse(code="452", request_id=RequestId(""))
    talk.vtn.instead[UpdateReport] = UpdatedReport(response=receipt)
    talk.vtn.mail.append(
        CreateReport(request_id=RequestId("Q1"), requests=(report_request(every=every, lasts=0),))
    )
    talk.run_for(timedelta(minutes=3))
    assert talk.heard().count("UpdateReport") == 1


@pytest.mark.parametrize(
    "receipt", [None, response(), response("459"), RegisteredReport(response=response().response)]
)
def test_any_receipt_of_a_report_ends_it_and_is_no_busy_loop(receipt: Message | None) -> None:
    talk = settled()
    talk.vtn.instead[UpdateReport] = receipt
    mailed(talk, CreateReport(request_id=RequestId("Q1"), requests=(report_request(),)))
    talk.run_for(timedelta(minutes=2))
    assert talk.heard().count("UpdateReport") == 2


@pytest.mark.proves("r346")
def test_reports_wait_through_an_outage() -> None:
    talk = settled()
    mailed(talk, CreateReport(request_id=RequestId("Q1"), requests=(report_request(),)))
    talk.vtn.down = True
    talk.run_for(timedelta(minutes=10))
    talk.vtn.down = False
    talk.heard()
    talk.run_for(timedelta(minutes=6))
    first: Any = talk.vtn.of(UpdateReport)[0]
    assert len(first.reports[0].intervals) >= 60


def test_a_poll_is_never_behind_a_report_that_is_due() -> None:
    talk = settled()
    mailed(talk, CreateReport(request_id=RequestId("Q1"), requests=(report_request(every=5, grain=5),)))
    talk.run_for(MINUTE)
    assert len(talk.vtn.of(Poll)) == 6


def test_nothing_is_said_twice_at_once() -> None:
    talk = Conversation()
    (request,) = talk.session.requests_to_send(talk.now)
    assert talk.session.requests_to_send(talk.now) == []
    talk.session.receive(talk.vtn.answer(request), talk.now)
    talk.session.receive(response(), talk.now)  # a second reply belongs to nothing
    talk.session.request_failed(talk.now, "nothing was under way")
    assert talk.session.registration
