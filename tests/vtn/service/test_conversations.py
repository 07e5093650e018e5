"""Whole conversations of a VEN with the VTN, restarts and lost replies included."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from certs import Sha256
from oadr.charging.signals import Programme
from oadr.ledger.entry import EntryType
from oadr.wire.ids import NO_REQUEST, RequestId
from oadr.wire.messages import (
    CancelPartyRegistration,
    CreatedReport,
    CreateReport,
    DistributeEvent,
    RegisterReport,
    Response,
)
from oadr.wire.messages.common import EiResponse, OptType
from oadr.wire.messages.event import EventStatus
from oadr.wire.messages.report import PendingReports
from tests.vtn.service.offers import offer
from tests.vtn.world import (
    CERTIFICATES,
    HOME,
    LATE,
    PARK,
    World,
    created_event,
    registered_report,
    registration,
    word,
)
from vtn.delivery.index import OFFER_AGAIN, TRIES
from vtn.store import network


async def nothing(world: World) -> bool:
    reply = await world.poll()
    return isinstance(reply, Response) and reply.response.accepted and reply.ven_id == HOME


@pytest.mark.proves(
    "r301", "r344", "r405", "r500", "r501", "r502", "r40", "r41", "r10", "r36", "W10", "F7", "O08"
)
async def test_from_registration_over_a_limit_to_its_cancellation(world: World) -> None:
    await world.register()
    greeting = await world.poll()
    assert isinstance(greeting, RegisterReport)
    assert greeting.reports == ()
    assert await nothing(world), "one thing at a time"
    receipt = await world.say(registered_report(greeting))
    assert receipt.response.request_id == greeting.request_id

    taken = await world.say(offer())
    (request,) = taken.requests
    pending = PendingReports((request.request_id,))
    await world.say(
        CreatedReport(response=EiResponse(request_id=taken.response.request_id), pending=pending, ven_id=HOME)
    )
    assert await nothing(world)

    given = await world.give()
    reply = await world.poll()
    assert isinstance(reply, DistributeEvent)
    assert reply.response
    assert reply.response.request_id == NO_REQUEST
    assert reply.request_id != NO_REQUEST
    (event,) = reply.events
    assert event.descriptor.vtn_comment == given.order.reason
    assert event.descriptor.status is EventStatus.ACTIVE
    assert (await world.say(created_event(word(event)))).response.accepted
    assert await nothing(world)

    await world.cancel(given)
    reply = await world.poll()
    assert isinstance(reply, DistributeEvent)
    (event,) = reply.events
    assert (event.descriptor.status, event.descriptor.modification_number) == (EventStatus.CANCELLED, 1)
    assert event.descriptor.modification_reason == "load is down & out"
    assert (await world.say(created_event(word(event)))).response.accepted
    assert await nothing(world)
    assert await world.events() == ()
    assert world.index.ticket(HOME) is None
    assert await world.recorded() == [
        EntryType.BEGIN,
        EntryType.CONFIG_CHANGE,
        EntryType.INTERVENTION,
        EntryType.OPT,
        EntryType.CANCEL,
        EntryType.OPT,
    ]


@pytest.mark.proves("F8", "VT02", "P14", "r50")
async def test_a_reply_that_was_lost_is_offered_again_and_with_all_events(world: World) -> None:
    await world.greeted()
    await world.give()
    assert isinstance(await world.poll(), DistributeEvent)
    assert await nothing(world), "its answer is waited for"
    await world.give(programme=Programme.LOAD_SHIFT, start=world.now + timedelta(hours=1))
    reply = await world.poll()
    assert isinstance(reply, DistributeEvent), "something new does not wait"
    assert len(reply.events) == 2
    world.now += OFFER_AGAIN
    again = await world.poll()
    assert isinstance(again, DistributeEvent)
    assert again.events == reply.events


@pytest.mark.proves("F8", "VT01", "A04", "S4")
async def test_a_restart_in_mid_exchange_loses_nothing(world: World) -> None:
    await world.register()
    given = await world.give()
    assert isinstance(await world.poll(), DistributeEvent)
    await world.restart()
    reply = await world.poll()
    assert isinstance(reply, DistributeEvent)
    await world.say(created_event(word(reply.events[0])))
    await world.restart()
    assert isinstance(await world.poll(), RegisterReport), "answered is not offered again, the greeting is"
    assert [one.intervention for one in await world.deliveries()] == [given]
    (delivery,) = await world.deliveries()
    assert delivery.answer
    assert delivery.answer.agreed


@pytest.mark.proves("r406", "F8", "P14")
@pytest.mark.parametrize("request_id", ["R1", "another"])
async def test_who_starts_from_nothing_is_offered_its_events_again(world: World, request_id: str) -> None:
    """openleadr forgets all when it is restarted, and may do so within the time of a retry."""
    await world.greeted()
    await world.give()
    await world.say(created_event(word((await world.events())[0])))
    assert await nothing(world)
    await world.register(request_id=request_id)
    reply = await world.poll()
    assert isinstance(reply, DistributeEvent)
    await world.say(created_event(word(reply.events[0])))
    assert isinstance(await world.poll(), RegisterReport)


async def test_a_retried_registration_changes_nothing_and_records_nothing(world: World) -> None:
    first = await world.register()
    world.later(seconds=30)
    again = await world.register()
    assert again == first
    world.later(minutes=5)
    anew = await world.register()
    assert anew.registration_id != first.registration_id
    assert (await world.recorded()).count(EntryType.CONFIG_CHANGE) == 2


async def test_a_request_id_alone_makes_no_retry(world: World) -> None:
    first = await world.say(registration("", ven_name="one"))
    second = await world.say(registration("", ven_name="one"))
    assert first.registration_id != second.registration_id
    third = await world.say(registration("R", ven_name="one"))
    fourth = await world.say(registration("R", ven_name="two"))
    assert third.registration_id != fourth.registration_id


@pytest.mark.proves("r405")
async def test_a_renewal_with_the_same_ids_asks_for_nothing_again(world: World) -> None:
    await world.greeted()
    known = (await world.say(registration())).registration_id
    await world.greeted()
    reply = await world.say(registration("R2", registration_id=known, ven_id=HOME))
    assert reply.registration_id == known
    assert await nothing(world)


async def test_a_greeting_that_is_never_answered_blocks_nothing(world: World) -> None:
    await world.register()
    await world.say(offer())
    seen = []
    for _ in range(4 * TRIES):
        world.now += OFFER_AGAIN
        seen.append(type(await world.poll()))
    assert seen[: 2 * TRIES] == [RegisterReport] * TRIES + [CreateReport] * 2 + [Response]
    assert set(seen[2 * TRIES :]) == {Response}
    await world.give()
    assert isinstance(await world.poll(), DistributeEvent)


async def test_events_that_are_never_answered_leave_room_for_the_rest_and_are_offered_to_their_end(
    world: World,
) -> None:
    await world.register()
    await world.give()
    kinds = []
    for _ in range(4 * TRIES):
        kinds.append(type(await world.poll()))
        world.now += OFFER_AGAIN
    in_turn = (DistributeEvent, RegisterReport, CreateReport, DistributeEvent)
    assert kinds == [kind for kind in in_turn for _ in range(TRIES)]
    world.later(minutes=30)
    assert await nothing(world)


@pytest.mark.proves("r52")
async def test_a_cancellation_is_repeated_until_it_is_answered_or_long_over(world: World) -> None:
    await world.greeted()
    given = await world.give()
    await world.cancel(given)
    for _ in range(5):
        reply = await world.poll()
        assert isinstance(reply, DistributeEvent)
        assert reply.events[0].descriptor.status is EventStatus.CANCELLED
        world.now += OFFER_AGAIN
    world.later(hours=2)
    assert await nothing(world)


async def test_a_new_list_of_reports_replaces_what_was_asked_for(world: World) -> None:
    await world.greeted()
    first = (await world.say(offer())).requests[0]
    second = (await world.say(offer())).requests[0]
    assert first.request_id != second.request_id
    world.now += OFFER_AGAIN
    reply = await world.poll()
    assert isinstance(reply, CreateReport)
    assert [one.request_id for one in reply.requests] == [second.request_id]


async def test_an_order_that_arrives_while_a_poll_looks_into_the_store_is_not_lost(world: World) -> None:
    """The poll has read "nothing for it" and is late to say so; meanwhile the order is posted."""
    await world.greeted()
    stale = world.index.post(HOME)
    await world.give()
    world.index.empty(HOME, stale)
    assert isinstance(await world.poll(), DistributeEvent)


async def test_only_the_sites_on_the_feeder_are_told(world: World) -> None:
    for ven_id in (HOME, PARK, LATE):
        await world.greeted(ven_id)
    await world.give()
    kinds = [type(await world.poll(ven_id)) for ven_id in (HOME, PARK, LATE)]
    assert kinds == [DistributeEvent, DistributeEvent, Response]


@pytest.mark.proves("r407", "I09")
async def test_a_cancelled_registration_is_worth_nothing(world: World) -> None:
    known = (await world.register()).registration_id
    await world.say(offer())
    await world.give()
    assert known
    wish = CancelPartyRegistration(request_id=RequestId("C1"), registration_id=known, ven_id=HOME)
    wrong = await world.say(replace(wish, registration_id=type(known)("another")))
    assert wrong.response.code == "452"
    assert (await world.say(wish)).response.accepted
    assert (await world.poll_response()).code == "463"
    assert (await world.say(wish)).response.code == "463"
    stale = await world.say(registration("R9", registration_id=known))
    assert stale.response.code == "463"
    anew = await world.register(request_id="R10")
    assert anew.registration_id != known
    assert isinstance(await world.poll(), DistributeEvent)


@pytest.mark.proves("r16", "r17", "r21", "r25", "r48", "F9")
async def test_each_word_counts_for_itself(world: World) -> None:
    await world.greeted()
    await world.give(percent=Decimal(60))
    (event,) = await world.events()

    async def answer() -> tuple[str, str] | None:
        (delivery,) = await world.deliveries()
        return (delivery.answer.opt, delivery.answer.code) if delivery.answer else None

    refused = await world.say(created_event(word(event), code="500"))
    assert refused.response.accepted
    assert await answer() is None, "an outer failure voids the inner words"
    assert (await world.say(created_event())).response.accepted, "some send none at all"
    assert await answer() is None
    unknown = await world.say(created_event(word(event, event_id="I-unknown"), word(event)))
    assert unknown.response.code == "452"
    assert await answer() == ("optIn", "200"), "the bad one does not spoil the good one"
    late = await world.say(created_event(word(event, modification_number=1)))
    assert late.response.code == "450"
    await world.say(created_event(word(event, OptType.OPT_OUT)))
    assert await answer() == ("optOut", "200")
    await world.say(created_event(word(event), word(event, OptType.OPT_OUT)))
    assert await answer() == ("optOut", "200")


async def test_a_word_on_an_older_modification_is_too_old(world: World) -> None:
    await world.greeted()
    given = await world.give()
    (event,) = await world.events()
    await world.cancel(given)
    reply = await world.say(created_event(word(event)))
    assert reply.response.code == "450"
    assert isinstance(await world.poll(), DistributeEvent)


async def test_an_error_code_is_a_refusal_whatever_the_opt_beside_it(world: World) -> None:
    await world.greeted()
    await world.give()
    await world.say(created_event(word((await world.events())[0], code="460")))
    (delivery,) = await world.deliveries()
    assert delivery.settled
    assert delivery.answer
    assert not delivery.answer.agreed


@pytest.mark.proves("P14")
async def test_a_repeated_word_is_recorded_once(world: World) -> None:
    await world.greeted()
    await world.give()
    (event,) = await world.events()
    for _ in range(3):
        assert (await world.say(created_event(word(event)))).response.accepted
        world.later(seconds=1)
    assert (await world.recorded()).count(EntryType.OPT) == 1


async def test_who_is_always_wrong_is_not_answered_in_a_loop(world: World) -> None:
    await world.greeted()
    await world.give()
    reply = await world.poll()
    assert isinstance(reply, DistributeEvent)
    await world.say(created_event(word(reply.events[0], modification_number=7)))
    assert await nothing(world)
    await world.say(created_event())
    assert await nothing(world)


@pytest.mark.proves("I12")
async def test_a_certificate_that_was_replaced_is_refused_at_its_next_request(world: World) -> None:
    await world.greeted()
    fresh = Sha256("e" * 64)
    async with world.store.writing() as tx:
        await network.approve(tx, HOME, fresh)
    caller = world.index.caller(CERTIFICATES[HOME])
    assert caller
    await world.index.refresh(world.store, world.now)
    world.index.changed(caller)  # a request that was under way ends late
    assert world.index.caller(CERTIFICATES[HOME]) is None
    assert (await world.poll_response()).code == "463"
    renewed = world.index.caller(fresh)
    assert renewed
    assert renewed.registration_id == caller.registration_id, "the site stays registered"
