import re
from pathlib import Path

import pytest

from docs.traceability import machines
from docs.traceability.__main__ import main
from oadr.states import Machine, Row
from oadr.states.registration import REGISTRATION, State, Trigger

ROOT = Path(__file__).parents[2]
NAME = "[a-z_]+"
TEXT = "[A-Za-z0-9 ,'/-]+"
LINES = (
    re.compile(r"stateDiagram-v2"),
    re.compile(rf'    state "{TEXT}" as {NAME}'),
    re.compile(rf"    \[\*\] --> {NAME}"),
    re.compile(rf"    {NAME} --> {NAME} : {TEXT}"),
)
RESERVED = {"state", "end", "note", "direction", "class", "default", "fork", "join", "choice", "as"}


def pictures() -> list[str]:
    return re.findall(r"```mermaid\n(.*?)\n```", machines.render(), re.DOTALL)


def test_each_machine_has_a_picture_that_mermaid_can_read() -> None:
    assert len(pictures()) == len(machines.MACHINES)
    for picture in pictures():
        lines = picture.splitlines()
        assert [line for line in lines if not any(form.fullmatch(line) for form in LINES)] == []
        named = {line.rsplit(" as ", 1)[1] for line in lines if " as " in line and " : " not in line}
        assert not named & RESERVED
        assert {
            name for line in lines[1:] for name in re.findall(rf"(?:^    |--> )({NAME})(?= -->| :|$)", line)
        } == named


def test_a_picture_shows_every_row_that_changes_something_and_no_other() -> None:
    for machine, picture in zip(machines.MACHINES, pictures(), strict=True):
        drawn = sum(line.count(" / ") + 1 for line in picture.splitlines() if " : " in line)
        assert drawn == sum(row.state != row.after for row in machine.rows)


def test_the_page_of_state_machines_may_not_be_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tests").mkdir()
    sources = tmp_path / "docs" / "sources"
    sources.mkdir(parents=True)
    for source in (ROOT / "docs" / "sources").glob("*.toml"):
        (sources / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert main(["--check"]) == 0
    shorter = Machine(name="Registration", says="Less.", start=State.UNREGISTERED, rows=REGISTRATION.rows[:2])
    monkeypatch.setattr(machines, "MACHINES", (shorter, *machines.MACHINES[1:]))
    assert main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/states.md is stale: run `make docs` and commit it\n"


def test_a_row_may_cite_only_rules_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    row = Row(State.UNREGISTERED, Trigger.REFUSED, State.UNREGISTERED, "by nobody's rule", ("r999",))
    made_up = Machine(name="Made up", says="Says r998.", start=State.UNREGISTERED, rows=(row,))
    monkeypatch.setattr(machines, "MACHINES", (made_up,))
    assert main(["--check"]) == 1
    told = capsys.readouterr().err
    assert "oadr/states: Made up cites r998, which docs/sources does not know" in told
    assert "oadr/states: Made up cites r999, which docs/sources does not know" in told
