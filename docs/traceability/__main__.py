"""python -m docs.traceability [--check]: write the pages, or say which of them are stale. Run at the root."""

import sys
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from docs.traceability import machines
from docs.traceability.markers import Proof, proofs_below
from docs.traceability.pages import PAGES, render
from docs.traceability.sources import Row, read_sections

DOCS = Path("docs")


def main(arguments: list[str]) -> int:
    """Exit code 0 for done, 1 for a stale page or a false claim, 2 for wrong usage."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m docs.traceability [--check]", file=sys.stderr)
        return 2
    sources = {page: read_sections(DOCS / "sources" / page.source) for page in PAGES}
    rows = {row.id: row for sections in sources.values() for section in sections for row in section.rows}
    proofs: defaultdict[str, list[Proof]] = defaultdict(list)
    for proof in proofs_below(Path("tests")):
        proofs[proof.id].append(proof)
    complaints = [*_false_claims(rows, proofs), *_unknown_rules(rows)]
    texts = {page.target: render(page, sections, proofs) for page, sections in sources.items()}
    texts[machines.TARGET] = machines.render()
    for name, text in texts.items():
        target = DOCS / name
        if not arguments:
            target.write_text(text, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != text:
            complaints.append(f"{target} is stale: run `make docs` and commit it")
    print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
    return 1 if complaints else 0


def _false_claims(rows: dict[str, Row], proofs: dict[str, list[Proof]]) -> Iterator[str]:
    for id_, claims in sorted(proofs.items()):
        for proof in claims:
            where = f"{proof.path}: {proof.test} proves {id_}"
            if id_ not in rows:
                yield f"{where}, which docs/sources does not know"
            elif rows[id_].denied:
                yield f"{where}, of which docs/sources says that it is not there"


def _unknown_rules(rows: Collection[str]) -> Iterator[str]:
    for rule, machine in machines.rules_cited():
        if rule not in rows:
            yield f"oadr/states: {machine} cites {rule}, which docs/sources does not know"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
