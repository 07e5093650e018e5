import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.ven.daemon.served import ROOT
from ven.daemon import commands
from ven.daemon.config import EXAMPLE
from ven.daemon.table import BadSetting


def ven(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ven.daemon.cli", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_settings_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = ven("run", "--config", tmp_path / "no.toml")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"ven: {tmp_path / 'no.toml'}: No such file or directory\n"


@pytest.mark.parametrize("command", ["run", "status"])
def test_a_wrong_key_stops_the_program_and_is_named(settings_file: Path, command: str) -> None:
    ran = ven(command, "-c", settings_file, "--set", "sample_evry=1")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "ven: --set sample_evry: no such setting\n"
    assert not (settings_file.parent / "state").exists()


def test_a_flag_without_a_value_and_an_unknown_command_are_wrong_usage(settings_file: Path) -> None:
    with pytest.raises(BadSetting, match="--set name: write it as KEY=VALUE"):
        commands.ven.main(["run", "-c", str(settings_file), "--set", "name"], standalone_mode=False)
    with pytest.raises(click.UsageError):
        commands.ven.main(["dance"], standalone_mode=False)


def test_a_status_without_a_journal_says_so(settings_file: Path) -> None:
    ran = ven("status", "-c", settings_file)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"ven: there is no journal in {settings_file.parent / 'state'}\n"


def test_the_example_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    commands.ven.main(["config"], standalone_mode=False)
    assert capsys.readouterr().out == EXAMPLE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("missing", "words"),
    [("click", ()), ("rich", ("status",)), ("structlog", ("run", "--set", "log=text"))],
)
def test_a_missing_extra_is_named_with_its_cure(
    missing: str, words: tuple[str, ...], settings_file: Path
) -> None:
    script = f"import sys; sys.modules[{missing!r}] = None; from ven.daemon.cli import main; main()"
    arguments = [*words, "-c", str(settings_file)] if words else []
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == f'ven: {missing} is not installed: pip install "feederguard[daemon]"\n'


def test_what_only_other_commands_need_is_none_of_the_memory_of_a_program_that_runs_for_years() -> None:
    script = "import sys, ven.daemon.commands; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"rich", "structlog", "aiohttp.web", "ven.daemon.api", "ven.daemon.reset"} & {
        *ran.stdout.split()
    }


def test_every_command_is_listed_with_its_help_and_found_where_it_is_said_to_be() -> None:
    ran = ven("--help")
    names = {*commands.ELSEWHERE, "run", "config"}
    listed = ran.stdout.partition("Commands:")[2].splitlines()
    assert {line.split()[0] for line in listed if line.strip()} == names
    context = click.Context(commands.ven)
    assert all(commands.ven.get_command(context, name) for name in names)
