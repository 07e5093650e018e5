"""What the VTN itself wants of a VEN, by poll, until it is answered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.ids import NO_REQUEST, RegistrationId, ReportRequestId, ReportSpecifierId, RequestId, RId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CanceledReport,
    CancelPartyRegistration,
    CancelReport,
    CreatedReport,
    CreateReport,
    DistributeEvent,
    Message,
    RegisteredReport,
    RegisterReport,
    RequestReregistration,
    Response,
)
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.report import PendingReports, ReportRequest, SpecifierPayload
from oadr.wire.scalars import Duration
from tests.vtn.service.offers import interval, metadata, offer, update
from tests.vtn.world import CERTIFICATES, HOME, NOW, PARK, TERMS, World, created_event, registration, word
from vtn.delivery.index import OFFER_AGAIN, TRIES
from vtn.model.wish import PATIENCE, Wish, WishKind
from vtn.service import party
from vtn.service.poll import UNASKED_FOR
from vtn.service.report import MOST_ASKED
from vtn.store import offer_requests, registrations, reports, wishes


@pytest.fixture
async def site(world: World) -> World:
    await world.greeted()
    return world


async def want(world: World, kind: WishKind) -> None:
    """As the command line does."""
    async with world.store.writing() as tx:
        wish = Wish(ven_id=HOME, kind=kind, request_id=RequestId("W1"), since=world.now)
        await wishes.make(tx, wish)
    await world.index.refresh(world.store, world.now)


async def registered(world: World) -> bool:
    async with world.store.reading() as tx:
        return await registrations.of(tx, HOME) is not None


async def registration_id(world: World) -> RegistrationId:
    async with world.store.reading() as tx:
        known = await registrations.of(tx, HOME)
    assert known
    return known.registration_id


async def changes(world: World) -> list[object]:
    return [one.body.get("change") for one in await world.entries() if one.type is EntryType.CONFIG_CHANGE]


def response(code: str = "200") -> Response:
    return Response(response=EiResponse(code=code, request_id=NO_REQUEST), ven_id=HOME)


# --- registering again ---


@pytest.mark.proves("r401", "r500")
async def test_the_wish_to_register_again_is_repeated_until_the_ven_has_done_so(site: World) -> None:
    await want(site, WishKind.REREGISTER)
    assert isinstance(await site.poll(), RequestReregistration)
    assert isinstance(await site.poll(), Response), "there is time to answer"
    site.now += OFFER_AGAIN
    assert await site.poll() == RequestReregistration(ven_id=HOME)
    assert (await site.say(response())).response.accepted
    same = registration("R2", registration_id=await registration_id(site), ven_id=HOME)
    assert (await site.say(same)).registration_id == same.registration_id
    site.now += OFFER_AGAIN
    assert isinstance(await site.poll(), Response)
    assert (await site.say(response())).response.code == "452", "nobody asks any more"


async def test_a_wish_outlives_the_server(site: World) -> None:
    await want(site, WishKind.REREGISTER)
    await site.poll()
    await site.restart()
    assert isinstance(await site.poll(), RequestReregistration)


@pytest.mark.proves("r400")
async def test_a_ven_that_will_not_register_again_is_left_alone(site: World) -> None:
    await want(site, WishKind.REREGISTER)
    await site.poll()
    assert (await site.say(response("452"))).response.accepted
    site.now += OFFER_AGAIN
    assert isinstance(await site.poll(), Response)
    assert "refuses to register again" in await changes(site)


# --- the end of a registration ---


def canceled(registration_id: str | None, code: str = "200") -> CanceledPartyRegistration:
    return CanceledPartyRegistration(
        response=EiResponse(code=code, request_id=RequestId("W1")),
        registration_id=RegistrationId(registration_id) if registration_id is not None else None,
        ven_id=HOME,
    )


@pytest.mark.proves("r400", "r407")
async def test_a_registration_that_we_end_is_erased_on_the_answer(site: World) -> None:
    await site.say(offer())
    await want(site, WishKind.DEREGISTER)
    said = await site.poll()
    assert isinstance(said, CancelPartyRegistration)
    known = await registration_id(site)
    assert (said.registration_id, said.ven_id, said.request_id) == (known, HOME, "W1")
    assert (await site.say(canceled("wrong"))).response.code == "452"
    assert await registered(site)
    assert (await site.say(canceled(known))).response.accepted
    assert not await registered(site)
    async with site.store.reading() as tx:
        assert (len(await reports.points(tx, HOME)), await reports.orders(tx, HOME)) == (0, ())
        assert await wishes.of(tx, HOME) == {}
    assert "registration ended by us" in await changes(site)
    assert (await site.poll_response()).code == "463"
    await site.register(request_id="R2")


@pytest.mark.parametrize("said", [canceled(None), canceled(""), canceled(None, "452")])
async def test_an_answer_without_its_name_ends_the_registration_too(
    site: World, said: CanceledPartyRegistration
) -> None:
    await want(site, WishKind.DEREGISTER)
    await site.poll()
    assert (await site.say(said)).response.accepted
    assert not await registered(site)


@pytest.mark.proves("r400")
async def test_an_answer_that_nobody_asked_for_ends_nothing(site: World) -> None:
    assert (await site.say(canceled(await registration_id(site)))).response.code == "452"
    assert await registered(site)


@pytest.mark.proves("r407")
async def test_who_does_not_answer_in_time_is_forgotten(site: World) -> None:
    await want(site, WishKind.DEREGISTER)
    assert await party.forget_the_silent(site.store, site.now) == ()
    assert await registered(site)
    site.now += PATIENCE
    assert await party.forget_the_silent(site.store, site.now) == (HOME,)
    await site.index.refresh(site.store, site.now)
    assert (await site.poll_response()).code == "463"
    assert "registration ended by us, without an answer" in await changes(site)
    assert await party.forget_the_silent(site.store, site.now) == ()


@pytest.mark.proves("r406")
async def test_who_registers_anew_is_not_sent_away_for_an_older_wish(site: World) -> None:
    await want(site, WishKind.DEREGISTER)
    site.later(minutes=3)
    await site.register(request_id="R2")
    site.now += PATIENCE
    assert await party.forget_the_silent(site.store, site.now) == ()
    assert await registered(site)


# --- what a VEN can report ---


async def kinds(world: World, count: int) -> list[type[Message]]:
    found: list[type[Message]] = []
    for _ in range(count):
        found.append(type(await world.poll()))
        world.now += OFFER_AGAIN
    return found


async def asked_for_its_offer(world: World) -> CreateReport:
    """A VEN that has registered and offered nothing, half a minute later."""
    await world.register()
    greeting = await world.poll()
    assert isinstance(greeting, RegisterReport)
    await world.say(RegisteredReport(response=EiResponse(request_id=greeting.request_id), ven_id=HOME))
    assert isinstance(await world.poll(), Response), "it may still do it by itself"
    world.now += UNASKED_FOR
    wanted = await world.poll()
    assert isinstance(wanted, CreateReport)
    return wanted


@pytest.mark.proves("r308", "r327", "r338", "r324")
async def test_who_offers_nothing_by_itself_is_asked(world: World) -> None:
    (wanted,) = (await asked_for_its_offer(world)).requests
    assert wanted.specifier_id == wire.METADATA
    assert (wanted.granularity, wanted.report_back) == (Duration(), Duration())
    assert [(one.r_id, one.reading_type) for one in wanted.points] == [("0", "x-notApplicable")]


@pytest.mark.proves("r301", "r311", "r510")
@pytest.mark.parametrize("offered", [(), (metadata(),)])
async def test_whoever_says_what_it_offers_if_only_nothing_is_not_asked_again(
    world: World, offered: tuple[wire.Report, ...]
) -> None:
    wanted = await asked_for_its_offer(world)
    request_id = wanted.requests[0].request_id
    taken = CreatedReport(
        response=EiResponse(request_id=wanted.request_id), pending=PendingReports((request_id,)), ven_id=HOME
    )
    assert (await world.say(taken)).response.accepted
    said = replace(offer(), reports=offered, report_request_id=request_id)
    reply = await world.say(said)
    assert reply.response.accepted
    assert len(reply.requests) == len(offered)
    if offered:
        await world.say(replace(taken, pending=PendingReports((reply.requests[0].request_id,))))
    world.now += OFFER_AGAIN
    assert await kinds(world, 3) == [Response] * 3
    await world.restart()
    assert isinstance(await world.poll(), Response)


async def test_a_ven_that_cannot_answer_what_it_offers_is_not_asked_for_ever(world: World) -> None:
    wanted = await asked_for_its_offer(world)
    refused = CreatedReport(response=EiResponse(code="459", request_id=wanted.request_id), ven_id=HOME)
    await world.say(refused)
    assert await kinds(world, 3) == [Response] * 3


async def test_a_ven_that_says_nothing_is_asked_a_few_times(world: World) -> None:
    await asked_for_its_offer(world)
    world.now += OFFER_AGAIN
    assert await kinds(world, TRIES + 1) == [CreateReport] * (TRIES - 1) + [Response] * 2


# --- another rhythm ---


async def slowed(world: World) -> tuple[ReportRequestId, CancelReport]:
    """Reports come every minute; then the settings say two, and one more report comes."""
    (request,) = (await world.say(offer())).requests
    taken = CreatedReport(response=EiResponse(request_id=NO_REQUEST), ven_id=HOME)
    await world.say(taken)
    assert (await world.say(update(request.request_id, interval("1", NOW)))).response.accepted
    assert isinstance(await world.poll(), Response), "the rhythm is the right one"
    terms = replace(TERMS, report_every=timedelta(minutes=2))
    world.desk = replace(world.desk, terms=terms)
    assert (await world.say(update(request.request_id, interval("1", NOW)))).response.accepted
    wanted = await world.poll()
    assert isinstance(wanted, CancelReport)
    return request.request_id, wanted


def ended(wanted: CancelReport, code: str = "200") -> CanceledReport:
    return CanceledReport(response=EiResponse(code=code, request_id=wanted.request_id), ven_id=HOME)


@pytest.mark.proves("r300", "r322", "r329")
@pytest.mark.parametrize("code", ["200", "452"])
async def test_a_report_in_another_rhythm_than_the_settings_is_cancelled_and_ordered_anew(
    site: World, code: str
) -> None:
    request_id, wanted = await slowed(site)
    assert (wanted.request_ids, wanted.report_to_follow) == ((request_id,), False)
    site.now += OFFER_AGAIN
    assert await site.poll() == wanted, "it is said again until it is answered"
    assert (await site.say(ended(wanted, code))).response.accepted
    again = await site.poll()
    assert isinstance(again, CreateReport)
    (anew,) = again.requests
    assert anew.request_id != request_id
    assert (anew.granularity, anew.report_back) == (Duration(120), Duration(120))
    assert (await site.say(update(request_id, interval("1", NOW)))).response.code == "452"
    assert (await site.say(update(anew.request_id, interval("1", NOW)))).response.accepted
    site.now += OFFER_AGAIN
    assert isinstance(await site.poll(), Response)


async def test_until_a_cancellation_is_answered_reports_are_still_taken(site: World) -> None:
    request_id, wanted = await slowed(site)
    assert (await site.say(update(request_id, interval("2", NOW)))).response.accepted
    site.now += OFFER_AGAIN
    assert await site.poll() == wanted, "and it is not cancelled twice"


@pytest.mark.proves("r336")
async def test_the_same_answer_again_is_heard_and_one_to_nothing_is_refused(site: World) -> None:
    _, wanted = await slowed(site)
    assert (await site.say(ended(wanted))).response.accepted
    assert (await site.say(ended(wanted))).response.accepted
    stray = replace(wanted, request_id=RequestId("stray"))
    assert (await site.say(ended(stray))).response.code == "452"
    assert (await site.say(ended(replace(wanted, request_id=NO_REQUEST)))).response.code == "452"


# --- all at once ---


@pytest.mark.proves("r500", "r502")
async def test_a_poll_brings_one_thing_at_a_time_the_most_urgent_first(site: World) -> None:
    await slowed(site)
    await want(site, WishKind.REREGISTER)
    await site.give()
    seen: list[type[Message]] = []
    for _ in range(4):
        said = await site.poll()
        seen.append(type(said))
        if isinstance(said, DistributeEvent):
            await site.say(created_event(*(word(one) for one in said.events)))
        if isinstance(said, RequestReregistration):
            same = registration("R2", registration_id=await registration_id(site), ven_id=HOME)
            await site.say(same)
        if isinstance(said, CancelReport):
            await site.say(ended(said))
    assert seen == [DistributeEvent, RequestReregistration, CancelReport, CreateReport]


async def test_an_answer_of_one_site_settles_nothing_of_another(site: World) -> None:
    await site.greeted(PARK)
    await want(site, WishKind.DEREGISTER)
    stranger = replace(canceled(await registration_id(site)), ven_id=PARK)
    assert (await site.say(stranger, CERTIFICATES[PARK])).response.code == "452"
    assert await registered(site)


# --- what the VEN asks of us ---


def wish(*names: str, every: int = 0) -> CreateReport:
    return CreateReport(
        request_id=RequestId("Q1"),
        requests=tuple(
            ReportRequest(
                request_id=ReportRequestId(name),
                specifier_id=wire.METADATA,
                granularity=Duration(),
                report_back=Duration(every),
                points=(SpecifierPayload(r_id=RId("0"), reading_type=wire.NOT_APPLICABLE),),
            )
            for name in names
        ),
        ven_id=HOME,
    )


async def taken_offer(world: World) -> str | None:
    """What our offer answers, and the VEN's word that it has got it."""
    said = await world.poll()
    assert isinstance(said, RegisterReport)
    assert said.reports == ()
    await world.say(RegisteredReport(response=EiResponse(request_id=said.request_id), ven_id=HOME))
    return said.report_request_id


@pytest.mark.proves("r301", "r311", "r510")
@pytest.mark.parametrize("every", [0, 60])
async def test_the_ven_asks_for_metadata_once_or_periodically_and_gets_our_empty_ones_once(
    site: World, every: int
) -> None:
    reply = await site.say(wish("M1", every=every))
    assert (reply.response.code, reply.pending.request_ids) == ("200", ("M1",))
    assert await taken_offer(site) == "M1"
    site.later(hours=1)
    assert isinstance(await site.poll(), Response)


@pytest.mark.proves("r329", "r311")
async def test_several_requests_for_metadata_are_pending_and_each_is_answered(site: World) -> None:
    assert (await site.say(wish("M1"))).pending.request_ids == ("M1",)
    assert (await site.say(wish("M2", "M3"))).pending.request_ids == ("M1", "M2", "M3")
    await site.restart()
    assert [await taken_offer(site) for _ in range(3)] == ["M1", "M2", "M3"]
    assert isinstance(await site.poll(), Response)


@pytest.mark.proves("r344", "r329")
async def test_what_rides_on_the_receipt_of_our_offer_is_asked_for_like_all_else(site: World) -> None:
    await site.say(wish("M1"))
    offered = await site.poll()
    assert isinstance(offered, RegisterReport)
    receipt = RegisteredReport(
        response=EiResponse(request_id=offered.request_id), requests=wish("M2").requests, ven_id=HOME
    )
    answer = await site.say(receipt)
    assert isinstance(answer, CreatedReport)
    assert (answer.response, answer.pending.request_ids) == (receipt.response, ("M2",))
    assert await taken_offer(site) == "M2"
    values = replace(wish("U1").requests[0], specifier_id=ReportSpecifierId("usage"))
    refused = await site.say(replace(receipt, requests=(values,)))
    assert isinstance(refused, CreatedReport)
    assert (refused.response.code, refused.pending.request_ids) == ("452", ())


async def test_the_word_for_one_offer_twice_answers_no_other(site: World) -> None:
    await site.say(wish("M1", "M2"))
    said = await site.poll()
    assert isinstance(said, RegisterReport)
    got = RegisteredReport(response=EiResponse(request_id=said.request_id), ven_id=HOME)
    await site.say(got)
    await site.say(got)
    assert await taken_offer(site) == "M2"


@pytest.mark.proves("r336", "r329")
async def test_a_request_for_metadata_can_be_cancelled_and_nothing_else_can(site: World) -> None:
    await site.say(wish("M1", "M2"))
    for names, code, pending in ((("M1",), "200", ("M2",)), (("M1", "M2"), "452", ()), (("?",), "452", ())):
        reply = await site.say(
            CancelReport(
                request_id=RequestId("Q2"),
                request_ids=tuple(map(ReportRequestId, names)),
                report_to_follow=False,
                ven_id=HOME,
            )
        )
        assert (reply.response.code, reply.pending.request_ids) == (code, pending)
    assert isinstance(await site.poll(), Response)


async def test_nobody_can_ask_for_metadata_without_end(site: World) -> None:
    assert (await site.say(wish(*(f"M{n}" for n in range(MOST_ASKED))))).response.accepted
    refused = await site.say(wish("one too many"))
    assert refused.response.code == "454"
    async with site.store.reading() as tx:
        assert len(await offer_requests.of(tx, HOME)) == MOST_ASKED
