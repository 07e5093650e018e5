"""What VENs offer to report, and their reports: ours and openleadr's."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from oadr.wire.ids import ReportRequestId, ReportSpecifierId, RequestId, RId, Token
from oadr.wire.messages import RegisterReport, UpdateReport
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import PowerAttributes, Scale, Target, Unit, UnitKind
from oadr.wire.messages.report import (
    Quantity,
    Report,
    ReportDescription,
    ReportInterval,
    ReportPayload,
    SamplingRate,
)
from oadr.wire.scalars import Duration
from tests.vtn.world import HOME, HOME_EVSE, NOW

USAGE: Final = ReportSpecifierId("usage")
MINUTE: Final = Duration.of(timedelta(minutes=1))
POWER: Final = RId("evse:P")

KILOWATT: Final = Unit(
    kind=UnitKind.POWER_REAL,
    description="RealPower",
    symbol="W",
    scale=Scale.KILO,
    power=PowerAttributes(hertz=Decimal(50), voltage=Decimal(230), alternating=True),
)
WATT_HOUR: Final = Unit(kind=UnitKind.ENERGY_REAL, description="RealEnergy", symbol="Wh", scale=Scale.NONE)
AMPERE: Final = Unit(kind=UnitKind.CURRENT, description="Current", symbol="A", scale=Scale.NONE)


def description(r_id: str = POWER, unit: Unit | None = KILOWATT, **changes: Any) -> ReportDescription:
    """openleadr's report type is `reading`."""
    plain = ReportDescription(
        r_id=RId(r_id),
        data_source=Target(resource_ids=(HOME_EVSE,)),
        report_type=Token("reading"),
        unit=unit,
        reading_type=wire.DIRECT_READ,
        sampling_rate=rate(10, 600),
    )
    return replace(plain, **changes)


def rate(shortest: int, longest: int) -> SamplingRate:
    return SamplingRate(min_period=Duration(shortest), max_period=Duration(longest), on_change=False)


def metadata(*descriptions: ReportDescription, name: str = "TELEMETRY_USAGE", **changes: Any) -> Report:
    plain = Report(
        duration=Duration.of(timedelta(hours=1)),
        descriptions=descriptions or (description(),),
        request_id=ReportRequestId("0"),
        specifier_id=USAGE,
        name=Token(f"METADATA_{name}"),
        created_at=NOW,
    )
    return replace(plain, **changes)


def offer(*reports: Report) -> RegisterReport:
    return RegisterReport(request_id=RequestId("O1"), reports=reports or (metadata(),), ven_id=HOME)


def interval(
    watts: str | None = "3.5",
    start: datetime | None = None,
    duration: Duration | None = None,
    r_id: str = POWER,
    quality: Token | None = wire.QUALITY_GOOD,
    uid: str | None = "0",
) -> ReportInterval:
    value = Quantity(value=Decimal(watts or 0))
    payload = ReportPayload(r_id=RId(r_id), value=value, quality=quality if watts else wire.QUALITY_BAD)
    return ReportInterval(start=start, duration=duration, uid=uid, payloads=(payload,))


def update(request_id: ReportRequestId, *intervals: ReportInterval, **changes: Any) -> UpdateReport:
    plain = Report(
        start=NOW,
        intervals=intervals,
        request_id=request_id,
        specifier_id=USAGE,
        name=wire.TELEMETRY_USAGE,
        created_at=NOW,
    )
    return UpdateReport(request_id=RequestId("U1"), reports=(replace(plain, **changes),), ven_id=HOME)
