"""The stream of changes: whoever listens hears of each, and whoever comes back of what was missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.vtn.api.rooms import ADMIN, ANNA, ORDER, Client, Room, given
from vtn.api import changes, stream
from vtn.model.people import Role
from vtn.store import people


class Line:
    """An open stream, read event by event."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.status = answer.status

    async def next(self) -> dict[str, str]:
        """The next event, or `{"": "comment"}`; empty at the end."""
        async with asyncio.timeout(10):
            block = []
            while (line := await self._answer.content.readline()) not in (b"\n", b""):
                block.append(line.decode().rstrip("\n"))
        return {name: value.strip() for name, _, value in (line.partition(":") for line in block)}


@asynccontextmanager
async def listening(client: Client, last: str | None = None) -> AsyncIterator[Line]:
    headers = {"Authorization": f"Bearer {client.token}"}
    if last is not None:
        headers["Last-Event-ID"] = last
    url = f"http://127.0.0.1:{client.port}/api/v1/changes"
    async with client.session.get(url, headers=headers) as answer:
        yield Line(answer)


@pytest.fixture
async def anna(room: Room) -> Client:
    return await room.client(ANNA)


async def test_a_listener_hears_of_each_change_and_where_to_look(room: Room, anna: Client) -> None:
    async with listening(anna) as line:
        first = await line.next()
        assert (first["event"], first["data"]) == (
            "change",
            '{"changed": ["orders", "record", "proposals"]}',
        )
        await given(anna)
        await room.port.watch()
        ordered = await line.next()
        assert ordered["data"] == '{"changed": ["orders", "record"]}'
        await anna.post("/proposals", {**ORDER, "feeders": ["F2"]})
        await room.port.watch()
        drafted = await line.next()
        assert drafted["data"] == '{"changed": ["proposals"]}'
        assert len({first["id"], ordered["id"], drafted["id"]}) == 3


async def test_whoever_comes_back_hears_what_was_missed(room: Room, anna: Client) -> None:
    async with listening(anna) as line:
        last = (await line.next())["id"]
    await given(anna)
    async with listening(anna, last) as line:
        missed = await line.next()
        assert missed["data"] == '{"changed": ["orders", "record"]}'
    async with listening(anna, missed["id"]) as line:
        await anna.post("/proposals", {**ORDER, "feeders": ["F2"]})
        await room.port.watch()
        assert (await line.next())["data"] == '{"changed": ["proposals"]}', "nothing was told twice"
    async with listening(anna, "nonsense") as line:
        assert (await line.next())["data"] == '{"changed": ["orders", "record", "proposals"]}'


async def test_a_quiet_line_shows_that_it_is_open_until_the_role_is_gone(
    room: Room, anna: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.02)
    admin = await room.client(ADMIN)
    key = (await anna.get("/me")).json["key"]
    async with listening(anna) as line:
        await line.next()
        assert await line.next() == {"": "still here"}
        await admin.ask("DELETE", f"/keys/{key}")
        while told := await line.next():
            assert "still here" in told.values() or told["event"] == "change"
    again = await room.client(ANNA)
    async with listening(again) as line:
        async with room.world.store.writing() as tx:
            await people.name(tx, ANNA, (Role.VIEWER,))
        for _ in range(5):
            assert await line.next(), "who may look, hears on"


async def test_there_is_an_end_to_how_many_may_listen(anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST", 1)
    async with listening(anna) as line:
        await line.next()
        late = await anna.get("/changes?for_s=0")
        assert (late.status, late.headers["Retry-After"]) == (429, "30")


async def test_how_it_stands_can_be_asked_once(anna: Client) -> None:
    answer = await anna.get("/changes?for_s=0")
    assert answer.status == 200
    assert answer.body.count(b"event: change") == 1
    assert answer.headers["Content-Type"].startswith("text/event-stream")


async def test_nobody_looks_at_the_store_while_nobody_listens(room: Room) -> None:
    await room.world.store.close()
    await room.port.watch()
