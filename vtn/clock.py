"""The one place where the VTN asks what time it is."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
