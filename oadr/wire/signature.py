"""The XML signature of an envelope (r514): its names, and what a verified one leaves to be read.

A signature says only that some elements were once signed. So its form is fixed: the signature, then one
oadrSignedObject, two references, one of them to it and one to the ReplayProtect, no identifier twice, no transform
but canonicalisation. Whatever else XML signatures may be is refused, not interpreted. Only two trees may be read
afterwards, made anew from the very bytes that were hashed; SignedInfo is such a tree too, from the bytes that were
signed. The key is the stored certificate's; KeyInfo is not looked at.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Final, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree

from oadr.wire import keys, scalars, signed_info
from oadr.wire.canonical import remade
from oadr.wire.errors import Forged, Invalid
from oadr.wire.keys import PublicKey
from oadr.wire.namespaces import NAMESPACES, qualified
from oadr.wire.replay import ReplayProtect
from oadr.wire.scalars import XML_BLANKS
from oadr.wire.signed_info import REFERENCE, SIGNED_INFO, Reference

Element = etree._Element

PAYLOAD: Final = qualified("oadr:oadrPayload")
SIGNED_OBJECT: Final = qualified("oadr:oadrSignedObject")
BODY_ID: Final = qualified("oadr:Id")

SIGNATURE: Final = qualified("ds:Signature")
SIGNATURE_VALUE: Final = qualified("ds:SignatureValue")
KEY_INFO: Final = qualified("ds:KeyInfo")
OBJECT: Final = qualified("ds:Object")
SIGNATURE_PROPERTIES: Final = qualified("ds:SignatureProperties")
SIGNATURE_PROPERTY: Final = qualified("ds:SignatureProperty")

PROPERTIES: Final = "http://openadr.org/oadr-2.0b/2012/07/xmldsig-properties"
REPLAY_PROTECT: Final = f"{{{PROPERTIES}}}ReplayProtect"
TIMESTAMP: Final = f"{{{PROPERTIES}}}timestamp"
NONCE: Final = f"{{{PROPERTIES}}}nonce"

LARGEST: Final = 200
"""Elements in a signature; one with a chain of certificates has about 30. The rest would be work for nothing."""

_ORDER: Final = [SIGNATURE, SIGNED_INFO, REFERENCE, REFERENCE, REPLAY_PROTECT, SIGNED_OBJECT]
_SINGLE: Final = frozenset(_ORDER)
"""All that there is of these in the whole document, and in which order."""
_FORMS: Final = (
    [SIGNED_INFO, SIGNATURE_VALUE, KEY_INFO, OBJECT],
    [SIGNED_INFO, SIGNATURE_VALUE, OBJECT],
)
_OURS: Final = f"{{{NAMESPACES['ds']}}}*"
_TARGET: Final = re.compile(r"(?:[A-Za-z][\w.-]*:)?[\w./-]*(?:#[\w.-]*)?", re.ASCII)
"""What a property is about, which is nowhere asked: `.`, `#signature` or nothing."""
_IDS: Final = etree.XPath("//@*[translate(local-name(), 'ID', 'id') = 'id']", smart_strings=False)
"""The value of every attribute that anybody might take for an identifier: Id, ID, id, xml:id, oadr:Id."""

_FOREIGN: Final = (
    etree.LxmlError,
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What verification raises: ValueError for what is no base64; the last three for an odd certificate, whose parts are
parsed only when asked for."""


class SignaturePolicy(StrEnum):
    """What is wanted of one peer's messages. It is configured for each peer, never taken from a message.

    Whatever the policy, a signature that is there must hold: nobody has a reason to send a wrong one, and a
    message that contradicts itself is not obeyed.
    """

    REQUIRED = "required"
    IF_PRESENT = "if-present"
    """Unsigned messages are taken too, while a fleet moves to signatures."""
    OFF = "off"
    """As IF_PRESENT, and the envelope may be missing: such peers exist, and none of them signs."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The bytes that a signature was made of."""

    signed_info: bytes
    value: str
    """The signature as it was written."""
    properties: bytes
    """What was hashed of the element that holds ReplayProtect."""
    texts: tuple[str, str]
    """ReplayProtect's timestamp and nonce as they were written."""


@dataclass(frozen=True, slots=True)
class Verified:
    """All that may be read of a signed message."""

    body: Element
    """The oadrSignedObject."""
    guard: ReplayProtect
    proof: Proof


def verify(root: Element, pinned: x509.Certificate, now: datetime) -> Verified:
    """What the owner of `pinned` signed in the envelope `root`. Raises `Forged`, and nothing else.

    `root` comes from `envelope.parse`. Whether the message is fresh is for `replay.fresh` to say.
    """
    _check_shape(root)
    signature, body = root
    guards = _guards(signature[-1])
    try:
        check_dates(pinned, now)
        data = _signed(signature, keys.public_key_of(pinned))
        parts = [_part(one, body, guards) for one in _references(data, keys.public_key_of(pinned))]
    except _FOREIGN as error:
        raise Forged("the signature does not hold") from error
    return _read(parts, data, signature[1].text or "")


# --- the shape, before any cryptography ------------------------------------------------------------------------


def _check_shape(root: Element) -> None:
    if root.tag != PAYLOAD or [child.tag for child in root] != [SIGNATURE, SIGNED_OBJECT]:
        raise Forged("wants one signature, then one oadrSignedObject")
    if [element.tag for element in root.iter(*_SINGLE)] != _ORDER:
        raise Forged("wants one signature of two references, one ReplayProtect, one oadrSignedObject")
    signature, body = root
    if sum(1 for _ in signature.iter("*")) > LARGEST:
        raise Forged("a signature of too many elements")
    ids = cast(list[str], _IDS(root))
    if len(ids) != len(set(ids)):
        raise Forged("an identifier stands twice")
    _check_blank(root.text, signature.tail, body.tail)
    _check_signature(signature)


def _check_signature(signature: Element) -> None:
    if [child.tag for child in signature] not in _FORMS or len(signature[1]):
        raise Forged("a signature of another form")
    _check_blank(signature.text, *(child.tail for child in signature))
    signed_info.check_id(signature)
    signed_info.check_id(signature[1])


def _check_blank(*texts: str | None) -> None:
    if any(text and text.strip(XML_BLANKS) for text in texts):
        raise Forged("text where none belongs")


def _guards(holder: Element) -> tuple[Element, ...]:
    """Object, SignatureProperties, SignatureProperty and ReplayProtect: a reference may name any of them."""
    if [element.tag for element in holder.iter(_OURS)] != [OBJECT, SIGNATURE_PROPERTIES, SIGNATURE_PROPERTY]:
        raise Forged("wants one SignatureProperty in Object")
    properties = holder[0]
    if len(holder) != 1 or len(properties) != 1:
        raise Forged("wants nothing but the ReplayProtect's SignatureProperty in Object")
    one = properties[0]
    _check_blank(holder.text, properties.tail, properties.text, one.tail)
    signed_info.check_id(holder)
    signed_info.check_id(properties)
    signed_info.check_id(one, Target=_TARGET)
    guards = [child for child in one if child.tag == REPLAY_PROTECT]
    if one.get("Target") is None:
        raise Forged("a SignatureProperty without a target")
    if len(guards) != 1 or any(_is_nameless(child) for child in one):
        raise Forged("ReplayProtect stands elsewhere than in SignatureProperty")
    return holder, properties, one, guards[0]


def _is_nameless(element: Element) -> bool:
    """Whether it has no namespace; such properties nobody could define."""
    return not str(element.tag).startswith("{")


# --- what is signed --------------------------------------------------------------------------------------------


def check_dates(pinned: x509.Certificate, now: datetime) -> None:
    """Raises `Forged` outside of the certificate's dates."""
    if not pinned.not_valid_before_utc <= now <= pinned.not_valid_after_utc:  # r516
        raise Forged("the certificate has expired or is not yet valid")


def _signed(signature: Element, key: PublicKey) -> bytes:
    """The bytes that the owner of `key` has signed."""
    info = signature[0]
    if not len(info):
        raise Forged("an empty SignedInfo")
    value = signed_info.binary(signature[1])
    for data in signed_info.c14n_method(info[0]).forms(info):
        if keys.holds(key, value, data):
            return data
    raise Forged("not signed by the owner of the certificate")


def _references(data: bytes, key: PublicKey) -> tuple[Reference, Reference]:
    """What the signature says that it covers: read from the bytes that were signed, and from nothing else."""
    said = signed_info.read(remade(data))
    if said.algorithm != keys.method_of(key):
        raise Forged("signed in another way than SignedInfo says")
    return said.references


def _part(reference: Reference, body: Element, guards: tuple[Element, ...]) -> tuple[bytes, Element]:
    """What was hashed of the element that is meant, and a tree of these bytes."""
    target = _target(reference, body, guards)
    for data in reference.method.forms(target):
        if compare_digest(sha256(data).digest(), reference.digest):
            return data, remade(data)
    raise Forged("changed since it was signed")


def _target(reference: Reference, body: Element, guards: tuple[Element, ...]) -> Element:
    """The one element that a reference may mean by this name."""
    if body.get(BODY_ID) == reference.target:
        return body
    found = [element for element in guards if element.get("Id") == reference.target]
    if not found:
        raise Forged("a reference neither to oadrSignedObject nor to what holds ReplayProtect")
    return found[0]


def _read(parts: list[tuple[bytes, Element]], data: bytes, value: str) -> Verified:
    """From the trees of the two parts, which come in any order."""
    bodies = [tree for _, tree in parts if tree.tag == SIGNED_OBJECT]
    guards = [(made_of, guard) for made_of, tree in parts for guard in tree.iter(REPLAY_PROTECT)]
    if len(bodies) != 1 or len(guards) != 1:
        raise Forged("oadrSignedObject and ReplayProtect are not what was signed")
    ((made_of, guard),) = guards
    texts = _texts(guard)
    return Verified(bodies[0], _replay_protect(texts), Proof(data, value, made_of, texts))


def _texts(guard: Element) -> tuple[str, str]:
    if [child.tag for child in guard] != [TIMESTAMP, NONCE] or any(len(child) for child in guard):
        raise Forged("ReplayProtect wants a timestamp and a nonce")
    timestamp, nonce = guard
    return timestamp.text or "", nonce.text or ""


def _replay_protect(texts: tuple[str, str]) -> ReplayProtect:
    timestamp, nonce = texts
    try:
        return ReplayProtect(scalars.read_date_time(timestamp), nonce)
    except Invalid as error:
        raise Forged("ReplayProtect has no time of signing") from error
