"""Every message survives the wire, and what we write the official schema takes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from oadr.wire import codec, envelope
from oadr.wire.messages import MESSAGES, Message
from oadr.wire.schema import Schema
from tests.oadr.wire.strategies import of

KINDS = pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)


@pytest.mark.proves("r45", "r509", "X19", "F6")
@KINDS
@settings(max_examples=300)
@given(data=st.data())
def test_a_message_survives_the_wire_and_the_official_schema(
    kind: type[Message], schema: Schema, data: st.DataObject
) -> None:
    message = data.draw(of(kind))
    raw = envelope.write(message)
    assert envelope.read(raw, schema, limit=envelope.REPORT_LIMIT) == message
    assert envelope.read(raw, None, limit=envelope.REPORT_LIMIT) == message
    root = etree.fromstring(raw)
    attributes = [(element.tag, dict(element.attrib)) for element in root.iter() if element.attrib]
    assert attributes == [(root[0][0].tag, {codec.SCHEMA_VERSION: "2.0b"})]  # and no schema location
