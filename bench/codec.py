"""Reading and writing messages: ours, openleadr's, and the floor of parsing and validating alone.

    python -m bench.codec

Each line gives microseconds a message. "floor" is lxml's parse and the official schema: nobody can be below it.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from lxml import etree
from openleadr.messaging import create_message, parse_message

from bench.figures import in_turns, tell
from oadr.wire import envelope
from oadr.wire.ids import (
    EventId,
    MarketContext,
    ReportRequestId,
    ReportSpecifierId,
    RequestId,
    ResourceId,
    RId,
    SignalId,
    Token,
    VenId,
    VtnId,
)
from oadr.wire.messages import DistributeEvent, Message, Poll, UpdateReport
from oadr.wire.messages import report as wire
from oadr.wire.messages.common import EiResponse, Target
from oadr.wire.messages.event import (
    LOAD_CONTROL,
    ActivePeriod,
    Event,
    EventDescriptor,
    EventStatus,
    ResponseRequired,
    Signal,
    SignalInterval,
    SignalType,
)
from oadr.wire.messages.report import Quantity, Report, ReportInterval, ReportPayload
from oadr.wire.scalars import Duration
from oadr.wire.schema import Schema, installed_folder

MOMENT: Final = datetime(2026, 1, 15, 18, tzinfo=UTC)


def event(intervals: int) -> DistributeEvent:
    """One event of so many intervals of a quarter hour."""
    quarter = Duration(900)
    signal = Signal(
        intervals=tuple(
            SignalInterval(duration=quarter, uid=str(uid), value=Decimal("0.4")) for uid in range(intervals)
        ),
        name=LOAD_CONTROL,
        type=SignalType.LOAD_CONTROL_CAPACITY,
        signal_id=SignalId("S0"),
    )
    one = Event(
        descriptor=EventDescriptor(
            event_id=EventId("E1"),
            modification_number=0,
            priority=1,
            market_context=MarketContext(Token("http://dso.example/programmes/supply-limit")),
            created_at=MOMENT,
            status=EventStatus.FAR,
            test_event="false",
            vtn_comment="transformer at 112 %",
        ),
        period=ActivePeriod(start=MOMENT, duration=Duration(900 * intervals), notification=Duration()),
        signals=(signal,),
        target=Target(resource_ids=(ResourceId("evse-1"),)),
        response_required=ResponseRequired.ALWAYS,
    )
    return DistributeEvent(
        response=EiResponse(request_id=RequestId("R1")),
        request_id=RequestId("R1"),
        vtn_id=VtnId("VTN"),
        events=(one,),
    )


def report(values: int) -> UpdateReport:
    """Ten seconds between readings of one point."""
    intervals = tuple(
        ReportInterval(
            start=MOMENT + timedelta(seconds=10 * count),
            payloads=(
                ReportPayload(
                    r_id=RId("evse-1:P"), value=Quantity(value=Decimal(7360)), quality=wire.QUALITY_GOOD
                ),
            ),
        )
        for count in range(values)
    )
    one = Report(
        start=MOMENT,
        intervals=intervals,
        request_id=ReportRequestId("RR1"),
        specifier_id=ReportSpecifierId("TELEMETRY_USAGE"),
        name=wire.TELEMETRY_USAGE,
        created_at=MOMENT,
    )
    return UpdateReport(request_id=RequestId("R1"), reports=(one,), ven_id=VenId("V1"))


def measure(name: str, message: Message, schema: Schema, times: int) -> None:
    raw = envelope.write(message)
    text = raw.decode()
    kind, payload = parse_message(text)

    def floor() -> None:
        schema.check(etree.fromstring(raw))

    reading: dict[str, Callable[[], object]] = {
        "ours": lambda: envelope.read(raw, schema, limit=envelope.REPORT_LIMIT),
        "openleadr, without validation": lambda: parse_message(text),
        "floor": floor,
    }
    writing: dict[str, Callable[[], object]] = {
        "ours": lambda: envelope.write(message),
        "openleadr": lambda: create_message(kind, disable_signature=True, **payload),
    }
    for verb, contestants in (("read", reading), ("write", writing)):
        rounds = in_turns(contestants, times)
        micro = {who: [value * 1e6 for value in values] for who, values in rounds.items()}
        tell(f"{verb} {name}, {len(raw)} bytes", "us", micro)


def main() -> None:
    logging.disable(logging.CRITICAL)
    folder = installed_folder()
    assert folder, "the official schemas come with openleadr"
    schema = Schema(folder)
    measure("oadrPoll", Poll(ven_id=VenId("V1")), schema, 500)
    measure("oadrDistributeEvent of 1 interval", event(1), schema, 100)
    measure("oadrDistributeEvent of 24 intervals", event(24), schema, 30)
    measure("oadrUpdateReport of 60 values", report(60), schema, 20)


if __name__ == "__main__":
    main()
