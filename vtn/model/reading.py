"""What chargepoints report: which quantity, when, how much, and how they stand."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from oadr.charging.electricity import PLANNED_VOLTS, Rating, watts
from oadr.wire.ids import ReportSpecifierId, ResourceId, RId, Token, VenId
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import Unit, UnitKind
from oadr.wire.messages.report import Report, ReportDescription, ResourceStatus, SamplingRate


class Quantity(StrEnum):
    """Units: W, Wh, and A per phase; a state has none, and no reading."""

    POWER = "W"
    ENERGY = "Wh"
    CURRENT_1 = "A1"
    CURRENT_2 = "A2"
    CURRENT_3 = "A3"
    SET_POINT = "A-set"
    STATE = "state"


CURRENTS = (Quantity.CURRENT_1, Quantity.CURRENT_2, Quantity.CURRENT_3)
MEASURED: Final = (wire.USAGE, wire.DEMAND, Token("reading"))
"""The report types that are measurements of what flows; a baseline or a battery's content has the same units."""
HISTORY: Final = wire.METADATA_PREFIX + "HISTORY"
"""How the name of an offer of what has been begins."""
FAR_BEYOND: Final = 2
"""Times the rating: no chargepoint carries that, its fuse would have blown."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`at` is the end of the time that the value stands for."""

    resource_id: ResourceId
    quantity: Quantity
    at: datetime
    value: Decimal

    def is_plausible(self, rating: Rating) -> bool:
        """Whether a chargepoint of this rating can carry so much, into the car or out of it."""
        return _is_plausible(self, (rating,))


@dataclass(frozen=True, slots=True)
class Total:
    """What all chargepoints of a site draw together (r343). Whose share is whose nobody has said."""

    ven_id: VenId
    quantity: Quantity
    at: datetime
    value: Decimal

    def is_plausible(self, ratings: Collection[Rating]) -> bool:
        return _is_plausible(self, ratings)


def _is_plausible(one: Reading | Total, ratings: Collection[Rating]) -> bool:
    match one.quantity:
        case Quantity.POWER:
            most = sum((watts(rating.amps, rating, PLANNED_VOLTS) for rating in ratings), Decimal(0))
        case Quantity.ENERGY:
            return True
        case _:
            most = sum((rating.amps for rating in ratings), Decimal(0))
    return abs(one.value) <= FAR_BEYOND * most


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a chargepoint stood `at` a moment, in its own words (oadrPayloadResourceStatus)."""

    resource_id: ResourceId
    at: datetime
    online: bool
    overridden: bool
    """Whether a person at the site has overruled what was ordered (oadrManualOverride)."""
    share: Decimal | None = None
    """Of the rated current, that it may draw; None: not said."""


def state(resource_id: ResourceId, at: datetime, said: ResourceStatus) -> State:
    control = said.load_control_state
    share = control.capacity.current if control and control.capacity else None
    return State(
        resource_id=resource_id,
        at=at,
        online=said.online,
        overridden=said.manual_override,
        share=share if share is not None and 0 <= share <= 1 else None,
    )


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a point is sampled: the shortest and the longest time between, zero for no bound."""

    shortest: timedelta
    longest: timedelta
    on_change: bool
    """Whether it can be told when it changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A data point that a VEN has registered; `quantity` is None where it means nothing to us."""

    ven_id: VenId
    specifier_id: ReportSpecifierId
    r_id: RId
    reading_type: Token
    resource_id: ResourceId | None
    """The chargepoint that it is about; None: several, or none of ours."""
    quantity: Quantity | None
    factor: Decimal
    """By which a value is multiplied to get W, Wh or A."""
    rate: Rate | None = None
    is_whole_site: bool = False
    """Whether it is about all chargepoints of a site that has several."""


def point(
    ven_id: VenId,
    offer: Report,
    description: ReportDescription,
    resources: tuple[ResourceId, ...],
) -> Point:
    """What a description in a VEN's metadata says, in our terms. `resources` are the chargepoints of its site.

    Without a source it means all of them (r343). What names a source that is none of them, if only among others,
    measures something else. What has been is not asked for: a history means nothing to us.
    Raises `Invalid` for a rate in months.
    """
    named = description.data_source.resource_ids if description.data_source else ()
    meant = frozenset(named or resources)
    ours = frozenset(resources)
    return Point(
        ven_id=ven_id,
        specifier_id=offer.specifier_id,
        r_id=description.r_id,
        reading_type=description.reading_type,
        resource_id=next(iter(meant)) if len(meant) == 1 and meant <= ours else None,
        quantity=None if (offer.name or "").startswith(HISTORY) else _quantity(description),
        factor=_factor(description.unit),
        rate=_rate(description.sampling_rate),
        is_whole_site=len(meant) > 1 and meant == ours,
    )


def _rate(said: SamplingRate | None) -> Rate | None:
    return Rate(said.min_period.span, said.max_period.span, said.on_change) if said else None


def _quantity(description: ReportDescription) -> Quantity | None:
    kind = description.unit.kind if description.unit else None
    if description.report_type == wire.RESOURCE_STATUS:
        return Quantity.STATE
    if description.report_type == wire.SET_POINT:
        return Quantity.SET_POINT if kind is UnitKind.CURRENT else None
    if description.report_type not in MEASURED:
        return None
    match kind:
        case UnitKind.POWER_REAL:
            return Quantity.POWER
        case UnitKind.ENERGY_REAL:
            return Quantity.ENERGY
        case UnitKind.CURRENT:
            return _phase(description.r_id)
    return None


def _phase(r_id: RId) -> Quantity:
    """Phases are told apart by the end of the name, `evse-1:I2`; one without it is the first."""
    suffix = r_id.rpartition(":")[2]
    return {"I2": Quantity.CURRENT_2, "I3": Quantity.CURRENT_3}.get(suffix, Quantity.CURRENT_1)


def _factor(unit: Unit | None) -> Decimal:
    return unit.plain(Decimal(1)) if unit else Decimal(1)
