"""How far our clock is from the VTN's: by the Date of its answers (RFC 9110, 6.6.1), which TLS has protected."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

SECOND: Final = timedelta(seconds=1)
"""A Date has no fractions: the truth lies within its second."""


def off_by(date: str | None, sent: datetime, received: datetime) -> timedelta | None:
    """By how much ours is ahead; 0 for what the way and the whole second explain. None: there is no usable Date."""
    try:
        theirs = parsedate_to_datetime(date or "").replace(tzinfo=UTC)
        latest, earliest = received - theirs, sent - theirs - SECOND
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if earliest <= timedelta() <= latest:
        return timedelta()
    return min(earliest, latest, key=abs)
