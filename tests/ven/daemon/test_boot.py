"""A machine that has started anew, and a program that has only been started again."""

import json
import signal
from pathlib import Path

import pytest

from tests.pki import VEN_ECC, make_pki
from tests.ven.daemon.served import running
from ven.daemon import boot


@pytest.fixture
def started(tmp_path: Path) -> Path:
    path = tmp_path / "boot_id"
    path.write_text("0b6c8a52-1\n", encoding="ascii")
    return path


@pytest.mark.proves("W105")
def test_power_has_returned_when_the_machine_has_started_anew(tmp_path: Path, started: Path) -> None:
    assert not boot.power_returned(tmp_path, started), "a VEN that never ran here was not switched off"
    boot.remember(tmp_path, started)
    assert not boot.power_returned(tmp_path, started), "only the program was started again"
    started.write_text("77d1e0f4-2\n", encoding="ascii")
    assert boot.power_returned(tmp_path, started)
    boot.remember(tmp_path, started)
    assert not boot.power_returned(tmp_path, started)


def test_where_nobody_can_tell_nobody_is_held_back(tmp_path: Path, started: Path) -> None:
    boot.remember(tmp_path, started)
    nowhere = tmp_path / "nowhere"
    assert not boot.power_returned(tmp_path, nowhere)
    boot.remember(tmp_path, nowhere)
    assert not boot.power_returned(tmp_path, started), "what was known stays known"
    (tmp_path / boot.FILE).write_bytes(b"")
    assert not boot.power_returned(tmp_path, started)


def test_a_folder_that_takes_nothing_is_no_reason_to_stop(tmp_path: Path, started: Path) -> None:
    boot.remember(tmp_path / "not" / "there", started)
    assert not boot.power_returned(tmp_path / "not" / "there", started)


@pytest.mark.skipif(not boot.STARTED.exists(), reason="this system does not say when it started")
@pytest.mark.proves("W19", "W105")
async def test_the_program_holds_its_chargers_back_after_a_power_cut(settings_file: Path) -> None:
    folder = settings_file.parent
    make_pki(folder / "pki")
    text = settings_file.read_text(encoding="utf-8")
    text = text.replace("ven.pem", f"pki/secrets/{VEN_ECC}.pem").replace("ca.pem", "pki/certs/vtn-ca.pem")
    settings_file.write_text(text, encoding="utf-8")
    state = folder / "state"
    state.mkdir(mode=0o700)
    (state / boot.FILE).write_text("of another start", encoding="ascii")
    async with running("-m", "ven.daemon.cli", "run", "-c", settings_file) as program:
        limit = json.loads(await program.line_with('"source"'))
        program.process.send_signal(signal.SIGTERM)
        assert await program.ended() == 0
    assert (limit["amps"], limit["because"]) == (0, "power-up")
    assert not boot.power_returned(state)
