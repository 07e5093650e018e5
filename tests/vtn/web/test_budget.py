"""A slow store: who waits for how long, and that nobody waits behind the others' reports."""

import asyncio

import pytest

from oadr.wire.ids import NO_REQUEST
from oadr.wire.messages import Message, Response
from oadr.wire.messages.common import EiResponse
from vtn.store.engine import StoreAway
from vtn.web.budget import LONGEST_QUEUE, Budget, Places

DONE = Response(response=EiResponse(request_id=NO_REQUEST))


class SlowStore:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.begun = 0
        self.finished = 0

    async def work(self) -> Message:
        self.begun += 1
        await self.gate.wait()
        self.finished += 1
        return DONE


@pytest.fixture
def store() -> SlowStore:
    return SlowStore()


async def quickly() -> Message:
    return DONE


@pytest.mark.proves("VT07")
async def test_polls_have_places_that_reports_cannot_take(store: SlowStore) -> None:
    budget = Budget()
    reports = [asyncio.create_task(budget.others.serve(store.work)) for _ in range(50)]
    while budget.others.waiting < 46:
        await asyncio.sleep(0)
    assert await budget.urgent.serve(quickly) is DONE
    assert (store.begun, budget.others.taken, budget.others.waiting) == (4, 4, 46)
    store.gate.set()
    assert await asyncio.gather(*reports) == [DONE] * 50


@pytest.mark.proves("VT07", "VT04", "S6")
async def test_what_takes_too_long_is_given_up_and_finished_all_the_same(store: SlowStore) -> None:
    places = Places(1, 0.02)
    with pytest.raises(StoreAway):
        await places.serve(store.work)
    with pytest.raises(StoreAway):
        await places.serve(quickly)
    assert (store.finished, places.taken) == (0, 1), "it still has its place"
    store.gate.set()
    await places.settle()
    assert (store.finished, places.taken) == (1, 0)
    assert await places.serve(quickly) is DONE


@pytest.mark.proves("VT07")
async def test_who_finds_a_long_queue_is_told_at_once(store: SlowStore) -> None:
    places = Places(1, 60)
    waiting = [asyncio.create_task(places.serve(store.work)) for _ in range(LONGEST_QUEUE + 1)]
    while places.waiting < LONGEST_QUEUE:
        await asyncio.sleep(0)
    with pytest.raises(StoreAway, match="too many"):
        await places.serve(quickly)
    store.gate.set()
    await asyncio.gather(*waiting)


async def test_a_fault_of_what_was_given_up_is_nobodys_and_gives_its_place_back() -> None:
    places, gate = Places(1, 0.02), asyncio.Event()

    async def fails() -> Message:
        await gate.wait()
        raise StoreAway("gone")

    with pytest.raises(StoreAway, match="slow"):
        await places.serve(fails)
    gate.set()
    await places.settle()
    assert await places.serve(quickly) is DONE
