"""A change of an order: one transaction, a new modification for each site, an entry of the record."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.messages.common import OptType
from tests.vtn import written
from tests.vtn.world import HOME, NOW, ORDER, PARK, World, created_event, word
from vtn.delivery import orders
from vtn.model.change import Change
from vtn.model.errors import Impossible, NotNow
from vtn.store import interventions


@pytest.mark.proves("r5", "r20", "r115", "W10", "S3")
async def test_a_change_is_a_modification_of_each_event_and_an_entry_of_the_record(world: World) -> None:
    await world.greeted()
    given = await world.give()
    (first,) = await world.events()
    await world.say(created_event(word(first)))
    world.later(minutes=5)
    after = await world.change(given, percent=Decimal(30), duration=timedelta(hours=1))
    assert after.order == replace(given.order, percent=Decimal(30), duration=timedelta(hours=1))
    for ven_id in (HOME, PARK):
        (delivery,) = await world.deliveries(ven_id)
        assert delivery.intervention == after
        assert delivery.due(world.now)
    (event,) = await world.events()
    descriptor = event.descriptor
    assert (event.event_id, descriptor.modification_number) == (first.event_id, 1)
    assert (descriptor.modified_at, descriptor.modification_reason) == (world.now, "less is enough")
    assert descriptor.created_at == world.now > first.descriptor.created_at
    assert event.signals[0].intervals[0].value == Decimal("0.3")
    assert event.period.duration.span == timedelta(hours=1)
    *_, entry = await world.entries()
    assert entry.type is EntryType.MODIFY
    assert dict(entry.body) == {
        "intervention": given.intervention_id,
        "modification": 1,
        "permille": 300,
        "start": "2026-01-15T17:00:00Z",
        "seconds": 3600,
        "reason": "less is enough",
        "changed_by": "op1",
    }


@pytest.mark.proves("r5", "r10")
async def test_a_cancellation_follows_the_changes_and_all_survives_a_restart(world: World) -> None:
    given = await world.give()
    world.later(minutes=1)
    one = await world.change(given, percent=Decimal(50))
    world.later(minutes=1)
    two = await world.change(given, percent=Decimal(60), reason="even less")
    world.later(minutes=1)
    ended = await world.cancel(given)
    assert (one.modification_number, two.modification_number, ended.modification_number) == (1, 2, 3)
    assert [change.before.percent for change in ended.changes] == [Decimal(40), Decimal(50)]
    await world.restart()
    async with world.store.reading() as tx:
        assert await interventions.load(tx) == (ended,)
        assert await interventions.find(tx, given.intervention_id) == ended
    (delivery,) = await world.deliveries()
    assert delivery.intervention == ended


async def test_each_modification_is_answered_and_a_late_word_on_an_older_one_is_refused(world: World) -> None:
    await world.greeted()
    given = await world.give()
    (first,) = await world.events()
    await world.say(created_event(word(first)))
    world.later(minutes=1)
    await world.change(given, percent=Decimal(10))
    stale = await world.say(created_event(word(first, OptType.OPT_OUT)))
    assert stale.response.code == "450"
    (event,) = await world.events()
    await world.say(created_event(word(event, OptType.OPT_OUT)))
    (delivery,) = await world.deliveries()
    assert delivery.settled
    assert delivery.order_answer is not None
    assert (delivery.order_answer.modification_number, delivery.order_answer.agreed) == (1, False)


async def test_an_order_may_not_grow_into_another(world: World) -> None:
    given = await world.give()
    await world.give(start=NOW + ORDER.duration)
    with pytest.raises(NotNow, match="cancel it first"):
        await world.change(given, duration=ORDER.duration + timedelta(minutes=1))
    assert (await world.change(given, percent=Decimal(0))).modification_number == 1, "not in its own way"


async def test_a_mistake_changes_nothing(world: World) -> None:
    given = await world.give()
    before = await world.recorded()
    with pytest.raises(Impossible):
        await world.change(given, percent=Decimal(101))
    with pytest.raises(NotNow, match="there is no intervention I9"):
        await orders.change(world.store, "I9", Change(reason="why", changed_by="op1"), NOW)
    assert await world.recorded() == before
    (delivery,) = await world.deliveries()
    assert delivery.intervention == given


async def test_new_words_take_the_place_of_the_old_ones(world: World) -> None:
    await world.greeted()
    given = await world.send(written.event(written.set_point(11)))
    (first,) = await world.events()
    world.later(minutes=1)
    await world.change(given, written=written.event(written.set_point(7)))
    (event,) = await world.events()
    assert [one.signals[0].intervals[0].value for one in (first, event)] == [Decimal(11), Decimal(7)]
    assert event.descriptor.modification_number == 1
    *_, entry = await world.entries()
    assert entry.type is EntryType.MODIFY
    assert entry.body["signals"] == ({"name": "LOAD_DISPATCH", "type": "setpoint", "values": ("7",)},)
