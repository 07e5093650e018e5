"""On how many phases an outlet charges that can change them, and when it may. Sans-IO.

    all --- a limit in W would be a pause, and one phase can carry it ---> one       at once
    one --- no limit wants that any more, for ten minutes ---------------> all

The way back can harm some cars for good. Where the contract does not allow it for the car that is plugged in
(`phase_switch`), the outlet goes back with its next car.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.charging import electricity
from oadr.charging.electricity import Rating
from ven.randomise import CAP

RETURN_AFTER: Final = timedelta(seconds=600)
"""And a random time more, since it is the end of a limit like any other (Rec 4)."""
ONE: Final = 1


@dataclass(frozen=True, slots=True)
class Phases:
    """Of one outlet; `back_at` is when it may use more, drawn once when that became enough."""

    used: int
    back_at: datetime | None = None


def wanted(watts: Decimal, rating: Rating, volts: Decimal) -> int:
    """One where `watts` on all of them are a pause and on one are not; else all."""
    on_all = electricity.from_watts(watts, rating, volts)
    on_one = electricity.from_watts(watts, rating, volts, ONE)
    return ONE if not on_all.amps and on_one.amps else rating.phases


def moved(state: Phases, wants: int, drawn: timedelta, now: datetime) -> Phases:
    """After a look at what is ordered: fewer at once, more only when that has been enough for long."""
    if wants <= state.used:
        return Phases(wants)
    back_at = min(state.back_at or now + RETURN_AFTER + drawn, now + RETURN_AFTER + CAP)
    return Phases(wants) if now >= back_at else Phases(state.used, back_at)
