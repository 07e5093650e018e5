"""A poll that is recognised says what the whole door would have said; all else goes through the door."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Final

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from oadr.wire import envelope, familiar, replay, signature
from oadr.wire.envelope import Opened, Terms
from oadr.wire.errors import PeerError
from oadr.wire.familiar import Again, Familiar
from oadr.wire.ids import RequestId, VenId
from oadr.wire.messages import Message, Poll, QueryRegistration
from oadr.wire.pieces import cut
from oadr.wire.schema import Schema
from oadr.wire.signature import SignaturePolicy
from tests.oadr.wire.rearranging import altered
from tests.oadr.wire.scene import Scene, references
from tests.oadr.wire.sealing import DAY, KEYS, NOW, certificate, key, seal, signer
from tests.oadr.wire.variants import GENUINE

POLL: Final = Poll(ven_id=VenId("V1"))
LATER: Final = NOW + timedelta(seconds=10)
BOTH: Final = pytest.mark.parametrize("kind", KEYS)


def learn(memory: Familiar, raw: bytes, pinned: x509.Certificate) -> None:
    """As the door does it with what it has let in."""
    verified = signature.verify(envelope.parse(raw, envelope.REQUEST_LIMIT), pinned, NOW)
    message = opened(raw, pinned, NOW)
    assert message
    memory.learn(raw, pinned, verified.proof, message.message)


def opened(
    raw: bytes, pinned: x509.Certificate, now: datetime, schema: Schema | None = None
) -> Opened | None:
    """What the whole door says, None for a refusal."""
    try:
        return envelope.open(raw, schema, Terms(SignaturePolicy.REQUIRED, pinned), now)
    except PeerError:
        return None


def acquainted(kind: str, message: Message = POLL) -> Familiar:
    memory = Familiar()
    learn(memory, signer(kind).sign(message, NOW, "first"), signer(kind).certificate)
    return memory


@pytest.mark.proves("r514", "X20")
@BOTH
def test_the_next_poll_is_recognised_with_its_own_time_and_nonce(kind: str, schema: Schema) -> None:
    own, memory = signer(kind), acquainted(kind)
    for number in range(5):
        now = NOW + number * timedelta(seconds=10)
        raw = own.sign(POLL, now, f"n{number}")
        again = memory.recognise(raw, own.certificate, now)
        assert again == Again(POLL, replay.ReplayProtect(now, f"n{number}"))
        assert opened(raw, own.certificate, now, schema) == Opened(
            again.message, replay.fresh(again.guard, now)
        )


@BOTH
def test_what_was_not_met_before_is_not_recognised(kind: str) -> None:
    own = signer(kind)
    raw = own.sign(POLL, LATER, "n2")
    assert Familiar().recognise(raw, own.certificate, LATER) is None
    memory = acquainted(kind)
    other = own.sign(Poll(ven_id=VenId("V2")), LATER, "n2")
    assert memory.recognise(other, own.certificate, LATER) is None
    assert memory.recognise(raw + b" ", own.certificate, LATER) is None
    assert memory.recognise(raw[:-1], own.certificate, LATER) is None


@pytest.mark.proves("X11", "X14", "r516")
@BOTH
def test_nobody_elses_poll_and_no_expired_certificate_is_recognised(kind: str) -> None:
    own, memory = signer(kind), acquainted(kind)
    forger = signer(kind, "forger")
    forged = own.sign(POLL, LATER, "n2")
    value = _between(forged, b"SignatureValue>")
    theirs = _between(forger.sign(POLL, LATER, "n2"), b"SignatureValue>")
    assert memory.recognise(forged, own.certificate, LATER)
    assert memory.recognise(forged.replace(value, theirs), own.certificate, LATER) is None
    assert memory.recognise(forged, forger.certificate, LATER) is None
    for now in (NOW - 2 * DAY, NOW + 2 * DAY):
        assert memory.recognise(own.sign(POLL, now, "n2"), own.certificate, now) is None


def _between(raw: bytes, tag: bytes) -> bytes:
    return raw.partition(tag)[2].partition(b"<")[0]


def retexted(part: bytes, text: bytes) -> Callable[[bytes], bytes]:
    """Another text where the element `part` stands first."""

    def change(raw: bytes) -> bytes:
        before, tag, after = raw.partition(part + b">")
        return before + tag + text + after[after.index(b"<") :]

    return change


FORGED: Final[dict[str, Callable[[bytes], bytes]]] = {
    "another time": retexted(b"timestamp", b"2026-01-31T18:00:11Z"),
    "no time": retexted(b"timestamp", b""),
    "an impossible time": retexted(b"timestamp", b"2026-02-30T18:00:11Z"),
    "another nonce": retexted(b"nonce", b"n3"),
    "no nonce": retexted(b"nonce", b""),
    "a comment in the nonce": retexted(b"nonce", b"n2<!-- -->"),
    "a reference in the nonce": retexted(b"nonce", b"n&#50;"),
    "no signature": retexted(b"SignatureValue", b""),
    "a signature of zeros": retexted(b"SignatureValue", b64encode(bytes(64))),
    "a signature with blanks": lambda raw: raw.replace(b"==</ds:SignatureValue", b"== </ds:SignatureValue"),
    "no base64": retexted(b"SignatureValue", b"!"),
    "another body's digest": retexted(b"DigestValue", b64encode(sha256(b"").digest())),
}


@pytest.mark.proves("X11", "X20")
@BOTH
@pytest.mark.parametrize("name", FORGED)
def test_a_forgery_is_not_recognised(kind: str, name: str) -> None:
    own, memory = signer(kind), acquainted(kind)
    raw = FORGED[name](own.sign(POLL, LATER, "n2"))
    assert memory.recognise(raw, own.certificate, LATER) is None


@pytest.mark.proves("X11")
@BOTH
def test_a_second_way_to_write_the_same_signature_is_left_to_the_door(kind: str) -> None:
    own, memory = signer(kind), acquainted(kind)
    raw = own.sign(POLL, LATER, "n2")
    value = _between(raw, b"SignatureValue>")
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = value.rstrip(b"=")[-1:]
    twin = value.rstrip(b"=")[:-1] + digits[digits.index(last) ^ 1 :][:1] + b"=="
    assert b64decode(twin) == b64decode(value)
    assert memory.recognise(raw.replace(value, twin), own.certificate, LATER) is None


@pytest.mark.proves("X11", "P12")
@settings(max_examples=100)
@given(kind=st.sampled_from(KEYS), name=st.sampled_from(sorted(GENUINE)), seed=st.integers(0, 2**32))
def test_what_is_recognised_the_door_lets_in_as_well_and_as_the_same(kind: str, name: str, seed: int) -> None:
    scene, memory, chance = Scene(kind, POLL), Familiar(), Random(seed)
    pinned = scene.victim.certificate
    raw = GENUINE[name](scene)
    learn(memory, raw, pinned)
    for _ in range(20):
        changed = altered(raw, chance)
        again = memory.recognise(changed, pinned, NOW)
        assert again is None or Opened(again.message, replay.fresh(again.guard, NOW)) == opened(
            changed, pinned, NOW
        )


@BOTH
def test_what_is_not_plain_to_read_is_not_learnt(kind: str) -> None:
    """A comment or a reference may hide where a text stands."""
    scene = Scene(kind, POLL)
    pinned = scene.victim.certificate
    for name in ("comments", "CDATA", "references of characters"):
        memory, raw = Familiar(), GENUINE[name](scene)
        learn(memory, raw, pinned)
        assert memory.recognise(raw, pinned, NOW) is None


@BOTH
def test_a_decoy_of_the_nonce_in_a_comment_is_not_taken_for_it(kind: str) -> None:
    own, memory = signer(kind), Familiar()
    raw = own.sign(POLL, NOW, "decoy").replace(b">decoy<", b">d&#101;coy<")
    raw = raw.replace(b"</ds:Signature>", b"</ds:Signature><!-->decoy<-->")
    learn(memory, raw, own.certificate)
    assert memory.recognise(raw, own.certificate, NOW) is None


@pytest.mark.proves("X11", "X20")
@BOTH
def test_a_decoy_of_the_nonce_is_not_taken_for_it_where_ends_of_lines_are_read_as_others(kind: str) -> None:
    """Else a message would be let in whose own nonce is not the one that was signed."""

    def sealed(nonce: str) -> bytes:
        root = Scene(kind, POLL).tree()
        guard = next(root.iter(signature.REPLAY_PROTECT))
        guard.set("Id", "guard")
        references(root)[1].set("URI", "#guard")
        guard[1].text = nonce
        etree.SubElement(next(root.iter(signature.SIGNATURE_PROPERTY)), "{urn:x}decoy").text = nonce
        raw = seal(root, key(kind))
        return raw.replace(f">{nonce}<".encode(), b">a\r\nb<", 1)

    memory, pinned = Familiar(), signer(kind).certificate
    learn(memory, sealed("a\nb"), pinned)
    assert opened(sealed("n2"), pinned, NOW) is None
    assert memory.recognise(sealed("n2"), pinned, NOW) is None


@pytest.mark.proves("X11")
@BOTH
def test_a_decoy_of_the_signature_in_key_info_is_not_taken_for_it(kind: str) -> None:
    """It holds, but it is not where the signature stands."""
    own, memory = signer(kind), Familiar()
    raw = own.sign(POLL, NOW, "n1")
    old = _between(raw, b"SignatureValue>")

    def decoyed(raw: bytes) -> bytes:
        value = _between(raw, b"SignatureValue>")
        moved = raw.replace(b">" + value + b"<", b">" + old[:4] + b" " + old[4:] + b"<")
        return moved.replace(b"<ds:X509Data>", b"<ds:KeyName>" + value + b"</ds:KeyName><ds:X509Data>")

    learn(memory, decoyed(raw), own.certificate)
    later = decoyed(own.sign(POLL, LATER, "n2"))
    assert opened(later, own.certificate, LATER) is None
    assert memory.recognise(later, own.certificate, LATER) is None


@BOTH
@pytest.mark.parametrize(
    ("tag", "text"), [(signature.NONCE, "n.2"), (signature.TIMESTAMP, " 2026-01-31T18:00:10Z")]
)
def test_a_time_or_a_nonce_of_another_form_is_left_to_the_door(kind: str, tag: str, text: str) -> None:
    """It lets them in, but whatever is written so has more than one way to be written."""
    scene, memory = Scene(kind, POLL), Familiar()
    pinned = scene.victim.certificate
    root = scene.tree()
    learn(memory, seal(root, scene.victim.key), pinned)
    assert memory.recognise(seal(root, scene.victim.key), pinned, LATER)
    next(root.iter(tag)).text = text
    raw = seal(root, scene.victim.key)
    assert opened(raw, pinned, LATER)
    assert memory.recognise(raw, pinned, LATER) is None


@BOTH
def test_a_text_that_stands_twice_is_not_learnt(kind: str) -> None:
    """It would be unclear which of them is the nonce."""
    own, memory = signer(kind), Familiar()
    raw = own.sign(POLL, NOW, "V1")
    learn(memory, raw, own.certificate)
    assert memory.recognise(raw, own.certificate, NOW) is None


@BOTH
def test_a_nonce_that_canonical_xml_writes_otherwise_is_not_learnt(kind: str) -> None:
    memory, root = Familiar(), Scene(kind, POLL).tree()
    next(root.iter(signature.NONCE)).text = "a>b"
    raw = seal(root, key(kind)).replace(b">a&gt;b<", b">a>b<")
    learn(memory, raw, signer(kind).certificate)
    assert memory.recognise(raw, signer(kind).certificate, NOW) is None


def test_texts_in_another_order_are_not_cut_out() -> None:
    assert cut(b"<a>1</a><b>2</b>", (b"1", b"2")) == (b"<a>", b"</a><b>", b"</b>")
    assert cut(b"<a>1</a><b>2</b>", (b"2", b"1")) is None


@BOTH
def test_only_small_polls_are_learnt(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own, memory = signer(kind), Familiar()
    question = own.sign(QueryRegistration(request_id=RequestId("Q1")), NOW, "n1")
    learn(memory, question, own.certificate)
    assert memory.recognise(question, own.certificate, NOW) is None
    raw = own.sign(POLL, NOW, "n1")
    monkeypatch.setattr(familiar, "LARGEST", len(raw) - 1)
    learn(memory, raw, own.certificate)
    assert memory.recognise(raw, own.certificate, NOW) is None


def test_the_one_longest_silent_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(familiar, "KEPT", 2)
    memory, raw = Familiar(), signer("P-256").sign(POLL, NOW, "n1")
    peers = [certificate(key("P-256"), owner) for owner in ("a", "b", "c")]
    for pinned in (peers[0], peers[1]):
        learn(memory, raw, pinned)
    assert memory.recognise(raw, peers[0], NOW)
    learn(memory, raw, peers[2])
    known = [memory.recognise(raw, pinned, NOW) is not None for pinned in peers]
    assert known == [True, False, True]


@BOTH
def test_a_poll_of_another_form_takes_the_place_of_the_one_before(kind: str) -> None:
    """A peer that is replaced or updated is soon known again."""
    scene, memory = Scene(kind, POLL), acquainted(kind)
    pinned = scene.victim.certificate
    other = seal(scene.tree(), key(kind)).replace(b"<oadr:oadrPayload", b"<oadr:oadrPayload ", 1)
    learn(memory, other, pinned)
    assert memory.recognise(other, pinned, NOW)
    assert memory.recognise(scene.raw(), pinned, NOW) is None
