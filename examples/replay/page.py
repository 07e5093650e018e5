"""The generated half of docs/load-shift.md, between its two markers; what stands around them is written by hand."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from examples.replay import table
from examples.replay.chart import svg
from examples.replay.result import Result

FOLDER: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = "load-shift.md"
PICTURE: Final = "load-shift.svg"
EVENING_PICTURE: Final = "load-shift-evening.svg"
BEGIN: Final = "<!-- Figures: made by `python -m examples.replay --docs`. -->"
END: Final = "<!-- End of the figures. -->"


class NoMarkers(ValueError):
    """The page has lost the place where its figures go."""


def renew(folder: Path, results: Sequence[Result], evening: Result) -> None:
    """The page and its pictures: the first result and the evening are drawn. Raises `NoMarkers`, `OSError`."""
    page = folder / PAGE
    page.write_text(filled(page.read_text(encoding="utf-8"), figures(results, evening)), encoding="utf-8")
    (folder / PICTURE).write_text(svg(results[0].drawing()), encoding="utf-8")
    (folder / EVENING_PICTURE).write_text(svg(evening.drawing()), encoding="utf-8")


def filled(page: str, figures: str) -> str:
    """The page with these figures in place of those that it had. Raises `NoMarkers`."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise NoMarkers(f"{PAGE} needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"


def figures(results: Sequence[Result], evening: Result | None = None) -> str:
    return "\n\n".join(_parts(results, evening))


def _parts(results: Sequence[Result], evening: Result | None) -> Iterator[str]:
    drawn = results[0]
    yield f"![{drawn.drawing().description}]({PICTURE})"
    yield table.markdown(weeks(drawn))
    yield words(drawn)
    if len(results) > 1:
        yield "The same four weeks with other limits and other hours:"
        yield table.markdown(plans(results))
    if evening is not None:
        yield "And every evening, Saturdays and Sundays too, when most streets have their peak:"
        yield f"![{evening.drawing().description}]({EVENING_PICTURE})"
        yield table.markdown(weeks(evening))
        yield words(evening)


def words(result: Result) -> str:
    total = result.total
    moved, missing = (table.share(part, total.without_kwh) for part in (total.moved_kwh, total.missing_kwh))
    return (
        "In the hours of the events the highest quarter of an hour falls from "
        f"{total.peak_in_window_without_kw:.0f} kW to {total.peak_in_window_with_kw:.0f} kW. Of the energy, {moved} is "
        f"charged at another time and {missing} is not charged any more; the car that fares worst leaves with "
        f"{total.short_worst_kwh:.1f} kWh less. In the recording the same cars took {total.recorded_kwh:.0f} kWh. "
        f"{result.comparison.shifted.agreed} events were answered with optIn, one for each site and day."
    )


def weeks(result: Result) -> list[Sequence[str]]:
    """One row for each week, and one for all."""
    rows: list[Sequence[str]] = [table.HEADINGS, *(table.cells(week) for week in result.weeks)]
    return [*rows, table.cells(result.total, "in all")] if len(result.weeks) > 1 else rows


def plans(results: Sequence[Result]) -> list[Sequence[str]]:
    """One row for each plan."""
    head = ("limit and hours", *table.HEADINGS[3:])
    return [head, *((one.drawing().caption, *table.cells(one.total)[3:]) for one in results)]
