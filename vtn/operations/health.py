"""Whether to send this server anybody, and if not, why: for /readyz, a load balancer, and a person at night."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

FRESH: Final = 5.0
"""Seconds for which the memory of who has mail counts as fresh; it is compared with the store twice a second."""


@dataclass(slots=True)
class Health:
    """What the server's jobs have found; `at` is in seconds of a clock that never goes back (P9)."""

    read_at: float | None = None
    """When the memory was last compared with the store."""
    store_trouble: str | None = "not opened yet"
    clock_trouble: str | None = None
    certificates_end: datetime | None = None
    """The first of our own."""
    is_ending: bool = False

    def read(self, at: float) -> None:
        self.read_at, self.store_trouble = at, None

    def not_ready(self, now: datetime, at: float) -> Mapping[str, str]:
        """What is wrong, by what; empty when all is well."""
        found: dict[str, str] = {}
        if self.store_trouble:
            found["store"] = self.store_trouble
        if self.read_at is None:
            found["index"] = "not read yet"
        elif (age := at - self.read_at) > FRESH:
            found["index"] = f"last compared with the store {age:.0f} s ago"
        if self.clock_trouble:
            found["clock"] = self.clock_trouble
        if self.certificates_end is not None and now > self.certificates_end:
            found["certificate"] = "a certificate of ours has expired"
        if self.is_ending:
            found["server"] = "it is stopping"
        return found
