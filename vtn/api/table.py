"""The same rows as CSV (RFC 4180), for whoever has only a spreadsheet.

A spreadsheet runs what begins like a formula, and names come from files and from peers: such text gets a quote in
front. Numbers are left alone.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from vtn.api.forms import Form

MEDIA: Final = "text/csv"
CONTENT_TYPE: Final = f"{MEDIA}; charset=utf-8; header=present"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class Rows(Form):
    """A form of which one field is a table."""

    rows_in: ClassVar[str] = "items"


def row_type(form: type[Rows]) -> type[BaseModel]:
    annotation: Any = form.model_fields[form.rows_in].annotation
    row: type[BaseModel] = annotation.__args__[0]
    return row


def write(form: Rows) -> bytes:
    """Every column has its name in the first line; forms within a row become columns with a dot."""
    columns = tuple(_columns(row_type(type(form))))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for one in form.model_dump(mode="json")[form.rows_in]:
        flat = dict(_flat(one))
        writer.writerow([_cell(flat.get(column)) for column in columns])
    return out.getvalue().encode()


def _columns(row: type[BaseModel], before: str = "") -> Iterable[str]:
    for name, field in row.model_fields.items():
        inner = next((each for each in _parts(field.annotation) if _is_form(each)), None)
        if inner is None:
            yield f"{before}{name}"
        else:
            yield from _columns(inner, f"{before}{name}.")


def _parts(annotation: Any) -> tuple[Any, ...]:
    """The type itself, or the branches of a union."""
    origin = getattr(annotation, "__origin__", None)
    if origin is tuple or origin is dict:
        return ()
    return (annotation, *getattr(annotation, "__args__", ()))


def _is_form(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in values.items():
        yield f"{before}{name}", value
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case list() if all(isinstance(each, str) for each in value):
            return _safe("; ".join(value))
        case str():
            return _safe(value)
    return _safe(json.dumps(value))


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
