"""What people do with orders before these hold, against a real store."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from oadr.charging.electricity import Rating
from oadr.ledger.entry import Entry, EntryType
from oadr.wire.ids import GroupId, ResourceId
from tests.vtn.world import F1, F2, HOME, NETWORK, ORDER, TERMS, World
from tests.vtn.written import event
from vtn.delivery import orders, release
from vtn.delivery.release import Came, Key
from vtn.model import written
from vtn.model.change import Change
from vtn.model.errors import Impossible, Mistake, NeedsTwo, NotAllowed, NotNow
from vtn.model.intervention import Intervention, Order
from vtn.model.network import Feeder, Network
from vtn.model.people import Role
from vtn.model.proposal import Proposal
from vtn.model.release import Rules, Stage
from vtn.store import alarms, interventions, network, people, proposals
from vtn.store.engine import Store, StoreAway

ANNA, BEN = "uid:1001", "uid:1002"
BOTH: Final = pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
RULES: Final = Rules(above_watts=10_000)
"""40 % of F1 takes off 12.1 kW, and 60 % less than 10."""
SMALL: Final = Decimal(60)
ROOT: Final = Path(__file__).parents[3]


def order(world: World, **changes: Any) -> Order:
    return replace(ORDER, **{"start": world.now, **changes})


async def ask(world: World, account: str = ANNA, key: Key | None = None, **changes: Any) -> Came:
    return await release.order(world.store, account, order(world, **changes), RULES, world.now, key)


async def proposed(world: World, account: str = ANNA, **changes: Any) -> Proposal:
    came = await ask(world, account, **changes)
    assert came.intervention is None
    assert came.proposal is not None
    return came.proposal


async def approve(world: World, one: Proposal, account: str = BEN) -> Intervention:
    came = await release.approve(world.store, account, one.number, one.digest, RULES, world.now)
    assert came.intervention is not None
    assert came.proposal is not None
    assert came.proposal.became == came.intervention.intervention_id
    return came.intervention


async def given(world: World, **changes: Any) -> Intervention:
    came = await ask(world, **changes)
    assert came.intervention is not None
    return came.intervention


async def stored(world: World) -> list[str]:
    async with world.store.reading() as tx:
        return [one.intervention_id for one in await interventions.load(tx)]


async def stage(world: World, one: Proposal) -> Stage:
    async with world.store.reading() as tx:
        return (await proposals.find(tx, one.number)).stage(world.now)


async def told(world: World) -> list[str]:
    async with world.store.writing() as tx:
        return [one.kind for one in await alarms.take(tx, world.now)]


async def last(world: World, kind: EntryType) -> Entry:
    return [entry for entry in await world.entries() if entry.type is kind][-1]


# --- two people ---


@pytest.mark.proves("O04", "W26")
async def test_what_one_person_may_do_is_released_at_once(world: World) -> None:
    one = await given(world, percent=SMALL)
    assert one.word.by is not None
    assert one.word.by.startswith("P-")
    assert (await last(world, EntryType.INTERVENTION)).body["by"] == one.word.by
    async with world.store.reading() as tx:
        assert await interventions.find(tx, one.intervention_id) == one
        assert await proposals.load(tx) == ()


@pytest.mark.proves("O04", "W26", "S3")
async def test_what_takes_two_is_released_by_the_second_and_by_nobody_before(world: World) -> None:
    waiting = await proposed(world)
    assert (await stored(world), await world.deliveries()) == ([], ())
    with pytest.raises(NotAllowed, match="is your own"):
        await approve(world, waiting, ANNA)
    assert await stored(world) == []
    world.later(minutes=3)
    one = await approve(world, waiting)
    assert one.order.start == world.now, "what was for now begins when it is released"
    assert one.word.is_of_two
    (delivery,) = await world.deliveries(HOME)
    assert delivery.intervention == one
    body = (await last(world, EntryType.INTERVENTION)).body
    assert (body["by"], body["second"]) == (one.word.by, one.word.second)
    assert ANNA not in str(body)
    assert await stage(world, waiting) is Stage.RELEASED
    with pytest.raises(NotNow, match="it is at 'released'"):
        await approve(world, waiting)


@BOTH
@pytest.mark.proves("O04", "O05")
async def test_two_who_approve_at_once_release_once(world: World) -> None:
    waiting = await proposed(world)
    other = await Store.open(world.folder, world.url)
    one, digest, now = waiting.number, waiting.digest, world.now
    try:
        came = await asyncio.gather(
            release.approve(world.store, BEN, one, digest, RULES, now),
            release.approve(other, "uid:1003", one, digest, RULES, now),
            release.withdraw(other, ANNA, one, now),
            return_exceptions=True,
        )
    finally:
        await other.close()
    assert [type(each) for each in came].count(NotNow) == 2
    assert len(await stored(world)) <= 1


@pytest.mark.proves("O04")
async def test_a_feeder_that_grew_since_somebody_looked_takes_two(world: World) -> None:
    draft = await release.draft(world.store, ANNA, order(world, percent=SMALL), RULES, world.now)
    async with world.store.reading() as tx:
        assert (await release.look(tx, ANNA, draft.order, RULES)).reasons == ()
    (first, *_) = NETWORK.chargepoints
    new = replace(first, resource_id=ResourceId("new"), rating=Rating(Decimal(32), 3))
    await world.build(replace(NETWORK, chargepoints=(*NETWORK.chargepoints, new)))
    came = await release.submit(world.store, ANNA, draft.number, RULES, world.now)
    assert (came.intervention, came.proposal and came.proposal.stood) == (None, Stage.AWAITING)
    assert await stored(world) == []


@pytest.mark.proves("O04", "B16")
async def test_the_release_itself_asks_again(world: World) -> None:
    """Whatever a caller believes: nothing is stored above the threshold by one word."""
    with pytest.raises(NeedsTwo, match="12 kW"):
        await orders.give(world.store, order(world), world.now, rules=RULES)
    small = await given(world, percent=SMALL)
    more = Change(reason="more", changed_by="op1", percent=Decimal(0))
    with pytest.raises(NeedsTwo):
        await orders.change(world.store, small.intervention_id, more, world.now, rules=RULES)
    assert await stored(world) == [small.intervention_id]


@pytest.mark.proves("O04")
async def test_a_large_order_in_small_ones_takes_two(world: World) -> None:
    await given(world, percent=SMALL)
    waiting = await proposed(world, feeder_ids=(F2,), percent=SMALL)
    assert "it can take off 16 kW" in waiting.reasons[0]
    assert (await ask(world, BEN, feeder_ids=(F2,), percent=SMALL)).intervention, "his alone is small"


@pytest.mark.proves("O04")
async def test_an_approval_is_of_the_order_that_was_shown(world: World) -> None:
    seen = await proposed(world)
    other = order(world, percent=Decimal(0))
    revised = await release.revise(world.store, ANNA, seen.number, other, RULES, world.now)
    assert (revised.stood, revised.digest != seen.digest) == (Stage.DRAFT, True)
    again = await release.submit(world.store, ANNA, seen.number, RULES, world.now)
    assert again.proposal is not None
    with pytest.raises(NotNow, match="another than the one that was shown"):
        await approve(world, seen)
    one = await approve(world, again.proposal)
    assert one.order.percent == 0


async def test_who_revises_it_may_not_approve_it(world: World) -> None:
    one = await proposed(world)
    await release.revise(world.store, BEN, one.number, order(world, percent=Decimal(20)), RULES, world.now)
    again = await release.submit(world.store, BEN, one.number, RULES, world.now)
    assert again.proposal is not None
    with pytest.raises(NotAllowed):
        await approve(world, again.proposal, BEN)
    assert (await approve(world, again.proposal, ANNA)).order.percent == 20


async def test_a_proposal_that_nobody_takes_up_expires(world: World) -> None:
    one = await proposed(world)
    world.later(minutes=15)
    assert await stage(world, one) is Stage.EXPIRED
    with pytest.raises(NotNow, match="expired"):
        await approve(world, one)
    with pytest.raises(NotNow, match="expired"):
        await release.break_glass(world.store, ANNA, one.number, "alone", RULES, world.now)


async def test_a_proposal_can_be_withdrawn_or_rejected_and_is_no_order_then(world: World) -> None:
    first, other = await proposed(world), await proposed(world)
    assert (await release.withdraw(world.store, ANNA, first.number, world.now)).stood is Stage.WITHDRAWN
    rejected = await release.reject(world.store, BEN, other.number, "it cools down", world.now)
    assert rejected.decision == "it cools down"
    for one in (first, other):
        with pytest.raises(NotNow, match="cannot be approved"):
            await approve(world, one)
    assert await stored(world) == []
    with pytest.raises(NotNow, match="there is no proposal 99"):
        await release.withdraw(world.store, ANNA, 99, world.now)


@pytest.mark.proves("W13", "W26")
async def test_more_half_hours_than_are_rare_take_two(world: World) -> None:
    rules = replace(RULES, most_half_hours=2)
    for _ in range(2):
        await release.order(world.store, ANNA, order(world, percent=SMALL), rules, world.now)
        world.later(hours=1)
    came = await release.order(world.store, ANNA, order(world, percent=SMALL), rules, world.now)
    assert came.proposal is not None
    assert came.proposal.reasons == ("more than 2 half-hours within 30 days on F1",)
    assert (await approve(world, came.proposal)).word.is_of_two


@pytest.mark.proves("O04")
async def test_a_whole_substation_takes_two_however_little_it_draws(world: World) -> None:
    mill = tuple(replace(one, substation="mill") for one in NETWORK.feeders)
    await world.build(replace(NETWORK, feeders=mill))
    assert (await ask(world, percent=SMALL)).intervention
    world.later(hours=1)
    waiting = await proposed(world, feeder_ids=(F1, F2), percent=Decimal(90))
    assert waiting.reasons == ("it binds the whole substation mill",)
    assert (await ask(world, feeder_ids=(F1, F2), is_test=True)).intervention, "a test moves nothing"


# --- changes ---


def wanted(**changes: Any) -> Change:
    return Change(reason="another", changed_by="op1", **changes)


async def alter(world: World, one: Intervention, account: str = ANNA, **changes: Any) -> Came:
    its, now = one.intervention_id, world.now
    return await release.change(world.store, account, its, wanted(**changes), RULES, now)


@pytest.mark.proves("O04")
async def test_a_change_that_takes_more_takes_two_and_one_that_gives_back_never_does(world: World) -> None:
    one = await given(world, percent=SMALL)
    waiting = (await alter(world, one, percent=Decimal(20))).proposal
    assert waiting is not None
    assert waiting.amends is not None
    with pytest.raises(NotAllowed):
        await approve(world, waiting, ANNA)
    tighter = await approve(world, waiting)
    assert (tighter.order.percent, tighter.modification_number) == (Decimal(20), 1)
    assert tighter.order.reason == ORDER.reason, "why it was ordered stays; why it changed is told beside"
    assert tighter.modification_reason == "another"
    looser = (await alter(world, tighter, percent=Decimal(30))).intervention
    assert looser is not None, "still above what one may order, but it gives back"
    assert looser.word == tighter.word
    again = (await alter(world, looser, percent=Decimal(20))).proposal
    assert again is not None, "what two had agreed to does not make the next change one person's"


async def test_a_change_of_something_that_has_changed_since_is_void(world: World) -> None:
    one = await given(world, percent=SMALL)
    waiting = (await alter(world, one, percent=Decimal(20))).proposal
    assert waiting is not None
    await alter(world, one, percent=Decimal(70))
    with pytest.raises(NotNow, match=f"{one.intervention_id} has changed since proposal {waiting.number}"):
        await approve(world, waiting)
    with pytest.raises(NotNow, match="withdraw it, and change anew"):
        await release.revise(world.store, ANNA, waiting.number, order(world), RULES, world.now)


@pytest.mark.proves("O04")
async def test_a_cancellation_never_takes_two(world: World) -> None:
    one = await approve(world, await proposed(world))
    cancelled = await orders.cancel(world.store, one.intervention_id, "cool", "op1", world.now, ANNA)
    assert cancelled.cancelled_at == world.now
    body = (await last(world, EntryType.CANCEL)).body
    assert body["by"] == one.word.by


@pytest.mark.proves("O04", "O06")
async def test_a_written_event_may_mean_anything_so_all_of_it_is_at_stake(world: World) -> None:
    wanted = written.order(event(start=world.now), TERMS.market_contexts, (F1,), "in our words", "op1")
    came = await release.order(world.store, ANNA, wanted, RULES, world.now)
    assert came.proposal is not None
    assert came.proposal.reasons == ("it can take off 18 kW, and one person 10 kW",)
    world.later(minutes=5)
    one = await approve(world, came.proposal)
    assert one.order.written is not None
    assert one.order.start == one.order.written.period.start == world.now
    later = event(start=world.now, lasts=timedelta(minutes=40))
    change = Change(reason="longer", changed_by="op1", written=later)
    its, now = one.intervention_id, world.now
    waiting = (await release.change(world.store, ANNA, its, change, RULES, now)).proposal
    assert waiting is not None
    assert (await approve(world, waiting)).order.duration == timedelta(minutes=40)


# --- broken glass ---


@pytest.mark.proves("O04")
async def test_broken_glass_releases_at_once_and_nobody_can_overlook_it(world: World) -> None:
    waiting = await proposed(world)
    came = await release.break_glass(
        world.store, ANNA, waiting.number, "nobody answers, T7 smokes", RULES, world.now
    )
    one = came.intervention
    assert one is not None
    assert one.word.broke_glass == "nobody answers, T7 smokes"
    async with world.store.reading() as tx:
        assert await interventions.find(tx, one.intervention_id) == one, "it stays on it"
    assert (await last(world, EntryType.INTERVENTION)).body["break_glass"] == one.word.broke_glass
    body = (await last(world, EntryType.OVERRIDE)).body
    assert (body["what"], body["intervention"], body["by"]) == (
        "break-glass",
        one.intervention_id,
        one.word.by,
    )
    assert body["instead_of_two"] == waiting.reasons
    assert await told(world) == ["break-glass"]
    assert await told(world) == [], "once"
    assert (await ask(world, feeder_ids=(F2,), percent=SMALL)).proposal, "it counts as this person's own"
    changing = (await alter(world, one, percent=Decimal(0))).proposal
    assert changing is not None
    changed = await approve(world, changing)
    assert changed.word.is_of_two
    assert changed.word.broke_glass == one.word.broke_glass, "for good"
    assert "break_glass" not in (await last(world, EntryType.MODIFY)).body, "this change was two people's"


# --- who may ---


@pytest.mark.proves("O04")
async def test_roles_are_read_where_they_are_needed_and_deny_once_there_are_any(world: World) -> None:
    waiting = await proposed(world)
    async with world.store.writing() as tx:
        await people.name(tx, "uid:1", (Role.ADMIN,))
    for act in (approve(world, waiting), ask(world, percent=SMALL)):
        with pytest.raises(NotAllowed, match="takes the role"):
            await act
    async with world.store.writing() as tx:
        await people.name(tx, BEN, (Role.APPROVER,))
    assert (await approve(world, waiting)).word.is_of_two
    with pytest.raises(NotAllowed, match="operator"):
        await ask(world, BEN, percent=SMALL)


@pytest.mark.proves("O04")
async def test_somebody_always_stays_an_admin(world: World) -> None:
    async with world.store.writing() as tx:
        first = await people.name(tx, ANNA, (Role.ADMIN,))
        assert await people.name(tx, BEN, (Role.OPERATOR,)) != first
    with pytest.raises(NotAllowed, match="somebody must stay an admin"):
        async with world.store.writing() as tx:
            await people.name(tx, ANNA, (Role.OPERATOR,))
    async with world.store.reading() as tx:
        assert await people.known(tx, ANNA) == first


@pytest.mark.proves("O04")
async def test_nobody_but_an_admin_brings_looser_rules_along(world: World) -> None:
    """Settings are chosen by whoever starts a program."""
    await ask(world, percent=SMALL)
    loose = replace(RULES, above_watts=10**9)
    async with world.store.writing() as tx:
        await people.name(tx, BEN, (Role.ADMIN, Role.OPERATOR))
        await people.name(tx, ANNA, (Role.OPERATOR,))
    far = order(world, start=world.now + timedelta(hours=2))
    assert (await release.order(world.store, ANNA, far, loose, world.now)).proposal
    assert await told(world) == []
    assert (await release.order(world.store, BEN, far, loose, world.now)).intervention
    assert await told(world) == ["looser rules"]
    body = (await last(world, EntryType.CONFIG_CHANGE)).body
    assert (body["what"], body["above_kw"]) == ("release rules", 10**6)


# --- once and whole ---


@BOTH
@pytest.mark.proves("O05", "VT03", "S5", "P14")
async def test_fifty_identical_requests_make_one_intervention(world: World) -> None:
    other = await Store.open(world.folder, world.url)
    key = Key.of("click-1", b'{"feeder": "F1"}')
    try:
        came = await asyncio.gather(
            *(
                release.order(store, ANNA, order(world, percent=SMALL), RULES, world.now, key)
                for store in (world.store, other) * 25
            )
        )
    finally:
        await other.close()
    assert len(await stored(world)) == 1
    assert {one.intervention and one.intervention.intervention_id for one in came} == set(await stored(world))


@pytest.mark.proves("O05", "VT03", "S5")
async def test_a_repeated_request_gets_what_came_of_it_and_another_may_not_take_its_key(world: World) -> None:
    key = Key.of("click-1", b"one")
    first = await ask(world, key=key)
    assert first.proposal is not None
    world.later(minutes=1)
    assert (await ask(world, key=key)).proposal == first.proposal
    one = await approve(world, first.proposal)
    assert (await ask(world, key=key)).intervention == one
    with pytest.raises(NotNow, match="was used for another request"):
        await ask(world, key=Key.of("click-1", b"another"))
    assert await stored(world) == [one.intervention_id]
    assert (await ask(world, BEN, Key.of("click-1", b"his"), feeder_ids=(F2,), percent=SMALL)).intervention
    mine = Key.of("click-2", b"one")
    await ask(world, BEN, mine, percent=SMALL, start=world.now + timedelta(hours=3))
    with pytest.raises(NotNow, match="no draft"):
        await release.draft(world.store, BEN, order(world), RULES, world.now, mine)
    for text in ("", "x" * 101, "a\nb"):
        with pytest.raises(Impossible, match="key of a request"):
            await ask(world, key=Key.of(text, b"one"))


@pytest.mark.proves("O05", "VT03", "S5")
async def test_processes_that_repeat_one_request_make_one_intervention(world: World) -> None:
    runs = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.vtn.delivery.clicker", str(world.folder), world.url or ""),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    said = [(await run.communicate())[0].decode().split() for run in runs]
    (only,) = await stored(world)
    assert said == [[only] * 10] * 2


Act = Callable[[World, Proposal], Awaitable[object]]


@pytest.mark.proves("S3", "VT01")
@pytest.mark.parametrize(
    "act",
    [
        lambda world, _: ask(world, percent=SMALL, key=Key.of("k", b"")),
        lambda world, one: approve(world, one),
        lambda world, one: release.break_glass(world.store, ANNA, one.number, "alone", RULES, world.now),
    ],
)
async def test_when_the_record_cannot_be_written_nothing_has_happened(world: World, act: Act) -> None:
    waiting = await proposed(world)
    async with world.store.writing() as tx:
        await tx.exec_driver_sql("ALTER TABLE log_head RENAME TO log_head_gone")
    with pytest.raises(StoreAway):
        await act(world, waiting)
    async with world.store.writing() as tx:
        await tx.exec_driver_sql("ALTER TABLE log_head_gone RENAME TO log_head")
    assert await stored(world) == []
    assert await stage(world, waiting) is Stage.AWAITING
    assert await told(world) == []
    assert (await ask(world, percent=SMALL, key=Key.of("k", b""))).intervention, "its key is free still"


async def test_what_is_in_the_way_is_refused_before_anybody_is_asked_for_a_second_word(world: World) -> None:
    await given(world, percent=SMALL)
    for percent in (SMALL, Decimal(0)):
        with pytest.raises(Mistake, match="in the same programme"):
            await ask(world, percent=percent)
    async with world.store.reading() as tx:
        assert await proposals.load(tx) == ()


async def test_a_draft_of_an_empty_feeder_is_refused(world: World) -> None:
    empty = Feeder(feeder_id=GroupId("F0"))
    async with world.store.writing() as tx:
        await network.merge(tx, Network((empty,), (), ()))
    with pytest.raises(NotNow, match="no chargepoints on F0"):
        await release.draft(world.store, ANNA, order(world, feeder_ids=(empty.feeder_id,)), RULES, world.now)
