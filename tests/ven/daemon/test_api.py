"""What can be done at the local API, and what comes of it at the chargepoints."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oadr.charging.ceilings import Share
from oadr.wire.messages import CreateOpt
from tests.ven.daemon.local import Caller, House, served
from tests.ven.stage import MINUTE, VEN, event
from tests.ven.virtual import START, run
from ven import Ven, calendar_form
from ven.calendar import Calendar
from ven.contract import Contract
from ven.daemon.feed import MOST_LISTENERS
from ven.daemon.reasons import SAYS, Why
from ven.daemon.routes import EMERGENCY, MOST_WORDS
from ven.opts import Stage

PAUSE = 'zone = "Europe/London"\n\n[[import]]\ndays = ["mon"]\nslots = { "00:00" = 0 }\n'
DONE = {"done": True, "note": None}
AT_ONCE: dict[str, Any] = {"restore_max": timedelta(), "ramp_every": timedelta()}


def amps(house: House) -> Decimal | None:
    return house.site.charger.told[-1][1]


def shift(event_id: str = "E1", **changes: Any) -> Any:
    return event(event_id, programme="load-shift", **changes)


@pytest.mark.proves("P11", "W112")
def test_the_status_says_who_limits_why_in_a_sentence_and_until_when(tmp_path: Path) -> None:
    async def play(house: House, _: Ven, caller: Caller) -> None:
        house.site.vtn.offer(event(start=house.site.clock.now()))
        await house.site.settle(60)
        code, found = await caller.ask("GET", "/status")
        assert code == 200
        first = found["chargepoints"][0]
        assert (first["limit"]["amps"], first["limit"]["because"], first["limit"]["until"]) == (
            12.8,
            "E1",
            found["events"][0]["end"],
        )
        assert (first["reason"], first["says"]) == ("dso_protection", SAYS[Why.DSO_PROTECTION])
        assert (first["finding"], first["measure"]) == ("already-below", "ask")
        assert found["registration"]["ven_id"] == VEN
        assert found["contact"]["made"] is True
        assert (found["link"]["state"], found["link"]["failsafe_until"]) == ("limited", None)
        assert found["link"]["since"] == first["limit"]["since"]
        assert found["running"] is True

    served(tmp_path, play)


def test_the_failsafe_time_is_counted_down(tmp_path: Path) -> None:
    async def play(house: House, _: Ven, caller: Caller) -> None:
        house.site.vtn.down = True
        await house.site.settle(600)
        first = (await caller.ask("GET", "/status"))[1]
        await house.site.settle(60)
        then = (await caller.ask("GET", "/status"))[1]
        assert first["link"]["state"] == "failsafe"
        assert first["chargepoints"][0]["reason"] == "failsafe"
        assert first["chargepoints"][0]["limit"]["because"] == "failsafe"
        assert first["link"]["failsafe_until"] == then["link"]["failsafe_until"]
        assert first["link"]["failsafe_seconds"] - then["link"]["failsafe_seconds"] in (60, 61)
        assert first["contact"]["made"] is False

    served(tmp_path, play, contract=Contract(failsafe=Share(Decimal("0.5"))))


@pytest.mark.proves("W21", "W06")
def test_a_calendar_is_set_without_the_grid_operator_and_kept_over_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        house = House(tmp_path, contract=Contract(calendar_spread=timedelta()), **AT_ONCE)
        house.site.vtn.down = True
        async with house.running() as (_, caller):
            assert await caller.ask("GET", "/calendar") == (200, {"calendar": None, "parsed": None})
            assert await caller.ask("PUT", "/calendar", {"calendar": PAUSE}) == (200, DONE)
            assert amps(house) == 0
        async with house.running() as (_, caller):
            _, found = await caller.ask("GET", "/calendar")
            assert calendar_form.read(found["calendar"]) == calendar_form.read(PAUSE)
            assert found["parsed"] == {
                "zone": "Europe/London",
                "import": [{"days": ["mon"], "slots": {"00:00": 0}}],
            }
            status = (await caller.ask("GET", "/status"))[1]
            assert (status["calendar"]["percent"], status["calendar"]["next_percent"]) == (0, 100)
            assert status["chargepoints"][0]["reason"] == "calendar"
            assert amps(house) == 0

    run(main())


@pytest.mark.proves("W06", "W22")
def test_a_calendar_that_was_cleared_stays_so_whatever_the_factory_had_set(tmp_path: Path) -> None:
    async def main() -> None:
        preset = calendar_form.read(PAUSE)
        house = House(tmp_path, preset=preset, contract=Contract(calendar_spread=timedelta()), **AT_ONCE)
        async with house.running() as (ven, caller):
            assert ven.local.calendar == preset
            assert await caller.ask("DELETE", "/calendar") == (200, DONE)
            assert amps(house) is None
        async with house.running() as (ven, _):
            assert ven.local.calendar is None
            await house.site.settle(60)
            assert amps(house) is None

    run(main())


@pytest.mark.proves("W22")
def test_a_load_shift_is_declined_and_followed_after_all(tmp_path: Path) -> None:
    async def play(house: House, ven: Ven, caller: Caller) -> None:
        house.site.vtn.offer(shift(start=house.site.clock.now(), start_after=None))
        await house.site.settle(60)
        assert amps(house) == Decimal("12.8")
        wish = {"event_id": "E1", "reason": "overrideStatus", "resources": ["evse-1"]}
        assert await caller.ask("POST", "/opt-out", wish) == (200, DONE)
        assert amps(house) is None, "at once"
        assert house.site.chargers[1].told[-1][1] == Decimal("12.8"), "and nobody else"
        await house.site.settle(10)
        (told,) = house.site.vtn.of(CreateOpt)
        assert isinstance(told, CreateOpt)
        assert (told.opt, told.reason) == ("optOut", "overrideStatus")
        assert await caller.ask("POST", "/opt-in", {"event_id": "E1"}) == (200, DONE)
        assert amps(house) == Decimal("12.8")
        assert not ven.memory.held[0].declined

    served(tmp_path, play, randomise_default=timedelta(), **AT_ONCE)


@pytest.mark.proves("W22")
def test_schedules_are_stated_listed_and_cancelled(tmp_path: Path) -> None:
    async def play(house: House, ven: Ven, caller: Caller) -> None:
        wish = {
            "periods": [{"start": "2026-03-02T14:00:00Z", "end": "2026-03-02T16:00:00+01:00"}],
            "programme": "load-shift",
            "resources": ["evse-1"],
        }
        code, stated = await caller.ask("POST", "/opt-schedules", wish)
        assert (code, stated["note"]) == (201, None)
        _, listed = await caller.ask("GET", "/opt-schedules")
        assert listed == {
            "opt_schedules": [
                {
                    "opt_id": stated["opt_id"],
                    "opt": "optOut",
                    "programme": "load-shift",
                    "resources": ["evse-1"],
                    "periods": [{"start": "2026-03-02T14:00:00Z", "end": "2026-03-02T15:00:00Z"}],
                    "told": Stage.TOLD.value,
                }
            ]
        }
        house.site.vtn.offer(shift(start=START + timedelta(hours=2, minutes=30)))
        await house.site.settle(30)
        assert ven.memory.held[0].declined == {"evse-1"}
        assert await caller.ask("DELETE", f"/opt-schedules/{stated['opt_id']}") == (200, DONE)
        assert await caller.ask("DELETE", f"/opt-schedules/{stated['opt_id']}") == (
            404,
            {"error": "there is no such schedule"},
        )
        assert (await caller.ask("GET", "/opt-schedules"))[1] == {"opt_schedules": []}

    served(tmp_path, play)


@pytest.mark.proves("W21", "W22")
def test_a_driver_who_needs_the_car_charges_now(tmp_path: Path) -> None:
    async def play(house: House, _: Ven, caller: Caller) -> None:
        await caller.ask("PUT", "/calendar", {"calendar": PAUSE})
        assert amps(house) == 0
        code, found = await caller.ask("POST", "/boost", {"resource_id": "evse-1", "minutes": 30})
        assert (code, found["note"]) == (200, None)
        assert amps(house) is None
        assert house.site.chargers[1].told[-1][1] == 0, "the neighbour goes on"
        status = (await caller.ask("GET", "/status"))[1]["chargepoints"]
        assert [one["reason"] for one in status] == ["user", "calendar"]
        assert status[0]["boost_until"] == found["until"]
        assert await caller.ask("DELETE", "/boost/evse-1") == (200, DONE)
        assert amps(house) == 0

    served(tmp_path, play, contract=Contract(calendar_spread=timedelta()), **AT_ONCE)


@pytest.mark.proves("VE20")
def test_what_is_set_in_an_emergency_raises_nothing_and_counts_after_it(tmp_path: Path) -> None:
    async def play(house: House, _: Ven, caller: Caller) -> None:
        house.site.vtn.offer(event(start=house.site.clock.now(), minutes=10, share="0.4"))
        await house.site.settle(30)
        course = [one[1] for one in house.site.charger.told]
        half = {"calendar": PAUSE.replace("= 0 }", "= 70 }")}
        for answer in (
            await caller.ask("PUT", "/calendar", half),
            await caller.ask("POST", "/boost", {"resource_id": "evse-1", "minutes": 20}),
            await caller.ask("DELETE", "/boost/evse-1"),
        ):
            assert (answer[0], answer[1]["note"]) == (200, EMERGENCY)
        refused = await caller.ask("POST", "/opt-out", {"event_id": "E1"})
        assert refused == (
            409,
            {"error": "a supply limitation protects the network and cannot be declined"},
        )
        await house.site.settle(60)
        assert amps(house) == Decimal("12.8")
        assert len(course) == len([one for one in house.site.charger.told if one[0] <= START + 40 * MINUTE])
        house.site.vtn.offer()
        await house.site.settle(60)
        assert amps(house) == Decimal("22.4"), "70 % of 32 A, after it"
        assert (await caller.ask("PUT", "/calendar", half))[1]["note"] is None

    served(tmp_path, play, contract=Contract(calendar_spread=timedelta()), **AT_ONCE)


# --- refusals ---


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "why"),
    [
        ("PUT", "/calendar", {"calendar": "zone = 5"}, 400, "zone is missing"),
        ("PUT", "/calendar", {"calendar": "x" * 70_000}, 413, "a body is at most"),
        ("PUT", "/calendar", {"calendar": ""}, 400, "calendar is text"),
        ("PUT", "/calendar", {"calendar": PAUSE.replace("00:00", "00:00+01:00")}, 400, "local time"),
        ("PUT", "/calendar", {"calendar": PAUSE, "too": 1}, 400, "too is not known"),
        ("PUT", "/calendar", b'{"calendar": "a", "calendar": "b"}', 400, "not JSON as it has to be"),
        ("PUT", "/calendar", {"calendar": "a = " + "[" * 60_000}, 400, "not TOML"),
        ("PUT", "/calendar", {"calendar": "a = " + "9" * 5_000}, 400, "not TOML"),
        ("PUT", "/calendar", b"[]", 400, "the body has to be a JSON object"),
        ("PUT", "/calendar", b"[" * 60_000, 400, "not JSON as it has to be"),
        ("PUT", "/calendar", b"\xff", 400, "not JSON as it has to be"),
        ("POST", "/opt-out", {"event_id": "E9"}, 409, "nothing here follows an event E9"),
        ("POST", "/opt-out", {"event_id": "E9", "reason": "whim"}, 400, "reason is one of"),
        ("POST", "/opt-out", {"event_id": 5}, 400, "event_id is text"),
        ("POST", "/opt-out", {"event_id": "E9", "party": "acme"}, 409, "there is no VTN acme here"),
        ("POST", "/opt-in", {"event_id": "E9", "party": "dso"}, 409, "nothing here follows an event E9"),
        ("POST", "/opt-in", {"event_id": "E9", "party": 5}, 400, "party is text"),
        ("POST", "/opt-in", {"event_id": "E1", "resources": ["evse-9"]}, 404, "no chargepoint evse-9"),
        ("POST", "/opt-in", {"event_id": "E1", "resources": "evse-1"}, 400, "resources is a list"),
        ("POST", "/opt-schedules", {"periods": []}, 400, "periods is a list of 1 to 100"),
        ("POST", "/opt-schedules", {"periods": [{"start": "2026-03-02T14:00:00"}]}, 400, "its zone"),
        ("POST", "/opt-schedules", {"periods": [{"start": "9999-12-31T23:59:59Z"}]}, 400, "ten years"),
        ("POST", "/opt-schedules", {"periods": [{}]}, 400, "periods 1: start is missing"),
        (
            "POST",
            "/opt-schedules",
            {"periods": [{"start": "2026-03-02T14:00:00Z", "end": "2026-03-02T14:00:00Z"}]},
            400,
            "a period ends after it starts",
        ),
        (
            "POST",
            "/opt-schedules",
            {"periods": [{"start": "2026-03-02T14:00:00Z"}], "programme": "supply-limit"},
            409,
            "knows no schedules",
        ),
        ("POST", "/boost", {"resource_id": "evse-1", "minutes": 1441}, 400, "at most 1440"),
        ("POST", "/boost", {"resource_id": "evse-1", "minutes": True}, 400, "minutes is a number"),
        ("POST", "/boost", b'{"resource_id": "evse-1", "minutes": NaN}', 400, "not JSON"),
        ("POST", "/boost", {"resource_id": "evse-9", "minutes": 5}, 404, "no chargepoint evse-9"),
        ("DELETE", "/boost/evse-9", None, 404, "no chargepoint evse-9"),
        ("POST", "/status", {}, 405, "method not allowed"),
        ("GET", "/nothing", None, 404, "not found"),
    ],
)
@pytest.mark.proves("D07")
def test_what_cannot_be_is_refused_in_a_sentence(
    tmp_path: Path, method: str, path: str, body: Any, status: int, why: str
) -> None:
    async def play(_: House, ven: Ven, caller: Caller) -> None:
        before = ven.memory
        code, found = await caller.ask(method, path, body)
        assert code == status
        assert why in found["error"]
        assert list(found) == ["error"]
        assert replace(ven.memory, registration=None) == replace(before, registration=None)

    served(tmp_path, play)


def test_decisions_that_nobody_hears_are_bounded(tmp_path: Path) -> None:
    async def play(house: House, ven: Ven, caller: Caller) -> None:
        house.site.vtn.offer(shift(start=house.site.clock.now()))
        await house.site.settle(30)
        house.site.vtn.down = True
        for count in range(MOST_WORDS):
            path = "/opt-in" if count % 2 else "/opt-out"
            assert (await caller.ask("POST", path, {"event_id": "E1"}))[0] == 200
        code, found = await caller.ask("POST", "/opt-out", {"event_id": "E1"})
        assert (code, len(ven.opts)) == (409, MOST_WORDS)
        assert "200 decisions are kept" in found["error"]

    served(tmp_path, play)


# --- changes ---


def test_who_listens_hears_the_limits_as_they_are_and_then_what_happens_in_order(tmp_path: Path) -> None:
    async def play(house: House, _: Ven, caller: Caller) -> None:
        async with caller.listening() as following:
            first = [await following() for _ in range(2)]
            assert [(kind, said["what"], said["chargepoint"]) for kind, said in first] == [
                ("limit", "no limit", "evse-1"),
                ("limit", "no limit", "evse-2"),
            ]
            house.site.vtn.offer(event(start=house.site.clock.now()))
            heard = [await following() for _ in range(6)]
            kinds = [(kind, said["what"]) for kind, said in heard]
            assert kinds == [
                ("news", "link"),
                ("news", "the limit: already-below"),
                ("limit", "limit"),
                ("news", "the limit: already-below"),
                ("limit", "limit"),
                ("news", "event"),
            ]
            limit = heard[2][1]
            assert (limit["amps"], limit["source"], limit["because"]) == (12.8, "supply-limit", "E1")
            await house.site.settle(40)
            house.site.vtn.offer()
            assert (await following())[1]["what"] == "link", "a stream outlives quiet times"

    served(tmp_path, play)


def test_a_ninth_listener_is_refused_and_finds_a_place_when_one_has_gone(tmp_path: Path) -> None:
    async def play(house: House, _: Ven, caller: Caller) -> None:
        streams = [caller.listening() for _ in range(MOST_LISTENERS)]
        for one in streams:
            await one.__aenter__()
        assert await caller.ask("GET", "/changes") == (
            503,
            {"error": "there are too many listeners already"},
        )
        for one in streams:
            await one.__aexit__(None, None, None)
        await house.site.settle(60)
        async with caller.listening() as following:
            assert (await following())[0] == "limit"

    served(tmp_path, play)


def test_a_stream_ends_with_the_program(tmp_path: Path) -> None:
    async def main() -> None:
        house = House(tmp_path)
        async with house.running() as (_, caller):
            stream = caller.listening()
            following = await stream.__aenter__()
            for _ in range(2):
                await following()
            ending = asyncio.ensure_future(following())
            await house.site.settle(0)
        with pytest.raises(EOFError):
            await ending

    run(main())


def test_two_houses_have_calendars_of_their_own(tmp_path: Path) -> None:
    async def main() -> None:
        one, other = House(tmp_path / "one"), House(tmp_path / "other")
        for each in (one, other):
            each.site.config.state.mkdir()
        async with one.running() as (_, caller), other.running() as (ven, stranger):
            assert caller.code != stranger.code
            assert (await stranger.ask("GET", "/status", code=caller.code))[0] == 401
            await caller.ask("PUT", "/calendar", {"calendar": PAUSE})
            assert ven.local.calendar is None
            assert isinstance(calendar_form.read(PAUSE), Calendar)

    run(main())
