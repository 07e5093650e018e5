"""What people decide at the site: what is declined at once, what the VTN is told, and until when it is owed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.limit import Source
from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.errors import Misuse
from oadr.wire.ids import EventId, MarketContext, OptId, RequestId, ResourceId
from oadr.wire.messages import (
    CanceledOpt,
    CancelOpt,
    CreatedEvent,
    CreatedOpt,
    CreateOpt,
    CreatePartyRegistration,
    Message,
)
from oadr.wire.messages.common import EiResponse, OptType, Target
from oadr.wire.messages.event import Event, EventStatus, ResponseRequired
from oadr.wire.scalars import Duration
from tests.ven.stage import (
    BASE,
    EVSE_1,
    EVSE_2,
    MINUTE,
    RATINGS,
    SITE,
    VEN,
    Conversation,
    Loaded,
    event,
    listing,
    response,
)
from tests.ven.virtual import START
from ven import events, ordered
from ven.arbiter import Arbiter
from ven.events import HeldEvent
from ven.journal import Memory, decode, encode
from ven.news import Declined, DeclineRefused, GaveUp, PeerComplained
from ven.opts import MAX_TRIES, CannotDecline, Opt, Opts, Reason, Stage, decide

HOUR = timedelta(hours=1)
IN, OUT = OptType.OPT_IN, OptType.OPT_OUT
SOON = Period(START, START + HOUR)


def shift(event_id: str = "E1", number: int = 0, **changes: object) -> Event:
    fields = {"programme": "load-shift", "start_after": Duration(), "minutes": 60, **changes}
    return event(event_id, number, **fields)  # type: ignore[arg-type]


def merged(*listed: Event, held: tuple[HeldEvent, ...] = ()) -> tuple[HeldEvent, ...]:
    return events.merge(held, listing(*listed), SITE, START, Loaded()).held


def book(kept: tuple[Opt, ...] = ()) -> Opts:
    counter = iter(range(10**6))
    return Opts(BASE, lambda: f"R{next(counter)}", kept)


def state(found: Opts, *periods: Period, opt: OptType = OUT, resources: Iterable[ResourceId] = ()) -> OptId:
    return found.state_schedule(periods or (SOON,), opt, None, tuple(resources), None, START)


def talk(*listed: Event, memory: Memory | None = None) -> Conversation:
    """In conversation with a VTN that has EiOpt, once its events are answered."""
    made = Conversation(memory)
    made.vtn.events = listed
    made.vtn.instead[CreateOpt] = CreatedOpt(response=EiResponse(request_id=RequestId("")), opt_id=OptId(""))
    made.vtn.instead[CancelOpt] = CanceledOpt(response=EiResponse(request_id=RequestId("")))
    made.run_for(MINUTE)
    made.vtn.heard.clear()
    made.news.clear()
    return made


def decline(made: Conversation, event_id: str = "E1", *resources: ResourceId) -> None:
    made.session.decide(EventId(event_id), OUT, Reason.OVERRIDE, resources, made.now)


def told(made: Conversation) -> list[CreateOpt]:
    return [one for one in made.vtn.of(CreateOpt) if isinstance(one, CreateOpt)]


def refusing(made: Conversation, message: Message) -> None:
    made.vtn.instead[CreateOpt] = message


# --- what may be declined ---


@pytest.mark.proves("W22")
def test_a_load_shift_is_declined_for_one_chargepoint_or_for_all_and_taken_back() -> None:
    held = merged(shift())
    one = decide(held, EventId("E1"), OUT, (EVSE_1,), START)
    assert (set(one.declined), one.opt) == ({EVSE_1}, IN)
    every = decide((one,), EventId("E1"), OUT, (), START)
    assert (set(every.declined), every.opt) == ({EVSE_1, EVSE_2}, OUT)
    back = decide((every,), EventId("E1"), IN, (EVSE_1,), START)
    assert (set(back.declined), back.opt) == ({EVSE_2}, IN)


@pytest.mark.proves("W20", "P10")
@pytest.mark.parametrize("reason", Reason)
def test_a_supply_limitation_cannot_be_declined_for_any_reason_and_the_wish_is_told(reason: Reason) -> None:
    made = talk(event())
    before = made.session.held
    with pytest.raises(CannotDecline, match="protects the network"):
        made.session.decide(EventId("E1"), OUT, reason, (), made.now)
    assert made.session.held == before
    made.run_for(MINUTE)
    assert made.told(DeclineRefused)
    assert told(made) == []


@pytest.mark.parametrize(
    ("listed", "event_id", "resources"),
    [
        (shift(), "E9", ()),
        (shift(target=Target(resource_ids=(EVSE_1,))), "E1", (EVSE_2,)),
        (shift(start=START - 2 * HOUR), "E1", ()),
        (shift(signals=()), "E1", ()),
    ],
)
def test_what_nobody_here_follows_cannot_be_declined(
    listed: Event, event_id: str, resources: tuple[ResourceId, ...]
) -> None:
    with pytest.raises(CannotDecline):
        decide(merged(listed), EventId(event_id), OUT, resources, START)


@pytest.mark.proves("r206")
def test_a_decision_outlasts_modifications_but_not_the_change_into_a_supply_limitation() -> None:
    held = (decide(merged(shift()), EventId("E1"), OUT, (), START),)
    (changed,) = merged(shift(number=1, share="0.2"), held=held)
    assert (changed.declined, changed.opt, changed.modification_number) == (changed.resources, OUT, 1)
    (emergency,) = merged(event("E1", 2), held=(changed,))
    assert (emergency.declined, emergency.opt) == (frozenset(), IN)


def test_a_chargepoint_that_a_modification_adds_follows_it() -> None:
    held = (
        decide(merged(shift(target=Target(resource_ids=(EVSE_1,)))), EventId("E1"), OUT, (EVSE_1,), START),
    )
    (changed,) = merged(shift(number=1), held=held)
    assert (set(changed.declined), changed.opt) == ({EVSE_1}, IN)


@pytest.mark.proves("W22")
def test_a_limit_that_is_declined_ends_at_once_and_no_other_does() -> None:
    held = merged(shift("E1", share="0.4"), shift("E2", share="0.7"), event("E3", share="0.8"))
    judge = Arbiter(RATINGS, timedelta(seconds=600), timedelta(seconds=60), Loaded())
    judge.decide(ordered.orders(held, SITE, RATINGS, START), START)

    def binding() -> tuple[str, Source]:
        limit = judge.limit(EVSE_1)
        assert limit
        return limit.because, limit.source

    assert binding() == ("E1", Source.LOAD_SHIFT)
    for gone, left in (("E1", ("E2", Source.LOAD_SHIFT)), ("E2", ("E3", Source.SUPPLY_LIMIT))):
        decided = decide(held, EventId(gone), OUT, (EVSE_1,), START)
        held = tuple(decided if each.event.event_id == gone else each for each in held)
        judge.let_go(held)
        judge.decide(ordered.orders(held, SITE, RATINGS, START), START)
        assert binding() == left
    other = judge.limit(EVSE_2)
    assert other
    assert other.because == "E1"


# --- what the VTN is told ---


@pytest.mark.proves("r206", "r42")
def test_a_word_on_an_event_names_it_and_neither_schedule_nor_programme() -> None:
    made = talk(shift(number=3))
    decline(made, "E1", EVSE_1)
    made.run_for(MINUTE)
    (word,) = told(made)
    assert word.event
    assert (word.event.event_id, word.event.modification_number) == ("E1", 3)
    assert (word.opt, word.reason, word.ven_id) == (OUT, "overrideStatus", VEN)
    assert (word.schedule, word.market_context, word.target) == (None, None, Target(resource_ids=(EVSE_1,)))
    assert made.told(Declined) == [Declined(EventId("E1"), frozenset({EVSE_1}))]
    assert [one.stage for one in made.session.opts.kept] == [Stage.TOLD]


@pytest.mark.proves("r206")
def test_an_event_that_wants_no_answer_gets_no_opt() -> None:
    made = talk(shift(response=ResponseRequired.NEVER))
    decline(made)
    made.run_for(MINUTE)
    assert told(made) == []
    assert made.session.held[0].declined == {EVSE_1, EVSE_2}


@pytest.mark.proves("r202", "r205", "r210")
def test_a_schedule_says_whom_when_and_in_which_programme() -> None:
    made = talk()
    made.session.state_schedule((SOON, Period(START + HOUR)), OUT, None, (), None, made.now)
    made.session.state_schedule((SOON,), IN, Programme.LOAD_SHIFT, (EVSE_2,), OptId("mine"), made.now)
    made.run_for(MINUTE)
    every, one = told(made)
    assert (every.market_context, every.target, every.event) == (None, Target(ven_ids=(VEN,)), None)
    assert every.schedule
    assert [two.duration.seconds for two in every.schedule.periods.available] == [3600, 0]
    assert one.market_context == MarketContext(f"{BASE}/load-shift")  # type: ignore[arg-type]
    assert (one.opt_id, one.opt, one.target) == ("mine", IN, Target(resource_ids=(EVSE_2,)))


def test_a_schedule_that_makes_no_sense_is_the_callers_mistake() -> None:
    found = book()
    with pytest.raises(Misuse):
        state(found, Period(START, START))
    with pytest.raises(CannotDecline, match="knows no schedules"):
        found.state_schedule((SOON,), OUT, Programme.SUPPLY_LIMIT, (), None, START)
    assert found.kept == ()


@pytest.mark.proves("F8")
def test_a_word_is_owed_until_it_is_answered_and_holds_up_no_poll() -> None:
    made = talk(shift())
    made.vtn.down = True
    decline(made)
    made.run_for(30 * MINUTE)
    assert [one.stage for one in made.session.opts.kept] == [Stage.OWED]
    made.vtn.down = False
    made.run_for(10 * MINUTE)
    assert [one.stage for one in made.session.opts.kept] == [Stage.TOLD]
    assert made.heard().count("Poll") > 30


@pytest.mark.proves("r17", "r42")
@pytest.mark.parametrize("answer", [response("459"), response("451"), "HTTP 404"])
def test_a_vtn_without_opts_gets_the_refusal_as_an_answer_to_the_event(answer: Message | str) -> None:
    made = talk(shift())
    if isinstance(answer, str):
        made.vtn.cannot = (CreateOpt,)
    else:
        refusing(made, answer)
    decline(made)
    made.run_for(5 * MINUTE)
    assert len(told(made)) == (MAX_TRIES if isinstance(answer, str) else 1)
    (word,) = [one for one in made.vtn.of(CreatedEvent) if isinstance(one, CreatedEvent)]
    (said,) = word.event_responses
    assert (said.opt, said.code, said.event.event_id, said.request_id) == (OUT, "200", "E1", "D1")
    assert word.response.request_id == ""
    assert made.told(GaveUp if isinstance(answer, str) else PeerComplained)
    assert made.session.held[0].declined == {EVSE_1, EVSE_2}


def test_a_vtn_without_opts_is_not_told_that_all_declined_when_one_did() -> None:
    made = talk(shift())
    refusing(made, response("459"))
    decline(made, "E1", EVSE_1)
    made.run_for(5 * MINUTE)
    assert made.vtn.of(CreatedEvent) == []


def test_a_word_that_meets_a_lost_registration_is_said_again_after_the_new_one() -> None:
    made = talk(shift())
    state(made.session.opts, Period(START + 5 * HOUR, START + 6 * HOUR))
    made.run_for(MINUTE)
    made.vtn.heard.clear()
    made.vtn.known = False
    decline(made)
    made.run_for(10 * MINUTE)
    assert made.vtn.of(CreatePartyRegistration)
    names = [word.event is None for word in told(made)[-2:]]
    assert sorted(names) == [False, True], "the schedule too: a new registration starts from nothing (r406)"
    assert {one.stage for one in made.session.opts.kept} == {Stage.TOLD}


# --- schedules and the events that they meet ---


def test_a_schedule_declines_the_load_shifts_that_it_meets_for_those_whom_it_means() -> None:
    made = talk()
    made.session.state_schedule((SOON,), OUT, None, (EVSE_2,), None, made.now)
    met, later, emergency = shift("E1"), shift("E2", start=START + HOUR), event("E3")
    made.vtn.offer(met, later, emergency)
    made.run_for(MINUTE)
    declined = {each.event.event_id: each.declined for each in made.session.held}
    assert declined == {"E1": {EVSE_2}, "E2": frozenset(), "E3": frozenset()}
    words = [word for word in told(made) if word.event]
    assert [(word.reason, word.target.resource_ids) for word in words] == [("x-schedule", (EVSE_2,))]


def test_what_a_schedule_declines_as_a_whole_is_not_accepted_first() -> None:
    made = talk()
    made.session.state_schedule((SOON,), OUT, None, (), None, made.now)
    made.vtn.offer(shift("E1"), shift("E2", start=START + HOUR), event("E3"))
    made.run_for(MINUTE)
    (word,) = [one for one in made.vtn.of(CreatedEvent) if isinstance(one, CreatedEvent)]
    said = {one.event.event_id: one.opt for one in word.event_responses}
    assert said == {"E1": OUT, "E2": IN, "E3": IN}


def test_a_schedule_meets_what_is_under_way_and_respects_what_was_decided_of_it() -> None:
    made = talk(shift("E1"), shift("E2"))
    made.session.decide(EventId("E2"), OUT, Reason.OVERRIDE, (), made.now)
    made.session.decide(EventId("E2"), IN, Reason.PARTICIPATING, (), made.now)
    made.session.state_schedule((SOON,), OUT, None, (), None, made.now)
    declined = {each.event.event_id: len(each.declined) for each in made.session.held}
    assert declined == {"E1": 2, "E2": 0}


# --- the book ---


@pytest.mark.proves("r204")
def test_one_cancel_ends_all_of_one_name_and_is_told_once() -> None:
    made = talk()
    for resource in (EVSE_1, EVSE_2):
        made.session.state_schedule((SOON,), OUT, None, (resource,), OptId("mine"), made.now)
    made.run_for(MINUTE)
    assert made.session.opts.cancel(OptId("mine"))
    made.run_for(MINUTE)
    assert len(made.vtn.of(CancelOpt)) == 1
    assert {one.stage for one in made.session.opts.kept} <= {Stage.CANCELLED}


@pytest.mark.proves("r211")
def test_cancelling_what_is_not_there_is_no_error_and_says_nothing() -> None:
    made = talk(shift())
    decline(made)
    (word,) = made.session.opts.kept
    assert not made.session.opts.cancel(word.opt_id), "a word on an event is not cancelled"
    assert not made.session.opts.cancel(OptId("?"))
    made.run_for(MINUTE)
    assert made.vtn.of(CancelOpt) == []


def test_what_is_cancelled_while_it_is_being_told_is_told_to_be_cancelled() -> None:
    found = book()
    stated = state(found)
    assert found.next
    message = found.message(found.next, VEN, RequestId("R"))
    assert found.cancel(stated)
    assert found.answered(message, taken=True) is None
    assert found.next
    assert found.message(found.next, VEN, RequestId("R")) == CancelOpt(
        opt_id=stated, ven_id=VEN, request_id=RequestId("R")
    )


def test_what_is_of_no_effect_any_more_is_forgotten_and_what_is_owed_is_not() -> None:
    found = book()
    state(found, Period(START, START + MINUTE))
    state(found, Period(START + HOUR), opt=IN)
    found.forget((), START)
    assert len(found.kept) == 2
    found.forget((), START + HOUR)
    assert [one.opt for one in found.kept] == [IN]
    state(found, Period(START + 2 * HOUR), opt=IN)
    found.forget((), START + HOUR)
    assert len(found.kept) == 1, "replaced"
    held = merged(shift())
    found.say_of(held[0], OUT, Reason.OVERRIDE, held[0].resources, START)
    found.forget((), START)
    assert len(found.kept) == 2, "its event is gone, but it is not told yet"
    for _ in range(2):
        assert found.next
        message = found.message(found.next, VEN, RequestId("R"))
        assert isinstance(message, CreateOpt)
        found.answered(message, taken=True)
    found.forget(held, START)
    assert len(found.kept) == 2
    found.forget((), START)
    assert len(found.kept) == 1


spans = st.builds(
    lambda first, length: Period(START + first * HOUR, length and START + (first + length) * HOUR),
    st.integers(0, 5),
    st.none() | st.integers(1, 3),
)
schedules = st.tuples(st.lists(spans, min_size=1, max_size=3), st.sets(st.sampled_from((EVSE_1, EVSE_2))))
acts = st.lists(schedules | st.integers(0, 4), max_size=8)


@given(acts, st.integers(0, 8))
def test_forgetting_changes_nothing_of_what_is_declined(
    done: list[tuple[list[Period], set[ResourceId]] | int], hour: int
) -> None:
    kept, tidy = book(), book()
    now = START + hour * HOUR
    (ahead,) = merged(shift(start=now))
    for act in done:
        for found in (kept, tidy):
            if isinstance(act, int):
                found.cancel(OptId(f"R{act}"))
            else:
                state(found, *act[0], resources=act[1])
            while found.next:
                found.answered(found.message(found.next, VEN, RequestId("")), taken=True)
        tidy.forget((), now)
        assert tidy.excused(ahead) == kept.excused(ahead)


# --- the journal ---


@pytest.mark.proves("W03", "F8")
def test_opts_survive_in_every_stage_and_so_does_what_is_declined() -> None:
    held = (decide(merged(shift()), EventId("E1"), OUT, (EVSE_1,), START),)
    found = book()
    found.say_of(held[0], OUT, Reason.OVERRIDE, frozenset({EVSE_1}), START)
    state(found, SOON, Period(START + HOUR))
    (word, schedule) = found.kept
    kept = (word, *(replace(schedule, stage=stage, programme=Programme.LOAD_SHIFT) for stage in Stage))
    memory = Memory(held=held, opts=kept)
    assert decode(encode(memory)) == memory


@pytest.mark.proves("F8")
def test_what_was_owed_before_the_power_went_is_told_after_it() -> None:
    made = talk(shift())
    made.vtn.down = True
    decline(made)
    made.run_for(MINUTE)
    memory = Memory(made.session.registration, made.session.held, opts=made.session.opts.kept)
    again = Conversation(decode(encode(memory)))
    again.vtn.events = (shift(),)
    again.vtn.registrations, again.vtn.known = 1, True
    again.run_for(MINUTE)
    assert [word.opt_id for word in told(again)] == [made.session.opts.kept[0].opt_id]
    assert {each.declined for each in again.session.held} == {frozenset({EVSE_1, EVSE_2})}


def test_a_cancelled_event_takes_its_words_with_it() -> None:
    made = talk(shift())
    decline(made)
    made.run_for(MINUTE)
    gone = shift(number=1, status=EventStatus.CANCELLED)
    made.vtn.offer(gone)
    made.run_for(MINUTE)
    assert made.session.held == ()
    assert made.session.opts.kept == ()


@pytest.mark.proves("W18")
def test_declining_one_event_does_not_cut_short_the_return_from_another() -> None:
    short, declined = shift("E1", share="0.4", minutes=30), shift("E2", share="0.7")
    held = merged(short, declined)
    judge = Arbiter(RATINGS, timedelta(seconds=600), timedelta(seconds=60), Loaded())
    judge.decide(ordered.orders(held, SITE, RATINGS, START), START)
    after = START + 31 * MINUTE
    judge.decide(ordered.orders(held, SITE, RATINGS, after), after)
    returning = judge.limit(EVSE_1)
    held = (held[0], decide(held, EventId("E2"), OUT, (), after))
    judge.let_go(held)
    judge.decide(ordered.orders(held, SITE, RATINGS, after), after)
    assert returning
    assert returning.because == "E1"
    assert judge.limit(EVSE_1) == returning
