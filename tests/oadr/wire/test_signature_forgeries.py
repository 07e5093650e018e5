"""Every forgery is refused, every genuine variant is read, whatever the message and the key."""

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from lxml import etree

from oadr.wire import envelope
from oadr.wire.envelope import Opened, Terms
from oadr.wire.errors import Forged, Invalid, Malformed, PeerError
from oadr.wire.messages import MESSAGES, Message
from oadr.wire.namespaces import qualified
from oadr.wire.replay import WINDOW, Once
from oadr.wire.schema import Schema
from oadr.wire.signature import BODY_ID, SignaturePolicy
from tests.oadr.wire.forgeries import FORGERIES
from tests.oadr.wire.rearranging import altered, rearrange
from tests.oadr.wire.scene import Scene
from tests.oadr.wire.sealing import KEYS, NOW
from tests.oadr.wire.strategies import of
from tests.oadr.wire.variants import GENUINE

CASES: Final = [(kind, name) for kind, forgeries in FORGERIES.items() for name in forgeries]


@cache
def examples() -> dict[type[Message], Message]:
    """Of each type the simplest message that the strategies know."""
    one = settings(database=None, max_examples=1, phases=[Phase.generate])
    return {kind: find(of(kind), lambda _: True, settings=one) for kind in MESSAGES}


@dataclass(frozen=True, slots=True)
class Reader:
    """One of the two ends, and how it takes what the other has signed."""

    checks_schema: bool

    def read(self, scene: Scene, raw: bytes, schema: Schema) -> Opened:
        door = schema if self.checks_schema else None
        return opened(scene, raw, door)


READERS: Final = {"VTN": Reader(checks_schema=True), "VEN": Reader(checks_schema=False)}
"""A server has the official schema; a chargepoint need not."""


def opened(scene: Scene, raw: bytes, schema: Schema | None) -> Opened:
    terms = Terms(SignaturePolicy.REQUIRED, scene.victim.certificate)
    return envelope.open(raw, schema, terms, NOW, limit=envelope.REPORT_LIMIT)


def scenes() -> list[Scene]:
    return [Scene(key, examples()[kind]) for key in KEYS for kind in MESSAGES]


@pytest.mark.proves("B1", "r514", "X11", "X12", "X13", "X14", "X17", "X18", "X20", "F2", "signature_vectors")
@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{kind}: {name}" for kind, name in CASES])
def test_a_forgery_of_any_message_by_either_key_is_refused_by_either_end(
    kind: str, name: str, schema: Schema
) -> None:
    """Where the schema is checked, it may be what refuses; without it, it is always the signature."""
    for scene in scenes():
        raw = FORGERIES[kind][name](scene)
        with pytest.raises(Forged):
            READERS["VEN"].read(scene, raw, schema)
        with pytest.raises((Forged, Malformed, Invalid)):
            READERS["VTN"].read(scene, raw, schema)


def test_the_corpus_wraps_in_more_than_eight_ways_and_has_every_kind_of_message() -> None:
    assert len(FORGERIES["wrapping"]) >= 8
    assert sum(map(len, FORGERIES.values())) > 200
    assert {type(scene.message) for scene in scenes()} == set(MESSAGES)
    assert {scene.kind for scene in scenes()} == {"RSA", "P-256"}


@pytest.mark.proves("B1", "r514", "X16")
@pytest.mark.parametrize("name", GENUINE)
def test_a_genuine_variant_is_read(name: str, schema: Schema) -> None:
    for scene in scenes():
        raw = GENUINE[name](scene)
        for reader in READERS.values():
            result = reader.read(scene, raw, schema)
            assert (result.message, result.once and result.once.nonce) == (scene.message, "genuine")


# --- forgeries that nobody thought of ---------------------------------------------------------------------------


def is_genuine_or_refused(scene: Scene, raw: bytes, schema: Schema) -> bool:
    """Whether it was read; nothing but what was signed may come out."""
    results = []
    for door in (schema, None):
        try:
            results.append(opened(scene, raw, door))
        except PeerError:
            continue
    assert all(result == Opened(scene.message, Once("genuine", NOW + WINDOW)) for result in results)
    return bool(results)


@pytest.mark.proves("B1", "X11", "X17", "X18", "X20", "P6", "P12", "F2")
@settings(max_examples=250)
@given(kind=st.sampled_from(MESSAGES), key=st.sampled_from(KEYS), seed=st.integers(0, 2**32))
def test_a_rearranged_message_is_refused_or_says_what_was_signed(
    schema: Schema, kind: type[Message], key: str, seed: int
) -> None:
    scene, chance = Scene(key, examples()[kind]), Random(seed)
    other = scene.another()
    other[1].set(BODY_ID, chance.choice(("oadrSignedObject", "evil")))
    for _ in range(20):
        root = scene.tree()
        rearrange(root, other, chance)
        is_genuine_or_refused(scene, etree.tostring(root), schema)


@pytest.mark.proves("B1", "X11", "X20", "P12")
@settings(max_examples=250)
@given(key=st.sampled_from(KEYS), seed=st.integers(0, 2**32))
def test_altered_bytes_are_refused_or_say_what_was_signed(schema: Schema, key: str, seed: int) -> None:
    scene, chance = Scene(key, examples()[MESSAGES[0]]), Random(seed)
    for _ in range(20):
        is_genuine_or_refused(scene, altered(scene.raw(), chance), schema)


def test_what_changes_key_info_alone_does_no_harm(schema: Schema) -> None:
    """Nobody looks there; so generated forgeries may be read, and then they must say what was signed."""
    scene = Scene("P-256", examples()[MESSAGES[0]])
    root = scene.tree()
    info = next(root.iter(qualified("ds:X509Certificate")))
    info.text = b64encode(b"anything").decode()
    assert is_genuine_or_refused(scene, etree.tostring(root), schema)
