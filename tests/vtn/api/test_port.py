"""The API's port: its own, safe headers, TLS where there is a chain, and words for everything that goes wrong."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from certs.authority import KeyType
from certs.folder import ROOT, VTN
from tests.pki import make_pki
from tests.vtn.api.rooms import ANNA, Room, serving
from tests.vtn.web.server import Memory
from tests.vtn.world import KEY, World
from vtn.api import connection, gate
from vtn.api.forms import Nothing
from vtn.api.port import ApiPort
from vtn.api.route import Answer, Call, Office, Reply, Route
from vtn.config import BadSetting, Settings, load
from vtn.model.keys import KeyScope
from vtn.store.engine import StoreAway
from vtn.web.journal import Journal


async def test_a_path_or_a_method_that_does_not_exist_is_a_problem_too(room: Room) -> None:
    anna = await room.client(ANNA)
    nowhere = await anna.get("/nowhere")
    assert (nowhere.status, nowhere.headers["Content-Type"]) == (404, "application/problem+json")
    wrong = await anna.ask("DELETE", "/feeders")
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET")
    assert wrong.json["type"] == "/api/v1/#problem-method"


@pytest.mark.parametrize("path", ["/me", "/nowhere", "/", "/openapi.json", "/feeders?format=csv"])
async def test_every_answer_has_a_name_and_is_safe_to_show(room: Room, path: str) -> None:
    answer = await (await room.client(ANNA)).get(path)
    assert len(answer.headers["X-Request-ID"]) == 16
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Python" not in answer.headers["Server"]


async def test_the_page_needs_nothing_from_anywhere_else(room: Room) -> None:
    for name, media in (("", "text/html"), ("page.js", "text/javascript"), ("page.css", "text/css")):
        answer = await room.stranger.get(f"/{name}")
        assert answer.headers["Content-Type"].startswith(media)
        assert answer.body
        assert b"http://" not in answer.body
        assert b"https://" not in answer.body
        assert b"innerHTML" not in answer.body
    async with room.session.get(f"http://127.0.0.1:{room.port.port}/") as led:
        assert led.url.path == "/api/v1/"


async def boom(_: Call, __: Nothing, ___: Nothing) -> Reply:
    raise ZeroDivisionError("poison")


async def away(_: Call, __: Nothing, ___: Nothing) -> Reply:
    raise StoreAway("the store cannot be used: gone")


def broken(path: str, handle: Any) -> Route[Any, Any]:
    return Route(
        method="GET",
        path=path,
        name=path.strip("/"),
        summary="",
        tag="",
        scopes=(KeyScope.READ,),
        asked=Nothing,
        body=Nothing,
        handle=handle,
        answers=(Answer(status=200, says=""),),
    )


async def test_a_fault_of_ours_is_told_in_the_log_and_not_to_the_caller(world: World) -> None:
    async with serving(world, routes=(broken("/boom", boom), broken("/away", away))) as room:
        anna = await room.client(ANNA)
        ours = await anna.get("/boom")
        assert ours.status == 500
        assert b"poison" not in ours.body
        (line,) = [fields for level, _, fields in room.log.lines if level == "error"]
        assert line == {"why": "ZeroDivisionError: poison", "request": ours.json["request_id"]}
        gone = await anna.get("/away")
        assert (gone.status, gone.headers["Retry-After"]) == (503, "5")


async def test_who_dawdles_over_a_body_or_a_head_is_not_waited_for(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    anna = await room.client(ANNA)
    reader, writer = await asyncio.open_connection("127.0.0.1", room.port.port)
    head = f"POST /api/v1/previews HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {anna.token}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{".encode())
    assert b" 408 " in await reader.readline()
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", room.port.port)
    writer.write(b"GET /api/v1/me HTTP/1.1\r\nHost: x")
    assert await reader.read() == b"", "hung up"
    writer.close()


async def test_there_is_an_end_to_how_many_may_be_connected(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST", 2)
    held = [await asyncio.open_connection("127.0.0.1", room.port.port) for _ in range(2)]
    reader, writer = await asyncio.open_connection("127.0.0.1", room.port.port)
    writer.write(b"GET /api/v1/ HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(1)
    for _, each in (*held, (reader, writer)):
        each.close()


async def test_with_a_chain_it_speaks_tls_and_takes_a_renewed_one(world: World, tmp_path: Path) -> None:
    made = make_pki(tmp_path / "pki")
    chain = tmp_path / "api.pem"
    chain.write_bytes(made.secret(VTN[KeyType.ECC]).read_bytes())
    office = Office(settings=Settings(), store=world.store, key=KEY, clock=lambda: world.now)
    port = ApiPort(office, Journal(Memory()))
    await port.open("127.0.0.1", 0, chain)
    url = f"https://127.0.0.1:{port.port}/api/v1/me"
    context = ssl.create_default_context(cafile=made.public(ROOT))
    try:
        for renewed in (KeyType.ECC, KeyType.RSA):
            chain.write_bytes(made.secret(VTN[renewed]).read_bytes())
            port.renew()
            async with aiohttp.ClientSession() as session, session.get(url, ssl=context) as answer:
                assert answer.status == 401
        chain.write_bytes(b"broken")
        with pytest.raises(OSError, match="PEM"):
            port.renew()
        async with aiohttp.ClientSession() as session, session.get(url, ssl=context) as answer:
            assert answer.status == 401, "the old one serves on"
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await session.get(url.replace("https", "http"))
    finally:
        await port.close()


def test_beyond_this_machine_it_takes_a_chain() -> None:
    with pytest.raises(BadSetting, match="--set api: beyond this machine keys need TLS"):
        load(None, {}, {"api": "0.0.0.0:8444"})
    for here in ("127.0.0.1:8444", "localhost:8444", "[::1]:8444", "off"):
        load(None, {}, {"api": here})
    assert load(None, {}, {"api": "0.0.0.0:8444", "api_chain": "api.pem"}).api == ("0.0.0.0", 8444)
