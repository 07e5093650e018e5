"""What one value of a signal allows, and what that comes to on a chargepoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, localcontext

from oadr.charging import electricity
from oadr.charging.electricity import DOWN, Allowed, Rating


@dataclass(frozen=True, slots=True)
class Share:
    """Of the rated current, 0 to 1."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Watts:
    """Over all phases."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Amps:
    """Per phase."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Offset:
    """Percent more or less than the chargepoint may draw anyhow at that time; -100 is nothing."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Together:
    """W over all chargepoints that the event means; it has to be shared out. Negative is fed back (see `scale`)."""

    value: Decimal


Ceiling = Share | Watts | Amps | Offset | Together


@dataclass(frozen=True, slots=True)
class Price:
    """Per kWh, in `currency` as the sender writes it. It orders nothing."""

    value: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class EnergyWanted:
    """Wh in the car by the end of the interval. It never lifts a limit."""

    value: Decimal


Advice = Price | EnergyWanted
"""What a signal says without limiting anybody."""


@dataclass(frozen=True, slots=True)
class Step:
    """`ceilings` all hold from `start` after the event's start, for `length`; None is an open end (r47)."""

    start: timedelta
    length: timedelta | None
    ceilings: tuple[Ceiling, ...]
    advice: tuple[Advice, ...] = ()

    def holds_at(self, elapsed: timedelta) -> bool:
        """Start inclusive, end exclusive (r18)."""
        return self.start <= elapsed and (self.length is None or elapsed < self.start + self.length)


NORMAL = Decimal(100)


def allowed(
    step: Step,
    rating: Rating,
    volts: Decimal,
    *,
    normal: Decimal = NORMAL,
    shares: Mapping[Together, Decimal] | None = None,
    phases: int | None = None,
) -> Allowed | None:
    """The smallest of the step's ceilings on a chargepoint; None if there is none, as with a price.

    `volts` per phase serves watts; `normal` is the percent that may be drawn anyhow; `shares` are this
    chargepoint's parts, in W, of what is ordered of all together; `phases` are those that are switched on, None: all.
    """
    found = (_allowed(ceiling, rating, volts, normal, shares or {}, phases) for ceiling in step.ceilings)
    return min(found, key=lambda one: (one.amps, one.requested), default=None)


def asked_watts(step: Step, rating: Rating, volts: Decimal, *, normal: Decimal = NORMAL) -> Decimal | None:
    """The smallest ceiling of one chargepoint in W, before steps, rounding and rating; None if there is none.

    What is ordered of all together is nobody's own.
    """
    found = (_asked(ceiling, normal, rating, volts) for ceiling in step.ceilings)
    return min((one for one in found if one is not None), default=None)


def _asked(ceiling: Ceiling, normal: Decimal, rating: Rating, volts: Decimal) -> Decimal | None:
    with localcontext(DOWN):
        match ceiling:
            case Share(value):
                return electricity.watts(value * rating.amps, rating, volts)
            case Amps(value):
                return electricity.watts(value, rating, volts)
            case Offset(value):
                return electricity.watts(_offset(value, normal) * rating.amps, rating, volts)
            case Watts(value):
                return value
            case Together():
                return None


def _allowed(
    ceiling: Ceiling,
    rating: Rating,
    volts: Decimal,
    normal: Decimal,
    shares: Mapping[Together, Decimal],
    phases: int | None,
) -> Allowed:
    match ceiling:
        case Share(value):
            return electricity.from_share(value, rating)
        case Watts(value):
            return electricity.from_watts(value, rating, volts, phases)
        case Amps(value):
            return electricity.from_amps(value, rating)
        case Offset(value):
            return electricity.from_share(_offset(value, normal), rating)
        case Together(value):
            drawn = max(shares.get(ceiling, value), Decimal(0))  # while power is fed back nothing is drawn
            return electricity.from_watts(drawn, rating, volts, phases)


def _offset(value: Decimal, normal: Decimal) -> Decimal:
    with localcontext(DOWN):
        return min(max(normal * (100 + value) / 10_000, Decimal(0)), Decimal(1))
