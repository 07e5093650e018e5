"""EiOpt at the server: what is taken, what is refused with which number, and what it comes to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr.charging.signals import Programme
from oadr.ledger.canonical import Value
from oadr.ledger.entry import Entry, EntryType
from oadr.wire.ids import EventId, GroupId, MarketContext, Mrid, OptId, RequestId, ResourceId, Token, VenId
from oadr.wire.messages import CancelOpt, CreateOpt
from oadr.wire.messages.common import OptType, QualifiedEventId, Target
from oadr.wire.messages.opt import Availability, Available, Periods
from oadr.wire.scalars import Duration
from tests.vtn.world import (
    CERTIFICATES,
    F1,
    F2,
    HOME_EVSE,
    NOW,
    ORDER,
    PARK,
    PARK_1,
    PARK_2,
    TERMS,
    World,
    created_event,
    word,
)
from vtn.assess import gathering
from vtn.assess.outcome import outcome
from vtn.assess.reach import Reach, reach, reach_of
from vtn.model.intervention import Intervention
from vtn.model.network import Chargepoint
from vtn.model.opt import KEPT
from vtn.store import interventions, network, opts

HOUR = timedelta(hours=1)
SHIFT = MarketContext(Token(f"{TERMS.market_contexts}load-shift"))
IN, OUT = OptType.OPT_IN, OptType.OPT_OUT


def periods(*hours: tuple[int, int]) -> Availability:
    """Each from so many hours after NOW, for so many; 0 has no end."""
    return Availability(
        periods=Periods(
            tuple(
                Available(start=NOW + first * HOUR, duration=Duration(length * 3600))
                for first, length in hours
            )
        )
    )


def schedule(opt_id: str = "O1", **changes: Any) -> CreateOpt:
    plain = CreateOpt(
        opt_id=OptId(opt_id),
        opt=OUT,
        reason=Token("x-schedule"),
        ven_id=PARK,
        schedule=periods((1, 2)),
        created_at=NOW,
        request_id=RequestId("R7"),
    )
    return replace(plain, **changes)


def on_event(event_id: str, *resources: ResourceId, opt: OptType = OUT, **changes: Any) -> CreateOpt:
    qualified = QualifiedEventId(event_id=EventId(event_id), modification_number=0)
    about = {"schedule": None, "event": qualified, "target": Target(resource_ids=resources)}
    return schedule(**{"opt": opt, "reason": Token("overrideStatus"), **about, **changes})


async def said(world: World, message: CreateOpt | CancelOpt) -> str:
    reply = await world.say(message, CERTIFICATES[PARK])
    assert reply.response.request_id == message.request_id
    assert reply.opt_id == message.opt_id
    return str(reply.response.code)


async def cancelled(world: World, opt_id: str = "O1") -> str:
    return await said(world, CancelOpt(opt_id=OptId(opt_id), ven_id=PARK, request_id=RequestId("R8")))


async def shift(world: World, *feeders: GroupId, start: int = 0, **changes: Any) -> Intervention:
    return await world.give(
        programme=Programme.LOAD_SHIFT,
        feeder_ids=feeders or (F1, F2),
        start=NOW + start * HOUR,
        duration=HOUR,
        randomise=timedelta(),
        **changes,
    )


async def out(world: World, start: int, programme: Programme = Programme.LOAD_SHIFT) -> set[ResourceId]:
    """Who a preview says has opted out of an hour that starts so many hours after NOW."""
    order = replace(ORDER, programme=programme, start=NOW + start * HOUR, duration=HOUR)
    async with world.store.reading() as tx:
        return set((await gathering.scene(tx, (F1, F2), NOW, order)).opted_out)


async def chargepoints_of(world: World) -> tuple[Chargepoint, ...]:
    async with world.store.reading() as tx:
        return (await network.load(tx)).chargepoints


def named(entry: Entry) -> list[Value]:
    found = entry.body["chargepoints"]
    assert isinstance(found, list | tuple)
    return list(found)


async def tally(world: World) -> int:
    async with world.store.reading() as tx:
        return len(await opts.of_ven(tx, PARK))


@pytest.fixture
async def park(world: World) -> World:
    """Registered, with two chargepoints on two feeders."""
    await world.greeted(PARK)
    return world


# --- schedules ---


@pytest.mark.proves("r202", "r207")
@pytest.mark.parametrize("target", [Target(), Target(ven_ids=(PARK,))])
async def test_schedule_of_two_periods_excuses_all_of_the_site(park: World, target: Target) -> None:
    assert await said(park, schedule(schedule=periods((1, 1), (5, 1)), target=target)) == "200"
    hours = [len(await out(park, hour)) for hour in range(7)]
    assert hours == [0, 2, 0, 0, 0, 2, 0]


@pytest.mark.proves("r207")
async def test_an_empty_request_id_is_echoed_as_such(park: World) -> None:
    assert await said(park, schedule(request_id=RequestId(""))) == "200"


@pytest.mark.proves("r210")
async def test_a_schedule_may_be_open_ended(park: World) -> None:
    assert await said(park, schedule(schedule=periods((2, 0)))) == "200"
    assert [len(await out(park, hour)) for hour in (1, 2, 200)] == [0, 2, 2]


async def test_a_supply_limitation_ignores_every_schedule(park: World) -> None:
    assert await said(park, schedule()) == "200"
    assert await out(park, 1, Programme.SUPPLY_LIMIT) == set()


@pytest.mark.proves("r202")
@pytest.mark.parametrize(
    ("target", "meant"),
    [
        (Target(resource_ids=(PARK_1,)), {PARK_1}),
        (Target(resource_ids=(PARK_1, PARK_2)), {PARK_1, PARK_2}),
        (Target(group_ids=(F2,)), {PARK_2}),
        (Target(group_ids=(F2,), resource_ids=(PARK_1,)), {PARK_1, PARK_2}),
    ],
)
async def test_a_filled_target_means_what_it_names(
    park: World, target: Target, meant: set[ResourceId]
) -> None:
    assert await said(park, schedule(target=target)) == "200"
    assert await out(park, 1) == meant


@pytest.mark.proves("r203")
async def test_a_later_schedule_replaces_those_of_the_chargepoints_that_it_means(park: World) -> None:
    await said(park, schedule("O1"))
    await said(park, schedule("O2", schedule=periods((5, 1)), target=Target(resource_ids=(PARK_1,))))
    assert (await out(park, 1), await out(park, 5)) == ({PARK_2}, {PARK_1})
    await said(park, schedule("O3", schedule=periods((7, 1))))
    assert (await out(park, 1), await out(park, 5)) == (set(), set())
    await said(park, schedule("O4", opt=IN, schedule=periods((7, 1))))
    assert await out(park, 7) == {PARK_1, PARK_2}, "in and out are apart"


@pytest.mark.proves("r205", "r209")
async def test_a_schedule_is_narrowed_by_market_context_and_device_class(park: World) -> None:
    price = MarketContext(Token(f"{TERMS.market_contexts}price"))
    await said(park, schedule("O1", market_context=price))
    assert await out(park, 1) == set()
    classes = Target(end_device_assets=(Mrid("EVSE"),))
    await said(park, schedule("O2", market_context=SHIFT, device_class=classes))
    assert await out(park, 1) == {PARK_1, PARK_2}
    thermostat = Target(end_device_assets=(Mrid("Thermostat"),))
    assert await said(park, schedule("O3", device_class=thermostat)) == "462"


@pytest.mark.proves("r204")
async def test_one_cancel_ends_both_schedules_of_one_name(park: World) -> None:
    await said(park, schedule("O1", target=Target(resource_ids=(PARK_1,))))
    await said(park, schedule("O1", target=Target(resource_ids=(PARK_2,))))
    assert await out(park, 1) == {PARK_1, PARK_2}
    assert await cancelled(park) == "200"
    assert await out(park, 1) == set()


@pytest.mark.proves("r211", "r208")
async def test_cancelling_what_was_replaced_or_cancelled_is_no_error_and_what_never_was_is_one(
    park: World,
) -> None:
    await said(park, schedule("O1"))
    await said(park, schedule("O2", schedule=periods((3, 1))))
    assert [await cancelled(park, name) for name in ("O1", "O2", "O2", "O3")] == ["200", "200", "200", "452"]
    assert await out(park, 3) == set()


async def test_a_retry_has_no_effect_even_after_the_cancellation(park: World) -> None:
    for _ in range(3):
        assert await said(park, schedule()) == "200"
    assert (await park.recorded()).count(EntryType.OPT) == 1
    await cancelled(park)
    await cancelled(park)
    assert await said(park, schedule()) == "200"
    assert await out(park, 1) == set()
    assert (await park.recorded()).count(EntryType.OPT) == 2
    assert await tally(park) == 1


async def test_schedules_survive_a_restart_and_end_with_the_registration(park: World) -> None:
    await said(park, schedule())
    await park.restart()
    assert await out(park, 1) == {PARK_1, PARK_2}
    await park.register(PARK, "another")
    assert await out(park, 1) == set()
    assert await said(park, schedule()) == "200"
    assert await out(park, 1) == {PARK_1, PARK_2}


async def test_what_came_to_nothing_is_forgotten_in_the_end_and_what_counts_is_not(park: World) -> None:
    await said(park, schedule("first", target=Target(resource_ids=(PARK_1,))))
    for number in range(KEPT + 20):
        again = schedule(f"O{number}", target=Target(resource_ids=(PARK_2,)))
        assert await said(park, again) == "200"
    assert await tally(park) == KEPT + 1
    assert await out(park, 1) == {PARK_1, PARK_2}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"schedule": None}, "459"),
        ({"schedule": Availability()}, "459"),
        ({"schedule": periods((1, -1))}, "454"),
        ({"schedule": periods(*((hour, 1) for hour in range(401)))}, "454"),
        ({"opt_id": OptId(" ")}, "452"),
        ({"opt_id": OptId("x" * 201)}, "454"),
        ({"reason": Token("x-" + "x" * 200)}, "454"),
        ({"market_context": MarketContext(Token("http://dso.example/else"))}, "462"),
        ({"market_context": MarketContext(Token("http://dso.example/supply-limit"))}, "451"),
        ({"target": Target(resource_ids=(HOME_EVSE,))}, "462"),
        ({"target": Target(resource_ids=(PARK_1, HOME_EVSE))}, "462"),
        ({"target": Target(ven_ids=(PARK, VenId("home")))}, "452"),
        ({"target": Target(group_ids=(GroupId("F9"),))}, "462"),
        ({"target": Target(meter_assets=(Mrid("m"),))}, "462"),
        ({"device_class": Target(resource_ids=(PARK_1,))}, "459"),
    ],
)
async def test_each_schedule_that_makes_no_sense_has_its_number(
    park: World, changes: dict[str, Any], code: str
) -> None:
    assert await said(park, schedule(**changes)) == code
    assert await tally(park) == 0
    assert EntryType.OPT not in await park.recorded()


@pytest.mark.proves("r208")
async def test_another_sites_name_is_refused(park: World) -> None:
    assert await said(park, schedule(ven_id=VenId("home"))) == "452"


# --- words on events ---


@pytest.mark.proves("r16", "r206", "W22")
async def test_one_chargepoint_opts_out_and_the_others_go_on(park: World) -> None:
    given = await shift(park)
    (event,) = await park.events(PARK)
    await park.say(created_event(word(event), ven_id=PARK), CERTIFICATES[PARK])
    assert await said(park, on_event(event.event_id, PARK_1)) == "200"
    (delivery,) = await park.deliveries(PARK)
    assert reach(delivery) is Reach.ACKNOWLEDGED
    assert [reach_of(delivery, one) for one in (PARK_1, PARK_2)] == [Reach.DECLINED, Reach.ACKNOWLEDGED]
    park.later(minutes=90)
    async with park.store.reading() as tx:
        found = outcome(await gathering.evidence(tx, given), timedelta(seconds=60), park.now)
    taken = {one.chargepoint.resource_id: one for one in found.results}
    assert (taken[PARK_1].opt, taken[PARK_1].why, taken[PARK_1].compliance) == (OUT, "overrideStatus", None)
    assert (taken[PARK_2].opt, taken[PARK_2].why) == (IN, None)
    assert taken[PARK_2].compliance is not None


@pytest.mark.proves("r16", "r17", "r206")
async def test_event_opt_outranks_what_the_site_answers_later_and_the_event_as_changed(park: World) -> None:
    given = await shift(park)
    (event,) = await park.events(PARK)
    assert await said(park, on_event(event.event_id)) == "200"
    await park.say(created_event(word(event), ven_id=PARK), CERTIFICATES[PARK])
    (delivery,) = await park.deliveries(PARK)
    assert delivery.answer
    assert delivery.answer.agreed
    assert reach(delivery) is Reach.DECLINED
    await park.cancel(given)
    (delivery,) = await park.deliveries(PARK)
    assert delivery.intervention.modification_number == 1
    assert reach(delivery) is Reach.DECLINED
    bodies = [entry.body for entry in await park.entries() if entry.type is EntryType.OPT]
    assert bodies[-1]["outranked"] == 2


@pytest.mark.proves("r16", "r206")
async def test_an_opt_in_outranks_a_refusal_and_only_a_newer_opt_outranks_it(park: World) -> None:
    await shift(park)
    (event,) = await park.events(PARK)
    await park.say(created_event(word(event, OUT), ven_id=PARK), CERTIFICATES[PARK])
    await said(park, on_event(event.event_id, PARK_1, opt=IN))
    (delivery,) = await park.deliveries(PARK)
    assert [reach_of(delivery, one) for one in (PARK_1, PARK_2)] == [Reach.ACKNOWLEDGED, Reach.DECLINED]
    later = on_event(event.event_id, PARK_1, opt_id=OptId("O2"))
    assert await said(park, later) == "200"
    (delivery,) = await park.deliveries(PARK)
    assert reach(delivery) is Reach.DECLINED


async def test_an_opt_in_by_a_site_that_never_answered_is_judged(park: World) -> None:
    given = await shift(park)
    (event,) = await park.events(PARK)
    await said(park, on_event(event.event_id, opt=IN))
    park.later(minutes=90)
    async with park.store.reading() as tx:
        found = outcome(await gathering.evidence(tx, given), timedelta(seconds=60), park.now)
    judged = {one.chargepoint.resource_id for one in found.results if one.compliance is not None}
    assert judged == {PARK_1, PARK_2}
    assert found.counts[Reach.ACKNOWLEDGED] == 2


@pytest.mark.proves("r206")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"schedule": periods((1, 1))}, "459"),
        ({"market_context": SHIFT}, "459"),
        ({"target": Target(resource_ids=(PARK_2,))}, "451"),
        ({"target": Target(resource_ids=(PARK_1, PARK_2))}, "451"),
        ({"target": Target(group_ids=(F2,))}, "451"),
        ({"target": Target(resource_ids=(HOME_EVSE,))}, "462"),
        ({"event": QualifiedEventId(event_id=EventId("?"), modification_number=0)}, "452"),
    ],
)
async def test_each_word_on_an_event_that_makes_no_sense_has_its_number(
    park: World, changes: dict[str, Any], code: str
) -> None:
    await shift(park, F1)
    (event,) = await park.events(PARK)
    assert await said(park, replace(on_event(event.event_id, PARK_1), **changes)) == code
    (delivery,) = await park.deliveries(PARK)
    assert delivery.opts == ()


async def test_an_event_of_another_site_is_unknown(park: World) -> None:
    await shift(park, F1)
    (theirs,) = await park.deliveries()
    assert await said(park, on_event(theirs.event_id)) == "452"


async def test_a_word_on_a_modification_that_is_yet_to_come_is_out_of_sequence(park: World) -> None:
    await shift(park)
    (event,) = await park.events(PARK)
    ahead = QualifiedEventId(event_id=event.event_id, modification_number=1)
    assert await said(park, replace(on_event(event.event_id), event=ahead)) == "450"


@pytest.mark.parametrize(
    ("reason", "opt", "code"),
    [
        ("overrideStatus", OUT, "451"),
        ("economic", OUT, "451"),
        ("mustRun", OUT, "200"),
        ("outageRunStatus", OUT, "200"),
        ("participating", IN, "200"),
    ],
)
async def test_a_supply_limitation_yields_to_necessity_alone(
    park: World, reason: str, opt: OptType, code: str
) -> None:
    await park.give()
    (event,) = await park.events(PARK)
    assert await said(park, on_event(event.event_id, opt=opt, reason=Token(reason))) == code


@pytest.mark.proves("r211")
async def test_a_word_on_an_event_is_not_cancelled(park: World) -> None:
    await shift(park)
    (event,) = await park.events(PARK)
    await said(park, on_event(event.event_id))
    assert await cancelled(park) == "451"
    (delivery,) = await park.deliveries(PARK)
    assert reach(delivery) is Reach.DECLINED


async def test_once_the_result_is_in_the_record_no_opt_changes_it(park: World) -> None:
    given = await shift(park)
    (event,) = await park.events(PARK)
    async with park.store.writing() as tx:
        await interventions.recorded(tx, given.intervention_id, park.now)
    assert await said(park, on_event(event.event_id)) == "451"


@pytest.mark.proves("W42")
async def test_the_record_names_no_site_no_hour_and_none_of_its_words(park: World) -> None:
    await said(park, schedule("smith-family", reason=Token("x-holiday-at-the-lake")))
    await cancelled(park, "smith-family")
    await shift(park)
    (event,) = await park.events(PARK)
    await said(park, on_event(event.event_id, PARK_1))
    stated, ended, declined = [one for one in await park.entries() if one.type is EntryType.OPT]
    assert (stated.body["schedule"], stated.body["periods"], stated.body["reason"]) == ("stated", 1, "other")
    assert ended.body["schedule"] == "cancelled"
    assert declined.body["reason"] == "overrideStatus"
    own = {one.pseudonym for one in (await chargepoints_of(park)) if one.ven_id == PARK}
    assert set(named(stated)) == own
    assert len(named(declined)) == 1
    assert set(named(declined)) < own
    for entry in (stated, ended, declined):
        for name in (b"park", b"smith", b"lake", b"2026-01-15T18"):
            assert name not in entry.raw
