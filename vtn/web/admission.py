"""Who is served first when a whole fleet comes back, and when the others are to ask again (VT06).

What a site asks on its return, beside its polls, costs a token. There are as many a second as half a per cent of the
fleet. The last half of the bucket is kept for who asks for events, so registrations wait first. Polls cost nothing: an
emergency is never behind a crowd. Telemetry is the first to go when the disk is full (VT08).
"""

from enum import StrEnum
from typing import Final

from oadr.wire.messages import (
    CreatePartyRegistration,
    Message,
    QueryRegistration,
    RegisterReport,
    RequestEvent,
    UpdateReport,
)

SHARE: Final = 0.005
"""Of the fleet, each second. With a full bucket at its beginning no second sees more than twice that."""
FLOOR: Final = 100.0
"""Tokens a second for a small fleet, which one process serves at any time."""
KEPT_FOR_EVENTS: Final = 0.5
SHORTEST, LONGEST = 5, 300
"""Seconds until those who were turned away are to ask again."""
GOLDEN: Final = 0.6180339887498949


class Kind(StrEnum):
    """Of a message, by what holds it up."""

    FREE = "free"
    """Polls, answers, cancellations: nothing does."""
    EVENTS = "events"
    RETURN = "return"
    TELEMETRY = "telemetry"


_KINDS: Final[dict[type[Message], Kind]] = {
    RequestEvent: Kind.EVENTS,
    QueryRegistration: Kind.RETURN,
    CreatePartyRegistration: Kind.RETURN,
    RegisterReport: Kind.RETURN,
    UpdateReport: Kind.TELEMETRY,
}


def kind_of(message: Message) -> Kind:
    return _KINDS.get(type(message), Kind.FREE)


class Later(Exception):
    """Others come first."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds
        """After which to ask again."""


class Spread:
    """Even shares of a span, in an order in which no two that follow each other are near."""

    def __init__(self) -> None:
        self._step = 0.0

    def within(self, shortest: float, longest: float) -> int:
        """Whole seconds."""
        self._step = (self._step + GOLDEN) % 1
        return round(shortest + self._step * (longest - shortest))


class Admission:
    """A bucket of tokens for one process. `at` is in seconds of a clock that never goes back (P9)."""

    def __init__(self) -> None:
        self.is_disk_full = False
        """Set by whoever looks: telemetry is not taken then."""
        self._tokens = self._rate = FLOOR
        self._at = 0.0
        self._away = {Kind.EVENTS: 0, Kind.RETURN: 0}
        """How many of each were turned away and have yet to come back."""
        self._spread = Spread()

    def admit(self, kind: Kind, fleet: int, at: float) -> int | None:
        """None: come in. Otherwise the seconds after which to ask again, spread over as long as the crowd will take."""
        if kind is Kind.FREE:
            return None
        if kind is Kind.TELEMETRY:
            return self.later() if self.is_disk_full else None
        self._fill(fleet, at)
        kept = 0.0 if kind is Kind.EVENTS else self._rate * KEPT_FOR_EVENTS
        if self._tokens - 1 >= kept:
            self._tokens -= 1
            self._away[kind] = max(self._away[kind] - 1, 0)
            return None
        self._away[kind] += 1
        return self._spread.within(SHORTEST, min(SHORTEST + self._away[kind] / self._rate, LONGEST))

    def later(self) -> int:
        """When to ask again if it is not for a crowd: seconds, spread so that none comes of it."""
        return self._spread.within(SHORTEST, 3 * SHORTEST)

    def _fill(self, fleet: int, at: float) -> None:
        self._rate = max(FLOOR, SHARE * fleet)
        self._tokens = min(self._tokens + max(at - self._at, 0.0) * self._rate, self._rate)
        self._at = at
        if self._tokens >= self._rate:
            self._away = dict.fromkeys(self._away, 0)  # nobody has asked for a while: the crowd is gone
