"""What is asked of VENs, and what is taken of what they report."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from oadr.wire.ids import NO_REQUEST, ReportRequestId, ReportSpecifierId, ResourceId, RId, Token, VenId
from oadr.wire.messages import CreatedReport, CreateReport, RegisteredReport, Response
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import EiResponse, Target
from oadr.wire.messages.report import (
    LoadControl,
    LoadControlState,
    PendingReports,
    Report,
    ReportInterval,
    ReportPayload,
    ReportRequest,
    ResourceStatus,
    SamplingRate,
)
from oadr.wire.scalars import Duration
from tests.vtn.service.offers import (
    AMPERE,
    MINUTE,
    POWER,
    WATT_HOUR,
    description,
    interval,
    metadata,
    offer,
    rate,
    update,
)
from tests.vtn.world import CERTIFICATES, F1, HOME, HOME_EVSE, NOW, PARK, PARK_1, PARK_2, World
from vtn.assess import gathering
from vtn.delivery.index import OFFER_AGAIN
from vtn.model.reading import Quantity, Reading, State, Total
from vtn.store import reports

FAR = timedelta(days=1000)


async def asked(world: World, *offered: Report) -> tuple[ReportRequest, ...]:
    reply = await world.say(offer(*offered))
    assert isinstance(reply, RegisteredReport)
    assert reply.response.accepted
    return reply.requests


async def one_asked(world: World, *offered: Report) -> ReportRequestId:
    (request,) = await asked(world, *offered)
    return request.request_id


async def kept(world: World, *resources: ResourceId) -> list[Reading]:
    async with world.store.reading() as tx:
        return list(await reports.between(tx, resources or (HOME_EVSE,), NOW - FAR, NOW + FAR))


async def told(
    world: World, request_id: ReportRequestId, *intervals: ReportInterval, **changes: object
) -> str:
    reply = await world.say(update(request_id, *intervals, **changes))
    return str(reply.response.code)


def watts(value: str, **later: float) -> Reading:
    return Reading(HOME_EVSE, Quantity.POWER, NOW + timedelta(**later), Decimal(value))


@pytest.fixture
async def site(world: World) -> World:
    await world.greeted()
    world.later(hours=1)
    return world


@pytest.mark.proves("r300", "r317", "r321", "r322", "r324", "r325", "r338", "r344")
async def test_a_request_asks_for_every_point_that_means_something_within_what_is_offered(
    site: World,
) -> None:
    slow = metadata(
        description("b:E", WATT_HOUR, sampling_rate=rate(300, 900)), specifier_id=ReportSpecifierId("b")
    )
    quick = metadata(description("c:P", sampling_rate=rate(1, 10)), specifier_id=ReportSpecifierId("c"))
    plain = metadata(description(), description("evse:T", None))
    first, second, third = await asked(site, plain, slow, quick)
    assert [(point.r_id, point.reading_type, point.unit) for point in first.points] == [
        (POWER, wire.NOT_APPLICABLE, None)
    ]
    assert (first.granularity, first.report_back) == (MINUTE, MINUTE)
    assert (second.granularity, second.report_back) == (Duration(300), Duration(300))
    assert (third.granularity, third.report_back) == (Duration(10), MINUTE)
    assert len({one.request_id for one in (first, second, third)}) == 3
    assert first.period
    assert first.period.duration.is_zero
    assert first.period.start == site.now


@pytest.mark.proves("r331")
async def test_neither_histories_nor_what_is_no_measurement_is_asked_for(site: World) -> None:
    useless = (
        metadata(name="HISTORY_USAGE"),
        metadata(description(report_type=Token("baseline"))),
        metadata(description(unit=WATT_HOUR, report_type=Token("storedEnergy"))),
    )
    for offered in useless:
        assert await asked(site, offered) == ()
    assert isinstance(await site.poll(), Response)


@pytest.mark.proves("r306")
async def test_an_empty_offer_ends_what_was_asked_for(site: World) -> None:
    request_id = await one_asked(site)
    empty = replace(offer(), reports=())
    assert (await site.say(empty)).response.accepted
    assert await told(site, request_id, interval(start=NOW)) == "452"


@pytest.mark.proves("r308")
async def test_a_point_that_is_described_twice_is_refused_and_nothing_is_lost(site: World) -> None:
    request_id = await one_asked(site)
    reply = await site.say(offer(metadata(description(), description())))
    assert reply.response.code == "459"
    assert await told(site, request_id, interval(start=NOW)) == "200"


@pytest.mark.proves("r344", "r329")
@pytest.mark.parametrize("listed", ["all", "the last", "none"])
async def test_what_the_ven_has_taken_is_not_asked_for_again(site: World, listed: str) -> None:
    first, second = await asked(site, metadata(), metadata(specifier_id=ReportSpecifierId("b")))
    pending = {"all": (first.request_id, second.request_id), "the last": (second.request_id,), "none": ()}[
        listed
    ]
    answer = CreatedReport(
        response=EiResponse(request_id=NO_REQUEST), pending=PendingReports(pending), ven_id=HOME
    )
    assert (await site.say(answer)).response.accepted
    site.now += OFFER_AGAIN
    assert isinstance(await site.poll(), Response)
    assert await told(site, first.request_id, interval(start=NOW)) == "200"


@pytest.mark.proves("r340")
async def test_what_the_ven_refuses_is_not_waited_for(site: World) -> None:
    first, second = await asked(site, metadata(), metadata(specifier_id=ReportSpecifierId("b")))
    answer = CreatedReport(
        response=EiResponse(code="454", request_id=NO_REQUEST),
        pending=PendingReports((second.request_id,)),
        ven_id=HOME,
    )
    assert (await site.say(answer)).response.accepted
    site.now += OFFER_AGAIN
    assert isinstance(await site.poll(), Response)
    assert await told(site, first.request_id, interval(start=NOW)) == "452"
    assert (
        await told(site, second.request_id, interval(start=NOW), specifier_id=ReportSpecifierId("b")) == "200"
    )


async def test_a_request_that_was_overlooked_comes_by_poll_until_values_arrive(site: World) -> None:
    request_id = await one_asked(site)
    assert isinstance(await site.poll(), Response), "there is time to answer"
    site.now += OFFER_AGAIN
    reply = await site.poll()
    assert isinstance(reply, CreateReport)
    assert [one.request_id for one in reply.requests] == [request_id]
    assert await told(site, request_id, interval(start=NOW)) == "200"
    site.now += OFFER_AGAIN
    assert isinstance(await site.poll(), Response)


@pytest.mark.proves("P3", "S4")
async def test_readings_are_on_disk_when_they_are_acknowledged(site: World) -> None:
    request_id = await one_asked(site)
    assert await told(site, request_id, interval("3.5", NOW)) == "200"
    await site.restart()
    assert await kept(site) == [watts("3500")]


@pytest.mark.proves("r314", "r315", "r316", "r318", "r342")
async def test_intervals_carry_their_time_in_each_of_the_allowed_ways(site: World) -> None:
    request_id = await one_asked(site)
    ways = {
        "points": (interval("1", NOW), interval("2", NOW + timedelta(seconds=90))),
        "spans": (interval("1", NOW, MINUTE), interval("2", NOW + timedelta(seconds=90), MINUTE)),
        "spans in a row": (interval("1", NOW, MINUTE), interval("2", None, MINUTE, uid="1")),
        "spans of a report": (interval("1", None, MINUTE), interval("2", None, MINUTE, uid="1")),
        "points of a report": (interval("1"), interval("2", uid="1")),
        "missing": (interval("1", NOW), interval(None, NOW + timedelta(seconds=90))),
    }
    expected = {
        "points": [watts("1000"), watts("2000", seconds=90)],
        "spans": [watts("1000", seconds=60), watts("2000", seconds=150)],
        "spans in a row": [watts("1000", seconds=60), watts("2000", seconds=120)],
        "spans of a report": [watts("1000", seconds=60), watts("2000", seconds=120)],
        "points of a report": [watts("1000"), watts("2000", seconds=60)],
        "missing": [watts("1000")],
    }
    for way, intervals in ways.items():
        async with site.store.writing() as tx:
            await tx.exec_driver_sql("DELETE FROM readings")
        assert await told(site, request_id, *intervals) == "200", way
        assert await kept(site) == expected[way], way


@pytest.mark.proves("r316")
async def test_intervals_without_a_start_are_put_in_the_order_of_their_numbers(site: World) -> None:
    request_id = await one_asked(site)
    mixed_up = (
        interval("3", duration=MINUTE, uid="10"),
        interval("1", duration=MINUTE, uid="8"),
        interval("2", duration=Duration(30), uid="09"),
    )
    assert await told(site, request_id, *mixed_up) == "200"
    assert await kept(site) == [
        watts("1000", seconds=60),
        watts("2000", seconds=90),
        watts("3000", seconds=150),
    ]


@pytest.mark.proves("r316")
async def test_numbers_that_leave_the_order_open_are_refused_with_all_that_they_count(site: World) -> None:
    request_id = await one_asked(site)
    for numbers in (
        ("0", "0"),
        ("0", "2"),
        ("0", None),
        ("0", "x"),
        ("0", "1.0"),
        ("0", "٣"),
        ("0", "9" * 99),
    ):
        intervals = [interval("1", duration=MINUTE, uid=one) for one in numbers]
        assert await told(site, request_id, *intervals) == "459", numbers
    assert await kept(site) == []
    assert await told(site, request_id, interval("1", duration=MINUTE, uid=None)) == "200", "one has no order"
    with_starts = [interval(str(n), NOW + timedelta(seconds=n), uid=None) for n in (1, 2)]
    assert await told(site, request_id, *with_starts) == "200", "none is needed"


@pytest.mark.proves("r346")
async def test_a_corrected_value_replaces_the_one_of_the_same_moment(site: World) -> None:
    request_id = await one_asked(site)
    await told(site, request_id, interval("3.5", NOW))
    await told(site, request_id, interval("-2", NOW))
    assert await kept(site) == [watts("-2000")], "into the network is allowed"


@pytest.mark.proves("r33", "VT12")
async def test_what_cannot_have_been_measured_is_refused_and_none_of_it_is_kept(site: World) -> None:
    request_id = await one_asked(site)
    good = interval("1", NOW)
    impossible = {
        "far beyond the rating": (good, interval("14.8", NOW)),
        "far beyond the other way": (good, interval("-14.8", NOW)),
        "in the future": (good, interval("1", site.now + timedelta(minutes=6))),
        "ends in the future": (good, interval("1", site.now, Duration(3600))),
        "ends before it begins": (good, interval("1", NOW, Duration(-60))),
        "outside the calendar": (
            good,
            interval("1", NOW.replace(year=9999, month=12, day=31), Duration(86_400)),
        ),
        "months from nowhere": (good, interval("1", NOW, Duration(0, 1200))),
    }
    for what, intervals in impossible.items():
        assert await told(site, request_id, *intervals) == "454", what
    assert await told(site, request_id, interval("1", None), start=None) == "459"
    assert await kept(site) == []
    assert await told(site, request_id, interval("14.7", NOW)) == "200"


@pytest.mark.proves("r304", "I02")
async def test_reports_are_tied_to_the_site_that_was_asked(site: World) -> None:
    request_id = await one_asked(site)
    await site.greeted(PARK)
    foreign = replace(update(request_id, interval(start=NOW)), ven_id=PARK)
    assert (await site.say(foreign, CERTIFICATES[PARK])).response.code == "452"
    assert await told(site, ReportRequestId("?"), interval(start=NOW)) == "452"
    assert await told(site, request_id, interval(start=NOW), specifier_id=ReportSpecifierId("?")) == "452"
    assert await told(site, request_id, interval(start=NOW, r_id="?")) == "452"
    assert await kept(site) == []


@pytest.mark.proves("I01")
async def test_a_site_cannot_report_for_anothers_chargepoint(site: World) -> None:
    """It says that its point is the neighbour's; with one chargepoint of its own it is not believed."""
    lie = description(data_source=Target(resource_ids=(PARK_1,)))
    request_id = await one_asked(site, metadata(lie))
    assert await told(site, request_id, interval(start=NOW)) == "200"
    assert await kept(site, HOME_EVSE, PARK_1, PARK_2) == []


@pytest.mark.proves("r343")
async def test_a_point_without_a_source_is_the_only_chargepoints(site: World) -> None:
    request_id = await one_asked(site, metadata(description(data_source=None)))
    await told(site, request_id, interval("1", NOW))
    assert await kept(site) == [watts("1000")]


async def told_by_park(world: World, offered: Report, *intervals: ReportInterval, **changes: object) -> str:
    """By a site with two chargepoints, of 16 A and three phases each."""
    await world.greeted(PARK)
    reply = await world.say(replace(offer(offered), ven_id=PARK), CERTIFICATES[PARK])
    (request,) = reply.requests
    said = replace(update(request.request_id, *intervals, **changes), ven_id=PARK)
    return str((await world.say(said, CERTIFICATES[PARK])).response.code)


async def totals(world: World) -> dict[VenId, Total]:
    async with world.store.reading() as tx:
        return dict(await reports.known_totals(tx, Quantity.POWER))


@pytest.mark.proves("r343")
@pytest.mark.parametrize("source", [None, Target(), Target(resource_ids=(PARK_2, PARK_1))])
async def test_a_point_of_several_chargepoints_is_what_they_draw_together_and_of_none_alone(
    site: World, source: Target | None
) -> None:
    whole = metadata(description(data_source=source))
    later = NOW + timedelta(minutes=1)
    assert await told_by_park(site, whole, interval("44", NOW), interval("2", later)) == "200"
    assert await totals(site) == {PARK: Total(PARK, Quantity.POWER, later, Decimal(2000))}
    assert await kept(site, PARK_1, PARK_2) == []
    assert await told_by_park(site, whole, interval("1", NOW)) == "200"
    await site.restart()
    assert (await totals(site))[PARK].value == 2000, "what is older changes nothing"
    assert await told_by_park(site, whole, interval("44.2", later)) == "454", (
        "twice what both can carry is 44.16 kW"
    )
    assert (await totals(site))[PARK].value == 2000


@pytest.mark.proves("r343", "r331")
async def test_a_state_without_a_source_is_that_of_every_chargepoint(site: World) -> None:
    said = standing(NOW, online=False)
    whole = metadata(replace(STATE, data_source=None), name="TELEMETRY_STATUS")
    assert await told_by_park(site, whole, said, name=wire.TELEMETRY_STATUS) == "200"
    async with site.store.reading() as tx:
        known = await reports.known_states(tx, (HOME_EVSE, PARK_1, PARK_2))
    assert {name: one.online for name, one in known.items()} == {PARK_1: False, PARK_2: False}


@pytest.mark.proves("I01", "r343")
@pytest.mark.parametrize("named", [(PARK_1, HOME_EVSE), (PARK_1, ResourceId("heat-pump")), (HOME_EVSE,)])
async def test_a_sum_with_what_is_no_chargepoint_of_the_site_is_nobodys(
    site: World, named: tuple[ResourceId, ...]
) -> None:
    mixed = metadata(description(data_source=Target(resource_ids=named)))
    assert await told_by_park(site, mixed, interval("1", NOW)) == "200"
    assert await kept(site, HOME_EVSE, PARK_1, PARK_2) == []
    assert await totals(site) == {}


async def test_what_a_site_draws_is_forgotten_with_its_registration(site: World) -> None:
    assert await told_by_park(site, metadata(description(data_source=None)), interval("1", NOW)) == "200"
    await site.register(PARK, request_id="R2")
    assert await totals(site) == {}


async def test_phases_energy_and_set_point_are_told_apart(site: World) -> None:
    points = (
        description("evse:E", WATT_HOUR, report_type=wire.USAGE),
        description("evse:I1", AMPERE, report_type=wire.DEMAND),
        description("evse:I2", AMPERE, report_type=wire.DEMAND),
        description("evse:I3", AMPERE, report_type=wire.DEMAND),
        description("evse:SET", AMPERE, report_type=wire.SET_POINT),
        description("evse:PSET", report_type=wire.SET_POINT),
    )
    request_id = await one_asked(site, metadata(*points))
    payloads = tuple(interval(str(n), r_id=one.r_id).payloads[0] for n, one in enumerate(points, start=1))
    assert await told(site, request_id, ReportInterval(start=NOW, payloads=payloads)) == "200"
    assert {one.quantity: one.value for one in await kept(site)} == {
        Quantity.ENERGY: 1,
        Quantity.CURRENT_1: 2,
        Quantity.CURRENT_2: 3,
        Quantity.CURRENT_3: 4,
        Quantity.SET_POINT: 5,
    }


STATE = description("evse:ST", None, report_type=wire.RESOURCE_STATUS, reading_type=wire.NOT_APPLICABLE)


def standing(start: datetime, *, online: bool, share: str | None = None, **changes: bool) -> ReportInterval:
    control = LoadControlState(capacity=LoadControl(current=Decimal(share))) if share else None
    said = ResourceStatus(online=online, load_control_state=control, **{"manual_override": False, **changes})
    return ReportInterval(start=start, payloads=(ReportPayload(r_id=STATE.r_id, value=said),))


async def states(world: World) -> dict[ResourceId, State]:
    async with world.store.reading() as tx:
        return dict(await reports.known_states(tx, (HOME_EVSE, PARK_1)))


@pytest.mark.proves("r317", "r331")
async def test_states_are_asked_for_on_change_where_that_is_offered_and_else_by_the_minute(
    site: World,
) -> None:
    sampled = SamplingRate(min_period=Duration(1), max_period=Duration(3600), on_change=True)
    (quick,) = await asked(site, metadata(replace(STATE, sampling_rate=sampled), name="TELEMETRY_STATUS"))
    assert (quick.granularity.is_zero, quick.report_back) == (True, MINUTE)
    (slow,) = await asked(site, metadata(STATE, name="TELEMETRY_STATUS"))
    assert (slow.granularity, slow.report_back) == (MINUTE, MINUTE)


@pytest.mark.proves("r331", "P3")
async def test_the_newest_state_is_kept_and_an_older_one_changes_nothing(site: World) -> None:
    request_id = await one_asked(site, metadata(STATE, name="TELEMETRY_STATUS"))
    name = wire.TELEMETRY_STATUS
    later = NOW + timedelta(minutes=2)
    told_first = (
        standing(NOW, online=True, share="0.4"),
        standing(later, online=False, share="0", manual_override=True),
    )
    assert await told(site, request_id, *told_first, name=name) == "200"
    assert await told(site, request_id, standing(NOW, online=True), name=name) == "200"
    await site.restart()
    expected = State(resource_id=HOME_EVSE, at=later, online=False, overridden=True, share=Decimal(0))
    assert await states(site) == {HOME_EVSE: expected}
    assert await kept(site) == []
    await told(site, request_id, standing(later, online=True, share="7"), name=name)
    assert (await states(site))[HOME_EVSE].share is None, "more than all is no share"


async def test_the_preview_believes_a_site_that_its_chargepoint_takes_no_orders_for_a_while(
    site: World,
) -> None:
    request_id = await one_asked(site, metadata(STATE, name="TELEMETRY_STATUS"))
    for online in (True, False):
        said = standing(site.now, online=online)
        assert await told(site, request_id, said, start=site.now, name=wire.TELEMETRY_STATUS) == "200"
        async with site.store.reading() as tx:
            found = await gathering.scene(tx, [F1], site.now)
        assert found.unreachable == (frozenset() if online else {HOME_EVSE})
    async with site.store.reading() as tx:
        later = site.now + gathering.LATELY + timedelta(seconds=1)
        assert (await gathering.scene(tx, [F1], later)).unreachable == frozenset()


@pytest.mark.proves("r339")
async def test_the_identifier_of_a_single_report_means_nothing(site: World) -> None:
    request_id = await one_asked(site)
    assert await told(site, request_id, interval("1", NOW), report_id="") == "200"
    assert await told(site, request_id, interval("2", NOW), report_id="the same again") == "200"
    assert await kept(site) == [watts("2000")]


async def test_a_number_as_a_state_means_nothing(site: World) -> None:
    request_id = await one_asked(site, metadata(STATE, name="TELEMETRY_STATUS"))
    assert await told(site, request_id, interval("1", NOW, r_id=STATE.r_id)) == "200"
    assert (await states(site), await kept(site)) == ({}, [])


async def test_a_status_where_a_number_belongs_is_passed_over(site: World) -> None:
    request_id = await one_asked(site)
    status = ReportPayload(r_id=RId(POWER), value=ResourceStatus(online=True, manual_override=False))
    assert await told(site, request_id, ReportInterval(start=NOW, payloads=(status,))) == "200"
    assert await kept(site) == []


async def test_a_report_without_values_is_a_report(site: World) -> None:
    await one_asked(site)
    empty = replace(update(ReportRequestId("?")), reports=())
    assert (await site.say(empty)).response.accepted
