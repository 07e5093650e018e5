"""Words and numbers of others, made safe for a log and a terminal."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

LONGEST: Final = 200


def words(text: str) -> str:
    """On one line, of a bounded length, without anything that a terminal would obey."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST + 1])
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def lines(text: str) -> str:
    """As `words`, with its line breaks and in full."""
    return "".join(letter if letter == "\n" or letter.isprintable() else " " for letter in text)


def number(quantity: Decimal) -> float:
    """For JSON. Two decimals, which a float carries faithfully."""
    return float(round(quantity, 2))


def moment(at: datetime | None) -> str | None:
    """In UTC, to the second; None: no end is known."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
