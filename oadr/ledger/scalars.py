"""The simple values of a record as text, each in one form: anything else is NotCanonical."""

from datetime import UTC, datetime
from typing import Final

from oadr.ledger.errors import NotCanonical

HASH_BYTES: Final = 32


def write_time(moment: datetime) -> str:
    """RFC 3339 in UTC, whole milliseconds (the rest is cut off). ValueError for a time without its zone."""
    if moment.tzinfo is None:
        raise ValueError("a time in the record needs its zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.isoformat(timespec="milliseconds") == f"{text[:-1]}+00:00" and text[-1] == "Z":
            return moment
    except ValueError:
        pass
    raise NotCanonical(f"{text[:40]!r} is not a time like 2026-03-29T12:00:00.000Z")


def read_bytes(text: str, length: int = HASH_BYTES) -> bytes:
    """Lower-case hex digits, two for each byte."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != length or raw.hex() != text:
        raise NotCanonical(f"{text[:70]!r} is not {length} bytes in lower-case hex digits")
    return raw


def read_count(value: object) -> int:
    if type(value) is not int or value < 0:  # true is an int to Python, and no number to JSON
        raise NotCanonical("a number in the record is a whole one, and not negative")
    return value
