"""What a customer keeps whatever is ordered, by the profile of the site's contract, and where a limit lies below it.

    uk       nothing is owed
    de14a    4.2 kW for each chargepoint; where a site shares out one value, less for each further one

A low order is obeyed all the same: what is written down here is for the customer and the operator to talk about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Final

from oadr.charging import electricity
from oadr.charging.electricity import DOWN, EMERGENCY_VOLTS, PLANNED_VOLTS, RESOLUTION, Rating

DEVICE_WATTS: Final = Decimal(4200)
_TOGETHER: Final = tuple(
    Decimal(one) for one in ("0.80", "0.75", "0.70", "0.65", "0.60", "0.55", "0.50", "0.45")
)
"""How much of it each further device of a site is owed, for 2, 3 ... 8 and, the last, 9 devices and more."""


class Profile(StrEnum):
    """Which rules a site's contract follows where countries differ."""

    UK = "uk"
    DE14A = "de14a"

    @property
    def emergency_volts(self) -> Decimal:
        """At which W of a supply limitation become A where nobody has measured."""
        return PLANNED_VOLTS if self is Profile.DE14A else EMERGENCY_VOLTS

    def finest(self, rating: Rating) -> Rating:
        """The steps in which a percentage is obeyed: one that is owed its minimum does not lose it to coarse ones."""
        return Rating(rating.amps, rating.phases, 1) if self is Profile.DE14A else rating


class Cause(StrEnum):
    """Why less is left than is owed."""

    ORDER = "order"
    """The operator has ordered less."""
    QUANTISATION = "quantisation"
    """Enough was ordered, and our rounding, a margin of ours or the pause below 6 A took it away."""


@dataclass(frozen=True, slots=True)
class Undercut:
    """A limit below what is owed."""

    owed: Decimal
    """W; of all chargepoints together where one value was shared out."""
    commanded: Decimal
    """W, as the limit comes to, of the same chargepoints."""
    cause: Cause


@dataclass(frozen=True, slots=True)
class Commanded:
    """What became of an order on one chargepoint."""

    rating: Rating
    """With the phases that are switched on."""
    volts: Decimal
    """Measured, or nominal; never with a margin, which nobody draws."""
    amps: Decimal
    """Per phase, as commanded."""

    @property
    def watts(self) -> Decimal:
        return electricity.watts(self.amps, self.rating, self.volts)


def owed(profile: Profile, devices: int = 1) -> Decimal | None:
    """W for so many chargepoints together; None: nothing is owed."""
    if profile is not Profile.DE14A or devices < 1:
        return None
    factor = _TOGETHER[min(devices - 2, len(_TOGETHER) - 1)] if devices > 1 else Decimal(0)
    return DEVICE_WATTS * (1 + (devices - 1) * factor)


def undercut(profile: Profile, ordered: Decimal, made: Commanded) -> Undercut | None:
    """Of an order to one chargepoint, `ordered` W before any rounding; None where enough is left.

    Enough is what the charger comes to at its next lower tenth of an ampere, and what it can take at all: that a
    small one cannot take 4.2 kW is nobody's doing.
    """
    least = owed(profile)
    if least is None or made.amps >= _reached(least, made):
        return None
    cause = Cause.ORDER if _reached(ordered, made) < _reached(least, made) else Cause.QUANTISATION
    return Undercut(least, made.watts, cause)


def undercut_together(profile: Profile, ordered: Decimal, made: Iterable[Commanded]) -> Undercut | None:
    """Of `ordered` W that were shared out over all of `made`."""
    made = tuple(made)
    least = owed(profile, len(made))
    if least is None:
        return None
    can = min(
        least, sum((electricity.watts(one.rating.amps, one.rating, one.volts) for one in made), Decimal(0))
    )
    commanded = sum((one.watts for one in made), Decimal(0))
    rounding = sum((electricity.watts(RESOLUTION, one.rating, one.volts) for one in made), Decimal(0))
    if commanded > can - rounding:
        return None
    return Undercut(least, commanded, Cause.ORDER if ordered < can else Cause.QUANTISATION)


def _reached(power: Decimal, made: Commanded) -> Decimal:
    """A per phase that `power` W come to, whether or not one can charge with so few."""
    with localcontext(DOWN):
        exact = electricity.amps(power, made.rating, made.volts)
        return min(exact, made.rating.amps).quantize(RESOLUTION)
