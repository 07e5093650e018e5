"""The commands for the people of a site, against the program that runs."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tests.pki import VEN_ECC, make_pki
from tests.ven.daemon.served import running
from tests.ven.stage import BASE
from ven.calendar_form import PRESETS
from ven.daemon import commands
from ven.daemon.notdone import NotDone
from ven.daemon.options import instant, span

Ask = Callable[..., str]


@pytest.fixture
def site(settings_file: Path) -> Path:
    """A settings file with a certificate, a VTN that refuses, and a local API at a port that was free just now."""
    make_pki(settings_file.parent / "pki")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    text = settings_file.read_text(encoding="utf-8").replace("http://dso.example/programmes", BASE)
    text = text.replace("ven.pem", f"pki/secrets/{VEN_ECC}.pem").replace("ca.pem", "pki/certs/vtn-ca.pem")
    settings_file.write_text(f'local_api = "127.0.0.1:{port}"\n{text}', encoding="utf-8")
    return settings_file


@pytest.fixture
def ask(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run a command of `ven` here; what it printed."""

    def asked(*arguments: str | Path) -> str:
        commands.ven.main([*map(str, arguments), "-c", str(settings_file)], standalone_mode=False)
        return capsys.readouterr().out

    return asked


@pytest.mark.proves("W06", "W21", "W22", "D02")
async def test_people_set_their_calendar_and_charge_now_without_any_network(
    site: Path, ask: Ask, tmp_path: Path
) -> None:
    def acts() -> None:
        assert ask("calendar", "show") == "there is no calendar: no hour limits\n"
        assert ask("calendar", "preset", "uk") == "the calendar is set\n"
        assert ask("calendar", "show") == PRESETS["uk"]
        file = tmp_path / "mine.toml"
        file.write_text(PRESETS["uk"].replace("London", "Berlin"), encoding="utf-8")
        ask("calendar", "set", file)
        assert json.loads(ask("calendar", "show", "--json"))["parsed"]["zone"] == "Europe/Berlin"
        assert "calendar: " in ask("status")
        assert ask("calendar", "clear") == "the calendar is cleared: no hour limits\n"
        assert ask("boost", "evse-1", "--for", "1h30m").startswith("charges until ")
        assert "evse-1: Somebody here has chosen to charge now" in ask("status")
        assert ask("boost", "evse-1", "--end") == "the boost is over\n"
        with pytest.raises(NotDone, match="there is no chargepoint evse-9 here"):
            ask("boost", "evse-9", "--for", "5m")
        with pytest.raises(NotDone, match="nothing here follows an event E1"):
            ask("opt-out", "E1", "--reason", "mustRun", "--chargepoint", "evse-1")
        with pytest.raises(NotDone, match="nothing here follows an event E1"):
            ask("opt-in", "E1")
        assert ask("opt-schedule", "list") == "there are none\n"
        said = ask("opt-schedule", "add", "--from", "2026-12-24T18:00Z", "--until", "2026-12-24T20:00Z")
        opt_id = said.split()[-1]
        assert f"{opt_id}  optOut  all  every programme  2026-12-24T18:00:00Z to " in ask(
            "opt-schedule", "list"
        )
        assert json.loads(ask("opt-schedule", "list", "--json"))["opt_schedules"][0]["opt_id"] == opt_id
        assert ask("opt-schedule", "cancel", opt_id) == "cancelled\n"
        with pytest.raises(NotDone, match="there is no such schedule"):
            ask("opt-schedule", "cancel", "../status")

    async with running("-m", "ven.daemon.cli", "run", "-c", site) as program:
        await program.line_with('"local API"')
        code = (await asyncio.to_thread(ask, "code")).strip()
        await asyncio.to_thread(acts)
        program.process.terminate()
        assert await program.ended() == 0
    assert code not in "".join(program.lines)


def test_without_the_program_every_command_says_so(site: Path, ask: Ask) -> None:
    with pytest.raises(NotDone, match="there is no code yet: `ven run` draws one"):
        ask("calendar", "show")
    state = site.parent / "state"
    state.mkdir()
    (state / "code").write_text("abcde\n", encoding="utf-8")
    with pytest.raises(NotDone, match="`ven run` does not run, or with another local_api"):
        ask("calendar", "show")
    assert ask("code") == "abcde\n"
    site.write_text(site.read_text(encoding="utf-8").partition("\n")[2], encoding="utf-8")
    with pytest.raises(NotDone, match="the settings have no local_api"):
        ask("boost", "evse-1", "--end")


async def test_something_else_at_the_address_is_not_taken_for_the_program(site: Path, ask: Ask) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n<html>")
        writer.close()

    state = site.parent / "state"
    state.mkdir()
    (state / "code").write_text("abcde\n", encoding="utf-8")
    port = int(site.read_text(encoding="utf-8").partition("\n")[0].rpartition(":")[2].strip('"'))
    async with await asyncio.start_server(talk, "127.0.0.1", port):
        with pytest.raises(NotDone, match="what answers at local_api is not `ven run`"):
            await asyncio.to_thread(ask, "calendar", "show")


def test_a_calendar_is_checked_without_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(PRESETS["uk"], encoding="utf-8")
    commands.ven.main(["calendar", "check", str(file)], standalone_mode=False)
    assert capsys.readouterr().out == f"{file} is a calendar\n"
    file.write_text(PRESETS["uk"].replace("= 0", "= 101"), encoding="utf-8")
    with pytest.raises(NotDone, match=r"mine\.toml: import 1: a slot allows 0 to 100 percent"):
        commands.ven.main(["calendar", "check", str(file)], standalone_mode=False)
    with pytest.raises(FileNotFoundError):
        commands.ven.main(["calendar", "check", str(tmp_path / "none.toml")], standalone_mode=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["boost", "evse-1"],
        ["boost", "evse-1", "--for", "1h", "--end"],
        ["boost", "evse-1", "--for", "soon"],
        ["boost", "evse-1", "--for", "0h0m"],
        ["opt-out", "E1", "--reason", "whim"],
        ["opt-schedule", "add"],
        ["opt-schedule", "add", "--from", "tomorrow"],
        ["calendar", "preset", "mars"],
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(arguments: list[str]) -> None:
    with pytest.raises(click.UsageError):
        commands.ven.main(arguments, standalone_mode=False)


def test_times_and_lengths_are_read_as_people_write_them() -> None:
    context, option = click.Context(click.Command("x")), click.Option(["--x"])
    lengths = [span(context, option, text) for text in ("90m", "1h30m", "2h")]
    assert [length and length.total_seconds() for length in lengths] == [5400, 5400, 7200]
    assert span(context, option, None) is None
    assert instant(context, option, None) is None
    moment = instant(context, option, "2026-12-24T18:00")
    assert moment is not None
    assert moment.tzinfo is not None
