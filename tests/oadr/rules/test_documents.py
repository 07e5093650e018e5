"""Rules that only the XML shows, and lists of events for all orders that may be given."""

from datetime import datetime

import pytest
from hypothesis import given

from oadr.rules import Exchange, Party, check, check_document
from oadr.rules.conversation import Conversation
from oadr.wire import envelope
from oadr.wire.ids import RequestId, VtnId
from oadr.wire.messages import CreateOpt, DistributeEvent, RequestEvent, UpdateReport
from oadr.wire.messages.common import EiResponse
from tests.oadr.rules.evening import evening, put, said
from tests.oadr.rules.test_messages import OF_EVENT, SCHEDULE
from tests.vtn.delivery.test_event_list import BASE, deliveries, moments
from tests.vtn.world import HOME, NOW
from vtn.delivery import event_list
from vtn.model.delivery import Delivery

ASK = RequestEvent(request_id=RequestId("E1"), ven_id=HOME)


def test_the_bytes_of_an_evening_break_no_rule() -> None:
    for exchange in evening():
        assert exchange.reply
        assert check_document(envelope.write(exchange.request), Party.VEN, NOW) == ()
        assert check_document(envelope.write(exchange.reply), Party.VTN, NOW) == ()


VALUE = b"<ei:signalPayload><ei:payloadFloat><ei:value>0.4</ei:value></ei:payloadFloat></ei:signalPayload>"
LOCATION = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"'
TOLERANCE = (
    b"<xcal:tolerance><xcal:tolerate><xcal:startafter>PT1M</xcal:startafter></xcal:tolerate></xcal:tolerance>"
)


@pytest.mark.parametrize(
    ("number", "kind", "old", "new"),
    [
        pytest.param(
            "r1", DistributeEvent, b"Z</xcal:date-time>", b"</xcal:date-time>", marks=pytest.mark.proves("r1")
        ),
        pytest.param("r1", DistributeEvent, b"Z</xcal:date-time>", b"+00:00</xcal:date-time>"),
        pytest.param("r1", DistributeEvent, b"PT5M<", b"PT300.0S<"),
        pytest.param(
            "r45",
            DistributeEvent,
            b"<oadr:oadrEvent",
            b"<oadr:oadrEvent" + LOCATION,
            marks=pytest.mark.proves("r45"),
        ),
        pytest.param("r100", DistributeEvent, VALUE, VALUE * 2, marks=pytest.mark.proves("r100")),
        pytest.param("r509", UpdateReport, b"2.0b", b"1.0", marks=pytest.mark.proves("r509")),
        pytest.param("r509", UpdateReport, b' ei:schemaVersion="2.0b"', b""),
    ],
)
def test_bytes_that_break_a_rule_are_noticed(
    number: str, kind: type[DistributeEvent | UpdateReport], old: bytes, new: bytes
) -> None:
    message = said(kind)
    by = Party.VTN if isinstance(message, DistributeEvent) else Party.VEN
    raw = envelope.write(message)
    assert old in raw
    assert number in {breach.rule for breach in check_document(raw.replace(old, new, 1), by, NOW)}


def test_a_schedule_with_a_tolerance_is_noticed() -> None:
    opt: CreateOpt = put(put(OF_EVENT, ("event",), None), ("schedule",), SCHEDULE)
    raw = envelope.write(opt)
    assert check_document(raw, Party.VEN, NOW) == ()
    tolerant = raw.replace(b"</xcal:properties>", TOLERANCE + b"</xcal:properties>", 1)
    assert {breach.rule for breach in check_document(tolerant, Party.VEN, NOW)} == {"r200"}


@pytest.mark.proves("r2", "r8", "r9", "r13", "r14", "r15", "r29", "r103", "r104", "r105", "r107", "r115")
@given(deliveries(), moments)
def test_lists_for_all_orders_at_all_times_break_no_rule(found: tuple[Delivery, ...], now: datetime) -> None:
    now = now.replace(microsecond=0)
    message = DistributeEvent(
        response=EiResponse(request_id=ASK.request_id),
        request_id=ASK.request_id,
        vtn_id=VtnId("VTN-1"),
        events=event_list.render(found, BASE, now),
    )
    assert check(message, Party.VTN, now) == ()
    assert check_document(envelope.write(message), Party.VTN, now) == ()
    _, breaches = Conversation().step(Exchange(ASK, message, now))
    assert {breach.rule for breach in breaches} <= {"r401", "r517"}, "nobody has registered"
