"""Genuine messages in other clothes: all of these must be read."""

from datetime import timedelta
from typing import Final

from lxml import etree

from oadr.wire.namespaces import NAMESPACES, qualified
from oadr.wire.signature import BODY_ID, PAYLOAD
from tests.oadr.wire.scene import Forgery, Scene, add, changed, parts, references, remove, sealed
from tests.oadr.wire.sealing import EXCLUSIVE, NOW, Element, one, seal
from tests.oadr.wire.tampering import GOOD_CANONICAL, guard_of, rename_algorithm


def _renamed(scene: Scene) -> bytes:
    """Other prefixes, declared elsewhere, then signed."""
    root = scene.tree()
    other: dict[str | None, str] = {f"x{number}": uri for number, uri in enumerate(NAMESPACES.values())}
    new = etree.Element(PAYLOAD, nsmap={None: NAMESPACES["ei"], **other})
    for child in root:
        new.append(_copied(child))
    return seal(new, scene.victim.key)


def _copied(element: Element) -> Element:
    """`element` without any prefix of its own."""
    copy = etree.Element(element.tag, dict(element.attrib))
    copy.text = element.text
    copy.extend([_copied(child) for child in element])
    return copy


def _indented(root: Element, _: Scene) -> None:
    etree.indent(root)


def _canonicalised(root: Element, scene: Scene, algorithm: str) -> None:
    rename_algorithm(root, scene, "ds:CanonicalizationMethod", algorithm)
    rename_algorithm(root, scene, "ds:Transform", algorithm)


def _unchanged(root: Element, _: Scene) -> None:
    """Sealed by the tests' own signing instead of ours."""


def _without_key_info(root: Element, _: Scene) -> None:
    remove(one(root, "ds:KeyInfo"))


def _named_signature(root: Element, _: Scene) -> None:
    parts(root)[0].set("Id", "signature")


def _exclusive_and_indented(root: Element, scene: Scene) -> None:
    _canonicalised(root, scene, EXCLUSIVE)
    _indented(root, scene)


def _exclusive_with_prefixes(root: Element, scene: Scene) -> None:
    _canonicalised(root, scene, EXCLUSIVE)
    for step in root.iter(qualified("ds:Transform")):
        tag = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
        etree.SubElement(step, tag, {"PrefixList": "ei oadr"}, nsmap={"ec": EXCLUSIVE})


def _without_transforms(root: Element, _: Scene) -> None:
    for reference in references(root):
        remove(one(reference, "ds:Transforms"))


def _other_order(root: Element, _: Scene) -> None:
    first, second = references(root)
    second.addnext(first)


def _deeper_reference(root: Element, _: Scene) -> None:
    references(root)[1].set("URI", "#replayProtect")


def _other_ids(root: Element, _: Scene) -> None:
    parts(root)[1].set(BODY_ID, "B.1-x")
    one(root, "ds:Object").set("Id", "P")
    for reference, uri in zip(references(root), ("#B.1-x", "#P"), strict=True):
        reference.set("URI", uri)


def _key_info(root: Element, _: Scene, what: str) -> None:
    info = one(root, "ds:KeyInfo")
    for child in list(info):
        info.remove(child)
    match what:
        case "a name":
            add(info, "ds:KeyName", "somebody")
        case "another key":
            value = add(add(info, "ds:KeyValue"), "ds:RSAKeyValue")
            add(value, "ds:Modulus", "AQAB")
            add(value, "ds:Exponent", "AQAB")
        case "nonsense":
            add(add(info, "ds:X509Data"), "ds:X509Certificate", "AAAA")


def _more_properties(root: Element, _: Scene) -> None:
    guard = guard_of(root)
    guard.addprevious(etree.Element("{urn:other}note"))


def _comments(scene: Scene) -> bytes:
    """Comments after signing: the canonical form has none."""
    raw = scene.raw().replace(b"><", b"><!-- <x> --><")
    return raw.replace(b"==<", b"=<!---->=<").replace(b"genuine<", b"gen<!---->uine<")


def _cdata(scene: Scene) -> bytes:
    """CDATA after signing: the canonical form has none."""
    return scene.raw().replace(b"genuine<", b"gen<![CDATA[uine]]><").replace(b"0001<", b"<![CDATA[0001]]><")


def _references_of_characters(scene: Scene) -> bytes:
    return scene.raw().replace(b"genuine<", b"g&#101;n&#x75;ine<").replace(b'"', b"'")


GENUINE: Final[dict[str, Forgery]] = {
    "ours": Scene.raw,
    "sealed again": sealed(_unchanged),
    "other prefixes": _renamed,
    "indented": sealed(_indented),
    **{f"canonical form {method.value}": sealed(_canonicalised, method.value) for method in GOOD_CANONICAL},
    "exclusive canonical form with prefixes": sealed(_exclusive_with_prefixes),
    "exclusive canonical form, indented": sealed(_exclusive_and_indented),
    "no transforms": sealed(_without_transforms),
    "references in the other order": sealed(_other_order),
    "a reference deeper into Object": sealed(_deeper_reference),
    "other ids": sealed(_other_ids),
    "no KeyInfo": sealed(_without_key_info),
    **{f"KeyInfo holds {what}": changed(_key_info, what) for what in ("a name", "another key", "nonsense")},
    "another property too": sealed(_more_properties),
    "an Id on the signature": sealed(_named_signature),
    "comments": _comments,
    "CDATA": _cdata,
    "references of characters": _references_of_characters,
    "a mark of byte order": lambda scene: b"\xef\xbb\xbf" + scene.raw(),
    "the oldest acceptable": lambda scene: scene.victim.sign(
        scene.message, NOW - timedelta(minutes=5), "genuine"
    ),
    "the newest acceptable": lambda scene: scene.victim.sign(
        scene.message, NOW + timedelta(minutes=5), "genuine"
    ),
}
