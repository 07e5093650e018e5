"""Every forgery is refused, every genuine variant is read, whatever the message and the key."""

from base64 import b64encode
from copy import deepcopy
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
from tests.oadr.wire.forgeries import FORGERIES, IDS, TRANSFORMS
from tests.oadr.wire.scene import Scene
from tests.oadr.wire.sealing import C14N, KEYS, NOW
from tests.oadr.wire.strategies import of
from tests.oadr.wire.variants import GENUINE

FEW: Final = MESSAGES[::11]
"""The kinds of messages for what hardly depends on the message."""
EVERYWHERE: Final = ("wrapping", "keys", "tampering")

CASES: Final = [(kind, name) for kind, forgeries in FORGERIES.items() for name in forgeries]


@cache
def examples() -> dict[type[Message], Message]:
    """Of each type the simplest message that the strategies know."""
    one = settings(database=None, max_examples=1, phases=[Phase.generate])
    return {kind: find(of(kind), lambda _: True, settings=one) for kind in MESSAGES}


def opened(scene: Scene, raw: bytes, schema: Schema | None) -> Opened:
    terms = Terms(SignaturePolicy.REQUIRED, scene.victim.certificate)
    return envelope.open(raw, schema, terms, NOW, limit=envelope.REPORT_LIMIT)


def scenes(kinds: tuple[type[Message], ...] = MESSAGES) -> list[Scene]:
    return [Scene(key, examples()[kind]) for key in KEYS for kind in kinds]


@pytest.mark.proves("B1", "r514", "X11", "X12", "X13", "X14", "X17", "X18", "X20", "F2")
@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{kind}: {name}" for kind, name in CASES])
def test_a_forgery_is_refused_by_us_with_the_schema_or_without(kind: str, name: str, schema: Schema) -> None:
    for scene in scenes(MESSAGES if kind in EVERYWHERE else FEW):
        raw = FORGERIES[kind][name](scene)
        with pytest.raises(Forged):
            opened(scene, raw, None)
    with pytest.raises((Forged, Malformed, Invalid)):
        opened(scene, raw, schema)


@pytest.mark.proves("B1", "r514", "X16")
@pytest.mark.parametrize("name", GENUINE)
def test_a_genuine_variant_is_read(name: str, schema: Schema) -> None:
    for scene in scenes(FEW):
        raw = GENUINE[name](scene)
        for door in (schema, None):
            result = opened(scene, raw, door)
            assert (result.message, result.once and result.once.nonce) == (scene.message, "genuine")


# --- forgeries that nobody thought of ---------------------------------------------------------------------------

VALUES: Final = ("", "#", "prop", "oadrSignedObject", "#prop", "#oadrSignedObject", "genuine", C14N, "0001")
NAMES: Final = (*IDS, "URI", "Algorithm", "Target", "PrefixList", "Type", "Encoding")


def rearranged(root: etree._Element, other: etree._Element, chance: Random) -> bytes:
    """`root` with one to three things done to its elements, some of them taken from `other`."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        elements = list(root.iter("*"))
        one, place = chance.choice(elements), chance.choice(elements)
        foreign = deepcopy(chance.choice(list(other.iter("*"))))
        parent = one.getparent()
        match chance.randrange(11):
            case 0 if parent is not None:
                parent.remove(one)
            case 1:
                place.insert(chance.randrange(len(place) + 1), deepcopy(one))
            case 2 if parent is not None and place not in one.iter():
                place.insert(chance.randrange(len(place) + 1), one)
            case 3:
                place.insert(chance.randrange(len(place) + 1), foreign)
            case 4 if parent is not None:
                parent.replace(one, foreign)
            case 5:
                one.tag = place.tag
            case 6:
                one.set(chance.choice(NAMES), chance.choice((*VALUES, *TRANSFORMS.values())))
            case 7:
                one.text = chance.choice((*VALUES, place.text))
            case 8:
                one.tail = chance.choice((" ", "x"))
            case 9 if parent is not None:  # a layer more
                layer = etree.Element(chance.choice(elements).tag)
                parent.replace(one, layer)
                layer.append(one)
            case _:
                one.attrib.clear()
    return etree.tostring(root)


def altered(raw: bytes, chance: Random) -> bytes:
    """`raw` with a few bytes cut out, doubled or changed."""
    here, there = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
    there = min(there, here + chance.choice((1, 4, 400)))
    match chance.randrange(3):
        case 0:
            return raw[:here] + raw[there:]
        case 1:
            return raw[:there] + raw[here:]
        case _:
            return (
                raw[:here] + bytes(byte ^ 1 << chance.randrange(7) for byte in raw[here:there]) + raw[there:]
            )


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
        is_genuine_or_refused(scene, rearranged(scene.tree(), other, chance), schema)


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
