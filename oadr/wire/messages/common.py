"""The parts that several services' payloads share."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from oadr.wire.errors import ResponseCode
from oadr.wire.ids import EventId, GroupId, Mrid, RequestId, ResourceId, VenId


class OptType(StrEnum):
    OPT_IN = "optIn"
    OPT_OUT = "optOut"


@dataclass(frozen=True, slots=True, kw_only=True)
class EiResponse:
    """How the answered message was taken. `request_id` echoes it, empty where it had none (r42, r303)."""

    code: Annotated[str, "ei:responseCode"] = ResponseCode.OK
    description: Annotated[str | None, "ei:responseDescription"] = None
    request_id: Annotated[RequestId, "pyld:requestID"]

    @property
    def accepted(self) -> bool:
        """2xx. The first digit suffices for most processing (r25)."""
        return self.code.startswith("2")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualifiedEventId:
    event_id: Annotated[EventId, "ei:eventID"]
    modification_number: Annotated[int, "ei:modificationNumber"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A polygon on the map; `positions` is GML's list of coordinates."""

    positions: Annotated[
        str, "gml:FeatureCollection/gml:location/gml:Polygon/gml:exterior/gml:LinearRing/gml:posList"
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportInterface:
    point_of_receipt: Annotated[str, "power:pointOfReceipt"]
    point_of_delivery: Annotated[str, "power:pointOfDelivery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom something is for. Several criteria are OR'd; none at all means the recipient (r22)."""

    aggregated_pnodes: Annotated[tuple[str, ...], "power:aggregatedPnode[]/power:node"] = ()
    end_device_assets: Annotated[tuple[Mrid, ...], "power:endDeviceAsset[]/power:mrid"] = ()
    meter_assets: Annotated[tuple[Mrid, ...], "power:meterAsset[]/power:mrid"] = ()
    pnodes: Annotated[tuple[str, ...], "power:pnode[]/power:node"] = ()
    service_areas: Annotated[tuple[Area, ...], "emix:serviceArea"] = ()
    service_delivery_points: Annotated[tuple[str, ...], "power:serviceDeliveryPoint[]/power:node"] = ()
    service_locations: Annotated[tuple[Area, ...], "power:serviceLocation"] = ()
    transport_interfaces: Annotated[tuple[TransportInterface, ...], "power:transportInterface"] = ()
    group_ids: Annotated[tuple[GroupId, ...], "ei:groupID"] = ()
    group_names: Annotated[tuple[str, ...], "ei:groupName"] = ()
    resource_ids: Annotated[tuple[ResourceId, ...], "ei:resourceID"] = ()
    ven_ids: Annotated[tuple[VenId, ...], "ei:venID"] = ()
    party_ids: Annotated[tuple[str, ...], "ei:partyID"] = ()


class UnitKind(StrEnum):
    """The elements that may stand for itemBase: what is measured."""

    POWER_REAL = "power:powerReal"
    POWER_APPARENT = "power:powerApparent"
    POWER_REACTIVE = "power:powerReactive"
    ENERGY_REAL = "power:energyReal"
    ENERGY_APPARENT = "power:energyApparent"
    ENERGY_REACTIVE = "power:energyReactive"
    VOLTAGE = "power:voltage"
    CURRENT = "oadr:current"
    FREQUENCY = "oadr:frequency"
    TEMPERATURE = "oadr:temperature"
    THERM = "oadr:Therm"
    PULSE_COUNT = "oadr:pulseCount"
    CURRENCY = "oadr:currency"
    CURRENCY_PER_KW = "oadr:currencyPerKW"
    CURRENCY_PER_KWH = "oadr:currencyPerKWh"
    CURRENCY_PER_THM = "oadr:currencyPerThm"
    CUSTOM = "oadr:customUnit"


class Scale(StrEnum):
    """siScaleCode: the power of ten that a value of this unit is multiplied by."""

    PICO = "p"
    NANO = "n"
    MICRO = "micro"
    MILLI = "m"
    CENTI = "c"
    DECI = "d"
    KILO = "k"
    MEGA = "M"
    GIGA = "G"
    TERA = "T"
    NONE = "none"

    @property
    def factor(self) -> Decimal:
        return Decimal(1).scaleb(_EXPONENTS[self])


_EXPONENTS = dict(zip(Scale, (-12, -9, -6, -3, -2, -1, 3, 6, 9, 12, 0), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerAttributes:
    hertz: Annotated[Decimal, "power:hertz"]
    voltage: Annotated[Decimal, "power:voltage"]
    alternating: Annotated[bool, "power:ac"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """itemBase. Powers carry `power`; a pulse count has `pulse_factor` in place of a scale."""

    kind: Annotated[UnitKind, "TAG"]
    description: Annotated[str, ".:itemDescription"]
    symbol: Annotated[str, ".:itemUnits"]
    scale: Annotated[Scale | None, "scale:siScaleCode"] = None
    pulse_factor: Annotated[Decimal | None, "oadr:pulseFactor"] = None
    power: Annotated[PowerAttributes | None, "power:powerAttributes"] = None

    def plain(self, number: Decimal) -> Decimal:
        """`number` of this unit without its scale: 1.5 kW is 1500 W."""
        return number * self.scale.factor if self.scale else number
