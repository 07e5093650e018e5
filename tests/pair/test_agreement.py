"""Whatever the wire loses and whoever restarts: after the faults both ends agree, and meanwhile the limit holds."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto
from itertools import dropwhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oadr.wire.messages import Message
from tests.pair.town import LIMITED, Town, in_memory, played
from tests.pair.wire import Fate, Fates
from vtn.model.intervention import Intervention

ENOUGH = timedelta(minutes=20)
"""Every fault of an example is over long before; the limit lasts two hours."""


class Act(Enum):
    VTN_RESTARTS = auto()
    VEN_RESTARTS = auto()
    VTN_FORGETS_THE_VEN = auto()
    OPERATOR_CANCELS = auto()


faults = st.lists(st.sampled_from(Fate), max_size=15)
acts = st.lists(st.tuples(st.integers(1, 60), st.sampled_from(Act)), max_size=4)


def in_turn(fates: Iterable[Fate]) -> Fates:
    """The next exchange gets the next fate; after the last one everything passes."""
    left = iter(fates)

    def of(_: Message) -> Fate:
        return next(left, Fate.PASSES)

    return of


@pytest.mark.proves("P14", "F8", "VT01", "VT02")
@settings(max_examples=settings().max_examples // 8)
@given(faults, faults, acts)
def test_after_any_faults_both_ends_agree_on_an_order_and_on_its_end(
    at_first: list[Fate], later: list[Fate], events: list[tuple[int, Act]]
) -> None:
    async def play(town: Town) -> None:
        town.config = replace(town.config, retry_cap=timedelta(seconds=20), sample_every=timedelta(minutes=1))
        town.wire.fates = in_turn(at_first)
        async with AsyncExitStack() as life:
            await life.enter_async_context(town.ven())
            await town.wait(seconds=7)
            given = await town.dso.limit(duration=timedelta(hours=2))
            for pause, act in events:
                await town.wait(seconds=pause)
                await perform(act, town, life, given)
            await until_agreed(town)
            town.wire.fates = in_turn(later)
            await perform(Act.OPERATOR_CANCELS, town, life, given)
            await until_agreed(town)
            cancelled_at = (await town.dso.delivery()).intervention.cancelled_at
        assert cancelled_at
        told = [amps for at, amps in town.charger.told if at < cancelled_at]
        assert set(dropwhile(lambda amps: amps is None, told)) <= {LIMITED}, "bound once, bound until the end"

    with in_memory() as folder:
        played(folder, play)


async def perform(act: Act, town: Town, life: AsyncExitStack, given: Intervention) -> None:
    match act:
        case Act.VTN_RESTARTS:
            await town.dso.restart()
        case Act.VEN_RESTARTS:
            await life.aclose()
            await life.enter_async_context(town.ven())
        case Act.VTN_FORGETS_THE_VEN:
            await town.dso.forget()
        case Act.OPERATOR_CANCELS:
            if not await is_cancelled(town):
                await town.dso.cancel(given)


async def is_cancelled(town: Town) -> bool:
    return (await town.dso.delivery()).intervention.cancelled_at is not None


async def until_agreed(town: Town) -> None:
    """Returns once both ends agree and still do a while later."""
    deadline = town.clock.now() + ENOUGH
    while not await agreed(town):
        assert town.clock.now() < deadline, "they do not agree"
        await town.wait(seconds=30)
    await town.wait(seconds=90)
    assert await agreed(town), "they agreed only for a moment"


async def agreed(town: Town) -> bool:
    delivery = await town.dso.delivery()
    wanted = None if await is_cancelled(town) else LIMITED
    return delivery.settled and delivery.answer is not None and delivery.answer.agreed and town.amps == wanted
