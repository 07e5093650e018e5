"""`vtn sites` and `vtn approve`."""

from datetime import timedelta
from pathlib import Path

import pytest

from certs import describe
from oadr.ledger.entry import EntryType
from oadr.wire.ids import RegistrationId, RequestId, VenId
from tests.pki import VEN_ECC, make_pki
from tests.vtn.commands.room import Room
from vtn.model.registration import Registration
from vtn.store import network, registrations
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
        }
    ]
    said = room.say("sites", "show", "S1").out
    assert "none: vtn approve SITE --certificate FILE" in said
    assert "\x1b" not in said


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
