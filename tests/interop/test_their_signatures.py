"""Signed messages between openleadr and ours, as bytes."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from openleadr import messaging

from oadr.wire import envelope
from oadr.wire.envelope import Terms
from oadr.wire.errors import Forged
from oadr.wire.ids import RequestId, VenId
from oadr.wire.messages import Message, Poll, RequestEvent
from oadr.wire.schema import Schema, installed_folder
from oadr.wire.signature import SignaturePolicy
from oadr.wire.signing import Key, Signer

KEYS: dict[str, Key] = {
    "RSA": rsa.generate_private_key(65_537, 2_048),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
}
BOTH = pytest.mark.parametrize("kind", KEYS)


def signer(kind: str) -> Signer:
    key, now = KEYS[kind], datetime.now(UTC)
    name, day = x509.Name([]), timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    return Signer(key, builder.sign(key, hashes.SHA256()))


@pytest.fixture(scope="module")
def schema() -> Schema:
    folder = installed_folder()
    assert folder
    return Schema(folder)


@pytest.mark.proves("r514")
@BOTH
@pytest.mark.parametrize(
    ("name", "payload", "message"),
    [
        ("oadrPoll", {"ven_id": "V1"}, Poll(ven_id=VenId("V1"))),
        (
            "oadrRequestEvent",
            {"request_id": "R1", "ven_id": "V1"},
            RequestEvent(request_id=RequestId("R1"), ven_id=VenId("V1")),
        ),
    ],
)
def test_we_verify_what_they_sign(
    kind: str, name: str, payload: dict[str, Any], message: Message, schema: Schema
) -> None:
    own = signer(kind)
    pem = own.certificate.public_bytes(Encoding.PEM)
    key = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    raw = messaging.create_message(name, cert=pem, key=key, **payload).encode()
    now, terms = datetime.now(UTC), Terms(SignaturePolicy.REQUIRED, own.certificate)
    opened = envelope.open(raw, schema, terms, now)
    assert opened.message == message
    assert opened.once
    with pytest.raises(Forged):
        envelope.open(raw.replace(b">V1<", b">V2<"), None, terms, now)


@pytest.mark.proves("r514")
@BOTH
def test_they_verify_what_we_sign(kind: str) -> None:
    raw = signer(kind).sign(Poll(ven_id=VenId("V & <1>")), datetime.now(UTC), os.urandom(16).hex())
    tree = messaging.validate_xml_schema(raw)
    messaging.validate_xml_signature(tree)
    assert messaging.parse_message(raw) == ("oadrPoll", {"ven_id": "V & <1>"})
    with pytest.raises(ValueError, match="already used"):
        messaging.validate_xml_signature(tree)
    tampered = etree.fromstring(raw.replace(b">V &amp;", b">W &amp;"))
    with pytest.raises(Exception, match="Digest mismatch"):
        messaging.validate_xml_signature(tampered)


def test_they_take_nothing_that_was_signed_more_than_five_seconds_ago() -> None:
    """So the clocks must agree, and a message is signed when it is sent."""
    for seconds, is_late in ((3, False), (7, True)):
        signed_at = datetime.now(UTC) - timedelta(seconds=seconds)
        tree = messaging.validate_xml_schema(
            signer("P-256").sign(Poll(ven_id=VenId("V1")), signed_at, os.urandom(16).hex())
        )
        if not is_late:
            messaging.validate_xml_signature(tree)
            continue
        with pytest.raises(ValueError, match="too long ago"):
            messaging.validate_xml_signature(tree)
