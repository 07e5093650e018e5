"""Each subject's questions and changes, over a store that was closed and opened in between."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr.charging.electricity import Rating
from oadr.charging.signals import Programme
from oadr.ledger.entry import EntryType
from oadr.ledger.log import Head
from oadr.wire.ids import (
    EventId,
    RegistrationId,
    ReportRequestId,
    ReportSpecifierId,
    RequestId,
    ResourceId,
    RId,
    Token,
    VenId,
)
from oadr.wire.messages.common import OptType
from tests.vtn.world import (
    CERTIFICATES,
    F1,
    F2,
    HOME,
    HOME_EVSE,
    KEY,
    LATE,
    NETWORK,
    NOW,
    PARK,
    PARK_1,
    SECOND,
    STRANGER,
    World,
)
from vtn.model.delivery import Answer
from vtn.model.errors import Impossible, NotNow
from vtn.model.intervention import InterventionId
from vtn.model.network import Chargepoint, Network, Site
from vtn.model.reading import Point, Quantity, Reading
from vtn.model.registration import Caller, Registration
from vtn.model.report_request import ReportOrder
from vtn.store import changes, interventions, network, record, registrations, reports
from vtn.store.engine import StoreAway

REGISTERED = Registration(
    ven_id=HOME,
    registration_id=RegistrationId("V1"),
    request_id=RequestId("R1"),
    registered_at=NOW,
    ven_name="n",
)
USAGE, OTHER = ReportSpecifierId("usage"), ReportSpecifierId("other")


def point(r_id: str, specifier: ReportSpecifierId = USAGE) -> Point:
    return Point(
        ven_id=HOME,
        specifier_id=specifier,
        r_id=RId(r_id),
        reading_type=Token("Direct Read"),
        resource_id=HOME_EVSE,
        quantity=Quantity.POWER,
        factor=Decimal("0.001"),
    )


def report_order(request_id: str, **changes: object) -> ReportOrder:
    plain = ReportOrder(
        report_request_id=ReportRequestId(request_id),
        ven_id=HOME,
        specifier_id=USAGE,
        granularity=timedelta(seconds=10),
        report_back=timedelta(minutes=1),
        requested_at=NOW,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


# --- the network ---


async def test_a_network_comes_back_as_it_was(world: World) -> None:
    await world.restart()
    async with world.store.reading() as tx:
        found = await network.load(tx)
    assert found.feeders == NETWORK.feeders
    assert [replace(site, pseudonym="") for site in found.sites] == sorted(
        NETWORK.sites, key=lambda s: s.ven_id
    )
    assert {replace(one, pseudonym="") for one in found.chargepoints} == set(NETWORK.chargepoints)
    names = [site.pseudonym for site in found.sites] + [one.pseudonym for one in found.chargepoints]
    assert len(set(names)) == len(names) == 7
    assert all(len(name) == 32 for name in names)


async def test_an_import_adds_and_corrects_but_keeps_pseudonyms_certificates_and_what_it_does_not_name(
    world: World,
) -> None:
    async with world.store.reading() as tx:
        before = await network.load(tx)
    corrected = replace(NETWORK.chargepoints[0], rating=Rating(Decimal(16), 1, 5))
    new = Chargepoint(
        resource_id=ResourceId("new"), ven_id=VenId("new"), feeder_id=F2, rating=Rating(Decimal(6), 1)
    )
    sites = (Site(ven_id=HOME, name="Elm Street 1"), Site(ven_id=VenId("new")))
    async with world.store.writing() as tx:
        await network.merge(tx, Network(sites=sites, chargepoints=(corrected, new)))
        after = await network.load(tx)
    assert len(after.chargepoints) == len(before.chargepoints) + 1
    (home,) = (site for site in after.sites if site.ven_id == HOME)
    (home_before,) = (site for site in before.sites if site.ven_id == HOME)
    assert home == replace(home_before, name="Elm Street 1")
    (evse,) = (one for one in after.chargepoints if one.resource_id == HOME_EVSE)
    (evse_before,) = (one for one in before.chargepoints if one.resource_id == HOME_EVSE)
    assert evse == replace(evse_before, rating=corrected.rating)


async def test_an_import_with_a_name_that_cannot_be_sent_or_a_taken_certificate_changes_nothing(
    world: World,
) -> None:
    async with world.store.reading() as tx:
        before = await network.load(tx)
    taken = Network(sites=(Site(ven_id=VenId("thief"), certificate=CERTIFICATES[HOME]),))
    for bad, error in ((Network(sites=(Site(ven_id=VenId("\x00")),)), Impossible), (taken, NotNow)):
        with pytest.raises(error):
            async with world.store.writing() as tx:
                await network.merge(tx, bad)
    async with world.store.reading() as tx:
        assert await network.load(tx) == before


@pytest.mark.proves("I08", "S5")
async def test_a_certificate_acts_for_one_site_and_a_site_has_one(world: World) -> None:
    async with world.store.writing() as tx:
        with pytest.raises(NotNow, match="acts for home already"):
            await network.approve(tx, PARK, CERTIFICATES[HOME])
        with pytest.raises(NotNow, match="no site nobody"):
            await network.approve(tx, VenId("nobody"), STRANGER)
        before = await changes.number(tx)
        await network.approve(tx, HOME, STRANGER)
        assert await changes.number(tx) > before, "the server is told"
        callers = await network.callers(tx)
    assert CERTIFICATES[HOME] not in callers
    assert callers[STRANGER].ven_id == HOME


async def test_callers_are_the_approved_registered_or_not(world: World) -> None:
    async with world.store.writing() as tx:
        await network.merge(tx, Network(sites=(Site(ven_id=VenId("unapproved")),)))
        await registrations.replace(tx, REGISTERED)
        callers = await network.callers(tx)
        pseudonyms = {site.ven_id: site.pseudonym for site in (await network.load(tx)).sites}
    assert callers == {
        digest: Caller(digest, ven_id, pseudonyms[ven_id], RegistrationId("V1") if ven_id == HOME else None)
        for ven_id, digest in CERTIFICATES.items()
    }


async def test_when_sites_called_is_kept_for_those_that_exist(world: World) -> None:
    async with world.store.writing() as tx:
        await network.seen(tx, {PARK: NOW, HOME: NOW + SECOND, VenId("gone"): NOW})
        await network.seen(tx, {})
    await world.restart()
    async with world.store.reading() as tx:
        assert await network.last_seen(tx) == {HOME: NOW + SECOND, PARK: NOW}


async def test_a_site_that_hangs_elsewhere_too_is_known(world: World) -> None:
    async with world.store.reading() as tx:
        assert await network.sites_beyond(tx, (F1,)) == {PARK, LATE}
        assert await network.sites_beyond(tx, (F2,)) == {HOME, PARK}
        assert await network.sites_beyond(tx, (F1, F2)) == frozenset()


# --- registrations ---


@pytest.mark.proves("r406", "r407")
async def test_a_new_registration_erases_the_one_before_and_its_reports_but_nobody_elses(
    world: World,
) -> None:
    foreign = replace(REGISTERED, ven_id=PARK, registration_id=RegistrationId("V2"))
    async with world.store.writing() as tx:
        await registrations.replace(tx, REGISTERED)
        await registrations.replace(tx, foreign)
        for ven_id in (HOME, PARK):
            await reports.offer(tx, ven_id, [replace(point("P"), ven_id=ven_id)])
            await reports.ask(tx, [report_order(f"Q-{ven_id}", ven_id=ven_id)])
    fresh = replace(REGISTERED, registration_id=RegistrationId("V3"), greeted=True)
    async with world.store.writing() as tx:
        await registrations.replace(tx, fresh)
    await world.restart()
    async with world.store.reading() as tx:
        assert await registrations.of(tx, HOME) == fresh
        assert await registrations.of(tx, PARK) == foreign
        assert (len(await reports.points(tx, HOME)), await reports.orders(tx, HOME)) == (0, ())
        assert (len(await reports.points(tx, PARK)), len(await reports.orders(tx, PARK))) == (1, 1)
        assert await registrations.ungreeted(tx) == {PARK}
    async with world.store.writing() as tx:
        await registrations.greet(tx, HOME, answered=False)
        assert await registrations.of(tx, HOME) == replace(fresh, greeted=False)
        await registrations.erase(tx, HOME)
        assert await registrations.of(tx, HOME) is None


# --- interventions ---


async def test_an_intervention_comes_back_as_it_was_with_each_field(world: World) -> None:
    one = await world.give(percent=Decimal("33.3"))
    two = await world.give(
        programme=Programme.LOAD_SHIFT,
        feeder_ids=(F1, F2),
        start=NOW + timedelta(hours=3),
        randomise=timedelta(minutes=5),
        is_test=True,
    )
    cancelled = await world.cancel(two, "why not")
    async with world.store.writing() as tx:
        await interventions.recorded(tx, one.intervention_id, NOW + SECOND)
    await world.restart()
    async with world.store.reading() as tx:
        found = {each.intervention_id: each for each in await interventions.load(tx)}
        again = await interventions.find(tx, two.intervention_id)
        nothing = await interventions.find(tx, "I9")
    assert found == {
        one.intervention_id: replace(one, outcome_at=NOW + SECOND),
        two.intervention_id: cancelled,
    }
    assert again == cancelled
    assert nothing is None
    async with world.store.reading() as tx:
        of_one = await interventions.of_intervention(tx, one.intervention_id)
    assert [delivery.ven_id for delivery in of_one] == [HOME, PARK]


async def test_the_first_offer_and_the_newest_answer_are_kept(world: World) -> None:
    await world.give()
    (delivery,) = await world.deliveries()
    first, second = (
        Answer(modification_number=0, opt=opt, code=code, answered_at=NOW)
        for opt, code in ((OptType.OPT_IN, "200"), (OptType.OPT_OUT, "460"))
    )
    async with world.store.writing() as tx:
        await interventions.offered(tx, [delivery.event_id], NOW)
        await interventions.offered(tx, [delivery.event_id], NOW + SECOND)
        await interventions.answered(tx, delivery.event_id, first)
        await interventions.answered(tx, delivery.event_id, second)
    await world.restart()
    kept = replace(delivery, offered_at=NOW, answer=second, order_answer=second)
    assert await world.deliveries() == (kept,)
    kept = replace(kept, intervention=await world.cancel(kept.intervention))
    confirmed = replace(first, modification_number=1)
    async with world.store.writing() as tx:
        await interventions.answered(tx, delivery.event_id, confirmed)
    assert await world.deliveries() == (replace(kept, answer=confirmed),)
    async with world.store.writing() as tx:
        await interventions.reopen(tx, [delivery.event_id])
    assert await world.deliveries() == (replace(kept, answer=None),)


async def test_unsettled_is_what_is_not_answered_in_its_newest_modification(world: World) -> None:
    given = await world.give()
    answer = Answer(modification_number=0, opt=OptType.OPT_IN, code="200", answered_at=NOW)

    async def unsettled() -> list[VenId]:
        async with world.store.reading() as tx:
            found = await interventions.unsettled(tx, NOW - SECOND)
            assert await interventions.unsettled(tx, NOW) == ()
        return [one.ven_id for one in found]

    assert await unsettled() == [HOME, PARK]
    (delivery,) = await world.deliveries()
    async with world.store.writing() as tx:
        await interventions.answered(tx, delivery.event_id, answer)
    assert await unsettled() == [PARK]
    await world.cancel(given)
    assert await unsettled() == [HOME, PARK]


@pytest.mark.proves("r70", "S5")
async def test_one_site_has_one_event_of_an_intervention(world: World) -> None:
    given = await world.give()
    (delivery,) = await world.deliveries()
    again = replace(delivery, event_id=EventId("other"))

    async def add_both() -> None:
        async with world.store.writing() as tx:
            fresh = replace(given, intervention_id=InterventionId("I9"))
            await interventions.add(tx, fresh, [])
            await interventions.add(tx, replace(given, intervention_id=InterventionId("I8")), [again])

    with pytest.raises(StoreAway, match=r"(?i)unique"):
        await add_both()
    async with world.store.reading() as tx:
        assert [one.intervention_id for one in await interventions.load(tx)] == [given.intervention_id]


# --- reports ---


async def test_what_is_offered_and_asked_for_comes_back(world: World) -> None:
    offered = [point("P"), replace(point("X", OTHER), resource_id=None, quantity=None)]
    first, second = report_order("Q1"), report_order("Q2", specifier_id=OTHER)
    async with world.store.writing() as tx:
        await reports.offer(tx, HOME, offered)
        await reports.ask(tx, [first, second])
        assert await reports.unconfirmed(tx) == {HOME}
        await reports.confirm(tx, HOME, [ReportRequestId("Q1")])
        await reports.confirm(tx, PARK)
    await world.restart()
    async with world.store.writing() as tx:
        assert set((await reports.points(tx, HOME)).values()) == set(offered)
        assert await reports.orders(tx, HOME) == (replace(first, confirmed=True), second)
        await reports.withdraw(tx, HOME)
        assert await reports.orders(tx, HOME) == (replace(first, confirmed=True),)
        assert await reports.unconfirmed(tx) == frozenset()
        await reports.offer(tx, HOME, [])
        assert (len(await reports.points(tx, HOME)), await reports.orders(tx, HOME)) == (0, ())


async def test_readings_are_exact_replaced_by_corrections_and_found_by_time(world: World) -> None:
    def reading(seconds: int, value: str, resource: ResourceId = HOME_EVSE) -> Reading:
        return Reading(resource, Quantity.POWER, NOW + seconds * SECOND, Decimal(value))

    small = reading(0, "0.1000000000000000000000000001")
    async with world.store.writing() as tx:
        await reports.keep(tx, [small, reading(1, "1E+3"), reading(2, "2"), reading(1, "5", PARK_1)])
        await reports.keep(tx, [reading(2, "-3"), replace(reading(9, "9"), quantity=Quantity.ENERGY)])
        await reports.keep(tx, [])
    await world.restart()
    async with world.store.reading() as tx:
        found = await reports.between(tx, [HOME_EVSE], NOW, NOW + 2 * SECOND)
        newest = await reports.latest(tx, [HOME_EVSE, PARK_1], Quantity.POWER)
        assert await reports.between(tx, [], NOW, NOW + SECOND) == ()
    assert found == (small, reading(1, "1000"), reading(2, "-3"))
    assert newest == {HOME_EVSE: reading(2, "-3"), PARK_1: reading(1, "5", PARK_1)}


# --- the record ---


async def test_the_record_grows_in_order_and_is_sealed_once_for_each_length(
    bare: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "BATCH", 2)  # several batches of few
    async with bare.store.writing() as tx:
        for number in range(4):
            await record.append(tx, EntryType.CONFIG_CHANGE, {"number": number}, NOW)
        checkpoint = await record.seal(tx, KEY, NOW)
        assert await record.seal(tx, KEY, NOW) is None
    await bare.restart()
    async with bare.store.reading() as tx:
        raw = [one async for one in record.entries(tx)]
        assert Head.of(raw) == await record.head(tx)
        assert await record.sealed(tx) == (checkpoint,)
    assert len(raw) == 5
    assert checkpoint
    assert checkpoint.size == 5


async def test_a_record_that_was_begun_is_never_begun_again(bare: World) -> None:
    (before,) = await bare.entries()
    await bare.restart()
    assert await bare.entries() == [before]
