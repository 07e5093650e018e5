"""The one door in: what is refused, how, at what cost; and that nothing but a refusal ever comes of it."""

import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from oadr.wire import codec, envelope
from oadr.wire.errors import Forged, Invalid, Malformed, Misuse, PeerError, ResponseCode
from oadr.wire.ids import (
    RegistrationId,
    ReportRequestId,
    RequestId,
    VenId,
)
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CancelReport,
    CreateOpt,
    Message,
    Poll,
    Response,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.namespaces import NAMESPACES
from oadr.wire.scalars import Duration
from oadr.wire.schema import Schema
from tests.oadr.wire.floods import BARE, FLOODS, OPT, OPT_RAW, POLL, RAW
from tests.oadr.wire.mutations import SPLICES, mutated, rearranged
from tests.oadr.wire.strategies import ODD_IDS, messages, texts


@pytest.fixture(params=["with schema", "without schema"])
def door(request: pytest.FixtureRequest, schema: Schema) -> Schema | None:
    return schema if request.param == "with schema" else None


def inside(ven_id: bytes) -> bytes:
    """A poll whose venID holds these bytes."""
    assert b">V1<" in BARE
    return BARE.replace(b">V1<", b">" + ven_id + b"<")


def refusal(raw: bytes, schema: Schema | None, limit: int = envelope.REQUEST_LIMIT) -> PeerError:
    with pytest.raises(PeerError) as caught:
        envelope.read(raw, schema, limit=limit)
    return caught.value


def malformed(raw: bytes, schema: Schema | None, limit: int = envelope.REQUEST_LIMIT) -> int:
    """The HTTP status of the refusal, which must be about the bytes."""
    error = refusal(raw, schema, limit)
    assert isinstance(error, Malformed)
    return error.status


# --- size ---------------------------------------------------------------------------------------------------


@pytest.mark.proves("X03")
def test_a_body_over_the_limit_is_413_before_anything_looks_at_it(door: Schema | None) -> None:
    assert envelope.read(RAW, door, limit=len(RAW)) == POLL
    assert malformed(RAW, door, limit=len(RAW) - 1) == 413
    assert malformed(b"\xff" * (envelope.REQUEST_LIMIT + 1), door) == 413
    assert malformed(b"\xff" * envelope.REQUEST_LIMIT, door) == 406


# --- document types and entities ----------------------------------------------------------------------------

DOCUMENT_TYPES: Final = tuple(
    f"<!DOCTYPE {form}>"
    for form in (
        "oadrPayload",
        "x []",
        'x SYSTEM "{url}"',
        'x SYSTEM "file://{bait}"',
        'x PUBLIC "-//a//b" "{url}"',
        'x [<!ENTITY e "V1">]',
        'x [<!ENTITY e SYSTEM "file://{bait}">]',
        'x [<!ENTITY e SYSTEM "{url}">]',
        'x [<!ENTITY e PUBLIC "p" "{url}">]',
        'x [<!ENTITY % p SYSTEM "{url}"> %p;]',
        "x [<!ENTITY % p \"<!ENTITY e SYSTEM '{url}'>\"> %p;]",
        'x SYSTEM "{url}" [<!ENTITY e "V1">]',
        'x [<!ENTITY e "&#38;e;">]',
        'x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY e "&b;&b;&b;&b;&b;">]',
        'x [<!ENTITY e "' + "a" * 20_000 + '">]',
        'x [<!NOTATION n SYSTEM "{url}"><!ENTITY e SYSTEM "{url}" NDATA n>]',
        'x [<!ELEMENT x ANY><!ATTLIST x y CDATA "V1"><!ENTITY e "">]',
        'x [<!ENTITY e "<y/>">]',
    )
)
ENCODINGS: Final = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-7",
    "latin-1",
    "cp037",
)


@pytest.mark.proves("X01", "X02", "F1")
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
def test_a_document_type_is_refused_and_nothing_is_loaded(
    encoding: str, declared: bool, door: Schema | None, tmp_path: Path
) -> None:
    bait = tmp_path / "bait"
    bait.write_text("V1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        for form in DOCUMENT_TYPES:
            for body in (inside(b"&e;"), inside(b"&e;" * 50), BARE):
                doctype = form.replace("{url}", url).replace("{bait}", str(bait))
                declaration = f'<?xml version="1.0" encoding="{encoding}"?>' if declared else ""
                raw = (declaration + doctype + body.decode()).encode(encoding)
                assert malformed(raw, door, limit=2**20) == 406
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.proves("X01", "X02")
@pytest.mark.parametrize(
    "raw",
    [
        inside(b"&e;"),
        inside(b"&amp"),
        inside(b"&#0;"),
        inside(b"&#xFFFE;"),
        inside(b"&#x110000;"),
        inside(b"%e;"[:2] + b"&%e;"),
        b"<!doctype x>" + BARE,
        b"<!DOCTYPE" + BARE,
        b" \n<!DOCTYPE x>" + BARE,
        b"<!---->" + b"<!DOCTYPE x>" + BARE,
        BARE + b"<!DOCTYPE x>",
        b"<!ENTITY e 'V1'>" + BARE,
        inside(b"<!ENTITY e 'V1'>"),
    ],
)
def test_an_entity_of_the_peers_own_or_a_misplaced_declaration_is_refused(
    raw: bytes, door: Schema | None
) -> None:
    assert malformed(raw, door) == 406


def test_the_entities_and_references_of_xml_itself_are_read(door: Schema | None) -> None:
    raw = inside(b"&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#13;")
    assert envelope.read(raw, door) == Poll(ven_id=VenId("<>&\"'A\N{GRINNING FACE}\r"))


# --- encodings ----------------------------------------------------------------------------------------------


@pytest.mark.proves("X08")
@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\n ",
        b'<?xml version="1.0"?>',
        b"<?xml version='1.0' encoding='UTF-8'?>\n",
        b'<?xml version="1.0" encoding="utf-8" standalone="yes" ?>',
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>',
        b"\xef\xbb\xbf",
    ],
)
def test_utf_8_with_or_without_mark_and_declaration_is_read(start: bytes, door: Schema | None) -> None:
    assert envelope.read(start + BARE, door) == POLL


@pytest.mark.proves("X08")
@pytest.mark.parametrize(
    "raw",
    [
        *(
            BARE.decode().encode(encoding)
            for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-32-be", "cp037")
        ),
        b"\x00" + BARE,
        BARE + b"\x00",
        inside(b"\x00"),
        inside(b"\x01"),
        inside(b"\xff"),
        inside("\N{LATIN SMALL LETTER E WITH ACUTE}".encode("latin-1")),
        inside(b"\xc0\xbc"),  # an overlong <
        inside(b"\xed\xa0\x80"),  # half of a surrogate pair
        inside(b"\xf4\x90\x80\x80"),  # beyond Unicode
        inside("\ufffe".encode()),
        *(
            f'<?xml version="{version}" encoding="{encoding}"?>'.encode() + BARE
            for version, encoding in (
                *(("1.0", name) for name in ("UTF-16", "ISO-8859-1", "us-ascii", "UTF-7", "utf8", "x", "")),
                *((number, "UTF-8") for number in ("1.1", "2.0", "")),
            )
        ),
        b'<?xml encoding="UTF-8"?>' + BARE,
        b'<?xml version="1.0" standalone="maybe"?>' + BARE,
        b' <?xml version="1.0"?>' + BARE,
        b'\xef\xbb\xbf\xef\xbb\xbf<?xml version="1.0"?>' + BARE,
        b'<?xml version="1.0"?><?xml version="1.0"?>' + BARE,
        "<?xml ver\N{LATIN SMALL LETTER LONG S}ion='1.0'?>".encode() + BARE,
    ],
)
def test_anything_else_is_no_xml_for_us(raw: bytes, door: Schema | None) -> None:
    assert malformed(raw, door) == 406


# --- comments, processing instructions, CDATA ---------------------------------------------------------------


@pytest.mark.proves("X16")
@pytest.mark.parametrize(
    "ven_id",
    [b"V<!-- -->1", b"<!---->V1<!-- x -->", b"<![CDATA[V1]]>", b"V<![CDATA[]]>1", b"&#86;<!---->&#49;"],
)
def test_comments_and_cdata_do_not_change_what_a_text_says(ven_id: bytes, door: Schema | None) -> None:
    assert envelope.read(inside(ven_id), door) == POLL
    assert envelope.read(b"<!---->" + inside(ven_id) + b"<!---->", door) == POLL


@pytest.mark.proves("X16")
@pytest.mark.parametrize(
    "raw",
    [
        b"<?pi?>" + BARE,
        BARE + b"<?pi?>",
        inside(b"V<?pi?>1"),
        inside(b"V<?xml-stylesheet href='x'?>1"),
        inside(b"<![CDATA[<?]]>"),
        inside(b"<![CDATA[<!DOCTYPE]]>"),
        inside(b"<!-- <? -->V1"),
        inside(b"<![CDATA[V1"),
        inside(b"]]>"),
        inside(b"<!-- -- -->V1"),
    ],
)
def test_processing_instructions_and_what_looks_like_them_are_refused(
    raw: bytes, door: Schema | None
) -> None:
    assert malformed(raw, door) == 406


# --- one payload --------------------------------------------------------------------------------------------

PAYLOAD: Final = BARE[BARE.index(b"<oadr:oadrPoll") : BARE.index(b"</oadr:oadrSignedObject>")]


@pytest.mark.proves("X18")
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" \n",
        b"\xef\xbb\xbf",
        b'<?xml version="1.0"?>',
        b"no XML",
        b"<",
        BARE + BARE,
        BARE + b"x",
        BARE[:-1],
        BARE.replace(PAYLOAD, b""),
        BARE.replace(PAYLOAD, PAYLOAD * 2),
        BARE.replace(PAYLOAD, PAYLOAD.replace(b"oadrPoll", b"oadrQueryRegistration") + PAYLOAD),
        BARE.replace(PAYLOAD, b"<oadr:oadrSignedObject>" + PAYLOAD + b"</oadr:oadrSignedObject>"),
        BARE.replace(PAYLOAD, BARE),
        BARE.replace(b"oadrSignedObject", b"oadrUnsignedObject"),
        BARE.replace(b"oadrPayload", b"oadrParcel"),
        BARE.replace(b"oadrPoll", b"oadrPull"),
        BARE.replace(NAMESPACES["oadr"].encode(), b"http://openadr.org/oadr-2.0a/2012/07"),
        BARE.replace(b"</oadr:oadrSignedObject>", b"</oadr:oadrSignedObject><oadr:oadrSignedObject/>"),
        b"<oadrPoll><venID>V1</venID></oadrPoll>",
        b"<html/>",
    ],
)
def test_anything_but_one_payload_is_refused(raw: bytes, door: Schema | None) -> None:
    assert malformed(raw, door) == 406


def test_a_bare_payload_is_read(door: Schema | None) -> None:
    assert envelope.read(etree.tostring(codec.build(POLL)), door) == POLL


def test_a_signature_is_not_taken_without_its_verification() -> None:
    signature = f'<ds:Signature xmlns:ds="{NAMESPACES["ds"]}"/>'.encode()
    raw = BARE.replace(b"<oadr:oadrSignedObject>", signature + b"<oadr:oadrSignedObject>")
    assert isinstance(refusal(raw, None), Forged)


# --- what is in the elements --------------------------------------------------------------------------------


@pytest.mark.proves("r46")
@pytest.mark.parametrize(
    "empty", [b"<ei:venID/>", b"<ei:venID></ei:venID>", b"<ei:venID><!-- --></ei:venID>"]
)
def test_an_empty_optional_element_is_an_omitted_one(empty: bytes, door: Schema | None) -> None:
    answer = Response(response=EiResponse(request_id=RequestId("R1")), ven_id=VenId("V1"))
    raw = envelope.write(answer).replace(b"<ei:venID>V1</ei:venID>", empty)
    assert envelope.read(raw, door) == replace(answer, ven_id=None)


@pytest.mark.proves("r46")
def test_an_empty_registration_id_is_no_registration(door: Schema | None) -> None:
    answer = CanceledPartyRegistration(
        response=EiResponse(request_id=RequestId("R1")), registration_id=RegistrationId("G1")
    )
    raw = envelope.write(answer).replace(b">G1<", b"><")
    assert envelope.read(raw, door) == replace(answer, registration_id=None)


@pytest.mark.proves("r46")
def test_blanks_do_not_fill_an_optional_token(door: Schema | None) -> None:
    raw = OPT_RAW.replace(b">http://example.org/supply-limit<", b"> \n <")
    assert envelope.read(raw, door) == replace(OPT, market_context=None)


@pytest.mark.proves("r46")
def test_an_empty_mandatory_element_is_an_empty_text(door: Schema | None) -> None:
    assert envelope.read(inside(b""), door) == Poll(ven_id=VenId(""))
    cancel = CancelReport(
        request_id=RequestId(""), request_ids=(ReportRequestId(""),), report_to_follow=False
    )
    assert envelope.read(envelope.write(cancel), door) == cancel


@pytest.mark.proves("r512", "X09")
@pytest.mark.parametrize(
    "text", [*ODD_IDS, "v1", "V1", " V1", "V1 ", "\N{NO-BREAK SPACE}V1", "01", "1.0", "None", ""]
)
def test_an_id_stays_as_it_is(text: str, door: Schema | None) -> None:
    read = envelope.read(envelope.write(Poll(ven_id=VenId(text))), door)
    assert read == Poll(ven_id=VenId(text))


@pytest.mark.proves("X19", "F6", "P7")
@settings(max_examples=300)
@given(text=texts())
def test_no_text_becomes_markup(text: str) -> None:
    response = EiResponse(code="452", description=text or None, request_id=RequestId(text))
    message = Response(response=response, ven_id=VenId("V1"))
    assert envelope.read(envelope.write(message), None) == message


@pytest.mark.proves("X19")
@pytest.mark.parametrize("text", ["\x00", "a\x01", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_text_that_xml_cannot_carry_is_refused_before_it_is_sent(text: str) -> None:
    with pytest.raises(Misuse):
        envelope.write(Poll(ven_id=VenId(text)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"2026-01-01T01:00:00Z", b"2026-01-01T24:00:00Z"),
        (b"2026-01-01T01:00:00Z", b"-2026-01-01T01:00:00Z"),
        (b">PT1M<", b">P101Y<"),
        (b">PT1M<", b">PT\xd9\xa1S<"),  # another script's digit
        (b">PT1M<", b">PT" + b"9" * 30 + b"S<"),
    ],
)
@pytest.mark.proves("X09")
def test_what_the_schema_takes_and_nobody_can_mean_is_454(
    old: bytes, new: bytes, door: Schema | None
) -> None:
    assert OPT_RAW.count(old) == 1
    error = refusal(OPT_RAW.replace(old, new), door)
    assert isinstance(error, Invalid)
    assert error.code is ResponseCode.INVALID_VALUE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"2026-01-01T01:00:00Z", b"2026-01-01T01:00:00+00:00"),
        (b">PT1M<", b">P1W<"),
        (b">PT1M<", b">PT1.5S<"),
        (b">economic<", b">thrift<"),
        (b">optOut<", b">optSideways<"),
    ],
)
def test_what_the_schema_refuses_is_406(schema: Schema, old: bytes, new: bytes) -> None:
    assert OPT_RAW.count(old) == 1
    assert malformed(OPT_RAW.replace(old, new), schema) == 406


@pytest.mark.parametrize(("text", "seconds"), [(b"P", 0), (b"PT", 0), (b"P1H", 3_600), (b"1W", 604_800)])
def test_odd_durations_of_the_schema_are_read(door: Schema | None, text: bytes, seconds: int) -> None:
    read = envelope.read(OPT_RAW.replace(b">PT1M<", b">" + text + b"<"), door)
    assert isinstance(read, CreateOpt)
    assert read.schedule
    assert read.schedule.periods.available[0].duration == Duration(seconds)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<ei:optID>O1</ei:optID>", b""),
        (b"<ei:optID>O1</ei:optID>", b"<ei:optID>O1</ei:optID>" * 2),
        (b"<ei:optID>O1</ei:optID>", b"<ei:optID><ei:optID>O1</ei:optID></ei:optID>"),
        (b"<ei:optID>O1</ei:optID>", b"<ei:optID>O1</ei:optID><ei:vtnID>T1</ei:vtnID>"),
        (b"<ei:eiTarget/>", b"<ei:eiTarget><power:pnode/></ei:eiTarget>"),
        (b"<ei:eiTarget/>", b"<ei:eiTarget><ei:eiTarget/></ei:eiTarget>"),
    ],
)
def test_the_tables_alone_refuse_what_is_missing_doubled_or_strange(old: bytes, new: bytes) -> None:
    assert OPT_RAW.count(old) == 1
    assert isinstance(refusal(OPT_RAW.replace(old, new), None), Invalid)


def test_the_tables_alone_refuse_a_list_that_may_not_be_empty() -> None:
    cancel = CancelReport(request_id=RequestId("R1"), request_ids=(), report_to_follow=False)
    assert "request_ids" in refusal(envelope.write(cancel), None).why


def test_the_name_of_a_message_is_the_profiles() -> None:
    assert envelope.name_of(POLL) == "oadrPoll"


# --- floods: what they cost is measured in bench/floods.py ---------------------------------------------------


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_below_the_cap_is_read_or_refused(name: str, door: Schema | None) -> None:
    assert len(FLOODS[name]) <= envelope.REQUEST_LIMIT
    with suppress(PeerError):
        assert isinstance(envelope.read(FLOODS[name], door), Message)


@pytest.mark.proves("X06")
@pytest.mark.parametrize("depth", [10, 100, 255, 256, 257, 1_000, 10_000, 100_000, 1_000_000])
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
def test_deep_nesting_is_refused(depth: int, closed: bool, door: Schema | None) -> None:
    raw = b"<a>" * depth + b"</a>" * depth * closed
    assert malformed(raw, door, limit=len(raw)) == 406


def wide(attributes: int, declarations: int, inside: str = "") -> bytes:
    """A poll whose root has so many of them besides its own."""
    many = "".join(f' a{number}=""' for number in range(attributes))
    many += "".join(f' xmlns:n{number}="u:{number % 10}"' for number in range(declarations))
    root = f"<oadr:oadrPayload{many}"
    return BARE.replace(b"<oadr:oadrPayload", root.encode(), 1).replace(
        b"</ei:venID>", f"{inside}</ei:venID>".encode()
    )


OWN: Final = len(NAMESPACES)


@pytest.mark.proves("X07")
def test_an_element_has_no_more_attributes_or_namespaces_than_anybody_needs() -> None:
    """Canonical XML takes the square of either: a message of 1 MiB took a minute, whoever had signed it."""
    envelope.parse(wide(envelope.WIDEST, envelope.WIDEST - OWN), envelope.REQUEST_LIMIT)
    for attributes, declarations in ((envelope.WIDEST + 1, 0), (0, envelope.WIDEST - OWN + 1)):
        assert malformed(wide(attributes, declarations), None) == 406
    nested = "".join(f'<a xmlns:n="u:{n}">' for n in range(OWN, envelope.WIDEST + 1)) + "</a>" * (
        envelope.WIDEST + 1 - OWN
    )
    assert malformed(wide(0, 0, nested), None) == 406
    for flood in (wide(80_000, 0), wide(0, 40_000)):
        assert malformed(flood, None, limit=envelope.REPORT_LIMIT) == 406


def test_namespaces_may_be_declared_anew_by_each_of_many_elements() -> None:
    """As some libraries write them: only those that hold at one place are counted."""
    envelope.parse(wide(0, 0, '<a xmlns="u:"/>' * 1_000), envelope.REQUEST_LIMIT)
    envelope.parse(wide(0, 0, "xmlns" * 1_000), envelope.REQUEST_LIMIT)


# --- fuzz ---------------------------------------------------------------------------------------------------


def read_or_refuse(raw: bytes, schema: Schema) -> None:
    for door in (schema, None):
        try:
            message = envelope.read(raw, door)
        except PeerError:
            continue
        assert envelope.read(envelope.write(message), None) == message


@pytest.mark.proves("P12", "X09")
@settings(max_examples=800)
@given(message=messages(), seed=st.integers(0, 2**32))
def test_a_mutated_message_is_read_or_refused(schema: Schema, message: Message, seed: int) -> None:
    raw, chance = envelope.write(message), Random(seed)
    for _ in range(25):
        read_or_refuse(mutated(raw, chance), schema)


@pytest.mark.proves("P12", "X09")
@settings(max_examples=400)
@given(message=messages(), seed=st.integers(0, 2**32))
def test_a_rearranged_message_is_read_or_refused(schema: Schema, message: Message, seed: int) -> None:
    raw, chance = envelope.write(message), Random(seed)
    for _ in range(25):
        read_or_refuse(rearranged(raw, chance), schema)


@pytest.mark.proves("P12")
@settings(max_examples=1_000)
@given(raw=st.binary(max_size=200) | st.lists(st.sampled_from(SPLICES), max_size=12).map(b"".join))
def test_any_bytes_are_read_or_refused(schema: Schema, raw: bytes) -> None:
    for prefix in (b"", BARE[: len(BARE) // 2], b'<?xml version="1.0"?>'):
        read_or_refuse(prefix + raw, schema)
