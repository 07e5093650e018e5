"""The data points that a VEN offers to report: what is measured, under which name, in which unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.charging.electricity import Rating
from oadr.wire.ids import ReportRequestId, ReportSpecifierId, ResourceId, RId, Token
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import PowerAttributes, Scale, Target, Unit, UnitKind
from oadr.wire.messages.report import Report, ReportDescription, SamplingRate
from oadr.wire.scalars import Duration
from ven.driver import Measurement

USAGE_SPECIFIER: Final = ReportSpecifierId("TELEMETRY_USAGE")
LIMIT_SPECIFIER: Final = ReportSpecifierId("x-LIMIT")
"""The well-known telemetry stays pure, power and energy; currents and set point go under a name of their own."""

BUFFER: Final = timedelta(hours=1)
"""How far back a report can reach; at ten seconds a point this is more than the 100 points of r510."""

WATT: Final = Unit(
    kind=UnitKind.POWER_REAL,
    description="RealPower",
    symbol="W",
    scale=Scale.NONE,
    power=PowerAttributes(hertz=Decimal(50), voltage=Decimal(230), alternating=True),
)
WATT_HOUR: Final = Unit(kind=UnitKind.ENERGY_REAL, description="RealEnergy", symbol="Wh", scale=Scale.NONE)
AMPERE: Final = Unit(kind=UnitKind.CURRENT, description="Current", symbol="A", scale=Scale.NONE)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one chargepoint's meter said at one moment, and the limit that was in force.

    `measured` is None where the meter could not be read; `limit_amps` is the rated current without a limit.
    """

    resource_id: ResourceId
    at: datetime
    measured: Measurement | None
    limit_amps: Decimal


@dataclass(frozen=True, slots=True)
class Point:
    """One rID: where its value comes from in a sample, and whether a report gives the mean or the last one."""

    r_id: RId
    resource_id: ResourceId
    specifier_id: ReportSpecifierId
    report_type: Token
    reading_type: Token
    unit: Unit

    def value(self, samples: Iterable[Sample]) -> Decimal | None:
        """This point's value over the samples of one interval, or None when none of them has it."""
        values = [found for sample in samples if (found := self._of(sample)) is not None]
        if not values:
            return None
        if self.reading_type == wire.MEAN:
            return (sum(values, Decimal()) / len(values)).quantize(Decimal("0.01"))
        return values[-1]

    def _of(self, sample: Sample) -> Decimal | None:
        suffix = self.r_id.rpartition(":")[2]
        if suffix == "SET":
            return sample.limit_amps
        if sample.measured is None:
            return None
        if suffix == "P":
            return sample.measured.watts
        if suffix == "E":
            return sample.measured.energy_wh
        phase = int(suffix.removeprefix("I")) - 1
        amps = sample.measured.amps
        return amps[phase] if phase < len(amps) else Decimal(0)


def points(ratings: Mapping[ResourceId, Rating]) -> tuple[Point, ...]:
    """Every point that chargepoints of these ratings offer."""
    return tuple(point for resource, rating in ratings.items() for point in _points_of(resource, rating))


def _points_of(resource: ResourceId, rating: Rating) -> Iterable[Point]:
    def point(suffix: str, specifier: ReportSpecifierId, kind: Token, reading: Token, unit: Unit) -> Point:
        return Point(RId(f"{resource}:{suffix}"), resource, specifier, kind, reading, unit)

    yield point("P", USAGE_SPECIFIER, wire.USAGE, wire.DIRECT_READ, WATT)
    yield point("E", USAGE_SPECIFIER, wire.USAGE, wire.DIRECT_READ, WATT_HOUR)
    for phase in range(1, rating.phases + 1):
        yield point(f"I{phase}", LIMIT_SPECIFIER, wire.DEMAND, wire.MEAN, AMPERE)
    yield point("SET", LIMIT_SPECIFIER, wire.SET_POINT, wire.DIRECT_READ, AMPERE)


def metadata(offered: tuple[Point, ...], fastest: timedelta, now: datetime) -> tuple[Report, ...]:
    """The reports to register: a name METADATA_..., descriptions, a buffer length, no data (r305, r312, r331)."""
    rate = SamplingRate(min_period=Duration.of(fastest), max_period=Duration.of(BUFFER), on_change=False)
    return tuple(
        Report(
            duration=Duration.of(BUFFER),
            descriptions=tuple(
                _description(point, rate) for point in offered if point.specifier_id == specifier
            ),
            request_id=ReportRequestId("0"),
            specifier_id=specifier,
            name=name,
            created_at=now,
        )
        for specifier, name in (
            (USAGE_SPECIFIER, Token(wire.METADATA_PREFIX + wire.TELEMETRY_USAGE)),
            (LIMIT_SPECIFIER, Token("x-METADATA_LIMIT")),
        )
    )


def data_name(specifier_id: ReportSpecifierId) -> Token:
    """The reportName of a data report: that of its metadata without METADATA_ (r313)."""
    return wire.TELEMETRY_USAGE if specifier_id == USAGE_SPECIFIER else Token("x-LIMIT")


def _description(point: Point, rate: SamplingRate) -> ReportDescription:
    return ReportDescription(
        r_id=point.r_id,
        data_source=Target(resource_ids=(point.resource_id,)),
        report_type=point.report_type,
        unit=point.unit,
        reading_type=point.reading_type,
        sampling_rate=rate,
    )
