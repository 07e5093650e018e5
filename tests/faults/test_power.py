"""Kills and power cuts in the middle of writing; `python -m tests.faults.power` does many more."""

import shutil
import subprocess
import sys

import pytest

from tests.faults.power import NO_COMPILER
from tests.ven.daemon.served import ROOT

needs_a_compiler = pytest.mark.skipif(
    shutil.which("cc") is None, reason="no C compiler (cc) is here: no disk can be made to forget"
)


def power(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.power", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.proves("B6", "S1", "S4", "W03")
def test_no_kill_loses_an_event_an_opt_or_a_log_entry_that_was_acknowledged() -> None:
    ran = power("--by", "kill", "--cycles", "10")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "nothing lost" in ran.stdout


@needs_a_compiler
@pytest.mark.proves("B6", "S1", "S4", "W03")
def test_no_power_cut_loses_an_event_an_opt_or_a_log_entry_that_was_acknowledged() -> None:
    ran = power("--by", "power", "--cycles", "10")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "nothing lost" in ran.stdout


@needs_a_compiler
def test_a_writer_that_does_not_wait_for_the_disk_is_found_out() -> None:
    ran = power("--by", "power", "--cycles", "20", "--careless", "--seed", "1")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Lost: " in ran.stdout


def test_without_a_compiler_it_says_so_and_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    ran = power("--by", "power", "--cycles", "1")
    assert ran.returncode == NO_COMPILER
    assert "no C compiler" in ran.stdout
