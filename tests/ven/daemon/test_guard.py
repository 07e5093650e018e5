"""Who may speak to the local API."""

import asyncio
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ven.daemon.local import HERE, Caller, House, patiently, served
from tests.ven.virtual import run
from ven import Ven
from ven.daemon import codes
from ven.daemon.api import BODY_LIMIT, MOST_CONNECTIONS, PATIENCE
from ven.daemon.codes import FREE_TRIES, LONGEST_WAIT, MOST_ADDRESSES, Door
from ven.daemon.config import LogForm
from ven.daemon.log import Log
from ven.daemon.routes import ROOT
from ven.daemon.run import Watcher, local_api

ROUTES = [
    ("GET", "/status"),
    ("GET", "/calendar"),
    ("PUT", "/calendar"),
    ("DELETE", "/calendar"),
    ("POST", "/opt-out"),
    ("POST", "/opt-in"),
    ("GET", "/opt-schedules"),
    ("POST", "/opt-schedules"),
    ("DELETE", "/opt-schedules/R1"),
    ("POST", "/boost"),
    ("DELETE", "/boost/evse-1"),
    ("GET", "/changes"),
    ("GET", "/nothing"),
    ("OPTIONS", "/calendar"),
]


@pytest.mark.proves("D01", "P5")
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_is_read_or_done_without_the_code_of_the_unit(tmp_path: Path, method: str, path: str) -> None:
    async def play(_: House, ven: Ven, caller: Caller) -> None:
        before = ven.memory.local
        without, wrong = await caller.ask(method, path, code=""), await caller.ask(method, path, code="x")
        assert without == (401, {"error": "the code of this unit is needed; `ven code` prints it"})
        assert wrong == (401, {"error": "that is not the code of this unit"})
        assert caller.headers["WWW-Authenticate"] == "Bearer"
        assert ven.memory.local == before

    served(tmp_path, play)


@pytest.mark.proves("D01", "D02")
def test_each_unit_draws_a_code_of_its_own_once_for_its_owner_only(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    assert codes.read(one) is None
    drawn = codes.made(one)
    assert codes.made(one) == codes.read(one) == drawn
    assert codes.made(other) != drawn
    assert stat.S_IMODE((one / codes.FILE).stat().st_mode) == 0o600
    assert [path.name for path in one.iterdir()] == [codes.FILE]
    assert len(drawn.replace("-", "")) == 20


def test_a_code_file_that_is_empty_is_no_open_door(tmp_path: Path) -> None:
    (tmp_path / codes.FILE).write_text("\n", encoding="utf-8")
    assert len(codes.made(tmp_path)) > 20


@pytest.mark.proves("D02")
def test_the_code_is_in_no_log_and_in_no_answer(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def play(_: House, __: Ven, caller: Caller) -> None:
        seen.extend([caller.code, await caller.ask("GET", "/status"), await caller.ask("GET", "/nothing")])
        seen.append(await caller.ask("POST", "/boost", {"resource_id": caller.code}, code="wrong"))

    house = served(tmp_path, play)
    assert '"local API"' in house.written.getvalue()
    assert seen[0] not in house.written.getvalue() + repr(seen[1:])


@pytest.mark.proves("D01")
def test_whoever_guesses_waits_longer_each_time_and_the_owner_gets_in_afterwards(tmp_path: Path) -> None:
    async def play(house: House, _: Ven, caller: Caller) -> None:
        for _try in range(FREE_TRIES):
            assert (await caller.ask("GET", "/status", code="guess"))[0] == 401
        code, found = await caller.ask("GET", "/status")
        assert (code, found) == (429, {"error": "too many wrong codes; wait 1 s"}), "whatever the code"
        assert caller.headers["Retry-After"] == "1"
        await house.site.settle(1.1)
        assert (await caller.ask("GET", "/status", code="guess"))[0] == 401
        assert (await caller.ask("GET", "/status"))[1] == {"error": "too many wrong codes; wait 2 s"}
        await house.site.settle(2.1)
        assert (await caller.ask("GET", "/status"))[0] == 200
        assert (await caller.ask("GET", "/status", code="guess"))[0] == 401
        assert (await caller.ask("GET", "/status"))[0] == 200, "the right code has ended the count"

    told = served(tmp_path, play).written.getvalue()
    assert told.count("wrong codes at the local API, from 127.0.0.1") == 1


def test_the_wait_is_bounded_and_so_is_what_is_remembered() -> None:
    door = Door("right")
    for count in range(200):
        assert not door.opens("wrong", "192.0.2.1", float(count))
    assert door.wait("192.0.2.1", 200.0) <= LONGEST_WAIT
    assert door.wait("192.0.2.1", 200.0) > LONGEST_WAIT - 2
    assert door.wait("192.0.2.2", 200.0) == 0, "no neighbour waits for another"
    for count in range(MOST_ADDRESSES + 10):
        door.opens("wrong", f"198.51.{count // 250}.{count % 250}", 300.0)
    assert door.wait("192.0.2.1", 200.0) == 0, "forgotten, the oldest first"


def test_who_has_many_addresses_of_one_network_has_one_count() -> None:
    door = Door("right")
    for count in range(FREE_TRIES):
        door.opens("wrong", f"2001:db8::{count:x}", 0.0)
    assert door.wait("2001:db8::ffff", 0.0) == 1
    assert door.wait("2001:db8:0:1::1", 0.0) == 0


@given(st.text(max_size=40))
def test_only_the_code_opens(guess: str) -> None:
    assert Door("right-code").opens(guess, "", 0.0) is (guess == "right-code")


# --- a stranger's page in the driver's browser ---


@pytest.mark.proves("D01")
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8480", 200),
        ("localhost", 200),
        ("LocalHost:1", 200),
        ("[::1]:8480", 200),
        ("192.0.2.7", 200),
        ("charger.local:8480", 200),
        ("charger.local.", 200),
        ("evil.example", 403),
        ("charger.local.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("[::1", 403),
        ("evil.example@127.0.0.1@evil.example", 403),
    ],
)
def test_a_name_that_was_made_to_lead_here_does_not_get_in(tmp_path: Path, host: str, status: int) -> None:
    async def play(_: House, __: Ven, caller: Caller) -> None:
        code, found = await caller.ask("GET", "/status", Host=host)
        assert code == status
        assert status == 200 or found == {"error": "this host name is not one of this unit"}

    served(tmp_path, play)


@pytest.mark.proves("D01")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:8480"}, 200),
        ({"Origin": "http://127.0.0.1:8480", "Sec_Fetch_Site": "same-origin"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "https://127.0.0.1:8480"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
def test_a_page_of_another_origin_does_not_get_in(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async def play(_: House, __: Ven, caller: Caller) -> None:
        assert (await caller.ask("DELETE", "/calendar", Host="127.0.0.1:8480", **headers))[0] == status

    served(tmp_path, play)


@pytest.mark.proves("D01")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_is_not_read(tmp_path: Path, kind: str) -> None:
    async def play(_: House, __: Ven, caller: Caller) -> None:
        body = {"resource_id": "evse-1", "minutes": 5}
        found = await caller.ask("POST", "/boost", body, **{"Content-Type": kind})
        assert found == (415, {"error": "the content type has to be application/json"})

    served(tmp_path, play)


def test_answers_are_not_kept_and_let_no_other_origin_in(tmp_path: Path) -> None:
    async def play(_: House, __: Ven, caller: Caller) -> None:
        await caller.ask("GET", "/status", Origin="http://evil.example")
        refused = caller.headers
        await caller.ask("GET", "/status")
        for headers in (refused, caller.headers):
            names = {name.lower() for name in headers}
            assert headers["Cache-Control"] == "no-store"
            assert not any(name.startswith("access-control") for name in names)
            assert "set-cookie" not in names

    served(tmp_path, play)


# --- who wants to be a burden ---


def test_a_body_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    async def play(_: House, __: Ven, caller: Caller) -> None:
        code, found = await caller.ask("PUT", "/calendar", b" " * (BODY_LIMIT + 1))
        assert (code, found["error"]) == (413, f"a body is at most {BODY_LIMIT} bytes long")

    served(tmp_path, play)


def _head(caller: Caller, *more: str) -> bytes:
    lines = [f"POST {ROOT}/boost HTTP/1.1", "Host: localhost", f"Authorization: Bearer {caller.code}"]
    return "\r\n".join([*lines, "Content-Type: application/json", *more]).encode()


@pytest.mark.proves("D07")
def test_who_does_not_finish_a_request_is_let_go(tmp_path: Path) -> None:
    async def play(_: House, __: Ven, caller: Caller) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        silent, half = await caller.raw(b""), await caller.raw(_head(caller))
        slow = await caller.raw(_head(caller, "Content-Length: 50\r\n\r\n{"))
        with patiently(0.01):
            assert (await slow[0].read()).startswith(b"HTTP/1.1 408")
            assert await silent[0].read() == b""
            assert b"200" not in await half[0].read()
        assert loop.time() - begun <= 2 * PATIENCE + 1
        for _reader, writer in (silent, half, slow):
            writer.close()

    served(tmp_path, play)


@pytest.mark.proves("D07")
@pytest.mark.parametrize(
    "rest",
    [
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_a_body_that_is_not_what_its_head_says_is_refused(tmp_path: Path, rest: str) -> None:
    said: list[str] = []

    async def play(_: House, __: Ven, caller: Caller) -> None:
        said.append(caller.code)
        reader, writer = await caller.raw(_head(caller, rest))
        with patiently():
            assert b" 400 " in (await reader.read()).splitlines()[0]
        writer.close()

    house = served(tmp_path, play)
    assert said[0] not in house.written.getvalue()
    assert "Traceback" not in house.written.getvalue()


@pytest.mark.proves("D07")
def test_whoever_takes_all_connections_takes_none_from_control(tmp_path: Path) -> None:
    async def play(house: House, __: Ven, caller: Caller) -> None:
        taken = [await caller.raw(b"GET ") for _ in range(MOST_CONNECTIONS)]
        reader, writer = await caller.raw(b"GET / HTTP/1.1\r\n\r\n")
        with patiently(), pytest.raises((ConnectionError, EOFError)):
            await reader.readexactly(1)
        writer.close()
        await house.site.settle(2 * PATIENCE)
        assert (await caller.ask("GET", "/status"))[0] == 200, "the others were let go"
        for _reader, one in taken:
            one.close()

    served(tmp_path, play)


# --- whatever it is ---

NAMES = st.sampled_from(
    [
        "event_id",
        "resources",
        "reason",
        "periods",
        "start",
        "end",
        "opt",
        "programme",
        "resource_id",
        "minutes",
        "calendar",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["E1", "evse-1", "optOut", "load-shift", "2026-03-02T14:00:00Z", "0001-01-01T00:00:00+14:00"]
    )
    | st.sampled_from(
        ['zone = "UTC"\nimport = [{days = ["mon"], slots = {"00:00" = 1e9}}]', "zone = 'America'"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
WRITES = [route for route in ROUTES if route[0] in ("PUT", "POST")]
ASKED = st.tuples(
    st.sampled_from(WRITES), st.dictionaries(NAMES, VALUES, max_size=4) | VALUES | st.binary(max_size=30)
)


@pytest.mark.proves("D07", "P12")
@settings(max_examples=40)
@given(st.lists(ASKED, min_size=10, max_size=25))
def test_whatever_is_sent_is_done_or_refused_and_never_a_fault(
    tmp_path_factory: pytest.TempPathFactory, asked: list[Any]
) -> None:
    async def play(_: House, __: Ven, caller: Caller) -> None:
        for (method, path), body in asked:
            code, found = await caller.ask(method, path, body)
            assert code in (200, 201, 400, 404, 409), (path, body, found)
            assert ("error" in found) is (code >= 400)
        assert (await caller.ask("GET", "/status"))[0] == 200

    served(tmp_path_factory.mktemp("state"), play)


def test_without_an_address_nothing_listens_and_no_code_is_drawn(tmp_path: Path) -> None:
    async def main() -> None:
        house = House(tmp_path)
        log = Log(LogForm.JSON, house.written)
        async with house.site.ven() as ven:
            watcher = Watcher(ven, log, house.site.clock)
            assert await local_api(replace(house.settings(), local_api=None), ven, watcher, log) is None
        assert not (tmp_path / codes.FILE).exists()

    run(main())


def test_an_address_that_is_taken_is_told_and_no_reason_to_stop(tmp_path: Path) -> None:
    async def play(house: House, ven: Ven, caller: Caller) -> None:
        log = Log(LogForm.JSON, house.written)
        taken = replace(house.settings(), local_api=replace(HERE, port=caller.port))
        watcher = Watcher(ven, log, house.site.clock)
        assert await local_api(taken, ven, watcher, log) is None
        assert '"no local API"' in house.written.getvalue()

    served(tmp_path, play)
