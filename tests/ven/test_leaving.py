"""A VEN that ends its registration itself, or its schedules."""

import pytest

from oadr.wire.ids import EventId, OptId, RegistrationId, RequestId
from oadr.wire.messages import (
    CanceledOpt,
    CanceledPartyRegistration,
    CancelOpt,
    CancelPartyRegistration,
    Message,
)
from oadr.wire.messages.common import EiResponse, OptType, QualifiedEventId
from tests.ven.stage import SECOND, VEN, VTN, FakeVtn, response
from tests.ven.virtual import START, VirtualClock, run
from ven.enrolment import Registration
from ven.leaving import PATIENCE, leave, schedules, take_back
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
