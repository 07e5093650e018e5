"""Each rule that shows in one message: our own messages keep it, and each of these changes to one is noticed."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.rules import Breach, Party, check
from oadr.wire.ids import MarketContext, Mrid, OptId, RequestId, SignalId, Token, VenId
from oadr.wire.messages import (
    CancelReport,
    CreatedEvent,
    CreatedPartyRegistration,
    CreateOpt,
    CreatePartyRegistration,
    CreateReport,
    DistributeEvent,
    Message,
    Poll,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    UpdateReport,
)
from oadr.wire.messages.common import OptType, QualifiedEventId, Target, Unit, UnitKind
from oadr.wire.messages.event import Baseline, EventStatus, SignalInterval, SignalType
from oadr.wire.messages.opt import Availability, Available, Periods
from oadr.wire.messages.report import (
    LoadControl,
    LoadControlState,
    ReportPayload,
    ResourceStatus,
)
from oadr.wire.scalars import Duration
from tests.oadr.rules.evening import Path, evening, put, said
from tests.vtn.world import HOME, NOW

EVENT = ("events", 0)
DESCRIPTOR = (*EVENT, "descriptor")
SIGNAL = (*EVENT, "signals", 0)
SIMPLE = (*EVENT, "signals", 1)
OFFER = ("reports", 0)
POINT = (*OFFER, "descriptions", 0)
ASKED = ("requests", 0)
VALUES = ("reports", 0)
proves = pytest.mark.proves
MINUTE = Duration(seconds=60)
AMPERE = Unit(kind=UnitKind.CURRENT, description="Current", symbol="A")
INTERVAL = SignalInterval(duration=MINUTE, uid="0", value=Decimal(1))
BASELINE = Baseline(start=NOW, duration=MINUTE, intervals=(INTERVAL,), baseline_id="B", name="base")
EMPTY: Any = ()


def sender(message: Message) -> Party:
    of_vtn = (DistributeEvent, RegisteredReport, CreateReport, CancelReport, CreatedPartyRegistration)
    return Party.VTN if isinstance(message, of_vtn) else Party.VEN


def rules(breaches: tuple[Breach, ...]) -> set[str]:
    return {breach.rule for breach in breaches}


def test_what_our_ends_say_of_an_evening_breaks_no_rule() -> None:
    for exchange in evening():
        assert check(exchange.request, Party.VEN, exchange.at) == ()
        assert exchange.reply
        assert check(exchange.reply, Party.VTN, exchange.at) == ()


@pytest.mark.parametrize(
    ("number", "kind", "path", "value"),
    [
        pytest.param("r2", DistributeEvent, (*SIGNAL, "intervals", 0, "uid"), "1", marks=proves("r2")),
        pytest.param("r2", DistributeEvent, (*SIGNAL, "intervals", 0, "uid"), None),
        pytest.param(
            "r8", DistributeEvent, (*SIGNAL, "intervals", 0, "duration"), MINUTE, marks=proves("r8")
        ),
        pytest.param("r8", DistributeEvent, (*EVENT, "period", "duration"), Duration()),
        pytest.param(
            "r9", DistributeEvent, (*SIMPLE, "intervals", 0, "value"), Decimal(4), marks=proves("r9")
        ),
        pytest.param("r9", DistributeEvent, (*SIMPLE, "intervals", 0, "value"), Decimal("1.5")),
        pytest.param(
            "r10", DistributeEvent, (*DESCRIPTOR, "status"), EventStatus.CANCELLED, marks=proves("r10")
        ),
        pytest.param("r13", DistributeEvent, (*DESCRIPTOR, "status"), EventStatus.NEAR, marks=proves("r13")),
        pytest.param("r13", DistributeEvent, (*DESCRIPTOR, "status"), EventStatus.NONE),
        pytest.param("r14", DistributeEvent, (*DESCRIPTOR, "status"), EventStatus.FAR, marks=proves("r14")),
        pytest.param("r29", DistributeEvent, (*SIMPLE, "current_value"), Decimal(3), marks=proves("r29")),
        pytest.param("r41", DistributeEvent, ("request_id",), "", marks=proves("r41")),
        pytest.param(
            "r63", DistributeEvent, (*EVENT, "target", "ven_ids"), (HOME, VenId("park")), marks=proves("r63")
        ),
        pytest.param(
            "r101", DistributeEvent, (*EVENT, "baseline"), put(BASELINE, ("intervals", 0, "uid"), "7")
        ),
        pytest.param(
            "r102", DistributeEvent, (*SIGNAL, "intervals", 0, "duration"), None, marks=proves("r102")
        ),
        pytest.param("r102", DistributeEvent, (*EVENT, "baseline"), replace(BASELINE, duration=Duration(61))),
        pytest.param("r103", DistributeEvent, (*SIGNAL, "intervals", 0, "start"), NOW, marks=proves("r103")),
        pytest.param(
            "r103", DistributeEvent, (*EVENT, "baseline"), put(BASELINE, ("intervals", 0, "start"), NOW)
        ),
        pytest.param("r104", DistributeEvent, (*SIGNAL, "name"), Token("LOAD_LIMIT"), marks=proves("r104")),
        pytest.param("r104", DistributeEvent, (*SIGNAL, "type"), SignalType.PRICE),
        pytest.param("r104", DistributeEvent, (*SIGNAL, "intervals", 0, "value"), Decimal("1.1")),
        pytest.param("r104", DistributeEvent, (*SIMPLE, "unit"), AMPERE),
        pytest.param("r105", DistributeEvent, (*EVENT, "period", "notification"), None, marks=proves("r105")),
        pytest.param("r107", DistributeEvent, (*SIGNAL, "signal_id"), SignalId("S1"), marks=proves("r107")),
        pytest.param(
            "r111", DistributeEvent, (*SIGNAL, "target"), Target(ven_ids=(HOME,)), marks=proves("r111")
        ),
        pytest.param("r111", DistributeEvent, (*SIGNAL, "target"), Target(end_device_assets=(Mrid("Car"),))),
        pytest.param("r116", DistributeEvent, (*SIMPLE, "type"), SignalType.DELTA, marks=proves("r116")),
        pytest.param("r35", CreatedEvent, ("event_responses",), EMPTY, marks=proves("r35")),
        pytest.param("r42", CreatedEvent, ("response", "request_id"), RequestId("D"), marks=proves("r42")),
        pytest.param("r48", CreatedEvent, ("event_responses", 0, "code"), "460"),
        pytest.param("r305", RegisterReport, (*OFFER, "start"), NOW, marks=proves("r305")),
        pytest.param("r305", RegisterReport, (*OFFER, "report_id"), "1"),
        pytest.param("r305", RegisterReport, (*OFFER, "descriptions"), EMPTY),
        pytest.param(
            "r307", RegisterReport, (*POINT, "subject"), Target(ven_ids=(HOME,)), marks=proves("r307")
        ),
        pytest.param(
            "r308", RegisterReport, ("reports", 1, "specifier_id"), "TELEMETRY_USAGE", marks=proves("r308")
        ),
        pytest.param("r308", RegisterReport, (*POINT, "r_id"), "home-evse:E"),
        pytest.param("r308", RegisteredReport, (*ASKED, "specifier_id"), "METADATA"),
        pytest.param("r311", RegisterReport, (*OFFER, "request_id"), "R1", marks=proves("r311")),
        pytest.param("r312", RegisterReport, (*OFFER, "duration"), None, marks=proves("r312")),
        pytest.param("r312", RegisterReport, (*OFFER, "duration"), Duration(seconds=1)),
        pytest.param("r331", RegisterReport, (*OFFER, "name"), "TELEMETRY_USAGE", marks=proves("r331")),
        pytest.param("r331", RegisterReport, (*POINT, "report_type"), "reading"),
        pytest.param("r331", RegisterReport, (*POINT, "unit"), AMPERE),
        pytest.param("r333", RegisterReport, (*POINT, "sampling_rate"), None, marks=proves("r333")),
        pytest.param(
            "r317", RegisteredReport, (*ASKED, "granularity"), Duration(99_999), marks=proves("r317")
        ),
        pytest.param(
            "r321", RegisteredReport, (*ASKED, "period", "start_after"), MINUTE, marks=proves("r321")
        ),
        pytest.param("r321", RegisteredReport, (*ASKED, "points", 0, "unit"), AMPERE),
        pytest.param("r324", RegisteredReport, (*ASKED, "period"), None, marks=proves("r324")),
        pytest.param(
            "r338", RegisteredReport, (*ASKED, "points", 0, "reading_type"), "Mean", marks=proves("r338")
        ),
        pytest.param(
            "r313", UpdateReport, (*VALUES, "name"), "METADATA_TELEMETRY_USAGE", marks=proves("r313")
        ),
        pytest.param("r313", UpdateReport, (*VALUES, "start"), None),
        pytest.param("r313", UpdateReport, (*VALUES, "intervals"), EMPTY),
        pytest.param("r314", UpdateReport, (*VALUES, "start"), NOW, marks=proves("r314")),
        pytest.param("r316", UpdateReport, (*VALUES, "intervals", 0, "start"), None, marks=proves("r316")),
        pytest.param("r402", CreatePartyRegistration, ("http_pull",), None, marks=proves("r402")),
        pytest.param("r402", CreatePartyRegistration, ("http_pull",), False),
        pytest.param("r402", CreatePartyRegistration, ("registration_id",), "R"),
        pytest.param("r508", UpdateReport, ("ven_id",), None, marks=proves("r508")),
        pytest.param("r508", RegisterReport, ("ven_id",), None),
    ],
)
def test_a_change_that_breaks_a_rule_is_noticed(
    number: str, kind: type[Message], path: Path, value: object
) -> None:
    genuine = said(kind)
    at = next(one.at for one in evening() if genuine in (one.request, one.reply))
    assert check(genuine, sender(genuine), at) == ()
    assert number in rules(check(put(genuine, path, value), sender(genuine), at))


# --- what takes more than one change ----------------------------------------------------------------------------


@pytest.mark.proves("r3", "r15")
def test_events_out_of_order_are_noticed() -> None:
    """A supply limitation has priority 1 over a load shift once both run."""
    lists = [one.reply for one in evening() if isinstance(one.reply, DistributeEvent)]
    both = next(one.events for one in lists if len(one.events) > 1)
    running = [put(event, ("descriptor", "status"), EventStatus.ACTIVE) for event in both]
    ordered = tuple(sorted(running, key=lambda event: int(event.descriptor.priority)))
    message = said(DistributeEvent)
    assert "r15" not in rules(check(replace(message, events=ordered), Party.VTN, NOW))
    assert rules(check(replace(message, events=ordered[::-1]), Party.VTN, NOW)) >= {"r15"}
    unranked = put(ordered, (0, "descriptor", "priority"), 0)
    assert "r15" in rules(check(replace(message, events=unranked), Party.VTN, NOW)), "0 ranks last"


def test_one_event_twice_and_two_times_of_creation_are_noticed() -> None:
    listed = said(DistributeEvent)
    twice = replace(listed, events=listed.events * 2)
    assert rules(check(twice, Party.VTN, NOW)) == {"r70"}
    second = put(twice, ("events", 1, "descriptor", "created_at"), NOW)
    assert "r115" in rules(check(second, Party.VTN, NOW))


def test_the_same_request_twice_is_noticed() -> None:
    asked = next(
        one.reply for one in evening() if isinstance(one.reply, RegisteredReport) and one.reply.requests
    )
    twice = replace(asked, requests=asked.requests[:1] * 2)
    assert rules(check(twice, Party.VTN, NOW)) == {"r322"}


@pytest.mark.proves("r315")
def test_intervals_of_two_kinds_are_noticed() -> None:
    report = said(UpdateReport)
    first = report.reports[0].intervals[0]
    assert first.start
    odd = replace(
        first, duration=MINUTE if first.duration is None else None, start=first.start + timedelta(hours=1)
    )
    mixed = put(report, (*VALUES, "intervals"), (first, odd))
    assert "r315" in rules(check(mixed, Party.VEN, NOW))
    backwards = put(report, (*VALUES, "intervals"), (first, first))
    assert "r314" in rules(check(backwards, Party.VEN, NOW))


@pytest.mark.proves("r316")
@pytest.mark.parametrize(
    ("numbers", "is_noticed"), [(("0", "1"), False), (("0", "0"), True), (("0", None), True)]
)
def test_intervals_without_a_start_that_are_not_told_apart_are_noticed(
    numbers: tuple[str | None, ...], is_noticed: bool
) -> None:
    report = said(UpdateReport)
    first = report.reports[0].intervals[0]
    intervals = tuple(replace(first, start=None, uid=number) for number in numbers)
    changed = put(report, (*VALUES, "intervals"), intervals)
    assert ("r316" in rules(check(changed, Party.VEN, NOW))) is is_noticed


def test_a_load_control_state_that_changes_its_parts_is_noticed() -> None:
    report = said(UpdateReport)
    first = report.reports[0].intervals[0]
    one = LoadControlState(capacity=LoadControl(current=Decimal(1)))
    states = [
        ResourceStatus(online=True, manual_override=False, load_control_state=state) for state in (one, None)
    ]
    intervals = tuple(
        replace(first, payloads=(ReportPayload(r_id=first.payloads[0].r_id, value=state),))
        for state in states
    )
    broken = put(report, (*VALUES, "intervals"), intervals)
    assert "r334" in rules(check(broken, Party.VEN, NOW))


# --- opts --------------------------------------------------------------------------------------------------------

OF_EVENT = CreateOpt(
    opt_id=OptId("O1"),
    opt=OptType.OPT_OUT,
    reason=Token("economic"),
    ven_id=HOME,
    created_at=NOW,
    request_id=RequestId("Q1"),
    event=QualifiedEventId(event_id=said(DistributeEvent).events[0].event_id, modification_number=0),
)
SCHEDULE = Availability(Periods((Available(start=NOW, duration=MINUTE),)))


@pytest.mark.parametrize(
    ("number", "path", "value"),
    [
        ("r204", ("opt_id",), ""),
        ("r206", ("event",), None),
        ("r206", ("schedule",), SCHEDULE),
        ("r206", ("market_context",), MarketContext(Token("http://dso.example/x"))),
        ("r209", ("device_class",), Target(ven_ids=(HOME,))),
        ("r210", ("schedule",), put(SCHEDULE, ("periods", "available", 0, "duration"), Duration(-1))),
    ],
)
def test_an_opt_that_breaks_a_rule_is_noticed(number: str, path: Path, value: object) -> None:
    assert check(OF_EVENT, Party.VEN, NOW) == ()
    assert number in rules(check(put(OF_EVENT, path, value), Party.VEN, NOW))


# --- who may say what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "message", "by"),
    [
        ("r23", RequestEvent(request_id=RequestId("E"), ven_id=HOME), Party.VTN),
        ("r401", QueryRegistration(request_id=RequestId("Q")), Party.VTN),
        ("r501", Poll(ven_id=HOME), Party.VTN),
    ],
)
def test_a_message_from_the_wrong_side_is_noticed(number: str, message: Message, by: Party) -> None:
    assert rules(check(message, by, NOW)) == {number}
    assert check(message, Party.VEN, NOW) == ()


def test_a_list_of_events_from_a_ven_is_noticed() -> None:
    assert rules(check(said(DistributeEvent), Party.VEN, NOW)) == {"r51"}
    assert rules(check(said(CreatedPartyRegistration), Party.VEN, NOW)) == {"r401"}
