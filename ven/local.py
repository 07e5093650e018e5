"""What the people of a site have set themselves; no message touches it, and it survives a power cut."""

from dataclasses import dataclass

from ven.boost import Boost
from ven.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Local:
    calendar: Calendar | None = None
    """None: it does not limit."""
    boosts: tuple[Boost, ...] = ()
    seed: bytes = b""
    """Chance for this unit, drawn once: where within the spread the calendar's limits begin."""
