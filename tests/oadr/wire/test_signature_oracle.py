"""Ours beside signxml: what we accept it accepts and reads alike, and what only it accepts we refuse by name."""

from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from oadr.wire import envelope, keys, scalars, signature, signed_info
from oadr.wire.canonical import EXCLUSIVE, INCLUSIVE, method, remade
from oadr.wire.errors import Forged, PeerError
from oadr.wire.ids import VenId
from oadr.wire.messages import Poll
from oadr.wire.namespaces import qualified
from oadr.wire.replay import ReplayProtect
from oadr.wire.signature import Verified
from oadr.wire.signed_info import PREFIXES as INCLUSIVE_NAMESPACES
from tests.oadr.wire.forgeries import FORGERIES
from tests.oadr.wire.oracle import Opinion, opinion, opinion_without_key_info
from tests.oadr.wire.rearranging import altered, rearrange
from tests.oadr.wire.scene import Scene, references
from tests.oadr.wire.sealing import KEYS, NOW, base64, one, seal
from tests.oadr.wire.variants import GENUINE

Change = Callable[[etree._Element], None]

POLL: Final = Poll(ven_id=VenId("0001"))

STRICTER: Final = {
    "a list of prefixes that is not taken here",
    "a signature of another form",
    "a SignatureProperty without a target",
    "a transform that is not taken here",
    "an algorithm with more to it than its name",
    "an attribute where none belongs",
    "ReplayProtect stands elsewhere than in SignatureProperty",
    "text in SignedInfo where none belongs",
    "text where none belongs",
    "wants nothing but the ReplayProtect's SignatureProperty in Object",
    "wants one signature of two references, one ReplayProtect, one oadrSignedObject",
    "wants one SignatureProperty in Object",
}
"""What signxml accepts and we do not: forms of which nobody sends any."""


def both(scene: Scene, raw: bytes) -> str:
    """Why we refuse, or that we do not. They must not differ but in the ways that are named."""
    try:
        root = envelope.parse(raw, envelope.REPORT_LIMIT)
    except PeerError:
        return "no XML"
    pinned = scene.victim.certificate
    theirs = opinion(root, pinned, NOW)
    ours, why = verified(root, scene)
    if ours is None:
        if theirs is None or not is_readable(theirs):
            return "refused by both"
        assert why in STRICTER, raw
        return why
    theirs = theirs or opinion_without_key_info(root, pinned, NOW)
    assert theirs is not None, raw
    assert theirs.body == etree.tostring(ours.body, method="c14n")
    assert ReplayProtect(scalars.read_date_time(theirs.timestamp or ""), theirs.nonce or "") == ours.guard
    return "read by both"


def verified(root: etree._Element, scene: Scene) -> tuple[Verified | None, str]:
    """What we read of it, or why we do not."""
    try:
        return signature.verify(root, scene.victim.certificate, NOW), ""
    except Forged as error:
        return None, error.why


def is_readable(theirs: Opinion) -> bool:
    try:
        scalars.read_date_time(theirs.timestamp or "")
    except PeerError:
        return False
    return True


@pytest.mark.proves("B1", "X11", "X16", "P6")
@pytest.mark.parametrize("kind", KEYS)
def test_they_agree_on_every_genuine_variant_and_on_every_forgery(kind: str) -> None:
    scene = Scene(kind, POLL)
    for name, variant in GENUINE.items():
        assert both(scene, variant(scene)) == "read by both", name
    for forgeries in FORGERIES.values():
        for forgery in forgeries.values():
            both(scene, forgery(scene))


def sealed_anew(root: etree._Element, scene: Scene) -> bytes:
    """Signed again by the victim if it still has what a signature needs, else as it is."""
    try:
        return seal(root, scene.victim.key)
    except (AssertionError, ValueError, etree.LxmlError):
        return etree.tostring(root)


@pytest.mark.proves("B1", "X11", "X17", "X18", "X20", "P12")
@settings(max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_they_agree_on_what_is_rearranged_at_random_and_signed_by_the_victim_all_the_same(seed: int) -> None:
    """So that nothing but the shape can be at fault."""
    scene, chance = Scene("P-256", POLL), Random(seed)
    other = scene.another()
    for _ in range(15):
        root = scene.tree()
        rearrange(root, other, chance)
        both(scene, sealed_anew(root, scene))


@pytest.mark.proves("B1", "X11", "P12")
@settings(max_examples=50)
@given(name=st.sampled_from(sorted(GENUINE)), seed=st.integers(0, 2**32))
def test_they_agree_on_altered_bytes(name: str, seed: int) -> None:
    scene, chance = Scene("P-256", POLL), Random(seed)
    raw = GENUINE[name](scene)
    for _ in range(15):
        both(scene, altered(raw, chance))


def test_the_comparison_meets_every_outcome() -> None:
    """Else it would compare nothing."""
    scene, chance = Scene("P-256", POLL), Random(1)
    met = Counter[str]()
    for _ in range(600):
        root = scene.tree()
        rearrange(root, scene.another(), chance)
        met[both(scene, sealed_anew(root, scene))] += 1
    assert met["read by both"] > 20
    assert met["refused by both"] > 100
    assert sum(met[why] for why in STRICTER) > 5


# --- forms that we do not take, each of which signxml does --------------------------------------------------------


def _inside(name: str, tag: str) -> Change:
    def change(root: etree._Element) -> None:
        etree.SubElement(one(root, name), tag)

    return change


def _text(name: str) -> Change:
    def change(root: etree._Element) -> None:
        one(root, name).text = "text"

    return change


def _set(name: str, attribute: str, value: str) -> Change:
    def change(root: etree._Element) -> None:
        one(root, name).set(attribute, value)

    return change


def _tail(which: int) -> Change:
    def change(root: etree._Element) -> None:
        root[which].tail = "text"

    return change


def _a_second_object(root: etree._Element) -> None:
    etree.SubElement(root[0], qualified("ds:Object"))


def _a_second_property(root: etree._Element) -> None:
    properties = one(root, "ds:SignatureProperties")
    etree.SubElement(etree.SubElement(properties, signature.SIGNATURE_PROPERTY, Target=""), "{urn:other}note")


def _deep_guard(root: etree._Element) -> None:
    (guard,) = one(root, "ds:SignatureProperty")
    etree.SubElement(one(root, "ds:SignatureProperty"), "{urn:other}note").append(guard)


def _guard_in_body(root: etree._Element) -> None:
    """Under an Id of its own, which a reference names."""
    body, holder = root[1], one(root, "ds:Object")
    body.append(holder)


def _bare_guard(root: etree._Element) -> None:
    """In Object at once."""
    holder = one(root, "ds:Object")
    (guard,) = one(root, "ds:SignatureProperty")
    holder[:] = [guard]


def _odd_prefixes(root: etree._Element) -> None:
    for step in root.iter(qualified("ds:Transform")):
        step.set("Algorithm", EXCLUSIVE)
        etree.SubElement(step, INCLUSIVE_NAMESPACES, {"PrefixList": "ei  oadr"}, nsmap={"ec": EXCLUSIVE})


def _prefixes(
    tag: str = INCLUSIVE_NAMESPACES, count: int = 1, *, of: str = EXCLUSIVE, inside: str | None = None
) -> Change:
    """A list of them, in an element of this name."""

    def change(root: etree._Element) -> None:
        for step in root.iter(qualified("ds:Transform")):
            step.set("Algorithm", of)
            listed = " ".join(f"p{number}" for number in range(count))
            only = etree.SubElement(step, tag, {"PrefixList": listed}, nsmap={"ec": EXCLUSIVE})
            if inside:
                etree.SubElement(only, inside)

    return change


def _two_lists_of_prefixes(root: etree._Element) -> None:
    for step in root.iter(qualified("ds:Transform")):
        step.set("Algorithm", EXCLUSIVE)
        for prefix in ("ei", "oadr"):
            etree.SubElement(step, INCLUSIVE_NAMESPACES, {"PrefixList": prefix}, nsmap={"ec": EXCLUSIVE})


OUR_OWN: Final[dict[str, tuple[str, Change]]] = {
    "a second Object": ("a signature of another form", _a_second_object),
    "something else in Object": (
        "wants nothing but the ReplayProtect's SignatureProperty in Object",
        _inside("ds:Object", "{urn:other}note"),
    ),
    "a nameless element in Object": (
        "wants nothing but the ReplayProtect's SignatureProperty in Object",
        _inside("ds:Object", "note"),
    ),
    "a second SignatureProperty": ("wants one SignatureProperty in Object", _a_second_property),
    "ReplayProtect in Object": ("wants one SignatureProperty in Object", _bare_guard),
    "ReplayProtect in another property": (
        "ReplayProtect stands elsewhere than in SignatureProperty",
        _deep_guard,
    ),
    "Object in the body": (
        "wants one signature of two references, one ReplayProtect, one oadrSignedObject",
        _guard_in_body,
    ),
    "two blanks between prefixes": ("a list of prefixes that is not taken here", _odd_prefixes),
    "two lists of prefixes": ("a transform that is not taken here", _two_lists_of_prefixes),
    "a list of prefixes by another name": (
        "a transform that is not taken here",
        _prefixes("{urn:other}InclusiveNamespaces"),
    ),
    "something else in a list of prefixes": (
        "a transform that is not taken here",
        _prefixes(inside="{urn:other}note"),
    ),
    "too many prefixes": (
        "a list of prefixes that is not taken here",
        _prefixes(count=envelope.WIDEST + 1),
    ),
    "prefixes of the inclusive form": ("a list of prefixes that is not taken here", _prefixes(of=INCLUSIVE)),
    "a transform with a parameter": (
        "a transform that is not taken here",
        _inside("ds:Transform", "{urn:other}note"),
    ),
    "a digest method with a parameter": (
        "an algorithm with more to it than its name",
        _inside("ds:DigestMethod", "{urn:other}note"),
    ),
    "text in a transform": ("text in SignedInfo where none belongs", _text("ds:Transform")),
    "text before the signature": ("text where none belongs", _text("oadr:oadrPayload")),
    "text in Object": ("text where none belongs", _text("ds:Object")),
    "a type for Object": ("an attribute where none belongs", _set("ds:Object", "MimeType", "text/xml")),
    "a name without end": ("an attribute where none belongs", _set("ds:Signature", "Id", "a" * 101)),
    "a name of other letters": ("an attribute where none belongs", _set("ds:Signature", "Id", "\u00e9")),
    "a strange type of reference": ("an attribute where none belongs", _set("ds:Reference", "Type", "urn:x")),
}


@pytest.mark.proves("X11")
@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("name", OUR_OWN)
def test_a_form_that_nobody_sends_is_refused_though_signed_by_the_victim(kind: str, name: str) -> None:
    scene, (why, change) = Scene(kind, POLL), OUR_OWN[name]
    root = scene.tree()
    change(root)
    assert both(scene, seal(root, scene.victim.key)) == why


NEITHERS: Final[dict[str, Change]] = {
    "something else in SignatureProperties": _inside("ds:SignatureProperties", "{urn:other}note"),
    "a canonicalisation with a parameter": _inside("ds:CanonicalizationMethod", "{urn:other}note"),
    "a nameless property": _inside("ds:SignatureProperty", "note"),
    "text in SignatureProperties": _text("ds:SignatureProperties"),
    "text in the signature": _text("ds:Signature"),
    "text behind the signature": _tail(0),
    "text behind the body": _tail(1),
    "text in Transforms": _text("ds:Transforms"),
    "an attribute of the signature": _set("ds:Signature", "note", ""),
    "an attribute of SignedInfo": _set("ds:SignedInfo", "note", ""),
    "an attribute of SignatureValue": _set("ds:SignatureValue", "note", ""),
    "an attribute of SignatureProperties": _set("ds:SignatureProperties", "note", ""),
    "an attribute of SignatureProperty": _set("ds:SignatureProperty", "note", ""),
    "an attribute of Transforms": _set("ds:Transforms", "note", ""),
    "an attribute of a digest": _set("ds:DigestValue", "note", ""),
    "an attribute of an algorithm": _set("ds:DigestMethod", "note", ""),
    "an Id that is no name": _set("ds:Signature", "Id", "1"),
    "a target that is no address": _set("ds:SignatureProperty", "Target", "##"),
    "an element in a digest": _inside("ds:DigestValue", "{urn:other}note"),
    "an element in SignatureValue": _inside("ds:SignatureValue", "{urn:other}note"),
}


@pytest.mark.proves("X11")
@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("name", NEITHERS)
def test_what_the_schema_of_signatures_does_not_know_is_refused_without_it(kind: str, name: str) -> None:
    scene, root = Scene(kind, POLL), Scene(kind, POLL).tree()
    NEITHERS[name](root)
    assert both(scene, seal(root, scene.victim.key)) == "refused by both"


@pytest.mark.parametrize("name", ["ds:CanonicalizationMethod", "ds:SignatureMethod"])
@pytest.mark.parametrize("kind", KEYS)
def test_an_algorithm_under_another_name_is_none(kind: str, name: str) -> None:
    scene, root = Scene(kind, POLL), Scene(kind, POLL).tree()
    info, value = root[0][0], root[0][1]
    one(root, name).tag = "{urn:other}method"
    value.text = base64(keys.sign(scene.victim.key, etree.tostring(info, method="c14n")))
    assert both(scene, etree.tostring(root)) == "refused by both"


@pytest.mark.parametrize("kind", KEYS)
def test_a_second_way_to_write_the_same_signature_is_none(kind: str) -> None:
    scene, root = Scene(kind, POLL), Scene(kind, POLL).tree()
    value = root[0][1]
    text = (value.text or "").rstrip("=")
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = text[:-1] + digits[digits.index(text[-1]) ^ 1] + "=="
    assert b64decode(twin) == b64decode(value.text or "")
    value.text = twin
    assert both(scene, etree.tostring(root)) == "refused by both"


def test_as_many_prefixes_as_there_may_be_namespaces_are_read() -> None:
    scene, root = Scene("P-256", POLL), Scene("P-256", POLL).tree()
    _prefixes(count=envelope.WIDEST)(root)
    assert both(scene, seal(root, scene.victim.key)) == "read by both"


@pytest.mark.proves("X11")
@pytest.mark.parametrize("kind", KEYS)
def test_a_reference_without_an_address_does_not_mean_a_body_without_a_name(kind: str) -> None:
    scene, root = Scene(kind, POLL), Scene(kind, POLL).tree()
    root[1].set(signature.BODY_ID, "")
    references(root)[0].set("URI", "#")
    root = envelope.parse(seal(root, scene.victim.key), envelope.REQUEST_LIMIT)
    del references(root)[0].attrib["URI"]
    info, value, *_ = root[0]
    value.text = base64(keys.sign(scene.victim.key, etree.tostring(info, method="c14n")))
    assert verified(root, scene) == (None, "a reference to nothing")


def test_what_stands_elsewhere_than_in_signed_info_is_not_read_as_it() -> None:
    """Whoever calls the reader may have chosen the wrong element."""
    info = one(Scene("P-256", POLL).tree(), "ds:SignedInfo")
    assert signed_info.read(info)
    info.tag = qualified("ds:Manifest")
    with pytest.raises(Forged):
        signed_info.read(info)


def test_references_elsewhere_than_in_signed_info_are_none() -> None:
    scene, root = Scene("P-256", POLL), Scene("P-256", POLL).tree()
    one(root, "ds:KeyInfo").extend(references(root))
    one(root, "ds:SignedInfo")[:] = []
    assert both(scene, etree.tostring(root)) == "refused by both"


# --- the canonical form, wherever an element stands --------------------------------------------------------------

PREFIXES: Final = ("", "a", "b", "c")
URIS: Final = ("urn:1", "urn:2", "urn:3")


def namespaced(chance: Random, depth: int, scope: dict[str, str]) -> str:
    """An element with namespaces declared, declared again, hidden and undeclared at random."""
    own = {prefix: chance.choice(URIS) for prefix in PREFIXES if chance.random() < 0.3}
    if chance.random() < 0.1:
        own[""] = ""
    known = {**scope, **own}
    prefix = chance.choice(["", *(prefix for prefix in known if prefix)])
    written = " ".join(f'xmlns{":" * bool(name)}{name}="{uri}"' for name, uri in own.items())
    marked = next((f' {name}:at="&#10;&lt;"' for name in known if name and chance.random() < 0.2), "")
    language = ' xml:lang="de"' if chance.random() < 0.1 else ""
    inside = "".join(namespaced(chance, depth - 1, known) for _ in range(chance.randrange(3) if depth else 0))
    tag = f"{prefix}:x" if prefix else "x"
    return f"<{tag} {written}{marked}{language}>{inside if depth else '&amp;&#13;'}</{tag}>"


@pytest.mark.proves("X16")
def test_a_tree_is_made_anew_with_the_settings_of_the_door() -> None:
    """The canonical form holds nothing of this; if it ever did, it would be nobody's text."""
    made = remade(b"<a>on<!-- not -->ly<?not ?> text</a>")
    assert (made.text, len(made)) == ("only text", 0)
    made = remade(b'<!DOCTYPE a [<!ENTITY e "not">]><a>&e;</a>')
    assert made.text is None
    with pytest.raises(etree.XMLSyntaxError):
        remade(b"<a>" * 300 + b"</a>" * 300)


@pytest.mark.proves("X16")
@settings(max_examples=200)
@given(seed=st.integers(0, 2**32))
def test_the_canonical_form_is_that_of_signxml_whatever_the_namespaces_around(seed: int) -> None:
    root = remade(namespaced(Random(seed), 5, {}).encode())
    for element in root.iter():
        alone = etree.fromstring(etree.tostring(element))
        for algorithm, prefixes in ((INCLUSIVE, None), (EXCLUSIVE, None), (EXCLUSIVE, "a #default b")):
            wanted = etree.tostring(
                alone,
                method="c14n",
                exclusive=algorithm == EXCLUSIVE,
                inclusive_ns_prefixes=prefixes.split() if prefixes else None,
            )
            assert wanted in list(method(algorithm, prefixes).forms(element))
