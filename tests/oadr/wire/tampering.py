"""Forgeries that leave the shape alone: time and nonce, algorithms, keys, values, texts."""

from collections.abc import Callable
from copy import deepcopy
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod

from oadr.wire import envelope
from oadr.wire.namespaces import qualified
from oadr.wire.signature import NONCE, REPLAY_PROTECT, TIMESTAMP
from oadr.wire.signing import Signer
from tests.oadr.wire.scene import Forgery, Scene, add, changed, parts, references, remove, sealed
from tests.oadr.wire.sealing import NOW, Element, base64, one

TEXT_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"


# --- time and nonce -------------------------------------------------------------------------------------------


def guard_of(root: Element) -> Element:
    found = next(root.iter(REPLAY_PROTECT), None)
    assert found is not None
    return found


def _foreign_guard(root: Element, scene: Scene, *, first: bool) -> None:
    """An unsigned ReplayProtect of the forger's, where a search might find it."""
    signature = parts(root)[0]
    foreign = deepcopy(one(scene.another(), "ds:Object"))
    foreign.set("Id", "foreign")
    one(foreign, "ds:SignatureProperty").set("Id", "foreignProperty")
    signature.insert(0 if first else len(signature), foreign)


def _without_guard(root: Element, _: Scene) -> None:
    remove(guard_of(root))


def _uncovered(root: Element, _: Scene) -> None:
    """The second reference holds something else."""
    signature = parts(root)[0]
    add(signature, "ds:Object", Id="other")
    references(root)[1].set("URI", "#other")


def _guard_in_body(root: Element, _: Scene) -> None:
    guard = guard_of(root)
    guard.addprevious(etree.Element("{urn:other}note"))
    parts(root)[1][0].append(guard)


def _retext(root: Element, _: Scene, tag: str, text: str | None) -> None:
    element = next(root.iter(tag))
    if text is None:
        remove(element)
    else:
        element.text = text


def _reordered(root: Element, _: Scene) -> None:
    guard = guard_of(root)
    guard.append(guard[0])


def _second(root: Element, _: Scene, tag: str) -> None:
    element = next(root.iter(tag))
    element.addnext(deepcopy(element))


def _split_nonce(root: Element, _: Scene) -> None:
    etree.SubElement(next(root.iter(NONCE)), "a").tail = "rest"


REPLAYS: Final[dict[str, Forgery]] = {
    **{
        f"a foreign ReplayProtect {word}": changed(_foreign_guard, first=first)
        for word, first in (("first", True), ("last", False))
    },
    "a foreign ReplayProtect too, sealed": sealed(_foreign_guard, first=False),
    "ReplayProtect not covered, sealed": sealed(_uncovered),
    "ReplayProtect in the body, sealed": sealed(_guard_in_body),
    "no ReplayProtect, sealed": sealed(_without_guard),
    "timestamp after nonce, sealed": sealed(_reordered),
    "markup in the nonce, sealed": sealed(_split_nonce),
    **{f"two {tag.rpartition('}')[2]}s, sealed": sealed(_second, tag) for tag in (TIMESTAMP, NONCE)},
    **{
        f"{label} {tag.rpartition('}')[2]}": way(_retext, tag, text)
        for way, label, tag, text in (
            (changed, "altered", TIMESTAMP, "2026-01-31T18:00:01Z"),
            (changed, "altered", NONCE, "other"),
            (sealed, "sealed no", TIMESTAMP, None),
            (sealed, "sealed no", NONCE, None),
            (sealed, "sealed empty", TIMESTAMP, ""),
            (sealed, "sealed empty", NONCE, ""),
            (sealed, "sealed blank", NONCE, " \t"),
            (sealed, "sealed endless", NONCE, "n" * 257),
            (sealed, "sealed unreadable", TIMESTAMP, "yesterday"),
            (sealed, "sealed impossible", TIMESTAMP, "2026-02-30T18:00:00Z"),
            (sealed, "sealed too old", TIMESTAMP, "2026-01-31T17:54:59Z"),
            (sealed, "sealed future", TIMESTAMP, "2026-01-31T18:05:01Z"),
            (sealed, "sealed last year's", TIMESTAMP, "2025-01-31T18:00:00Z"),
            (sealed, "sealed next year's", TIMESTAMP, "2027-01-31T18:00:00Z"),
        )
    },
}


# --- algorithms, keys and values --------------------------------------------------------------------------------

GOOD_METHODS: Final = (SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256)
GOOD_CANONICAL: Final = (
    CanonicalizationMethod.CANONICAL_XML_1_0,
    CanonicalizationMethod.CANONICAL_XML_1_0_WITH_COMMENTS,
    CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
)


def rename_algorithm(root: Element, _: Scene, name: str, algorithm: str) -> None:
    for element in root.iter(qualified(name)):
        element.set("Algorithm", algorithm)


def _other_kinds_method(root: Element, scene: Scene) -> None:
    """ECDSA's name on an RSA signature, and the reverse."""
    other = GOOD_METHODS[scene.kind == "RSA"]
    rename_algorithm(root, scene, "ds:SignatureMethod", other.value)


ALGORITHMS: Final[dict[str, Forgery]] = {
    f"{name.removeprefix('ds:')} {algorithm or 'of no name'}, sealed": sealed(
        rename_algorithm, name, algorithm
    )
    for name, algorithms in (
        ("ds:SignatureMethod", [m.value for m in SignatureMethod if m not in GOOD_METHODS]),
        ("ds:DigestMethod", [d.value for d in DigestAlgorithm if d is not DigestAlgorithm.SHA256]),
        (
            "ds:CanonicalizationMethod",
            [c.value for c in CanonicalizationMethod if c not in GOOD_CANONICAL],
        ),
        ("ds:Transform", [c.value for c in CanonicalizationMethod if c not in GOOD_CANONICAL]),
    )
    for algorithm in (*algorithms, "", "urn:none")
} | {"the other key type's method": changed(_other_kinds_method)}


def _by_forger(scene: Scene, certificates: tuple[Signer, ...]) -> bytes:
    """Signed by the forger's key, with these certificates in KeyInfo."""
    raw = scene.forger.sign(scene.message, NOW, "genuine")
    root = envelope.parse(raw, envelope.REPORT_LIMIT)
    data = one(root, "ds:X509Data")
    remove(data[0])
    for owner in certificates:
        add(data, "ds:X509Certificate", base64(owner.certificate.public_bytes(Encoding.DER)))
    if not certificates:
        remove(one(root, "ds:KeyInfo"))
    return etree.tostring(root)


def _value(root: Element, _: Scene, name: str, change: Callable[[str], str]) -> None:
    element = one(root, name)
    element.text = change(element.text or "")


def _empty_signature(root: Element, _: Scene) -> None:
    for child in list(root[0]):
        root[0].remove(child)


def _tampered(root: Element, _: Scene, how: str) -> None:
    payload = parts(root)[1][0]
    leaf = next((e for e in payload.iter("*") if not len(e)), payload)
    match how:
        case "text":
            leaf.text = (leaf.text or "") + "1"
        case "an attribute":
            payload.set(qualified("ei:schemaVersion"), "2.0a")
        case "a new attribute":
            payload.set("new", "")
        case "a new element":
            add(payload, "ei:venID", "evil")
        case "a blank":
            payload.tail = " "
        case "a name":
            payload.tag = qualified(
                "oadr:oadrPoll" if "Poll" not in str(payload.tag) else "oadr:oadrResponse"
            )


def _unsigned(root: Element, _: Scene) -> None:
    root.remove(root[0])


KEY_TRICKS: Final[dict[str, Forgery]] = {
    "the forger's signature and certificate": lambda scene: _by_forger(scene, (scene.forger,)),
    "the forger's signature, the victim's certificate": lambda scene: _by_forger(scene, (scene.victim,)),
    "the forger's signature, both certificates": lambda scene: _by_forger(
        scene, (scene.victim, scene.forger)
    ),
    "the forger's signature, no certificate": lambda scene: _by_forger(scene, ()),
}

VALUES: Final[dict[str, Forgery]] = {
    f"{name.removeprefix('ds:')} {label}": changed(_value, name, change)
    for name in ("ds:SignatureValue", "ds:DigestValue")
    for label, change in (
        ("cut", lambda text: text[4:]),
        ("cut at the end", lambda text: text[: len(text) // 2 // 4 * 4]),
        ("longer", lambda text: "AAAA" + text),
        ("empty", lambda _: ""),
        ("of zeros", lambda text: base64(bytes(len(text) * 3 // 4))),
        ("no base64", lambda _: "a"),
        ("not ASCII", lambda _: "\N{GRINNING FACE}"),
    )
}

TAMPERED: Final[dict[str, Forgery]] = {
    **{
        f"{how} changed": changed(_tampered, how)
        for how in ("text", "an attribute", "a new attribute", "a new element", "a blank", "a name")
    },
    "unsigned": changed(_unsigned),
    "unsigned and bare": lambda scene: etree.tostring(scene.tree()[1][0]),
    "an empty signature": changed(_empty_signature),
    "written by ourselves, unsigned": lambda scene: envelope.write(scene.message),
}
