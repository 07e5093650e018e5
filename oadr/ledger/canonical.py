"""Values in the one form that they have as bytes: JSON as RFC 8785 writes it, without its floats.

The record is hashed, so every implementation must write the same bytes. Binary floats are where they differ:
quantities are integers of a small unit (W, Wh, mA, ms) or decimal strings.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn, TypeAlias

from oadr.ledger.errors import NotCanonical

Value: TypeAlias = "bool | int | str | list[Value] | tuple[Value, ...] | Mapping[str, Value] | None"

LARGEST = 2**53 - 1
"""The last integer that a reader with doubles alone still tells from its neighbour (RFC 7493)."""

_write = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def encode(value: Value) -> bytes:
    """The canonical bytes; NotCanonical for a value that has none."""
    try:
        return _write(_ordered(value)).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("half a surrogate pair is not a character") from error
    except RecursionError as error:
        raise NotCanonical("nested too deeply") from error


def decode(raw: bytes) -> Value:
    """The value of canonical bytes, immutable; NotCanonical for any others, however close."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotCanonical("this is not JSON") from error
    # A key that comes twice, a space, an escape too many: writing it again shows every other form.
    if encode(value) != raw:
        raise NotCanonical("this JSON is not in canonical form")
    return frozen(value)


def frozen(value: Value) -> Value:
    """The same value, out of reach of whoever holds the parts of it."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    return value


def _ordered(value: Value) -> Value:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if not -LARGEST <= value <= LARGEST:
            raise NotCanonical(f"{value:#x} is beyond the integers that every reader knows")
        return value
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
    raise NotCanonical(f"{type(value).__name__} has no canonical form")


def _utf16(key: str) -> bytes:
    """RFC 8785 section 3.2.3 sorts by UTF-16 code units, where an emoji precedes U+FB33."""
    return key.encode("utf-16-be", "surrogatepass")


def _refuse(number: str) -> NoReturn:
    raise NotCanonical(f"{number} is not an integer")
