"""The figures as rows of words, for a terminal and for a page."""

from collections.abc import Sequence
from typing import Final

from examples.replay.figures import Figures

HEADINGS: Final = (
    "days",
    "cars",
    "kWh without",
    "kWh with",
    "moved kWh",
    "missing kWh",
    "cars touched",
    "cars short",
    "peak kW without",
    "peak kW with",
    "highest after kW",
)


def cells(figures: Figures, name: str | None = None) -> tuple[str, ...]:
    return (
        name or f"{figures.first:%d %b} to {figures.last:%d %b}",
        f"{figures.cars}",
        f"{figures.without_kwh:.0f}",
        f"{figures.with_kwh:.0f}",
        f"{figures.moved_kwh:.0f}",
        f"{figures.missing_kwh:.1f}",
        f"{figures.cars_touched} ({share(figures.cars_touched, figures.cars)})",
        f"{figures.cars_short} ({share(figures.cars_short, figures.cars)})",
        f"{figures.peak_without_kw:.0f}",
        f"{figures.peak_with_kw:.0f}",
        f"{figures.rebound_kw:.0f}",
    )


def share(part: float, whole: float) -> str:
    return f"{part / whole * 100 if whole else 0:.1f} %"


def plain(rows: Sequence[Sequence[str]]) -> str:
    """In columns; the first to the left, as words are, the others to the right, as numbers are."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))
