"""Sections and proofs to Markdown."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from docs.traceability.markers import Proof
from docs.traceability.sources import Row, Section

Proofs = Mapping[str, Sequence[Proof]]


@dataclass(frozen=True, slots=True)
class Page:
    """One generated page: where it comes from, where it goes, and its columns between id and state."""

    source: str
    target: str
    title: str
    introduction: str
    columns: tuple[tuple[str, Callable[[Row], str]], ...]
    id_heading: str
    id_text: Callable[[Row], str]
    done: str = "done"


PAGES = (
    Page(
        source="requirements.toml",
        target="requirements.md",
        title="Requirements",
        introduction="What the UK Electric Vehicle Energy Taskforce's report on smart charging (work package "
        "three) asks of a system like this one, in our words, and how far we are. Not affiliated with it.",
        columns=(
            ("From", lambda row: row.origin),
            ("What is asked", lambda row: row.says),
            ("Place, or where it will be", lambda row: row.where),
        ),
        id_heading="Row",
        id_text=lambda row: row.id,
    ),
    Page(
        source="rules.toml",
        target="conformance.md",
        title="OpenADR 2.0b, rule by rule",
        introduction="The numbered rules of the profile specification, revision 1.1, paraphrased; the "
        "specification itself binds. Self-tested, not certified. V = VEN, T = VTN, VT = both, A = only "
        "towards devices of profile 2.0a.",
        columns=(("Who", lambda row: row.who), ("Rule", lambda row: row.says)),
        id_heading="Rule no.",
        id_text=lambda row: row.id.removeprefix("r"),
        done="implemented",
    ),
    Page(
        source="security.toml",
        target="security.md",
        title="Security, faults and durability",
        introduction="What must hold when something is hostile or broken, and which test shows that it does.",
        columns=(("What must hold", lambda row: row.says),),
        id_heading="Row",
        id_text=lambda row: row.id,
    ),
    Page(
        source="scenarios.toml",
        target="scenarios.md",
        title="Scenarios",
        introduction="What a VTN and a VEN are put through, and how it must end. Most tests bear their row's name.",
        columns=(("What happens", lambda row: row.says),),
        id_heading="Scenario",
        id_text=lambda row: f"`{row.id}`",
    ),
)


def render(page: Page, sections: tuple[Section, ...], proofs: Proofs) -> str:
    rows = [row for section in sections for row in section.rows]
    counts = Counter(_word(page, row, proofs) for row in rows)
    states = (page.done, "partly", "not yet", "later", "n/a", "out of scope")
    parts = [
        f"# {page.title}",
        f"<!-- Made by `make docs` from docs/sources/{page.source} and the tests' markers. Do not edit. -->",
        page.introduction,
        f"{len(rows)} rows: "
        + ", ".join(f"{counts[state]} {state}" for state in states if counts[state])
        + ".",
    ]
    for section in sections:
        parts += [f"## {section.title}", _table(page, section, proofs)]
    return "\n\n".join(parts) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join((_line(headings), _line(("---",) * len(headings)), *map(_line, rows)))


def _table(page: Page, section: Section, proofs: Proofs) -> str:
    headings = (page.id_heading, *(heading for heading, _ in page.columns), "State", "Tests")
    return table(
        headings,
        (
            (
                page.id_text(row),
                *(cell(row) for _, cell in page.columns),
                _state(page, row, proofs),
                _tests(row, proofs),
            )
            for row in section.rows
        ),
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _word(page: Page, row: Row, proofs: Proofs) -> str:
    """The state in a word. Only a test makes a row done."""
    reasons = (("out of scope", row.out), ("n/a", row.idle), ("later", row.later))
    for word, reason in reasons:
        if reason:
            return word
    if not proofs.get(row.id):
        return "not yet"
    return "partly" if row.partly else page.done


def _state(page: Page, row: Row, proofs: Proofs) -> str:
    word = _word(page, row, proofs)
    reason = row.out or row.idle or row.later
    if word == "partly":
        reason = f"missing: {row.partly}"
    state = f"{word}: {reason}" if reason else word
    return f"{state}. Not ours: {row.without}" if row.without else state


def _tests(row: Row, proofs: Proofs) -> str:
    return "; ".join(f"[{proof.sentence}](../{proof.path.as_posix()})" for proof in proofs.get(row.id, ()))
