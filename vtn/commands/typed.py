"""What a person types, read strictly. Raises `Impossible`, which names the option."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.wire.errors import PeerError
from oadr.wire.scalars import read_duration
from vtn.model.errors import Impossible

LONGEST_ROLE: Final = 100
_SPAN: Final = re.compile(
    r"(?:(?P<days>[0-9]{1,5})d)?(?:(?P<hours>[0-9]{1,5})h)?(?:(?P<minutes>[0-9]{1,6})m)?(?:(?P<seconds>[0-9]{1,7})s)?"
)
_PERCENT: Final = re.compile(r"[+-]?[0-9]{1,6}(\.[0-9]{1,6})?")
_KILOWATTS: Final = re.compile(r"[0-9]{1,7}(\.[0-9]{1,3})?")


def span(text: str, option: str) -> timedelta:
    """`30m`, `2h`, `90s`, `1h30m`, or ISO 8601: `PT30M`."""
    if text and (parts := _SPAN.fullmatch(text)):
        return timedelta(**{unit: int(count or 0) for unit, count in parts.groupdict().items()})
    try:
        if text.startswith("P"):
            return read_duration(text).span
    except PeerError:
        pass
    raise Impossible(f"{option} is a time such as 30m, 2h, 1h30m or PT30M, not {text!r}")


def moment(text: str | None, now: datetime) -> datetime:
    """An ISO 8601 time with its zone; `now` where nothing was typed. Whole seconds, as messages have them."""
    if text is None:
        return now.replace(microsecond=0)
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        pass
    raise Impossible(f"--from is a time with its zone, such as {now:%Y-%m-%dT%H:%M}Z, not {text!r}")


def percent(text: str) -> Decimal:
    """A plain number; whether it makes sense, the model knows."""
    if not _PERCENT.fullmatch(text):
        raise Impossible(f"--percent is a number such as 40, not {text!r}")
    return Decimal(text)


def watts(kilowatts: str | None) -> Decimal | None:
    if kilowatts is None:
        return None
    if not _KILOWATTS.fullmatch(kilowatts):
        raise Impossible(f"--need is a power in kW, such as 120, not {kilowatts!r}")
    return Decimal(kilowatts) * 1000


def role(text: str) -> str:
    """In whose name; the record keeps it for good."""
    if not text.strip() or not text.isprintable() or len(text) > LONGEST_ROLE:
        raise Impossible(f"--as must be one line of at most {LONGEST_ROLE} printable characters")
    return text
