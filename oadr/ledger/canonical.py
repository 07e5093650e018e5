"""Values in the one form that they have as bytes: JSON as RFC 8785 writes it, without its floats.

The record is hashed, so every implementation must write the same bytes. Binary floats are where they differ:
quantities are integers of a small unit (W, Wh, mA, ms) or decimal strings.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn, TypeAlias

from oadr.ledger.errors import NotCanonical

Value: TypeAlias = "bool | int | str | list[Value] | tuple[Value, ...] | Mapping[str, Value] | None"

LARGEST: Final = 2**53 - 1
"""The last integer that a reader with doubles alone still tells from its neighbour (RFC 7493)."""
DEEPEST: Final = 32
"""Levels of nesting; a fixed number, since what a reader's stack holds would differ from reader to reader."""
LONGEST: Final = 2**20
"""Bytes of one value, so that no reader has to hold more than that."""

_CONTAINERS: Final = (dict, list)


def encode(value: Value) -> bytes:
    """The canonical bytes; NotCanonical for a value that has none."""
    try:
        raw = _write(_ordered(value, DEEPEST)).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("half a surrogate pair is not a character") from error
    if len(raw) > LONGEST:
        raise NotCanonical(f"{len(raw)} bytes are too many for one value")
    return raw


def decode(raw: bytes) -> Value:
    """The value of canonical bytes, immutable; NotCanonical for any others, however close."""
    if len(raw) > LONGEST:
        raise NotCanonical(f"{len(raw)} bytes are too many for one value")
    try:
        text = raw.decode("utf-8")
        value = _read(text)
        # A key that comes twice, a space, an escape too many: writing it again shows every other form.
        # ASCII sorts alike as code points and as UTF-16, so the encoder's own, faster sorting will do.
        again = _write_sorted(value) if raw.isascii() else _write(_ordered(value, DEEPEST))
    except (ValueError, RecursionError) as error:
        raise NotCanonical("this is not JSON") from error
    if again != text:
        raise NotCanonical("this JSON is not in canonical form")
    return _frozen(value, DEEPEST)


def _ordered(value: Value, depth: int) -> Value:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return _bounded(value)
    if not depth:
        raise NotCanonical("nested too deeply")
    if isinstance(value, list | tuple):
        return [_ordered(item, depth - 1) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _ordered(value[key], depth - 1) for key in sorted(value, key=_utf16)}
    raise NotCanonical(f"{type(value).__name__} has no canonical form")


def _frozen(value: Value, depth: int) -> Value:
    """What was just parsed, out of reach of whoever holds the parts of it."""
    if type(value) not in _CONTAINERS:
        return value
    if not depth:
        raise NotCanonical("nested too deeply")
    # Most values are scalars, and there are millions: they are not worth a call.
    if isinstance(value, list):
        return tuple(
            [_frozen(item, depth - 1) if type(item) in _CONTAINERS else item for item in value],
        )
    assert isinstance(value, dict)
    for key, item in value.items():
        if type(item) in _CONTAINERS:
            value[key] = _frozen(item, depth - 1)
    return MappingProxyType(value)


def _utf16(key: str) -> bytes:
    """RFC 8785 section 3.2.3 sorts by UTF-16 code units, where an emoji precedes U+FB33."""
    return key.encode("utf-16-be", "surrogatepass")


def _bounded(number: int) -> int:
    if not -LARGEST <= number <= LARGEST:
        raise NotCanonical("an integer is beyond those that every reader knows")
    return number


def _integer(digits: str) -> int:
    return _bounded(int(digits))


def _refuse(number: str) -> NoReturn:
    raise NotCanonical(f"{number[:40]} is not an integer")


_read = json.JSONDecoder(parse_int=_integer, parse_float=_refuse, parse_constant=_refuse).decode
_write = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_write_sorted = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":"), sort_keys=True
).encode
