"""How things are shown: numbers and times for programs, tables and short words for people."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import typer
from rich.console import Console
from rich.table import Table

Shown = str | int | float | bool | None | Sequence["Shown"] | Mapping[str, "Shown"]

LONGEST: Final = 200
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?|-")
WIDE: Final = 160
"""Columns where nobody looks: a pipe, a file."""


def as_json(shown: Shown) -> None:
    typer.echo(json.dumps(shown))


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Columns of numbers stand to the right."""
    lines = [tuple(map(words, row)) for row in rows]
    made = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        is_number = all(_NUMBER.fullmatch(line[number]) for line in lines)
        made.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for line in lines:
        made.add_row(*line)
    # Names come from files and from peers: they are text, never mark-up.
    width = None if sys.stdout.isatty() else WIDE
    Console(width=width, markup=False, emoji=False, highlight=False).print(made)


def number(quantity: Decimal | None) -> float | None:
    """For JSON. Two decimals, which a float carries faithfully; None: not known."""
    return None if quantity is None else float(round(quantity, 2))


def moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds(), 3)


def words(text: str) -> str:
    """On one line, of a bounded length, without anything that a terminal would obey."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST + 1])
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def lines(text: str) -> str:
    """As `words`, with its line breaks and in full."""
    return "".join(letter if letter == "\n" or letter.isprintable() else " " for letter in text)


def clock(at: datetime | None) -> str:
    return "-" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def kilowatts(power: Decimal | None) -> str:
    return "-" if power is None else f"{power / 1000:.1f}"


def plain(quantity: Decimal | None) -> str:
    return "-" if quantity is None else f"{quantity.normalize():f}"


def length(span: timedelta) -> str:
    """`1h30m`, as it is typed."""
    minutes, rest = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
