"""What the operator sees of opts."""

from datetime import timedelta
from typing import Any

import pytest

from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import EventId, OptId, ResourceId, VenId
from oadr.wire.messages.common import OptType
from tests.vtn.assess.fleet import NOON
from tests.vtn.commands.room import Room
from vtn.model.opt import Opt
from vtn.store import opts
from vtn.store.engine import Store

HOUR = timedelta(hours=1)


def state(room: Room, opt_id: str, site: str = "S1", cancel: bool = False, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "opt": OptType.OPT_OUT,
        "reason": "x-schedule",
        "created_at": NOON,
        "periods": (Period(NOON + HOUR, NOON + 2 * HOUR),),
        **changes,
    }

    async def do(store: Store) -> None:
        async with store.writing() as tx:
            await opts.add(tx, Opt(opt_id=OptId(opt_id), ven_id=VenId(site), **fields), NOON)
            if cancel:
                await opts.cancel(tx, VenId(site), OptId(opt_id), NOON)

    room.in_store(do)


@pytest.mark.proves("r211")
def test_the_list_says_what_is_in_force_replaced_cancelled_and_over(room: Room) -> None:
    room.furnish()
    state(room, "O1")
    state(room, "O2", programme=Programme.LOAD_SHIFT)
    state(room, "O3", resources=frozenset({ResourceId("evse-1")}), periods=(Period(NOON - HOUR, NOON),))
    state(room, "O4", periods=(Period(NOON),))
    state(room, "O5", site="S2", cancel=True)
    found = room.say("opts", "--json").json
    assert {one["opt_id"]: one["standing"] for one in found} == {
        "O5": "cancelled",
        "O4": "in force",
        "O3": "replaced",
        "O2": "in force",
        "O1": "replaced",
    }
    assert found[1]["periods"] == [{"start": "2026-11-24T12:00:00Z", "end": None}]
    lines = room.say("opts").out.splitlines()
    assert len(lines) == 6
    assert "every programme" in lines[2]


def test_events_and_report_show_who_declined(room: Room) -> None:
    room.furnish()
    words = ("--percent", "60", "--for", "2h", "--from", "2026-11-24T18:00+01:00", "--reason", "evening peak")
    given = room.say("shift", "F12", *words, "--yes", "--json").json["intervention"]["intervention"]
    resources = frozenset({ResourceId("evse-1")})
    event = EventId(f"{given}-1")
    state(room, "O1", event_id=event, resources=resources, periods=(), reason="overrideStatus")
    (shown,) = room.say("events", "--json").json
    assert shown["opted_out"] == ["evse-1"]
    assert shown["sites"] == {"acknowledged": 0, "declined": 1, "reached": 0, "silent": 2}
    report = room.say("report", given, "--json").json
    rows = {one["chargepoint"]: (one["reach"], one["opt_reason"]) for one in report["chargepoints"]}
    assert rows["evse-1"] == ("declined", "overrideStatus")
    assert rows["evse-2"] == ("silent", None)


def test_a_shift_shows_before_it_is_ordered_who_is_out(room: Room) -> None:
    room.furnish()
    state(room, "O1", periods=(Period(NOON + 5 * HOUR, NOON + 6 * HOUR),))
    words = ("--percent", "60", "--for", "2h", "--from", "2026-11-24T18:00+01:00", "--reason", "evening peak")
    counts = room.say("shift", "F12", *words, "--preview", "--json").json["preview"]["counts"]
    assert (counts["opted_out"], counts["offline"]) == (1, 2)
    said = room.say("limit", "F12", "--percent", "60", "--for", "2h", *words[4:], "--preview", "--json")
    assert said.json["preview"]["counts"]["opted_out"] == 0
