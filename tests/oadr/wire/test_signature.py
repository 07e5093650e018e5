"""Signing and verifying, on which terms, and with which certificate."""

from base64 import b64decode
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from oadr.wire import canonical, codec, envelope, replay, signature
from oadr.wire.envelope import Opened, Terms
from oadr.wire.errors import Forged, Malformed, Misuse
from oadr.wire.ids import VenId
from oadr.wire.messages import MESSAGES, Message, Poll
from oadr.wire.namespaces import NAMESPACES, qualified
from oadr.wire.replay import Once, ReplayProtect
from oadr.wire.schema import Schema
from oadr.wire.signature import PROPERTIES, SignaturePolicy
from oadr.wire.signing import Signer
from tests.oadr.wire.forgeries import FORGERIES
from tests.oadr.wire.scene import Scene
from tests.oadr.wire.sealing import C14N, DAY, KEYS, NOW, certificate, key, seal, signer
from tests.oadr.wire.strategies import of

POLL: Final = Poll(ven_id=VenId("V1"))
SECOND: Final = timedelta(seconds=1)

BOTH: Final = pytest.mark.parametrize("kind", KEYS)


def required(of_whom: Signer) -> Terms:
    return Terms(SignaturePolicy.REQUIRED, of_whom.certificate)


def usage(**allowed: bool) -> x509.KeyUsage:
    """A certificate's key usage, nothing but what is named."""
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    more = ("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in (*names, *more)})


# --- signing --------------------------------------------------------------------------------------------------


@pytest.mark.proves("r514", "X19")
@BOTH
@pytest.mark.parametrize("message_kind", MESSAGES, ids=lambda one: one.__name__)
@settings(max_examples=5)
@given(data=st.data())
def test_any_message_survives_signing_the_official_schema_and_verification(
    kind: str, message_kind: type[Message], schema: Schema, data: st.DataObject
) -> None:
    message = data.draw(of(message_kind))
    raw = signer(kind).sign(message, NOW, "n1")
    for door in (schema, None):
        result = envelope.open(raw, door, required(signer(kind)), NOW, limit=envelope.REPORT_LIMIT)
        assert result == Opened(message, Once("n1", NOW + replay.WINDOW))


def shape(element: etree._Element) -> list[Any]:
    return [str(element.tag).rpartition("}")[2], *(shape(child) for child in element)]


@pytest.mark.proves("r514")
@BOTH
def test_the_form_is_the_profiles(kind: str) -> None:
    root = etree.fromstring(signer(kind).sign(POLL, NOW, "n1"))
    reference = ["Reference", ["Transforms", ["Transform"]], ["DigestMethod"], ["DigestValue"]]
    info = ["SignedInfo", ["CanonicalizationMethod"], ["SignatureMethod"], reference, reference]
    guard = ["ReplayProtect", ["timestamp"], ["nonce"]]
    assert shape(root) == [
        "oadrPayload",
        [
            "Signature",
            info,
            ["SignatureValue"],
            ["KeyInfo", ["X509Data", ["X509Certificate"]]],
            ["Object", ["SignatureProperties", ["SignatureProperty", guard]]],
        ],
        ["oadrSignedObject", ["oadrPoll", ["venID"]]],
    ]
    attributes = {str(value) for element in root.iter() for value in element.attrib.values()}
    method = SignatureMethod.RSA_SHA256 if kind == "RSA" else SignatureMethod.ECDSA_SHA256
    assert attributes == {
        *(C14N, method.value, DigestAlgorithm.SHA256.value),
        *("#oadrSignedObject", "#prop", "oadrSignedObject", "prop", "replayProtect", "", "2.0b"),
    }
    assert dict(root[1].attrib) == {qualified("oadr:Id"): "oadrSignedObject"}
    assert root.findtext(f".//{{{PROPERTIES}}}timestamp") == "2026-01-31T18:00:00Z"
    assert root.findtext(f".//{{{PROPERTIES}}}nonce") == "n1"


@BOTH
def test_the_certificate_comes_along_for_peers_that_look_there(kind: str) -> None:
    root = etree.fromstring(signer(kind).sign(POLL, NOW, "n1"))
    text = root.findtext(f".//{qualified('ds:X509Certificate')}") or ""
    assert x509.load_der_x509_certificate(b64decode(text)) == signer(kind).certificate


@pytest.mark.parametrize("nonce", ["", " ", "a b", "a\n", "\N{GRINNING FACE}", "n" * 65, "\x00"])
def test_a_nonce_that_peers_might_stumble_over_is_our_own_mistake(nonce: str) -> None:
    with pytest.raises(Misuse):
        signer("P-256").sign(POLL, NOW, nonce)


def test_a_certificate_of_another_key_is_our_own_mistake() -> None:
    with pytest.raises(Misuse):
        Signer(key("RSA"), signer("P-256").certificate)
    with pytest.raises(Misuse):
        Signer(key("P-256"), signer("P-256", "forger").certificate)


# --- verifying --------------------------------------------------------------------------------------------------


@pytest.mark.proves("P6", "F2")
@BOTH
def test_what_is_verified_is_a_tree_of_its_own_and_the_messages_is_not_touched(kind: str) -> None:
    root = envelope.parse(signer(kind).sign(POLL, NOW, "n1"), envelope.REQUEST_LIMIT)
    before = etree.tostring(root)
    verified = signature.verify(root, signer(kind).certificate, NOW)
    assert etree.tostring(root) == before
    assert verified.guard == ReplayProtect(NOW, "n1")
    assert verified.body.getparent() is None
    root.clear()
    assert codec.read(Poll, verified.body[0]) == POLL


@pytest.mark.proves("P6", "F2", "F3")
def test_body_time_and_nonce_are_read_from_the_trees_that_were_made_of_the_hashed_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a message that verifies both are the same; if ever they differ, the bytes are right."""
    own = signer("P-256")
    raw = own.sign(POLL, NOW + SECOND, "sent")
    assert envelope.open(raw, None, required(own), NOW).message == POLL
    others = {
        signature.SIGNED_OBJECT: envelope.build(Poll(ven_id=VenId("hashed")))[0],
        signature.OBJECT: etree.fromstring(own.sign(POLL, NOW, "hashed"))[0][-1],
    }

    def other(data: bytes) -> etree._Element:
        tree = canonical.remade(data)
        return others.get(str(tree.tag), tree)

    monkeypatch.setattr(signature, "remade", other)
    assert envelope.open(raw, None, required(own), NOW) == Opened(
        Poll(ven_id=VenId("hashed")), Once("hashed", NOW + replay.WINDOW)
    )


@pytest.mark.proves("X13")
@BOTH
def test_a_transform_that_the_library_skips_is_refused_by_us(kind: str) -> None:
    """So that the refusal of such forgeries is known to be ours."""
    forgery = FORGERIES["transforms"]["nothing known transform added to reference 0, sealed"]
    root = envelope.parse(forgery(Scene(kind, POLL)), envelope.REQUEST_LIMIT)
    wanted = SignatureConfiguration(expect_references=2)
    results = XMLVerifier().verify(root, x509_cert=certificate(key(kind), until=_far()), expect_config=wanted)
    assert isinstance(results, list)
    with pytest.raises(Forged, match="transform"):
        signature.verify(root, signer(kind).certificate, NOW)


def _far() -> datetime:
    """The library's clock is the wall's."""
    return NOW + 100 * 365 * DAY


@pytest.mark.proves("X14", "r516")
@BOTH
def test_a_certificate_counts_from_its_first_to_its_last_second(kind: str) -> None:
    pinned = certificate(key(kind), since=NOW, until=NOW + DAY)

    def at(now: datetime) -> Opened:
        raw = signer(kind).sign(POLL, now, "n1")
        return envelope.open(raw, None, Terms(SignaturePolicy.REQUIRED, pinned), now)

    for now in (NOW, NOW + DAY):
        assert at(now).message == POLL
    for now in (NOW - SECOND, NOW + DAY + SECOND, NOW - 400 * DAY, NOW + 400 * DAY):
        with pytest.raises(Forged, match="expired or is not yet valid"):
            at(now)


@pytest.mark.proves("X14")
@BOTH
def test_a_key_that_is_not_for_signatures_signs_nothing(kind: str) -> None:
    raw = signer(kind).sign(POLL, NOW, "n1")

    def pinned_to(**allowed: bool) -> Opened:
        pinned = certificate(key(kind), usage=usage(**allowed))
        return envelope.open(raw, None, Terms(SignaturePolicy.REQUIRED, pinned), NOW)

    assert pinned_to(digital_signature=True).message == POLL
    with pytest.raises(Forged, match="not one for signatures"):
        pinned_to(key_encipherment=True)


@pytest.mark.proves("X14")
@BOTH
def test_somebody_elses_certificate_verifies_nothing_whatever_the_key(kind: str) -> None:
    raw = signer(kind).sign(POLL, NOW, "n1")
    strange = certificate_of_ed25519()
    for pinned in (signer("RSA", "forger").certificate, signer("P-256", "forger").certificate, strange):
        with pytest.raises(Forged):
            envelope.open(raw, None, Terms(SignaturePolicy.REQUIRED, pinned), NOW)


def certificate_of_ed25519() -> x509.Certificate:
    own = Ed25519PrivateKey.generate()
    name = x509.Name([])
    return x509.CertificateBuilder(name, name, own.public_key(), 1, NOW - DAY, NOW + DAY).sign(own, None)


@pytest.mark.proves("X14")
@BOTH
def test_a_renewed_certificate_of_the_same_key_verifies(kind: str) -> None:
    """KeyInfo holds the former one; nobody looks there."""
    renewed = certificate(key(kind), "renewed")
    raw = signer(kind).sign(POLL, NOW, "n1")
    assert envelope.open(raw, None, Terms(SignaturePolicy.REQUIRED, renewed), NOW).message == POLL


@pytest.mark.parametrize("place", ["oadr:oadrSignedObject", "oadr:oadrPoll"])
def test_a_signed_body_still_wants_exactly_one_payload(place: str) -> None:
    """A signature vouches for who said it, not for sense."""
    own = signer("P-256")
    twice = envelope.build(POLL)
    body = twice[0]
    if place == "oadr:oadrSignedObject":
        body.append(body.makeelement(qualified("oadr:oadrPoll")))
    else:
        body.clear()
    with pytest.raises(Malformed):
        envelope.open(_sealed(own, body), None, required(own), NOW)


def _sealed(own: Signer, body: etree._Element) -> bytes:
    root = envelope.parse(own.sign(POLL, NOW, "n1"), envelope.REQUEST_LIMIT)
    body.set(signature.BODY_ID, "oadrSignedObject")
    root.replace(root[1], body)
    return seal(root, own.key)


@BOTH
def test_junk_in_a_signature_is_not_worked_through(kind: str) -> None:
    root = envelope.parse(signer(kind).sign(POLL, NOW, "n1"), envelope.REQUEST_LIMIT)
    own, size = next(root.iter(signature.SIGNATURE_PROPERTY)), sum(1 for _ in root[0].iter())
    for _ in range(signature.LARGEST - size):
        etree.SubElement(own, "{urn:other}junk")
    assert envelope.open(seal(root, key(kind)), None, required(signer(kind)), NOW).message == POLL
    etree.SubElement(own, "{urn:other}junk")
    with pytest.raises(Forged, match="too many elements"):
        envelope.open(seal(root, key(kind)), None, required(signer(kind)), NOW)


# --- terms --------------------------------------------------------------------------------------------------------

UNSIGNED: Final = envelope.write(POLL)
BARE: Final = etree.tostring(codec.build(POLL))


@pytest.mark.proves("X12")
@pytest.mark.parametrize("policy", SignaturePolicy)
def test_a_signed_message_is_verified_whatever_the_policy(policy: SignaturePolicy, schema: Schema) -> None:
    own = signer("P-256")
    terms = Terms(policy, own.certificate)
    raw = own.sign(POLL, NOW, "n1")
    assert envelope.open(raw, schema, terms, NOW) == Opened(POLL, Once("n1", NOW + replay.WINDOW))
    for wrong in (raw.replace(b">V1<", b">V2<"), signer("P-256", "forger").sign(POLL, NOW, "n1")):
        with pytest.raises(Forged):
            envelope.open(wrong, schema, terms, NOW)
    with pytest.raises(Forged, match="too long ago"):
        envelope.open(raw, schema, terms, NOW + replay.WINDOW + SECOND)
    with pytest.raises(Forged, match="no certificate"):
        envelope.open(raw, schema, Terms(policy, None), NOW)


@pytest.mark.proves("X12")
def test_unsigned_messages_are_refused_where_signatures_are_required() -> None:
    terms = required(signer("P-256"))
    for raw in (UNSIGNED, BARE):
        with pytest.raises(Forged, match="not signed"):
            envelope.open(raw, None, terms, NOW)


def test_unsigned_messages_are_read_where_they_may_be_and_bare_ones_where_nobody_signs() -> None:
    known = signer("P-256").certificate
    for policy in (SignaturePolicy.IF_PRESENT, SignaturePolicy.OFF):
        assert envelope.open(UNSIGNED, None, Terms(policy, known), NOW) == Opened(POLL, None)
    assert envelope.open(BARE, None, Terms(SignaturePolicy.OFF, None), NOW) == Opened(POLL, None)
    with pytest.raises(Malformed):
        envelope.open(BARE, None, Terms(SignaturePolicy.IF_PRESENT, known), NOW)


@pytest.mark.proves("X12")
@pytest.mark.parametrize("policy", SignaturePolicy)
@pytest.mark.parametrize("where", ["in the payload", "last", "alone"])
def test_a_signature_where_none_belongs_is_no_reason_to_look_away(
    policy: SignaturePolicy, where: str
) -> None:
    root = envelope.build(POLL)
    stray = root.makeelement(qualified("ds:Signature"))
    match where:
        case "in the payload":
            root[0][0].append(stray)
        case "last":
            root.append(stray)
        case "alone":
            root = stray
    with pytest.raises(Forged):
        envelope.open(etree.tostring(root), None, Terms(policy, signer("RSA").certificate), NOW)


def test_the_limits_of_the_door_hold_for_signed_messages_too(schema: Schema) -> None:
    own = signer("P-256")
    raw = own.sign(POLL, NOW, "n1")
    with pytest.raises(Malformed):
        envelope.open(raw, schema, required(own), NOW, limit=len(raw) - 1)
    with pytest.raises(Malformed):
        envelope.open(b"<!DOCTYPE x>" + raw.partition(b"?>")[2].lstrip(), schema, required(own), NOW)
    assert NAMESPACES["ds"].encode() in raw
