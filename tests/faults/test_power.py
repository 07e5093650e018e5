"""Kills and power cuts in the middle of writing; `python -m tests.faults.power` does many more."""

import shutil
import subprocess
import sys

import pytest

from tests.faults.cuts import NO_COMPILER
from tests.ven.daemon.served import ROOT

needs_a_compiler = pytest.mark.skipif(
    shutil.which("cc") is None, reason="no C compiler (cc) is here: no disk can be made to forget"
)


def ran(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def power(*arguments: str) -> subprocess.CompletedProcess[str]:
    return ran("tests.faults.power", *arguments)


@pytest.mark.proves("B6", "S1", "S4", "W03")
def test_no_kill_loses_an_event_an_opt_or_a_log_entry_that_was_acknowledged() -> None:
    done = power("--by", "kill", "--cycles", "10")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost" in done.stdout


@needs_a_compiler
@pytest.mark.proves("B6", "F12", "S1", "S4", "W03")
def test_no_power_cut_loses_an_event_an_opt_or_a_log_entry_that_was_acknowledged() -> None:
    done = power("--by", "power", "--cycles", "10")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost" in done.stdout


@needs_a_compiler
@pytest.mark.proves("B7", "S9")
def test_nothing_is_acknowledged_that_a_failing_disk_has_not_taken() -> None:
    done = power("--by", "errors", "--cycles", "10", "--seed", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " away" in done.stdout, "some writes were refused, and told"


@needs_a_compiler
@pytest.mark.proves("F12")
def test_a_writer_that_does_not_wait_for_the_disk_is_found_out() -> None:
    done = power("--by", "power", "--cycles", "20", "--careless", "--seed", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Lost: " in done.stdout


def test_without_a_compiler_it_says_so_and_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = power("--by", "power", "--cycles", "1")
    assert done.returncode == NO_COMPILER
    assert "no C compiler" in done.stdout
