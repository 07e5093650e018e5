"""A VEN that ends its registration itself, or its schedules."""

from dataclasses import replace
from itertools import count

import pytest

from oadr.wire.ids import EventId, OptId, RegistrationId, RequestId, ResourceId
from oadr.wire.messages import (
    CanceledOpt,
    CanceledPartyRegistration,
    CancelOpt,
    CancelPartyRegistration,
    CreatedEvent,
    CreatedOpt,
    CreateOpt,
    Message,
)
from oadr.wire.messages.common import EiResponse, OptType, QualifiedEventId
from oadr.wire.messages.event import ResponseRequired
from tests.ven.stage import EVSE_1, EVSE_2, SECOND, VEN, VTN, FakeVtn, event, response
from tests.ven.virtual import START, VirtualClock, run
from ven.enrolment import Registration
from ven.events import HeldEvent
from ven.leaving import PATIENCE, declined, follow_again, leave, schedules, take_back
from ven.opts import Opt, Stage

KNOWN = Registration(VEN, RegistrationId("Reg-1"), VTN, 10 * SECOND)


def left(vtn: FakeVtn) -> bool:
    async def play() -> bool:
        clock = VirtualClock()
        vtn.clock = clock.now
        return await leave(vtn, KNOWN, RequestId("R1"), clock)

    return run(play())


def answering(reply: Message | None) -> FakeVtn:
    return FakeVtn(lambda: START, known=True, instead={CancelPartyRegistration: reply})


def stated(name: str, stage: Stage = Stage.TOLD, about: EventId | None = None) -> Opt:
    event = QualifiedEventId(event_id=about, modification_number=0) if about else None
    return Opt(
        opt_id=OptId(name),
        opt=OptType.OPT_OUT,
        reason="x-schedule",
        stated_at=START,
        event=event,
        stage=stage,
    )


def taken_back(vtn: FakeVtn, *opts: Opt) -> bool:
    async def play() -> bool:
        clock = VirtualClock()
        vtn.clock = clock.now
        return await take_back(vtn, KNOWN, schedules(opts), RequestId("R1"), clock)

    return run(play())


def test_every_schedule_that_may_have_reached_the_vtn_is_taken_back_once() -> None:
    vtn = answering(None)
    opts = (
        stated("A"),
        stated("A"),
        stated("B", Stage.OWED),
        stated("C", Stage.CANCELLED),
        stated("D", about=EventId("E1")),
    )
    assert taken_back(vtn, *opts)
    assert [one.opt_id for one in vtn.of(CancelOpt) if isinstance(one, CancelOpt)] == ["A", "B"]


def test_schedules_that_the_vtn_never_heard_of_need_no_taking_back() -> None:
    vtn = answering(None)
    answer = EiResponse(code="452", request_id=RequestId("R1"))
    vtn.instead[CancelOpt] = CanceledOpt(response=answer, opt_id=OptId("A"))
    assert taken_back(vtn, stated("A"))


def test_a_vtn_that_cannot_be_reached_keeps_the_schedules() -> None:
    vtn = answering(None)
    vtn.down = True
    assert not taken_back(vtn, stated("A"), stated("B"))
    assert vtn.times_of(CancelOpt)[-1] < PATIENCE


def canceled(code: str) -> CanceledPartyRegistration:
    return CanceledPartyRegistration(response=EiResponse(code=code, request_id=RequestId("R1")))


@pytest.mark.proves("r407")
def test_it_names_the_registration_and_is_believed_when_the_vtn_has_cancelled_it() -> None:
    vtn = answering(canceled("200"))
    assert left(vtn)
    (said,) = vtn.of(CancelPartyRegistration)
    assert isinstance(said, CancelPartyRegistration)
    assert (said.registration_id, said.ven_id) == ("Reg-1", VEN)


@pytest.mark.parametrize("reply", [canceled("452"), response("463")])
def test_a_vtn_that_has_never_heard_of_it_has_nothing_to_cancel(reply: Message) -> None:
    assert left(answering(reply))


@pytest.mark.parametrize("reply", [canceled("459"), response("500"), None])
def test_any_other_answer_leaves_it_registered(reply: Message | None) -> None:
    assert not left(answering(reply))


def test_a_lost_answer_is_asked_for_again() -> None:
    vtn = answering(canceled("200"))
    vtn.drops = 2
    assert left(vtn)
    assert len(vtn.of(CancelPartyRegistration)) == 3


def test_nobody_waits_long_for_a_vtn_that_is_not_there() -> None:
    vtn = answering(None)
    vtn.down = True
    assert not left(vtn)
    assert vtn.times_of(CancelPartyRegistration)[-1] < PATIENCE


# --- words on events that go on ---


def shift(*declined: ResourceId, response: ResponseRequired = ResponseRequired.ALWAYS) -> HeldEvent:
    about = event(programme="load-shift", response=response)
    held = HeldEvent(about, 0, START, True, OptType.OPT_IN, resources=frozenset({EVSE_1, EVSE_2}))
    return held.declining(frozenset(declined))


def followed(vtn: FakeVtn, *held: HeldEvent) -> bool:
    async def play() -> bool:
        clock = VirtualClock()
        vtn.clock = clock.now
        names = (f"N{number}" for number in count())
        return await follow_again(vtn, KNOWN, declined(held, START), lambda: next(names), clock)

    return run(play())


def took(message: type[Message], code: str = "200") -> dict[type[Message], Message | None]:
    answer = EiResponse(code=code, request_id=RequestId("R1"))
    return {message: CreatedOpt(response=answer, opt_id=OptId("N0"))}


@pytest.mark.proves("W23")
def test_what_was_declined_is_followed_again_and_that_is_told() -> None:
    vtn = FakeVtn(lambda: START, known=True, instead=took(CreateOpt))
    over = replace(shift(EVSE_1), latest=START)
    assert followed(vtn, shift(EVSE_1, EVSE_2), shift(EVSE_1), shift(), over)
    said = [one for one in vtn.of(CreateOpt) if isinstance(one, CreateOpt)]
    assert [(one.opt, one.event and one.event.event_id) for one in said] == [(OptType.OPT_IN, "E1")] * 2
    assert len({one.opt_id for one in said}) == 2
    assert vtn.of(CreatedEvent) == []


@pytest.mark.proves("W23", "r17")
def test_a_vtn_without_opts_is_told_by_an_answer_to_the_event() -> None:
    vtn = FakeVtn(lambda: START, known=True, instead={CreateOpt: response("459")})
    assert followed(vtn, shift(EVSE_1, EVSE_2))
    (said,) = vtn.of(CreatedEvent)
    assert isinstance(said, CreatedEvent)
    assert [(one.event.event_id, one.opt) for one in said.event_responses] == [("E1", OptType.OPT_IN)]


def test_who_does_not_know_the_event_or_wants_no_answers_needs_none() -> None:
    assert followed(FakeVtn(lambda: START, known=True, instead=took(CreateOpt, "452")), shift(EVSE_1))
    vtn = FakeVtn(lambda: START, known=True)
    assert followed(vtn, shift(EVSE_1, response=ResponseRequired.NEVER))
    assert vtn.heard == []


def test_a_vtn_that_is_not_there_is_not_told_and_nobody_waits_long() -> None:
    vtn = FakeVtn(lambda: START, known=True, down=True)
    assert not followed(vtn, shift(EVSE_1))
    assert vtn.times_of(CreateOpt)[-1] < PATIENCE
