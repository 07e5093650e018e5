"""Many at the same moment: one order, and one change, on either database."""

import asyncio

import pytest

from oadr.ledger.entry import EntryType
from tests.vtn.api.rooms import ANNA, ORDER, Client, Room, given


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def anna(room: Room) -> Client:
    return await room.client(ANNA)


@pytest.mark.proves("O05", "VT03", "S5")
async def test_fifty_parallel_identical_posts_make_one_intervention(room: Room, anna: Client) -> None:
    answers = await asyncio.gather(
        *(anna.post("/interventions", ORDER, Idempotency_Key="click") for _ in range(50))
    )
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["intervention"]["intervention"] for answer in answers}) == 1
    assert len((await anna.get("/interventions")).json["items"]) == 1
    assert (await room.world.recorded()).count(EntryType.INTERVENTION) == 1


async def test_of_two_changes_at_the_same_moment_one_is_stale(anna: Client) -> None:
    path = f"/interventions/{await given(anna)}"
    answers = await asyncio.gather(
        *(
            anna.ask("PATCH", path, {"percent": percent, "reason": "less"}, If_Match='"0"')
            for percent in range(50, 60)
        )
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 9
