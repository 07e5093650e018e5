"""The data points that a VEN offers to report: what is measured, under which name, in which unit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.charging.electricity import Rating, lowest_usable_percent
from oadr.wire.ids import ReportRequestId, ReportSpecifierId, ResourceId, RId, Token
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import PowerAttributes, Scale, Target, Unit, UnitKind
from oadr.wire.messages.report import (
    LoadControl,
    LoadControlState,
    Quantity,
    Report,
    ReportDescription,
    ResourceStatus,
    SamplingRate,
)
from oadr.wire.scalars import Duration
from ven.samples import BUFFER, HISTORY, HISTORY_GRAIN, Sample

USAGE_SPECIFIER: Final = ReportSpecifierId("TELEMETRY_USAGE")
LIMIT_SPECIFIER: Final = ReportSpecifierId("x-LIMIT")
"""The well-known telemetry stays pure, power and energy; currents and set point go under a name of their own."""
STATUS_SPECIFIER: Final = ReportSpecifierId("TELEMETRY_STATUS")
HISTORY_SPECIFIER: Final = ReportSpecifierId("HISTORY_USAGE")

_NAMES: Final = {
    USAGE_SPECIFIER: (wire.TELEMETRY_USAGE, Token(wire.METADATA_PREFIX + wire.TELEMETRY_USAGE)),
    STATUS_SPECIFIER: (wire.TELEMETRY_STATUS, Token(wire.METADATA_PREFIX + wire.TELEMETRY_STATUS)),
    HISTORY_SPECIFIER: (wire.HISTORY_USAGE, Token(wire.METADATA_PREFIX + wire.HISTORY_USAGE)),
    LIMIT_SPECIFIER: (Token("x-LIMIT"), Token("x-METADATA_LIMIT")),
}
"""The reportName of a specifier's data, without METADATA_ (r313), and of its metadata (r331)."""
_SHARE: Final = Decimal("0.0001")

WATT: Final = Unit(
    kind=UnitKind.POWER_REAL,
    description="RealPower",
    symbol="W",
    scale=Scale.NONE,
    power=PowerAttributes(hertz=Decimal(50), voltage=Decimal(230), alternating=True),
)
WATT_HOUR: Final = Unit(kind=UnitKind.ENERGY_REAL, description="RealEnergy", symbol="Wh", scale=Scale.NONE)
AMPERE: Final = Unit(kind=UnitKind.CURRENT, description="Current", symbol="A", scale=Scale.NONE)

Value = Quantity | ResourceStatus


@dataclass(frozen=True, slots=True)
class Point:
    """One rID: where its value comes from in a sample, and whether a report gives the mean or the last one."""

    r_id: RId
    resource_id: ResourceId
    rating: Rating
    specifier_id: ReportSpecifierId
    report_type: Token
    reading_type: Token
    unit: Unit | None

    def value(self, samples: Sequence[Sample]) -> Value | None:
        """This point's value over the samples of one interval, or None when none of them has it."""
        if self.specifier_id == STATUS_SPECIFIER:
            return self._status(samples[-1]) if samples else None
        values = [found for sample in samples if (found := self._of(sample)) is not None]
        if not values:
            return None
        if self.reading_type == wire.MEAN:
            return Quantity(value=(sum(values, Decimal()) / len(values)).quantize(Decimal("0.01")))
        return Quantity(value=values[-1])

    @property
    def placeholder(self) -> Value:
        """Stands where a value is missing (r318). That of a state has the same parts as any other (r334)."""
        if self.specifier_id == STATUS_SPECIFIER:
            return self._state(online=False, overridden=False, amps=Decimal(0))
        return Quantity(value=Decimal(0))

    def _status(self, sample: Sample) -> ResourceStatus:
        return self._state(online=sample.online, overridden=sample.overridden, amps=sample.limit_amps)

    def _state(self, *, online: bool, overridden: bool, amps: Decimal) -> ResourceStatus:
        """Shares of the rated current: the least at which a car charges, all of it, and what is allowed now.

        `current` is below `minimum` when charging is paused.
        """
        capacity = LoadControl(
            minimum=Decimal(lowest_usable_percent(self.rating)) / 100,
            maximum=Decimal(1),
            current=(amps / self.rating.amps).quantize(_SHARE).normalize(),
            normal=Decimal(1),
        )
        return ResourceStatus(
            online=online,
            manual_override=overridden,
            load_control_state=LoadControlState(capacity=capacity),
        )

    def _of(self, sample: Sample) -> Decimal | None:
        suffix = self.r_id.rpartition(":")[2]
        if suffix == "SET":
            return sample.limit_amps
        if sample.measured is None:
            return None
        if suffix == "DEV":  # above the limit, or below it when negative; without a limit there is none
            is_limited = sample.limit_amps < self.rating.amps
            return max(sample.measured.amps, default=Decimal(0)) - sample.limit_amps if is_limited else None
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
    """No rID stands for two points, not even of different specifiers (r308)."""

    def point(
        suffix: str, specifier: ReportSpecifierId, kind: Token, reading: Token, unit: Unit | None
    ) -> Point:
        return Point(RId(f"{resource}:{suffix}"), resource, rating, specifier, kind, reading, unit)

    yield point("P", USAGE_SPECIFIER, wire.USAGE, wire.DIRECT_READ, WATT)
    yield point("E", USAGE_SPECIFIER, wire.USAGE, wire.DIRECT_READ, WATT_HOUR)
    for phase in range(1, rating.phases + 1):
        yield point(f"I{phase}", LIMIT_SPECIFIER, wire.DEMAND, wire.MEAN, AMPERE)
    yield point("SET", LIMIT_SPECIFIER, wire.SET_POINT, wire.DIRECT_READ, AMPERE)
    yield point("DEV", LIMIT_SPECIFIER, wire.DEVIATION, wire.DERIVED, AMPERE)
    yield point("ST", STATUS_SPECIFIER, wire.RESOURCE_STATUS, wire.NOT_APPLICABLE, None)
    yield point("history:P", HISTORY_SPECIFIER, wire.USAGE, wire.DIRECT_READ, WATT)
    yield point("history:E", HISTORY_SPECIFIER, wire.USAGE, wire.DIRECT_READ, WATT_HOUR)


def metadata(offered: tuple[Point, ...], fastest: timedelta, now: datetime) -> tuple[Report, ...]:
    """The reports to register: a name METADATA_..., descriptions, a buffer length, no data (r305, r312, r331)."""
    return tuple(
        _offer(specifier, tuple(one for one in offered if one.specifier_id == specifier), fastest, now)
        for specifier in _NAMES
    )


def _offer(
    specifier: ReportSpecifierId, offered: tuple[Point, ...], fastest: timedelta, now: datetime
) -> Report:
    is_history = specifier == HISTORY_SPECIFIER
    shortest, longest = (max(fastest, HISTORY_GRAIN), HISTORY) if is_history else (fastest, BUFFER)
    rate = SamplingRate(
        min_period=Duration.of(shortest), max_period=Duration.of(longest), on_change=not is_history
    )
    return Report(
        duration=Duration.of(longest),
        descriptions=tuple(_description(point, rate) for point in offered),
        request_id=ReportRequestId("0"),
        specifier_id=specifier,
        name=_NAMES[specifier][1],
        created_at=now,
    )


def data_name(specifier_id: ReportSpecifierId) -> Token:
    """The reportName of a data report: that of its metadata without METADATA_ (r313)."""
    return _NAMES[specifier_id][0]


def _description(point: Point, rate: SamplingRate) -> ReportDescription:
    return ReportDescription(
        r_id=point.r_id,
        data_source=Target(resource_ids=(point.resource_id,)),
        report_type=point.report_type,
        unit=point.unit,
        reading_type=point.reading_type,
        sampling_rate=rate,
    )
