"""The last messages of a VEN, from its settings to `ven status --messages`."""

import io
import json
import signal
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from oadr.wire import envelope
from oadr.wire.messages import Poll
from oadr.wire.recording import Direction, Recorded
from tests.pki import VEN_ECC, make_pki
from tests.ven.daemon.served import running
from tests.ven.stage import VEN
from ven import Ven
from ven.clock import SystemClock
from ven.daemon import commands, messages
from ven.daemon.config import load
from ven.daemon.log import Log
from ven.daemon.run import Watcher
from ven.daemon.table import BadSetting
from ven.daemon.view import show_messages

AT = datetime(2026, 1, 5, 8, 0, 0, 250_000, tzinfo=UTC)
POLL = Recorded.of(envelope.write(Poll(ven_id=VEN)), Direction.OUT, "OadrPoll", "452 venID", AT)
NOISE = Recorded.of(b"\x1b[31m\xff", Direction.IN, "OadrPoll", "unusable answer: not \x1b[bold]UTF-8", AT)


def test_nothing_is_kept_unless_the_settings_want_it(settings_file: Path) -> None:
    assert load(settings_file, {}, {}).ven.record_messages == 0
    assert load(settings_file, {}, {"record_messages": "200"}).ven.record_messages == 200


@pytest.mark.parametrize("wrong", ["-1", "201", "1.5", "many"])
def test_a_number_that_makes_no_sense_is_refused(settings_file: Path, wrong: str) -> None:
    with pytest.raises(BadSetting, match="--set record_messages: must be a"):
        load(settings_file, {}, {"record_messages": wrong})


def test_what_was_written_is_read_again_and_is_for_its_owner_only(tmp_path: Path) -> None:
    messages.write(tmp_path, (POLL, NOISE))
    assert messages.read(tmp_path) == (POLL, NOISE)
    (only,) = tmp_path.iterdir()
    assert stat.S_IMODE(only.stat().st_mode) == 0o600
    messages.remove(tmp_path)
    messages.remove(tmp_path)
    assert messages.read(tmp_path) == ()


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"at": "now"}]', '[{"at": 5, "direction": "in"}]'])
def test_a_file_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / messages.FILE).write_text(text, encoding="utf-8")
    assert messages.read(tmp_path) == ()


def seen(*recorded: Recorded, with_xml: bool = False) -> str:
    text = io.StringIO()
    show_messages(recorded, Console(file=text, width=140), with_xml=with_xml)
    return text.getvalue()


def test_a_person_reads_a_line_for_each_message() -> None:
    heading, first, second = seen(POLL, NOISE).splitlines()
    assert heading.split() == ["time", "way", "service", "message", "bytes", "verdict"]
    for word in ("2026-01-05 08:00:00.250 UTC", "out", "OadrPoll", "oadrPoll", "452 venID"):
        assert word in first
    assert "unusable answer: not  [bold]UTF-8" in second
    assert "\x1b" not in second


def test_a_person_reads_the_xml_indented_and_harmless() -> None:
    text = seen(POLL, NOISE, with_xml=True)
    assert "\n      <ei:venID>Ven-1</ei:venID>\n" in text
    assert text.endswith("\n [31m\ufffd\n")


def test_a_person_is_told_how_to_have_some() -> None:
    assert seen() == "no messages are kept; record_messages in the settings wants some\n"


@pytest.fixture
def site(settings_file: Path) -> Path:
    """A settings file with a certificate of its own, and nobody at the other end."""
    make_pki(settings_file.parent / "pki")
    text = settings_file.read_text(encoding="utf-8")
    text = text.replace("ven.pem", f"pki/secrets/{VEN_ECC}.pem").replace("ca.pem", "pki/certs/vtn-ca.pem")
    settings_file.write_text(text, encoding="utf-8")
    return settings_file


def status(site: Path, *words: str) -> str:
    said = CliRunner().invoke(commands.ven, ["status", "-c", str(site), *words])
    assert said.exit_code == 0, said.output
    return said.stdout


async def test_silence_is_recorded_after_what_the_program_before_has_left(site: Path) -> None:
    state = site.parent / "state"
    state.mkdir(mode=0o700)
    messages.write(state, (*[NOISE] * 49, POLL))
    async with running("-m", "ven.daemon.cli", "run", "-c", site, "--set", "record_messages=50") as program:
        await program.line_with("contact lost")
        program.process.send_signal(signal.SIGTERM)
        assert await program.ended() == 0
    found = json.loads(status(site, "--messages", "--json"))["messages"]
    assert len(found) == 50
    assert (found[-1]["direction"], found[-1]["message"]) == ("out", "oadrCreatePartyRegistration")
    assert found[-1]["verdict"].startswith("no reply: ")
    assert POLL.fields in found
    assert "messages" not in json.loads(status(site, "--json"))
    assert "oadrCreatePartyRegistration" in status(site, "--messages")
    assert "<oadr:oadrCreatePartyRegistration" in status(site, "--xml")


def test_a_program_that_does_not_want_them_deletes_what_there_is(settings_file: Path) -> None:
    state = settings_file.parent / "state"
    state.mkdir()
    messages.write(state, (POLL,))
    for wanted, found in ((5, (POLL,)), (0, ())):
        settings = load(settings_file, {}, {"record_messages": str(wanted)})
        Watcher(Ven(settings.ven, []), Log(settings.log), SystemClock())
        assert messages.read(state) == found
