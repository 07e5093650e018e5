"""`vtn sites` and `vtn approve`."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from certs import describe
from oadr.ledger.entry import EntryType
from oadr.wire.ids import RegistrationId, RequestId, ResourceId, VenId
from tests.pki import VEN_ECC, make_pki
from tests.vtn.commands.room import Room
from vtn.model.reading import Quantity, State, Total
from vtn.model.registration import Registration
from vtn.store import network, registrations, reports
from vtn.store.engine import Store

SHA256 = "ab" * 32
S1 = VenId("S1")


def register(room: Room, name: str = "Mill Lane 3") -> None:
    async def do(store: Store) -> None:
        async with store.writing() as tx:
            fresh = Registration(
                ven_id=S1,
                registration_id=RegistrationId("R1"),
                request_id=RequestId("Q1"),
                registered_at=room.now,
                ven_name=name,
            )
            await registrations.replace(tx, fresh)
            await network.seen(tx, {S1: room.now})

    room.in_store(do)


@pytest.mark.proves("VT11")
def test_the_list_shows_who_is_approved_registered_and_silent(room: Room) -> None:
    room.furnish()
    room.say("approve", "S1", "--sha256", SHA256)
    register(room)
    room.wait(timedelta(seconds=20))
    first, second, *_ = room.say("sites", "list", "--json").json
    assert (first["site"], first["approved"], first["registered"], first["online"]) == (
        "S1",
        True,
        True,
        True,
    )
    assert first["last_seen"] == "2026-11-24T12:00:00Z"
    assert (second["approved"], second["registered"], second["online"]) == (False, False, False)
    assert second["last_seen"] is None
    room.wait(timedelta(minutes=1))
    assert room.say("sites", "list", "--json").json[0]["online"] is False
    assert "2026-11-24 12:00:00 UTC" in room.say("sites", "list").out


def test_one_site_is_shown_with_its_chargepoints(room: Room) -> None:
    room.furnish()
    register(room, name="\x1b[31mred")
    shown = room.say("sites", "show", "S1", "--json").json
    assert shown["ven_name"] == "\x1b[31mred"
    assert shown["chargepoints"] == [
        {
            "chargepoint": "evse-1",
            "feeder": "F12",
            "rated_a": 32.0,
            "phases": 3,
            "step": 10,
            "read_at": None,
            "power_w": None,
            "state": None,
        }
    ]
    said = room.say("sites", "show", "S1").out
    assert "none: vtn approve SITE --certificate FILE" in said
    assert "\x1b" not in said


def test_a_chargepoints_state_is_shown_in_its_own_words(room: Room) -> None:
    room.furnish()
    evse = ResourceId("evse-1")

    def tell(**changes: Any) -> None:
        plain = State(resource_id=evse, at=room.now, online=True, overridden=False, share=Decimal("0.4"))

        async def do(store: Store) -> None:
            async with store.writing() as tx:
                await reports.note(tx, [replace(plain, **changes)])

        room.in_store(do)

    tell()
    (shown,) = room.say("sites", "show", "S1", "--json").json["chargepoints"]
    assert shown["state"] == {
        "at": "2026-11-24T12:00:00Z",
        "online": True,
        "overridden": False,
        "allowed_percent": 40.0,
    }
    assert "online, at 40 %" in room.say("sites", "show", "S1").out
    room.wait(timedelta(seconds=1))
    tell(at=room.now, online=False, overridden=True, share=None)
    assert "offline, overridden by a person" in room.say("sites", "show", "S1").out


def test_an_unknown_site_is_said_to_be_unknown(room: Room) -> None:
    room.furnish()
    assert room.say("sites", "show", "S9").err == "vtn: there is no site S9; see them with: vtn sites list\n"
    said = room.say("approve", "S9", "--sha256", SHA256)
    assert (said.code, "there is no site S9" in said.err) == (1, True)


def test_a_site_is_approved_by_the_file_of_its_certificate(room: Room, tmp_path: Path) -> None:
    room.furnish()
    path = make_pki(tmp_path / "pki").public(VEN_ECC)
    assert room.say("approve", "S1", "--certificate", str(path)).code == 0
    wanted = describe(path, room.now).sha256
    assert room.say("sites", "show", "S1", "--json").json["certificate"] == wanted


def test_an_approval_is_in_the_record_under_the_sites_pseudonym(room: Room) -> None:
    room.furnish()
    room.say("approve", "S1", "--sha256", SHA256, "--as", "duty engineer")
    entry = room.entries()[-1]
    assert entry.type is EntryType.CONFIG_CHANGE
    assert (entry.body["what"], entry.body["changed_by"]) == ("approval", "duty engineer")
    assert "S1" not in entry.raw.decode()
    assert SHA256 not in entry.raw.decode()


@pytest.mark.proves("X12")
def test_an_approval_may_say_whether_messages_must_be_signed(room: Room) -> None:
    room.furnish()
    said = room.say("sites", "show", "S1")
    assert "signatures    off, as the settings say" in said.out
    assert room.say("approve", "S1", "--sha256", SHA256, "--signatures", "required").code == 0
    assert room.entries()[-1].body["signatures"] == "required"
    assert room.say("sites", "show", "S1", "--json").json["signatures"] == "required"
    assert "signatures    required\n" in room.say("sites", "show", "S1").out
    first, second, *_ = room.say("sites", "list", "--json", "--set", "signatures=if-present").json
    assert (first["signatures"], second["signatures"]) == ("required", "if-present")


def test_the_policy_of_an_approved_site_can_be_changed_alone(room: Room) -> None:
    room.furnish()
    room.say("approve", "S1", "--sha256", SHA256)
    assert room.say("approve", "S1", "--signatures", "if-present").out == "S1: signatures if-present.\n"
    entry = room.entries()[-1].body
    assert (entry["what"], entry["signatures"]) == ("signatures", "if-present")
    seen = room.say("sites", "show", "S1", "--json").json
    assert (seen["certificate"], seen["signatures"]) == (SHA256, "if-present")
    assert "there is no site S9" in room.say("approve", "S9", "--signatures", "off").err


def test_a_new_certificate_leaves_the_policy_as_it_is(room: Room) -> None:
    """Or whoever renews a certificate would switch signatures off without knowing."""
    room.furnish()
    room.say("approve", "S1", "--sha256", SHA256, "--signatures", "required")
    room.say("approve", "S1", "--sha256", "cd" * 32)
    assert room.say("sites", "show", "S1", "--json").json["signatures"] == "required"
    assert "signatures" not in room.entries()[-1].body


def test_an_import_brings_policies_and_a_later_one_without_them_leaves_them(room: Room) -> None:
    room.furnish()
    row = "F12,S1,{}evse-1,32,3\n"
    new = room.write(
        "new.csv", "feeder,site,signatures,chargepoint,rated_amps,phases\n" + row.format("required,")
    )
    old = room.write("old.csv", "feeder,site,chargepoint,rated_amps,phases\n" + row.format(""))
    for file in (new, old):
        assert room.say("feeders", "import", file).code == 0
        assert room.say("sites", "show", "S1", "--json").json["signatures"] == "required"


def test_a_policy_that_there_is_not_stores_nothing(room: Room) -> None:
    room.furnish()
    assert room.say("approve", "S1", "--sha256", SHA256, "--signatures", "maybe").code == 2
    assert room.say("sites", "show", "S1", "--json").json["approved"] is False


def test_an_authority_is_no_site(room: Room, tmp_path: Path) -> None:
    room.furnish()
    said = room.say("approve", "S1", "--certificate", str(make_pki(tmp_path / "pki").public("ven-ca")))
    assert said.code == 2
    assert "is an authority's certificate" in said.err


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        ((), 2, "give either --certificate FILE.pem or --sha256 HEX"),
        (("--sha256", SHA256, "--certificate", "x.pem"), 2, "give either"),
        (("--sha256", "xyz"), 2, "--sha256 is 64 hex digits"),
        (("--certificate", "absent.pem"), 1, "absent.pem does not exist"),
    ],
)
def test_a_wrong_approval_stores_nothing(room: Room, options: tuple[str, ...], code: int, why: str) -> None:
    room.furnish()
    said = room.say("approve", "S1", *options)
    assert said.code == code
    assert said.err.startswith(f"vtn: {why}")
    assert room.say("sites", "show", "S1", "--json").json["approved"] is False


@pytest.mark.proves("r343")
def test_what_the_chargepoints_of_a_site_draw_together_is_shown_where_they_are_not_told_apart(
    room: Room,
) -> None:
    room.furnish()
    register(room)
    assert room.say("sites", "show", "S1", "--json").json["together_power_w"] is None
    assert "draw together" not in room.say("sites", "show", "S1").out

    async def do(store: Store) -> None:
        async with store.writing() as tx:
            await reports.note_totals(tx, [Total(S1, Quantity.POWER, room.now, Decimal("4600.5"))])

    room.in_store(do)
    shown = room.say("sites", "show", "S1", "--json").json
    assert (shown["together_power_w"], shown["together_at"]) == (4600.5, "2026-11-24T12:00:00Z")
    assert "draw together 4600.5 W at 2026-11-24 12:00:00 UTC" in room.say("sites", "show", "S1").out
