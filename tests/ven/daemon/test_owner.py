"""Reset and security log as programs: asked for, interrupted, told to the VTN."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession

from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import OptId, RegistrationId, VenId, VtnId
from oadr.wire.messages import CancelOpt, CancelPartyRegistration, CreateOpt
from oadr.wire.messages.common import OptType
from tests.pki import VEN_ECC, make_pki
from tests.ven.daemon.served import ROOT, Program, address, reserved, running, serving
from tests.ven.stage import BASE, EVSE_1, event
from tests.ven.virtual import START
from ven.daemon import codes, progress
from ven.daemon.progress import Progress, Step
from ven.disk import DiskJournal, read_only
from ven.enrolment import Registration
from ven.events import HeldEvent
from ven.files import all_files
from ven.journal import Memory
from ven.opts import Opt, Stage
from ven.reset import Level
from ven.security_line import Kind
from ven.security_log import FILE as LOG
from ven.security_log import entries, verify, verify_sealed

VEN = ("-m", "ven.daemon.cli")


@pytest.fixture
def site(settings_file: Path) -> Path:
    """The folder of a site with a certificate of its own."""
    folder = settings_file.parent
    make_pki(folder / "pki")
    text = settings_file.read_text(encoding="utf-8").replace("http://dso.example/programmes", BASE)
    text = text.replace("ven.pem", f"pki/secrets/{VEN_ECC}.pem").replace("ca.pem", "pki/certs/vtn-ca.pem")
    settings_file.write_text(text, encoding="utf-8")
    return folder


async def ven(site: Path, *arguments: str | Path) -> tuple[int, str]:
    async with running(*VEN, *arguments, "-c", site / "ven.toml") as program:
        code = await program.ended()
    return code, "".join(program.lines)


async def end(program: Program) -> None:
    program.process.send_signal(signal.SIGTERM)
    assert await program.ended() == 0


@pytest.mark.proves("D05", "W23", "W97", "r407")
async def test_a_unit_that_changes_hands_leaves_its_vtn_its_key_and_its_log(site: Path) -> None:
    at, key = reserved(), site / "pki" / "secrets" / f"{VEN_ECC}.pem"
    to = ("--set", f"vtn_url={address(at)}", "--set", "local_api=127.0.0.1:0")
    async with serving(make_pki(site / "vtn"), at) as vtn:
        vtn.events = ()
        async with running(*VEN, "run", "-c", site / "ven.toml", *to) as program:
            await program.line_with('"registered"')
            await end(program)
        code, printed = await ven(site, "reset", "--level", "R2", "--export", site / "log", "--yes", *to)
        assert code == 0, printed
        (goodbye,) = vtn.of(CancelPartyRegistration)
    assert isinstance(goodbye, CancelPartyRegistration)
    assert (goodbye.registration_id, goodbye.ven_id) == ("Reg-1", "Ven-1")
    receipt = json.loads(printed)
    assert receipt["registration"] == "cancelled with the VTN"
    assert receipt == json.loads((site / "state" / progress.RECEIPT).read_text(encoding="utf-8"))
    assert key.read_bytes() == b""
    assert not (site / "state" / codes.FILE).exists()
    code, printed = await ven(site, "log", "verify", "--file", site / "log", "--json")
    assert (code, json.loads(printed)) == (0, _without_exported(receipt["security_log"]))
    code, printed = await ven(site, "run")
    assert code == 1
    assert entries(site / "state")[-1].kind == Kind.OWN_CERTIFICATE


def _without_exported(log: dict[str, object]) -> dict[str, object]:
    assert log.pop("exported") is True
    return log


@pytest.mark.proves("D05", "W23", "W93")
async def test_what_its_people_have_said_is_taken_back_from_the_vtn(site: Path) -> None:
    at = reserved()
    holiday = Opt(
        opt_id=OptId("holiday"),
        opt=OptType.OPT_OUT,
        reason="x-schedule",
        stated_at=START,
        periods=(Period(START, START + timedelta(days=14)),),
        stage=Stage.TOLD,
    )
    known = Registration(VenId("Ven-1"), RegistrationId("Reg-1"), VtnId("Vtn-1"), timedelta(seconds=10))
    shift = HeldEvent(
        event("E2", programme="load-shift", start=datetime.now(UTC).replace(microsecond=0)),
        *(0, START, True, OptType.OPT_IN),
        resources=frozenset({EVSE_1}),
        programme=Programme.LOAD_SHIFT,
    )
    with closing(DiskJournal(site / "state")) as journal:
        journal.save(Memory(known, (shift.declining(shift.resources),), opts=(holiday,)))
    async with serving(make_pki(site / "vtn"), at) as vtn:
        vtn.known = True
        to = ("--set", f"vtn_url={address(at)}")
        code, printed = await ven(site, "reset", "--level", "R0", "--yes", *to)
        assert code == 0, printed
        (taken_back,), (said,) = vtn.of(CancelOpt), vtn.of(CreateOpt)
    assert isinstance(taken_back, CancelOpt)
    assert isinstance(said, CreateOpt)
    assert taken_back.opt_id == "holiday"
    assert said.event
    assert (said.event.event_id, said.opt) == ("E2", OptType.OPT_IN)
    receipt = json.loads(printed)
    assert (receipt["schedules"], receipt["opt_outs"]) == ("taken back", "taken back")
    assert read_only(site / "state") == Memory(known, (shift,))
    assert not any(b"holiday" in path.read_bytes() for path in all_files(site / "state"))


@pytest.mark.proves("D05")
async def test_the_program_goes_on_with_a_reset_before_anything_else(site: Path) -> None:
    async with running(*VEN, "run", "-c", site / "ven.toml") as program:
        await program.line_with("contact lost")
        await end(program)
    code = codes.made(site / "state")
    begun = Progress(Level.R0, entries(site / "state")[0].at)
    begun.write(site / "state")
    async with running(*VEN, "run", "-c", site / "ven.toml", "--set", "local_api=127.0.0.1:0") as program:
        await program.line_with("local API")
        await end(program)
    assert codes.read(site / "state") not in (None, code)
    receipt = json.loads((site / "state" / progress.RECEIPT).read_text(encoding="utf-8"))
    assert receipt["interrupted"]
    assert Progress.read(site / "state") is None


async def test_nothing_is_erased_that_nobody_confirmed(site: Path) -> None:
    (site / "state").mkdir()
    (site / "state" / "code").write_text("code")
    for arguments in (("--level", "R3", "--export", site / "log"), ("--resume",), ()):
        code, printed = await ven(site, "reset", *arguments)
        assert code in (1, 2)
        assert "Traceback" not in printed
    assert (site / "state" / "code").exists()


@pytest.mark.parametrize(("typed", "is_done"), [(b"R0\n", True), (b"yes\n", False), (b"\n", False)])
def test_at_a_terminal_it_says_what_goes_and_wants_its_name_typed(
    site: Path, typed: bytes, is_done: bool
) -> None:
    (site / "state").mkdir()
    (site / "state" / "code").write_text("code")
    mine, terminal = os.openpty()
    os.write(mine, typed)
    ran = subprocess.run(
        [sys.executable, *VEN, "reset", "--level", "R0", "-c", str(site / "ven.toml")],
        cwd=ROOT,
        stdin=terminal,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    os.close(mine)
    os.close(terminal)
    assert "R0 erases: calendar, boosts" in ran.stdout
    assert ran.returncode == (0 if is_done else 1)
    assert (site / "state" / "code").exists() is not is_done


@pytest.mark.proves("D04")
async def test_starts_ends_kills_and_other_settings_are_in_the_log(site: Path) -> None:
    state = site / "state"
    for flags in ((), ("--set", "sample_every=2")):
        async with running(*VEN, "run", "-c", site / "ven.toml", *flags) as program:
            told = json.loads(await program.line_with('"security log"'))
            await program.line_with("contact lost")
            await end(program)
    async with running(*VEN, "run", "-c", site / "ven.toml", *flags) as program:
        await program.line_with("contact lost")
        program.process.kill()
        await program.ended()
    async with running(*VEN, "run", "-c", site / "ven.toml", *flags) as program:
        await program.line_with("contact lost")
        await end(program)
    found = entries(state)
    starts = [one for one in found if one.kind == Kind.STARTUP]
    assert [one.what.endswith("after a kill or a power cut") for one in starts] == [False, False, False, True]
    assert [one.kind for one in found].count(Kind.RECONFIGURED) == 1
    assert found[found.index(starts[1]) - 1].kind == Kind.RECONFIGURED
    assert found[-1].kind == Kind.STOPPED
    assert any(one.seal == told["seal"] for one in found)  # what was told can be noted elsewhere
    code, printed = await ven(site, "log", "show")
    assert (code, printed.count("\n")) == (0, len(found))
    spoilt = (state / LOG).read_bytes().replace(b"after a kill", b"after a rest")
    (state / LOG).write_bytes(spoilt)
    code, printed = await ven(site, "log", "verify")
    assert code == 1
    assert "is not the one that was written" in printed


@pytest.mark.proves("D05", "W23")
async def test_a_unit_whose_last_reset_was_interrupted_has_no_credentials_to_run_with(site: Path) -> None:
    (site / "state").mkdir()
    Progress(Level.R2, datetime.now(UTC), site / "log", Step.CREDENTIALS).write(site / "state")
    code, printed = await ven(site, "run")
    assert (code, printed.count("\n")) == (1, 1)
    assert "the reset R2 that was interrupted is done" in printed
    assert (site / "pki" / "secrets" / f"{VEN_ECC}.pem").read_bytes() == b""
    assert verify_sealed(site / "log").number == 1


@pytest.mark.proves("D04")
async def test_guesses_of_the_code_are_in_the_log_without_the_address(site: Path) -> None:
    async with running(*VEN, "run", "-c", site / "ven.toml", "--set", "local_api=127.0.0.1:0") as program:
        port = json.loads(await program.line_with('"local API"'))["port"]
        async with ClientSession(headers={"Authorization": "Bearer wrong"}) as stranger:
            for _ in range(8):
                async with stranger.get(f"http://127.0.0.1:{port}/"):
                    pass
        await program.line_with("wrong codes")
        await end(program)
    (guess,) = [one for one in entries(site / "state") if one.kind == Kind.WRONG_CODES]
    assert "127.0.0.1" not in guess.what


@pytest.mark.proves("D04")
async def test_a_vtn_that_is_not_trusted_is_in_the_log(site: Path) -> None:
    at = reserved()
    other = ("--set", f"vtn_url={address(at)}", "--set", f"trust={site / 'pki' / 'certs' / 'ven-ca.pem'}")
    arguments = (*VEN, "run", "-c", site / "ven.toml", *other)
    async with serving(make_pki(site / "vtn"), at), running(*arguments) as program:
        await program.line_with("contact lost")
        await end(program)
    assert Kind.PEER_NOT_TRUSTED in [one.kind for one in entries(site / "state")]
    verify(site / "state")
