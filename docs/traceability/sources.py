"""docs/sources/*.toml as values: what is asked for, and what we say about it beforehand."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One rule, requirement or threat. At most one of `later`, `idle` and `out` is set; each is a reason."""

    id: str
    says: str
    origin: str = ""
    who: str = ""
    where: str = ""
    without: str = ""
    """A part of it that is not ours."""
    partly: str = ""
    """What is missing although tests prove the rest."""
    later: str = ""
    idle: str = ""
    """Nothing to implement."""
    out: str = ""
    """Not ours at all."""

    @property
    def denied(self) -> bool:
        """Whether we say that nothing is there, so that a test which proves it would contradict us."""
        return bool(self.later or self.idle or self.out)


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


def read_sections(source: Path) -> tuple[Section, ...]:
    """The sections of one source in its own order. A key that Row does not have is a TypeError."""
    parsed = tomllib.loads(source.read_text(encoding="utf-8"))
    return tuple(
        Section(section["title"], tuple(_row(id_, fields) for id_, fields in section["rows"].items()))
        for section in parsed["section"]
    )


def _row(id_: str, fields: dict[str, str]) -> Row:
    named = {"origin" if key == "from" else key: text for key, text in fields.items()}
    row = Row(id=id_, **named)
    if sum(map(bool, (row.later, row.idle, row.out))) > 1:
        raise ValueError(f"{id_}: later, idle and out exclude each other")
    return row
