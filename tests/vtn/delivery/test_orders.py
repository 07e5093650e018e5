"""The operator's acts against a real store: whole or not at all, and seen by the server."""

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from oadr.charging.signals import Programme
from oadr.ledger.entry import EntryType
from oadr.wire.ids import GroupId
from tests.vtn.world import F1, F2, HOME, HOME_EVSE, LATE, NOW, ORDER, PARK, PARK_1, PARK_2, World
from vtn.delivery import orders
from vtn.delivery.index import Index
from vtn.model.errors import Impossible, NotNow
from vtn.store import interventions
from vtn.store.engine import Store, StoreAway


async def stored(world: World) -> list[str]:
    async with world.store.reading() as tx:
        return [one.intervention_id for one in await interventions.load(tx)]


@pytest.mark.proves("S3", "W10", "W11")
async def test_an_order_becomes_one_event_for_each_site_and_one_entry_of_the_record(world: World) -> None:
    given = await orders.give(world.store, replace(ORDER, feeder_ids=(F1, F2)), NOW)
    events = [await world.deliveries(ven_id) for ven_id in (HOME, PARK, LATE)]
    assert [[one.resources for one in of_site] for of_site in events] == [
        [(HOME_EVSE,)],
        [(PARK_1, PARK_2)],
        [("late-evse",)],
    ]
    assert all(one.intervention == given and one.is_whole_site for (one,) in events)
    assert len({one.event_id for (one,) in events}) == 3
    *_, entry = await world.entries()
    assert entry.type is EntryType.INTERVENTION
    assert entry.body["reason"] == ORDER.reason
    assert entry.body["permille"] == 400
    assert (entry.body["start"], entry.body["seconds"]) == ("2026-01-15T17:00:00Z", 1800)
    text = entry.raw.decode()
    assert not any(name in text for name in ("home", "park", "late", "evse")), "sites by pseudonym only"


async def test_only_what_hangs_on_the_feeder_is_meant(world: World) -> None:
    await orders.give(world.store, ORDER, NOW)
    (of_park,) = await world.deliveries(PARK)
    assert of_park.resources == (PARK_1,)
    assert not of_park.is_whole_site
    assert await world.deliveries(LATE) == ()


@pytest.mark.proves("S3")
async def test_when_the_record_cannot_be_written_nothing_is(world: World) -> None:
    async with world.store.writing() as tx:
        await tx.exec_driver_sql("DELETE FROM log_head")
    with pytest.raises(StoreAway):
        await orders.give(world.store, ORDER, NOW)
    assert await stored(world) == []
    assert await world.deliveries() == ()
    assert not await world.index.refresh(world.store, NOW), "nothing to notice"


@pytest.mark.proves("VT03", "O05")
async def test_a_repeated_order_is_one_order(world: World) -> None:
    """Two commands at once, each with a connection of its own, as two processes would."""
    other = await Store.open(world.folder, world.url)
    try:
        outcomes = await asyncio.gather(
            *(orders.give(store, ORDER, NOW) for store in (world.store, other) * 3), return_exceptions=True
        )
    finally:
        await other.close()
    (given,) = [one for one in outcomes if not isinstance(one, BaseException)]
    refused = [one for one in outcomes if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [NotNow] * 5
    assert f"{given.intervention_id} limits F1" in str(refused[0])
    assert await stored(world) == [given.intervention_id]


@pytest.mark.parametrize(
    ("changes", "error", "names"),
    [
        ({"feeder_ids": (GroupId("F9"),)}, NotNow, "no feeder F9; known are F1, F2"),
        ({"percent": Decimal(101)}, Impossible, "--percent"),
    ],
)
async def test_a_mistake_stores_nothing(
    world: World, changes: dict[str, Any], error: type[Exception], names: str
) -> None:
    with pytest.raises(error, match=names):
        await orders.give(world.store, replace(ORDER, **changes), NOW)
    assert await stored(world) == []
    assert await world.recorded() == [EntryType.BEGIN]


async def test_what_is_reckoned_with_is_what_is_sent(world: World) -> None:
    """Fractions are cut off on the wire, and an operator may live in another zone."""
    away = timezone(timedelta(hours=1))
    start = (NOW + timedelta(milliseconds=900)).astimezone(away)
    given = await orders.give(world.store, replace(ORDER, start=start), NOW)
    assert given.order.start == NOW
    assert given.order.start.tzname() == "UTC"
    async with world.store.reading() as tx:
        assert await interventions.find(tx, given.intervention_id) == given


@pytest.mark.proves("r10", "S3")
async def test_a_cancellation_is_a_modification_of_each_event_and_an_entry_of_the_record(
    world: World,
) -> None:
    given = await world.give()
    world.later(minutes=5)
    cancelled = await world.cancel(given)
    assert cancelled.cancelled_at == world.now
    for ven_id in (HOME, PARK):
        (delivery,) = await world.deliveries(ven_id)
        assert delivery.intervention == cancelled
        assert delivery.created_at == world.now
        assert delivery.due(world.now)
    *_, entry = await world.entries()
    assert entry.type is EntryType.CANCEL
    assert dict(entry.body) == {
        "intervention": given.intervention_id,
        "reason": "load is down & out",
        "cancelled_by": "op1",
    }


@pytest.mark.parametrize("case", ["unknown", "twice", "over", "without a reason"])
async def test_what_cannot_be_cancelled_is_said(world: World, case: str) -> None:
    given = await world.give()
    before = await world.recorded()
    match case:
        case "unknown":
            with pytest.raises(NotNow, match="there is no intervention I9"):
                await orders.cancel(world.store, "I9", "why", "op1", world.now)
        case "twice":
            await world.cancel(given)
            with pytest.raises(NotNow, match="cancelled already"):
                await world.cancel(given)
            before.append(EntryType.CANCEL)
        case "over":
            world.later(minutes=30)
            with pytest.raises(NotNow, match="over already"):
                await world.cancel(given)
        case _:
            with pytest.raises(Impossible, match="--reason"):
                await world.cancel(given, "\x07")
    assert await world.recorded() == before


async def test_a_load_shift_may_run_beside_a_supply_limitation_and_after_its_like(world: World) -> None:
    await world.give()
    await world.give(programme=Programme.LOAD_SHIFT)
    await world.give(start=NOW + ORDER.duration)
    with pytest.raises(NotNow):
        await world.give(start=NOW + ORDER.duration - timedelta(seconds=1))


@pytest.mark.proves("W10")
async def test_the_server_notices_what_another_process_has_ordered(world: World) -> None:
    await world.greeted()
    assert world.index.ticket(HOME) is None
    other = await Store.open(world.folder, world.url)
    await orders.give(other, ORDER, NOW)
    await other.close()
    assert world.index.ticket(HOME) is None, "not before it looks"
    assert await world.index.refresh(world.store, NOW)
    assert world.index.ticket(HOME) is not None
    assert world.index.ticket(LATE) is None, "who has not registered has no mail yet"
    assert not await world.index.refresh(world.store, NOW), "and then there is nothing new"


async def test_an_index_made_anew_knows_the_same(world: World) -> None:
    await world.greeted(PARK)
    await world.give()
    fresh = Index()
    await fresh.refresh(world.store, NOW)
    assert fresh._callers == world.index._callers
    assert fresh._mail.keys() == world.index._mail.keys() == {PARK}
