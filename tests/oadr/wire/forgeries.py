"""What a forger can do to signed envelopes.

A forger holds messages of the victim and a key of the forger's own. Some forgeries go further and are sealed
by the victim's key: nobody could make them, but only so does it show that a rule of ours refuses them and not
a broken digest.
"""

from copy import deepcopy
from typing import Final

from oadr.wire import envelope
from oadr.wire.ids import VenId
from oadr.wire.messages import Poll
from oadr.wire.namespaces import qualified
from oadr.wire.signature import BODY_ID
from tests.oadr.wire.scene import Forgery, Scene, add, changed, parts, references, remove, sealed
from tests.oadr.wire.sealing import C14N, NOW, Element, one
from tests.oadr.wire.tampering import ALGORITHMS, KEY_TRICKS, REPLAYS, TAMPERED, VALUES

TEXT_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"

# --- wrapping: the signed body is kept where it verifies, another one stands where it is read ------------------


def _moved(root: Element, scene: Scene, id_: str | None, *, first: bool = False) -> None:
    """The classic: the signed body into an Object, another body into its place."""
    signature, body = parts(root)
    hiding_place = add(signature, "ds:Object")
    if first:
        signature.insert(list(signature).index(one(root, "ds:Object")), hiding_place)
    root.append(scene.evil(id_))
    hiding_place.append(body)


def _bodies(root: Element, scene: Scene, where: str) -> None:
    signature, body = parts(root)
    match where:
        case "before":
            root.insert(1, scene.evil())
        case "after":
            root.append(scene.evil())
        case "first of all":
            root.insert(0, scene.evil())
        case "nested":
            body[0].append(scene.evil())
        case "around":
            evil = scene.evil("evil")
            evil[0].append(body)
            root.append(evil)
        case "in KeyInfo":
            one(signature, "ds:KeyInfo").append(body)
            root.append(scene.evil())
        case "in SignatureProperty":
            one(signature, "ds:SignatureProperty").append(body)
            root.append(scene.evil())
        case "in SignedInfo":
            one(signature, "ds:SignatureMethod").append(body)
            root.append(scene.evil())


def _whole_inside(root: Element, scene: Scene) -> None:
    """The whole genuine envelope inside another one's payload."""
    genuine = deepcopy(root)
    for child in list(root):
        root.remove(child)
    evil = scene.evil("oadrSignedObject")
    evil[0].append(genuine)
    root.append(evil)


def _signature_inside_body(root: Element, scene: Scene) -> None:
    signature, body = parts(root)
    evil = scene.evil()
    evil[0].append(signature)
    evil[0].append(body)
    root.append(evil)


def _two_signatures(root: Element, scene: Scene, at: int) -> None:
    """The forger's own, over the forger's body, beside the victim's."""
    own = envelope.parse(scene.forger.sign(Poll(ven_id=VenId("evil")), NOW, "evil"), envelope.REQUEST_LIMIT)
    signature, body = own
    body.set(BODY_ID, "evil")
    references(signature)[0].set("URI", "#evil")
    root.insert(at, signature)
    root.append(body)


def _same_id(root: Element, scene: Scene, name: str) -> None:
    """The evil body and the signed one answer to one name; which of them is found is a matter of taste."""
    _moved(root, scene, None)
    root[1].set(name, "oadrSignedObject")


def _id_elsewhere(root: Element, _: Scene, name: str) -> None:
    """In the signed parts themselves, so that only uniqueness is at fault."""
    parts(root)[1][0].set(name, "prop")


def _swapped(root: Element, scene: Scene, which: int) -> None:
    """The signature or the body of the victim's other message."""
    root.replace(root[which], scene.another()[which])


def _renamed(root: Element, _: Scene) -> None:
    """Nothing of the envelope itself is signed but its namespaces."""
    root.tag = qualified("oadr:oadrSignedObjects")


def _stray(root: Element, _: Scene, name: str) -> None:
    add(parts(root)[1][0], name)


WRAPPINGS: Final[dict[str, Forgery]] = {
    **{
        f"the body moved into an Object, another with {label} read": changed(_moved, id_)
        for label, id_ in (("no id", None), ("its id", "oadrSignedObject"), ("an id", "evil"))
    },
    "the body moved into the first Object": changed(_moved, "oadrSignedObject", first=True),
    **{
        f"a second oadrSignedObject {where}": changed(_bodies, where)
        for where in (
            "before",
            "after",
            "first of all",
            "nested",
            "around",
            "in KeyInfo",
            "in SignatureProperty",
        )
    },
    **{
        f"a second oadrSignedObject {where}, sealed": sealed(_bodies, where)
        for where in ("before", "after", "nested", "in SignatureProperty", "in SignedInfo")
    },
    "the whole envelope inside another": changed(_whole_inside),
    "the signature inside another body": changed(_signature_inside_body),
    "two signatures, the forger's first": changed(_two_signatures, 0),
    "two signatures, the forger's last": changed(_two_signatures, 1),
    **{
        f"an empty {name} in the payload, sealed": sealed(_stray, name)
        for name in ("ds:Signature", "ds:SignedInfo")
    },
    "an envelope by another name": changed(_renamed),
    "the signature of another message": changed(_swapped, 0),
    "the body of another message": changed(_swapped, 1),
}

IDS: Final = ("Id", "ID", "id", "iD", TEXT_ID, BODY_ID, "{urn:other}Id", qualified("ei:ID"))

DUPLICATES: Final[dict[str, Forgery]] = {
    **{f"another body with the same {name}": changed(_same_id, name) for name in IDS},
    **{f"{name} twice, sealed": sealed(_id_elsewhere, name) for name in IDS},
}


# --- references and transforms --------------------------------------------------------------------------------


def _point(root: Element, _: Scene, which: int, uri: str | None) -> None:
    reference = references(root)[which]
    if uri is None:
        del reference.attrib["URI"]
    else:
        reference.set("URI", uri)


def _drop_reference(root: Element, _: Scene, which: int) -> None:
    remove(references(root)[which])


def _double_reference(root: Element, _: Scene, which: int) -> None:
    reference = references(root)[which]
    reference.addnext(deepcopy(reference))


def _into_manifest(root: Element, _: Scene) -> None:
    """A reference to what refers to the body: whoever does not follow it has verified nothing of the body."""
    signature = parts(root)[0]
    manifest = add(add(signature, "ds:Object"), "ds:Manifest", Id="manifest")
    body, properties = references(root)
    manifest.append(deepcopy(body))
    body.set("URI", "#manifest")
    assert properties.get("URI") == "#prop"


def _extra_manifest(root: Element, _: Scene) -> None:
    manifest = add(one(root, "ds:Object"), "ds:Manifest")
    manifest.append(deepcopy(references(root)[0]))


def _body_id(root: Element, _: Scene, name: str | None, value: str = "oadrSignedObject") -> None:
    body = parts(root)[1]
    del body.attrib[BODY_ID]
    if name:
        body.set(name, value)


def _nameless(root: Element, _: Scene) -> None:
    """A name of no letters, which a reference of no letters finds."""
    parts(root)[1].set(BODY_ID, "")
    references(root)[0].set("URI", "#")


def _reference_in_manifest_alone(root: Element, _: Scene) -> None:
    manifest = add(one(root, "ds:Object"), "ds:Manifest")
    manifest.append(references(root)[0])


def _swap_children(root: Element, _: Scene) -> None:
    root.append(root[0])


def _transform(root: Element, _: Scene, which: int, algorithm: str, *, also: bool = False) -> None:
    transforms = one(references(root)[which], "ds:Transforms")
    if also:
        add(transforms, "ds:Transform", Algorithm=algorithm)
    else:
        transforms[0].set("Algorithm", algorithm)


TRANSFORMS: Final = {
    "XSLT": "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "XPath": "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "XPath filter": "http://www.w3.org/2002/06/xmldsig-filter2",
    "base64": "http://www.w3.org/2000/09/xmldsig#base64",
    "enveloped signature": "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "decryption": "http://www.w3.org/2002/07/decrypt#XML",
    "nothing known": "urn:unknown",
    "no": "",
}

REFERENCES: Final[dict[str, Forgery]] = {
    **{
        f"reference {which} to {uri}, sealed": sealed(_point, which, uri)
        for which in (0, 1)
        for uri in (
            None,
            "",
            "#",
            "#nowhere",
            "#xpointer(/)",
            "file:///etc/hostname",
            "http://127.0.0.1/",
            "oadrSignedObject",
            "##oadrSignedObject",
            "##prop",
            ("#prop", "#oadrSignedObject")[which],
        )
    },
    **{
        f"{word} reference {which}, sealed": sealed(change, which)
        for word, change in (("without", _drop_reference), ("twice", _double_reference))
        for which in (0, 1)
    },
    "the body by way of a manifest, sealed": sealed(_into_manifest),
    "a manifest too, sealed": sealed(_extra_manifest),
    "the body in a manifest alone, sealed": sealed(_reference_in_manifest_alone),
    "the body's id empty, sealed": sealed(_nameless),
    "the signature behind the body, sealed": sealed(_swap_children),
    **{
        f"the body's id as {name}, sealed": sealed(_body_id, name)
        for name in (None, "Id", "ID", "id", TEXT_ID)
    },
}

TRANSFORMED: Final[dict[str, Forgery]] = {
    **{
        f"{label} transform {word} reference {which}, sealed": sealed(_transform, which, algorithm, also=also)
        for which in (0, 1)
        for word, also in (("instead in", False), ("added to", True))
        for label, algorithm in TRANSFORMS.items()
    },
    "canonicalised twice, sealed": sealed(_transform, 0, C14N, also=True),
}


FORGERIES: Final = {
    "wrapping": WRAPPINGS,
    "ids": DUPLICATES,
    "references": REFERENCES,
    "transforms": TRANSFORMED,
    "replay": REPLAYS,
    "algorithms": ALGORITHMS,
    "keys": KEY_TRICKS,
    "values": VALUES,
    "tampering": TAMPERED,
}
"""Kinds, and the forgeries of each by name."""
