"""What goes out of a written event, and what does not get so far."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId, MarketContext, Mrid, ResourceId, SignalId, Token, VenId
from oadr.wire.messages.common import OptType, Target
from oadr.wire.messages.event import (
    LOAD_DISPATCH,
    Baseline,
    Event,
    EventStatus,
    ResponseRequired,
    Signal,
    SignalType,
)
from oadr.wire.scalars import Duration
from tests.vtn import written
from tests.vtn.world import F1, F2, HOME, HOME_EVSE, NOW, World, created_event, word
from vtn.model.errors import Impossible
from vtn.store import order_rows

SOON = NOW + timedelta(hours=1)
RICH = written.event(
    written.prices("0.31", "-0.02"),
    Signal(
        intervals=written.intervals((1, 5), written.HALF_HOUR),
        name=Token("x-mood"),
        type=SignalType.LEVEL,
        signal_id=SignalId("mood"),
        target=Target(end_device_assets=(Mrid("Electric_Vehicle"),)),
        current_value=Decimal(3),
    ),
    start=SOON,
    lasts=timedelta(hours=1),
    period={
        "ramp_up": Duration(600),
        "recovery": Duration(-120),
        "start_after": Duration(300),
        "notification": Duration(3600),
    },
    descriptor={
        "market_context": MarketContext(Token("http://other.example/prices")),
        "priority": 4,
        "test_event": "true",
        "vtn_comment": "a <word> & more",
    },
    baseline=Baseline(
        start=SOON - timedelta(days=1),
        duration=Duration(1800),
        intervals=written.intervals((9,), written.HALF_HOUR),
        baseline_id="b",
        name="usual",
        unit=written.KILOWATT,
    ),
    target=Target(
        service_delivery_points=("spd1",),
        group_ids=(GroupId("street"),),
        group_names=("the street",),
        resource_ids=(ResourceId("any"),),
        ven_ids=(VenId("home"),),
        party_ids=("p",),
    ),
)


@pytest.mark.proves("r31", "r9")
async def test_all_that_an_operator_wrote_arrives_and_the_rest_is_filled_in(world: World) -> None:
    await world.greeted()
    given = await world.send(RICH)
    (event,) = await world.events()
    assert (event.period, event.baseline, event.target) == (RICH.period, RICH.baseline, RICH.target)
    prices, mood = event.signals
    assert prices == RICH.signals[0]
    assert mood == replace(RICH.signals[1], current_value=Decimal(0)), "it does not run yet (r14)"
    own, descriptor = RICH.descriptor, event.descriptor
    assert descriptor == replace(
        own,
        event_id=descriptor.event_id,
        modification_number=0,
        created_at=NOW,
        status=EventStatus.FAR,
    )
    assert descriptor.event_id.startswith(given.intervention_id)


@pytest.mark.proves("r13", "r29", "r14")
async def test_its_status_and_current_value_are_those_of_the_moment(world: World) -> None:
    await world.greeted()
    signal = replace(written.set_point(11, 7), current_value=Decimal(99))
    simple = replace(written.simple(1), intervals=written.intervals((2, 3), written.HALF_HOUR))
    await world.send(
        written.event(signal, simple, start=SOON, lasts=timedelta(hours=1), period={"ramp_up": Duration(600)})
    )
    seen = []
    for minutes in (0, 49, 1, 10, 29, 1):
        world.later(minutes=minutes)
        (event,) = await world.events()
        values = [one.current_value for one in event.signals]
        seen.append((str(event.descriptor.status), *(int(value or 0) for value in values)))
    assert seen == [
        ("far", 0, 0),
        ("far", 0, 0),
        ("near", 0, 0),
        ("active", 11, 2),
        ("active", 11, 2),
        ("active", 7, 3),
    ]


async def test_an_empty_target_becomes_the_chargepoints_that_are_meant(world: World) -> None:
    await world.greeted()
    await world.send(written.event())
    (event,) = await world.events()
    assert event.target == Target(group_ids=(F1,), resource_ids=(HOME_EVSE,))


@pytest.mark.proves("r502")
async def test_what_wants_no_answer_is_handed_out_once_in_each_modification(world: World) -> None:
    await world.greeted()
    given = await world.send(written.event(never=True))

    async def polled() -> list[int]:
        found = await world.poll()
        return [one.descriptor.modification_number for one in getattr(found, "events", ())]

    assert (await polled(), await polled()) == ([0], [])
    assert [one.event_id for one in await world.events()], "who asks gets it all the same (r50)"
    world.later(minutes=1)
    await world.change(given, written=written.event(written.share("0.5"), never=True))
    assert (await polled(), await polled()) == ([1], [])
    world.later(minutes=1)
    await world.cancel(given)
    assert (await polled(), await polled()) == ([2], [])
    assert await world.events() == ()


@pytest.mark.proves("r47", "r50", "r52")
async def test_what_has_no_end_is_listed_until_it_is_cancelled(world: World) -> None:
    await world.greeted()
    given = await world.send(written.event(lasts=timedelta()))
    world.later(days=40)
    await world.restart()
    (event,) = await world.events()
    assert event.descriptor.status is EventStatus.ACTIVE
    assert world.index.ticket(HOME) is not None, "it is still not answered"
    await world.cancel(given)
    (event,) = await world.events()
    await world.say(created_event(word(event)))
    assert await world.events() == ()


@pytest.mark.proves("r8", "r9", "r63", "r105")
@pytest.mark.parametrize(
    ("event", "rule"),
    [
        (written.event(period={"notification": None}), "r105"),
        (written.event(written.share("0.3", timedelta(minutes=1))), "r8"),
        (written.event(written.simple(7)), "r9"),
        (written.event(target=Target(ven_ids=(VenId("a"), VenId("b")))), "r63"),
        (written.event(replace(written.share("0.3"), name=LOAD_DISPATCH)), "r104"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_its_number_unless_that_is_the_point(
    world: World, event: Event, rule: str
) -> None:
    with pytest.raises(Impossible, match=rule):
        await world.send(event)
    assert await world.deliveries() == ()
    assert (await world.send(event, as_is=True)).order.written == event


async def test_nothing_that_the_schema_refuses_is_sent_on_purpose(world: World) -> None:
    """It would keep the site from all its other events."""
    broken = written.event(replace(written.share("0.3"), unit=replace(written.KILOWATT, power=None)))
    with pytest.raises(Impossible, match="cannot be sent"):
        await world.send(broken, as_is=True)


@pytest.mark.proves("W13")
async def test_an_emergency_breaks_no_rule_on_purpose(world: World) -> None:
    plain: dict[str, Any] = {"programme": Programme.SUPPLY_LIMIT, "period": {"start_after": None}}
    with pytest.raises(Impossible, match="--as-is"):
        await world.send(written.event(**plain), as_is=True)
    assert (await world.send(written.event(**plain))).order.programme is Programme.SUPPLY_LIMIT


async def test_the_record_names_the_signals_and_the_digest_of_what_is_kept(world: World) -> None:
    await world.send(RICH, feeder_ids=(F1, F2))
    *_, entry = await world.entries()
    assert entry.body["programme"] is None
    assert entry.body["market_context"] == "http://other.example/prices"
    assert entry.body["signals"] == (
        {"name": "ELECTRICITY_PRICE", "type": "price", "values": ("0.31", "-0.02")},
        {"name": "x-mood", "type": "level", "values": ("1", "5")},
    )
    assert entry.body["written"] == sha256(order_rows.packed(RICH)).hexdigest()
    assert "permille" not in entry.body


async def test_a_site_may_decline_it(world: World) -> None:
    await world.greeted()
    await world.send(RICH)
    (event,) = await world.events()
    assert event.response_required is ResponseRequired.ALWAYS
    await world.say(created_event(word(event, OptType.OPT_OUT)))
    (delivery,) = await world.deliveries()
    assert delivery.settled
