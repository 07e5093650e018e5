"""The kill switch: it lets go of everything in its scope, and can do nothing else."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from oadr.charging.signals import Programme
from oadr.ledger.entry import EntryType
from oadr.wire.ids import GroupId
from oadr.wire.messages.event import EventStatus
from tests.vtn.world import F1, F2, HOME, LATE, ORDER, World
from vtn.delivery import halting, orders, release
from vtn.delivery.halting import Halted
from vtn.model.errors import Impossible, NotAllowed, NotNow
from vtn.model.halt import Scope
from vtn.model.intervention import State
from vtn.model.people import Role
from vtn.model.release import Rules
from vtn.store import alarms, halts, interventions, people
from vtn.store.engine import StoreAway

ANNA, ROOT = "uid:1001", "uid:0"
RULES: Final = Rules()
EVERYTHING: Final = Scope()


async def kill(world: World, scope: Scope = EVERYTHING) -> Halted:
    halted = await halting.kill(world.store, ANNA, scope, "wrong feeder", "op1", world.now)
    await world.index.refresh(world.store, world.now)
    return halted


async def three(world: World) -> list[str]:
    """One that runs on F1, one that is planned on F2, and a shift on F1."""
    later = world.now + timedelta(hours=1)
    given = (
        await world.give(),
        await world.give(feeder_ids=(F2,), start=later),
        await world.give(start=later, programme=Programme.LOAD_SHIFT, percent=Decimal(60)),
    )
    return [one.intervention_id for one in given]


async def states(world: World) -> dict[str, State]:
    async with world.store.reading() as tx:
        return {one.intervention_id: one.state(world.now) for one in await interventions.load(tx)}


@pytest.mark.proves("O04", "W26")
@pytest.mark.parametrize(
    ("scope", "ended"),
    [
        (Scope(), [0, 1, 2]),
        (Scope(feeder_id=F1), [0, 2]),
        (Scope(programme=Programme.SUPPLY_LIMIT), [0, 1]),
        (Scope(programme=Programme.PRICE), []),
    ],
)
async def test_everything_in_its_scope_is_let_go_in_one_transaction(
    world: World, scope: Scope, ended: list[int]
) -> None:
    names = await three(world)
    halted = await kill(world, scope)
    assert sorted(one.intervention_id for one in halted.cancelled) == sorted(names[each] for each in ended)
    cancelled = {name for name, state in (await states(world)).items() if state is State.CANCELLED}
    assert cancelled == {names[each] for each in ended}
    recorded = [entry for entry in await world.entries() if entry.type is EntryType.CANCEL]
    assert [entry.body["halt"] for entry in recorded] == [True] * len(ended)
    *_, entry = await world.entries()
    assert (entry.type, entry.body["what"]) == (EntryType.CONFIG_CHANGE, "halt")
    assert entry.body["scope"] == str(scope)


@pytest.mark.proves("O04", "r66")
async def test_what_began_late_at_random_is_let_go_even_after_its_planned_end(world: World) -> None:
    shift = await world.give(
        programme=Programme.LOAD_SHIFT, percent=Decimal(60), randomise=timedelta(minutes=10)
    )
    world.later(minutes=35)
    assert (await states(world))[shift.intervention_id] is State.OVER
    assert [one.intervention_id for one in (await kill(world)).cancelled] == [shift.intervention_id]
    world.later(minutes=10)
    assert (await kill(world)).cancelled == ()


@pytest.mark.proves("O04")
async def test_the_sites_hear_of_it_as_of_any_cancellation(world: World) -> None:
    await world.greeted()
    await three(world)
    await kill(world)
    assert {event.descriptor.status for event in await world.events()} == {EventStatus.CANCELLED}


@pytest.mark.proves("O04", "W26")
async def test_nothing_new_is_ordered_until_an_admin_lifts_it(world: World) -> None:
    halted = await kill(world, Scope(feeder_id=F1))
    order = replace(ORDER, start=world.now)
    with pytest.raises(NotNow, match=r"feeder F1 is halted since .* \(wrong feeder\)"):
        await release.order(world.store, ROOT, order, RULES, world.now)
    with pytest.raises(NotNow, match="is halted"):
        await orders.give(world.store, replace(order, is_test=True), world.now)
    await world.give(feeder_ids=(F2,))
    async with world.store.writing() as tx:
        await people.name(tx, ROOT, (Role.ADMIN, Role.OPERATOR))
        await people.name(tx, ANNA, (Role.OPERATOR,))
    number = halted.halt.number
    with pytest.raises(NotAllowed, match="role of admin"):
        await halting.lift(world.store, ANNA, number, "all well", "op1", world.now)
    await halting.lift(world.store, ROOT, number, "all well", "admin", world.now)
    *_, entry = await world.entries()
    assert (entry.body["what"], entry.body["reason"]) == ("halt lifted", "all well")
    assert await states(world) == dict.fromkeys(await states(world), State.RUNNING), "it brings nothing back"
    assert (await release.order(world.store, ROOT, order, RULES, world.now)).intervention
    with pytest.raises(NotNow, match=f"there is no halt {number}"):
        await halting.lift(world.store, ROOT, number, "again", "admin", world.now)


@pytest.mark.proves("O04")
async def test_neither_two_people_nor_broken_glass_get_past_it(world: World) -> None:
    strict = replace(RULES, above_watts=0)
    order = replace(ORDER, start=world.now)
    one = (await release.order(world.store, ANNA, order, strict, world.now)).proposal
    assert one is not None
    await kill(world)
    with pytest.raises(NotNow, match="everything is halted"):
        await release.approve(world.store, ROOT, one.number, one.digest, strict, world.now)
    with pytest.raises(NotNow, match="everything is halted"):
        await release.break_glass(world.store, ANNA, one.number, "it smokes", strict, world.now)
    assert await states(world) == {}


async def test_what_runs_beside_its_scope_may_only_become_less(world: World) -> None:
    """A halt of a programme lets an intervention of another run on; then all of its feeders are halted as well."""
    shift = await world.give(programme=Programme.LOAD_SHIFT, percent=Decimal(60))
    async with world.store.writing() as tx:
        person = await people.meet(tx, ANNA)
        await halts.pull(tx, Scope(feeder_id=F1), person.person_id, "by hand", world.now)
    await world.change(shift, percent=Decimal(80))
    with pytest.raises(NotNow, match="is halted"):
        await world.change(shift, percent=Decimal(70))


async def test_who_pulls_it_twice_has_pulled_it_once(world: World) -> None:
    first, again = await kill(world), await kill(world)
    assert again.halt == first.halt
    async with world.store.reading() as tx:
        assert await halts.pulled(tx) == (first.halt,)


@pytest.mark.proves("O04")
async def test_it_takes_a_reason_a_feeder_that_exists_and_somebody_who_works_here(world: World) -> None:
    with pytest.raises(Impossible, match="--reason is missing"):
        await halting.kill(world.store, ANNA, EVERYTHING, " ", "op1", world.now)
    with pytest.raises(NotNow, match="no feeder F9"):
        await kill(world, Scope(feeder_id=GroupId("F9")))
    async with world.store.writing() as tx:
        await people.name(tx, ROOT, (Role.ADMIN,))
    with pytest.raises(NotAllowed):
        await kill(world)
    async with world.store.reading() as tx:
        assert await halts.pulled(tx) == ()


async def test_an_alarm_is_told_of_it(world: World) -> None:
    await three(world)
    await kill(world, Scope(feeder_id=F2))
    async with world.store.writing() as tx:
        (alarm,) = await alarms.take(tx, world.now)
    assert alarm.kind == "kill switch"
    assert alarm.why.startswith("feeder F2 by P-")
    assert alarm.why.endswith("1 interventions cancelled: wrong feeder")


@pytest.mark.proves("S3")
async def test_it_ends_all_or_nothing(world: World) -> None:
    names = await three(world)
    async with world.store.writing() as tx:
        await tx.exec_driver_sql("DELETE FROM log_head")
    with pytest.raises(StoreAway):
        await kill(world)
    assert State.CANCELLED not in (await states(world)).values()
    assert len(await states(world)) == len(names)
    assert (await world.deliveries(HOME), await world.deliveries(LATE)) != ((), ())
