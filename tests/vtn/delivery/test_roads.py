"""Whatever three people try one after the other on a real store, no large order holds by one person's word."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vtn.world import ORDER, World
from vtn.delivery import orders, release
from vtn.model.change import Change
from vtn.model.errors import Mistake
from vtn.model.intervention import Intervention
from vtn.model.release import Rules
from vtn.store import interventions, proposals

ACCOUNTS: Final = ("uid:1", "uid:2", "uid:3")
SMALL, LARGE = Decimal(60), Decimal(40)
RULES: Final = Rules(above_watts=10_000)
Act = Callable[[World, str, Decimal], Awaitable[object]]


async def newest(world: World) -> tuple[str, int, str]:
    """An intervention, a proposal and what it says: those that one would try things with."""
    async with world.store.reading() as tx:
        known = await interventions.load(tx)
        waiting = await proposals.load(tx)
    one = known[0].intervention_id if known else "I0"
    return (one, waiting[0].number, waiting[0].digest) if waiting else (one, 0, "")


async def give(world: World, who: str, percent: Decimal) -> object:
    wanted = replace(ORDER, start=world.now, percent=percent)
    return await release.order(world.store, who, wanted, RULES, world.now)


async def draft(world: World, who: str, percent: Decimal) -> object:
    wanted = replace(ORDER, start=world.now, percent=percent)
    return await release.draft(world.store, who, wanted, RULES, world.now)


async def revise(world: World, who: str, percent: Decimal) -> object:
    wanted = replace(ORDER, start=world.now, percent=percent)
    number = (await newest(world))[1]
    return await release.revise(world.store, who, number, wanted, RULES, world.now)


async def submit(world: World, who: str, _: Decimal) -> object:
    return await release.submit(world.store, who, (await newest(world))[1], RULES, world.now)


async def approve(world: World, who: str, _: Decimal) -> object:
    number, digest = (await newest(world))[1:]
    return await release.approve(world.store, who, number, digest, RULES, world.now)


async def change(world: World, who: str, percent: Decimal) -> object:
    name, wanted = (await newest(world))[0], Change(reason="other", changed_by="op1", percent=percent)
    return await release.change(world.store, who, name, wanted, RULES, world.now)


async def cancel(world: World, who: str, _: Decimal) -> object:
    return await orders.cancel(world.store, (await newest(world))[0], "cool", "op1", world.now, who)


async def wait(world: World, _: str, __: Decimal) -> None:
    world.now += timedelta(minutes=8)


ACTS: Final[tuple[Act, ...]] = (give, draft, revise, submit, approve, change, cancel, wait)
ROADS: Final = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from(ACCOUNTS), st.sampled_from((SMALL, LARGE))),
    min_size=4,
    max_size=12,
)


async def walk(world: World, road: list[tuple[Act, str, Decimal]]) -> tuple[Intervention, ...]:
    await world.start()
    try:
        for act, who, percent in road:
            try:
                await act(world, who, percent)
            except Mistake:
                continue
        async with world.store.reading() as tx:
            return await interventions.load(tx)
    finally:
        await world.store.close()


@pytest.mark.proves("B16", "O04")
@settings(max_examples=10)
@given(ROADS)
def test_no_large_order_holds_by_one_persons_word(built: Path, road: list[tuple[Act, str, Decimal]]) -> None:
    with TemporaryDirectory() as folder:
        shutil.copytree(built, Path(folder) / "state")
        for one in asyncio.run(walk(World(Path(folder) / "state"), road)):
            assert one.word.is_of_two or one.order.percent == SMALL, one


def test_such_roads_do_lead_to_large_orders(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "state")
    mine, other, _ = ACCOUNTS
    road: list[tuple[Act, str, Decimal]] = [
        (give, mine, SMALL),
        (change, mine, LARGE),
        (approve, mine, LARGE),
        (approve, other, LARGE),
    ]
    (one,) = asyncio.run(walk(World(tmp_path / "state"), road))
    assert (one.order.percent, one.word.is_of_two) == (LARGE, True)
