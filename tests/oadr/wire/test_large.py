"""Large messages: what is wrong with them is found before the schema's judge would list it thousands of times."""

import pytest

from bench.codec import report
from oadr.wire import envelope
from oadr.wire.envelope import Terms
from oadr.wire.errors import Invalid, Malformed, PeerError
from oadr.wire.schema import Schema, installed_folder
from oadr.wire.signature import SignaturePolicy
from tests.oadr.wire.floods import FLOODS
from tests.oadr.wire.sealing import NOW, signer

REPORT = report(400)
RAW = envelope.write(REPORT)
LIMIT = envelope.REPORT_LIMIT


class Unasked(Schema):
    """A schema that must not be reached."""

    def check(self, element: object) -> None:
        raise AssertionError(f"the schema would list every fault of {element}")


@pytest.fixture(scope="module")
def unasked() -> Schema:
    folder = installed_folder()
    assert folder
    return Unasked(folder)


def refusal(raw: bytes, schema: Schema) -> PeerError:
    with pytest.raises(PeerError) as caught:
        envelope.read(raw, schema, limit=LIMIT)
    return caught.value


def test_a_large_report_is_read_signed_or_not(schema: Schema) -> None:
    assert RAW.count(b"<") > envelope.LARGE
    assert envelope.read(RAW, schema, limit=LIMIT) == REPORT
    own = signer("RSA")
    terms = Terms(SignaturePolicy.IF_PRESENT, own.certificate)
    opened = envelope.open(own.sign(REPORT, NOW, "n"), schema, terms, NOW, limit=LIMIT)
    assert (opened.message, opened.once is None) == (REPORT, False)


@pytest.mark.proves("X07")
def test_of_many_faults_in_a_large_message_the_first_is_told_and_the_rest_not_looked_for(
    unasked: Schema,
) -> None:
    error = refusal(FLOODS["schema faults"], unasked)
    assert isinstance(error, Invalid)
    assert error.why == "pnode wants one node"
    error = refusal(FLOODS["attributes of siblings"], unasked)
    assert isinstance(error, Malformed)
    assert error.status == 406


def test_few_attributes_and_a_fault_of_order_in_a_large_message_are_for_the_schema(schema: Schema) -> None:
    for right, wrong in (
        (b'<oadr:oadrUpdateReport ei:schemaVersion="2.0b">', b'<oadr:oadrUpdateReport ei:schema="2.0b">'),
        (b"<ei:rID>evse-1:P</ei:rID>", b'<ei:rID a="">evse-1:P</ei:rID>'),
    ):
        assert right in RAW
        error = refusal(RAW.replace(right, wrong, 1), schema)
        assert isinstance(error, Malformed)
        assert error.why.startswith("breaks the schema: ")


def test_what_stands_around_a_large_payload_is_bounded(unasked: Schema) -> None:
    """The signature is in nobody's tables."""
    end = b"</oadr:oadrSignedObject>"
    many = b"<ds:Signature>" + b"<ds:KeyName/>" * 3000 + b"</ds:Signature>"
    for before, after in ((b"<oadr:oadrSignedObject>", end), (end, b"")):
        raw = RAW.replace(before, many + before if after else before + many, 1)
        error = refusal(raw, unasked)
        assert isinstance(error, Malformed), error


def test_a_value_that_the_schema_takes_and_we_do_not_is_told_as_in_a_short_message(schema: Schema) -> None:
    number = b"<oadr:value>7360</oadr:value>" if b"<oadr:value>7360" in RAW else b"<ei:value>7360</ei:value>"
    assert number in RAW
    whys = set()
    for raw in (RAW, envelope.write(report(4))):
        error = refusal(raw.replace(number, number.replace(b"7360", b"NaN"), 1), schema)
        assert isinstance(error, Invalid)
        whys.add((error.why, error.code))
    assert len(whys) == 1
