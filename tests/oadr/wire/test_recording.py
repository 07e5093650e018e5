"""A message that was recorded: found again as it was, and never an obstacle, whatever its bytes are."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.wire import envelope
from oadr.wire.ids import NO_REQUEST, VenId
from oadr.wire.messages import Message, Poll, Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.recording import LONGEST, Direction, Recorded, pretty, verdict
from tests.oadr.wire.sealing import signer
from tests.oadr.wire.strategies import messages

AT = datetime(2026, 11, 25, 2, 0, 0, 125_000, tzinfo=UTC)
POLL = Poll(ven_id=VenId("home"))
RAW = envelope.write(POLL)


def recorded(raw: bytes) -> Recorded:
    return Recorded.of(raw, Direction.IN, "OadrPoll", "200", AT)


def test_a_readable_message_is_kept_byte_by_byte_with_its_name() -> None:
    one = recorded(RAW)
    assert one.xml.encode() == RAW
    assert (one.message, one.size, one.at, one.verdict) == ("oadrPoll", len(RAW), AT, "200")


def test_a_signed_message_has_the_name_of_what_was_signed() -> None:
    assert recorded(signer("ecc").sign(POLL, AT, "n-1")).message == "oadrPoll"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (RAW.replace(b"venID", b"venId"), "oadrPoll"),
        (b"<oadrPoll/>", "oadrPoll"),
        (b"<html><body>Bad Gateway</body></html>", "html"),
        (f"<{'a' * 5000}/>".encode(), "a" * 100),
        (b"hello", ""),
        (b"", ""),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', ""),
    ],
)
def test_what_is_no_valid_message_is_named_as_well_as_can_be(raw: bytes, name: str) -> None:
    assert recorded(raw).message == name


def test_bytes_that_are_no_text_are_kept_with_replacements() -> None:
    one = recorded(b"h\xfcme")
    assert (one.xml, one.size) == ("h\ufffdme", 4)


def test_of_a_large_body_the_beginning_is_kept_and_its_size() -> None:
    one = recorded(b" " * 1_000_000)
    assert (len(one.xml), one.size) == (LONGEST, 1_000_000)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_nothing_that_arrives_is_an_obstacle(raw: bytes) -> None:
    one = recorded(raw)
    assert Recorded.read(json.loads(json.dumps(one.fields))) == one
    assert isinstance(pretty(one.xml), str)


@given(messages())
def test_what_is_shown_indented_says_the_same(message: Message) -> None:
    shown = pretty(envelope.write(message).decode())
    assert shown.count("\n") >= 2
    assert envelope.read(shown.encode(), None, limit=1 << 24) == message


def test_what_is_no_xml_or_was_cut_is_shown_as_it_is() -> None:
    for text in ("hello", RAW.decode()[:-10], "\udc80"):
        assert pretty(text) == text


def test_a_verdict_is_the_code_of_the_answer_and_its_reason() -> None:
    assert verdict(Response(response=EiResponse(request_id=NO_REQUEST))) == "200"
    refused = EiResponse(code="452", description="venID", request_id=NO_REQUEST)
    assert verdict(Response(response=refused)) == "452 venID"
    assert verdict(Response(response=EiResponse(code="463", request_id=NO_REQUEST))) == "463"
    assert verdict(POLL) == verdict(None) == "200"
