"""What chargepoints report: which quantity, when, how much."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from oadr.wire.ids import ReportSpecifierId, ResourceId, RId, Token, VenId
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import Unit, UnitKind
from oadr.wire.messages.report import ReportDescription


class Quantity(StrEnum):
    """Units: W, Wh, and A per phase."""

    POWER = "W"
    ENERGY = "Wh"
    CURRENT_1 = "A1"
    CURRENT_2 = "A2"
    CURRENT_3 = "A3"
    SET_POINT = "A-set"


CURRENTS = (Quantity.CURRENT_1, Quantity.CURRENT_2, Quantity.CURRENT_3)


@dataclass(frozen=True, slots=True)
class Reading:
    """`at` is the end of the time that the value stands for."""

    resource_id: ResourceId
    quantity: Quantity
    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A data point that a VEN has registered; `quantity` is None where it means nothing to us."""

    ven_id: VenId
    specifier_id: ReportSpecifierId
    r_id: RId
    reading_type: Token
    resource_id: ResourceId | None
    quantity: Quantity | None
    factor: Decimal
    """By which a value is multiplied to get W, Wh or A."""


def point(
    ven_id: VenId,
    specifier_id: ReportSpecifierId,
    description: ReportDescription,
    resources: tuple[ResourceId, ...],
) -> Point:
    """What a description in a VEN's metadata says, in our terms. `resources` are the chargepoints of its site."""
    named = description.data_source.resource_ids if description.data_source else ()
    ours = [resource for resource in named or resources if resource in resources]
    return Point(
        ven_id=ven_id,
        specifier_id=specifier_id,
        r_id=description.r_id,
        reading_type=description.reading_type,
        resource_id=ours[0] if len(ours) == 1 else None,
        quantity=_quantity(description),
        factor=_factor(description.unit),
    )


def _quantity(description: ReportDescription) -> Quantity | None:
    kind = description.unit.kind if description.unit else None
    match kind:
        case UnitKind.POWER_REAL:
            return Quantity.POWER if description.report_type != wire.SET_POINT else None
        case UnitKind.ENERGY_REAL:
            return Quantity.ENERGY
        case UnitKind.CURRENT if description.report_type == wire.SET_POINT:
            return Quantity.SET_POINT
        case UnitKind.CURRENT:
            return _phase(description.r_id)
    return None


def _phase(r_id: RId) -> Quantity:
    """Phases are told apart by the end of the name, `evse-1:I2`; one without it is the first."""
    suffix = r_id.rpartition(":")[2]
    return {"I2": Quantity.CURRENT_2, "I3": Quantity.CURRENT_3}.get(suffix, Quantity.CURRENT_1)


def _factor(unit: Unit | None) -> Decimal:
    return unit.plain(Decimal(1)) if unit else Decimal(1)
