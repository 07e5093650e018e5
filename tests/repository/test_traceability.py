from collections import Counter
from pathlib import Path

import pytest

from docs.traceability.__main__ import main
from docs.traceability.markers import proofs_in
from docs.traceability.sources import read_sections

ROOT = Path(__file__).parents[2]

MARKED = """
import pytest
pytestmark = pytest.mark.proves("r1")

@pytest.mark.proves("W20", "X01")
async def test_on_the_function() -> None: ...

@pytest.mark.proves("r2")
class TestClass:
    def test_in_the_class(self) -> None: ...

@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.proves("r3"))])
def test_in_a_case(n: int) -> None: ...

@pytest.mark.skip
@pytest.mark.proves("r4")
def test_that_does_not_run() -> None: ...

@pytest.mark.proves("r5")
def helper() -> None: ...
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with our sources, no pages yet and one test file."""
    (tmp_path / "tests").mkdir()
    sources = tmp_path / "docs" / "sources"
    sources.mkdir(parents=True)
    for source in (ROOT / "docs" / "sources").glob("*.toml"):
        (sources / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def claim(repository: Path, id_: str) -> None:
    text = f'import pytest\n\n@pytest.mark.proves("{id_}")\ndef test_a_claim() -> None: ...\n'
    (repository / "tests" / "test_claim.py").write_text(text, encoding="utf-8")


def line_of(repository: Path, page: str, cell: str) -> str:
    lines = (repository / "docs" / page).read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"| {cell} |"))


def test_a_marker_counts_wherever_pytest_would_see_it_and_the_test_runs(tmp_path: Path) -> None:
    path = tmp_path / "test_marked.py"
    path.write_text(MARKED, encoding="utf-8")
    assert {(proof.id, proof.sentence) for proof in proofs_in(path)} == {
        ("r1", "on the function"),
        ("W20", "on the function"),
        ("X01", "on the function"),
        ("r1", "in the class"),
        ("r2", "in the class"),
        ("r1", "in a case"),
        ("r3", "in a case"),
    }


def test_a_row_is_done_when_a_test_proves_it_and_not_before(repository: Path) -> None:
    assert main([]) == 0
    assert "| not yet |" in line_of(repository, "conformance.md", "61")
    claim(repository, "r61")
    assert main([]) == 0
    assert "| implemented | [a claim](../tests/test_claim.py) |" in line_of(
        repository, "conformance.md", "61"
    )
    assert "| not yet |" in line_of(repository, "conformance.md", "60")


def test_a_row_with_something_missing_is_done_in_part_only(repository: Path) -> None:
    claim(repository, "W63")
    assert main([]) == 0
    assert "| partly: missing: " in line_of(repository, "requirements.md", "W63")


def test_a_stale_page_is_named_with_its_cure(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert main(["--check"]) == 0
    claim(repository, "r61")
    assert main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/conformance.md is stale: run `make docs` and commit it\n"


@pytest.mark.parametrize(
    ("id_", "complaint"),
    [
        ("r999", "which docs/sources does not know"),
        ("r507", "of which docs/sources says that it is not there"),
        ("W44", "of which docs/sources says that it is not there"),
    ],
)
def test_a_false_claim_is_refused(
    repository: Path, capsys: pytest.CaptureFixture[str], id_: str, complaint: str
) -> None:
    claim(repository, id_)
    assert main([]) == 1
    assert capsys.readouterr().err == f"tests/test_claim.py: test_a_claim proves {id_}, {complaint}\n"


@pytest.mark.usefixtures("repository")
def test_every_rule_and_requirement_that_exists_has_a_row() -> None:
    def ids(source: str) -> list[str]:
        return [row.id for section in read_sections(Path("docs/sources", source)) for row in section.rows]

    assert ids("requirements.toml") == [f"W{number:02}" for number in range(1, 113)]
    gaps = {11, 24, 26, 28, 34, 39, 44, 49, 54, 55, 310, 320, 323, 326, 332, 503, 504, 505, 513}
    series = (
        range(1, 71),
        range(100, 117),
        range(200, 212),
        range(300, 347),
        range(400, 408),
        range(500, 518),
    )
    assert ids("rules.toml") == [
        f"r{number}" for numbers in series for number in numbers if number not in gaps
    ]


def test_no_two_rows_have_one_id() -> None:
    """A marker names its row by the id alone."""
    ids = [
        row.id
        for source in sorted((ROOT / "docs" / "sources").glob("*.toml"))
        for section in read_sections(source)
        for row in section.rows
    ]
    assert [id_ for id_, count in Counter(ids).items() if count > 1] == []
