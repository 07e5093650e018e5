"""Percent, watts and amps. Decimal throughout and always rounded down: never more than was ordered."""

from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from typing import Final

from oadr.wire.errors import Invalid

FLOOR_AMPS: Final = Decimal(6)
"""Below it IEC 61851-1 knows no charging: the only smaller current is none."""
RESOLUTION: Final = Decimal("0.1")
"""A limit has one decimal, as in OCPP; so have the percents that are shown beside it."""
PLANNED_VOLTS: Final = Decimal(230)
EMERGENCY_VOLTS: Final = Decimal(253)
"""230 V + 10 %: on a feeder with high voltage a watt limit must hold too when nobody measured."""
DOWN: Final = Context(prec=128, rounding=ROUND_FLOOR)
"""Exact for every number that can be read from a message, so only a division rounds. Python's own context would
make 0.4 of a 0.39999999999999999999999999999 that was ordered, and another program may have changed it."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a chargepoint was commissioned for: A per phase, phases wired, and its step in percent."""

    amps: Decimal
    phases: int
    step: int = 10

    def __post_init__(self) -> None:
        if self.amps < FLOOR_AMPS or self.phases not in (1, 2, 3) or self.step not in (10, 5, 2, 1):
            raise ValueError("a rating has 6 A or more, 1 to 3 phases and a step of 10, 5, 2 or 1 percent")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an order comes to on one chargepoint."""

    amps: Decimal
    """Per phase; 0 is a pause."""
    percent: Decimal
    """Of the rated current on all phases, as applied: after the step, the floor of 6 A and the rating."""
    requested: Decimal
    """Of the rated current, as asked for; above 100 when more than the rating was allowed."""
    watts: Decimal | None = None
    """The order itself, where it came in W: with the voltage the amps change, and this does not."""


def from_share(share: Decimal, rating: Rating) -> Allowed:
    """A share of the rated current, 0 to 1, in the rating's steps. Raises `Invalid` outside (454)."""
    if not 0 <= share <= 1:
        raise Invalid("a share of capacity lies between 0 and 1")
    with localcontext(DOWN):
        requested = share * 100
        percent = requested // rating.step * rating.step
        return _allowed(rating.amps * percent / 100, requested, rating)


def from_amps(amps: Decimal, rating: Rating) -> Allowed:
    """A current per phase, exact to 0.1 A, without steps. Raises `Invalid` below zero (454)."""
    if amps < 0:
        raise Invalid("an import limit is not negative")
    with localcontext(DOWN):
        return _allowed(min(amps, rating.amps), amps * 100 / rating.amps, rating)


def from_watts(power: Decimal, rating: Rating, volts: Decimal, phases: int | None = None) -> Allowed:
    """A power over all phases at `volts` per phase, exact; over `phases` of them where only so many are switched on.

    Raises `Invalid` below zero (454).
    """
    used = replace(rating, phases=phases or rating.phases)
    found = from_amps(amps(power, used, volts), used)
    with localcontext(DOWN):
        part = Decimal(used.phases) / rating.phases
        percent, requested = ((one * part).quantize(RESOLUTION) for one in (found.percent, found.requested))
    return Allowed(found.amps, percent, requested, power)


def watts(amps: Decimal, rating: Rating, volts: Decimal) -> Decimal:
    """W that flow when all phases carry `amps` at `volts`."""
    return amps * volts * rating.phases


def amps(power: Decimal, rating: Rating, volts: Decimal) -> Decimal:
    """A on each phase when `power` W flow over all of them at `volts`."""
    with localcontext(DOWN):
        return power / (volts * rating.phases)


def told_in_watts(amps: Decimal, phases: int, volts: Decimal) -> Decimal:
    """W for a charger that takes no A: what a limit of `amps` is at the voltage that the charger itself is set to.

    Whole W, rounded down. The charger divides by the same voltage, so the amps come out as they were; what a high
    voltage on the feeder needs was taken off when the limit was made, and is not taken off twice.
    """
    return (amps * volts * phases).quantize(Decimal(1), context=DOWN)


def lowest_usable_percent(rating: Rating) -> int:
    """The smallest step that does not pause this chargepoint; on 16 A and steps of 10 that is 40."""
    steps = range(rating.step, 101, rating.step)
    return next(step for step in steps if from_share(Decimal(step) / 100, rating).amps)


def _allowed(amps: Decimal, requested: Decimal, rating: Rating) -> Allowed:
    floored = amps.quantize(RESOLUTION)
    applied = floored if floored >= FLOOR_AMPS else Decimal(0)
    percent = applied * 100 / rating.amps
    return Allowed(applied, percent.quantize(RESOLUTION), requested.quantize(RESOLUTION))
