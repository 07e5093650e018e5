"""Lists in pages: so many at a time, and an opaque cursor that leads on from the last one seen.

A cursor holds the place in the order, not a number of rows: what is added or goes away meanwhile shifts nothing.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Annotated, Final, Generic, TypeVar

from pydantic import AfterValidator, Field, WithJsonSchema

from vtn.api.forms import Form
from vtn.api.table import Rows

T = TypeVar("T")
MOST: Final = 500
USUAL: Final = 100
LONGEST_CURSOR: Final = 1024
_SEPARATOR: Final = "\n"
"""In no name that we take."""

Place = tuple[str, ...]


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"


def _read(cursor: str) -> str:
    try:
        base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be what `next` of an earlier page says") from error
    return cursor


Cursor = Annotated[
    str,
    Field(max_length=LONGEST_CURSOR),
    AfterValidator(_read),
    WithJsonSchema({"type": "string", "pattern": "^([A-Za-z0-9_-]{4}){0,200}$"}),
]


class Table(Form):
    """What every table may be asked for."""

    format: Format | None = None
    """Or say `Accept: text/csv`."""


class Listed(Table):
    """What every list may be asked for."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = USUAL
    """Rows in a page, at most."""
    after: Cursor | None = None
    """`next` of the page before."""


class Page(Rows, Generic[T]):
    items: tuple[T, ...]
    next: str | None = None
    """Leads to the next page; null: this is the last one."""


def cut(
    found: Iterable[T], place: Callable[[T], Place], asked: Listed, *, newest_first: bool = False
) -> tuple[tuple[T, ...], str | None]:
    """The rows of one page in the order of their places, and what leads to the next one."""
    known = sorted(((place(one), one) for one in found), key=lambda each: each[0], reverse=newest_first)
    if asked.after is not None:
        last = _place(asked.after)
        known = [each for each in known if (each[0] < last if newest_first else each[0] > last)]
    page, rest = known[: asked.limit], known[asked.limit :]
    return tuple(one for _, one in page), cursor(page[-1][0]) if rest else None


def cursor(place: Place) -> str:
    text = _SEPARATOR.join(place).encode()
    padded = text + b"\n" * (-len(text) % 3)  # so that no = is left to be escaped in a URL
    return base64.urlsafe_b64encode(padded).decode()


def _place(cursor: str) -> Place:
    raw = base64.b64decode(cursor.encode(), altchars=b"-_").decode()
    return tuple(raw.rstrip(_SEPARATOR).split(_SEPARATOR))


def whole(cursor: str | None) -> int:
    """Of a list that is ordered by whole numbers: the last one seen, or -1. What is none begins anew."""
    text = "" if cursor is None else _place(cursor)[0]
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else -1
