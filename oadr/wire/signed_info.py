"""SignedInfo: what a signature says that it covers, and how (r514). Whatever does not belong there is refused."""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final

from lxml import etree

from oadr.wire import canonical
from oadr.wire.canonical import Method
from oadr.wire.errors import Forged
from oadr.wire.keys import DIGEST
from oadr.wire.namespaces import qualified
from oadr.wire.scalars import XML_BLANKS

SIGNED_INFO: Final = qualified("ds:SignedInfo")
C14N_METHOD: Final = qualified("ds:CanonicalizationMethod")
SIGNATURE_METHOD: Final = qualified("ds:SignatureMethod")
REFERENCE: Final = qualified("ds:Reference")
TRANSFORMS: Final = qualified("ds:Transforms")
TRANSFORM: Final = qualified("ds:Transform")
DIGEST_METHOD: Final = qualified("ds:DigestMethod")
DIGEST_VALUE: Final = qualified("ds:DigestValue")
PREFIXES: Final = f"{{{canonical.EXCLUSIVE}}}InclusiveNamespaces"

NAME: Final = re.compile(r"[A-Za-z_][\w.-]{0,99}", re.ASCII)
"""An identifier, as far as anybody uses the names that XML allows."""
_URI: Final = re.compile("#" + NAME.pattern, re.ASCII)
_TYPE: Final = re.compile(re.escape("http://www.w3.org/2000/09/xmldsig#") + r"[A-Za-z]+")
_BLANKS: Final = XML_BLANKS.encode()

_PARTS: Final = [C14N_METHOD, SIGNATURE_METHOD, REFERENCE, REFERENCE]
_WITHOUT_TRANSFORMS: Final = [DIGEST_METHOD, DIGEST_VALUE]
_WITH_TRANSFORMS: Final = [TRANSFORMS, *_WITHOUT_TRANSFORMS]


@dataclass(frozen=True, slots=True)
class Reference:
    """One element that was signed: its identifier, and what its bytes hash to."""

    target: str
    method: Method
    digest: bytes


@dataclass(frozen=True, slots=True)
class SignedInfo:
    algorithm: str
    """Of the signature."""
    references: tuple[Reference, Reference]


def read(element: etree._Element) -> SignedInfo:
    """Raises `Forged` for anything but the one form."""
    if element.tag != SIGNED_INFO or [child.tag for child in element] != _PARTS:
        raise Forged("wants two references in SignedInfo, one of them to oadrSignedObject")
    check_id(element)
    _, algorithm, first, second = element
    info = SignedInfo(_algorithm(algorithm), (_reference(first), _reference(second)))
    said = b"".join(text_of(reference[-1]) for reference in (first, second))
    if _bare("".join(element.itertext())) != said:
        raise Forged("text in SignedInfo where none belongs")
    return info


def c14n_method(element: etree._Element) -> Method:
    """How SignedInfo itself is canonicalised. Prefixes have no place here: the schema of signatures knows none."""
    return canonical.method(_algorithm(element))


def _reference(element: etree._Element) -> Reference:
    check_id(element, URI=_URI, Type=_TYPE)
    uri = element.get("URI")
    if uri is None:
        raise Forged("a reference to nothing")
    tags = [child.tag for child in element]
    if tags not in (_WITHOUT_TRANSFORMS, _WITH_TRANSFORMS):
        raise Forged("a reference of another form")
    method = _transform(element[0]) if len(tags) == 3 else Method()
    if _algorithm(element[-2]) != DIGEST:
        raise Forged("a digest that is not taken here")
    value = element[-1]
    if len(value) or value.attrib:
        raise Forged("a digest of another form")
    return Reference(uri[1:], method, binary(value))


def _transform(transforms: etree._Element) -> Method:
    """Canonicalisation, once; nothing else may happen to an element before it is hashed."""
    if [child.tag for child in transforms] != [TRANSFORM] or transforms.attrib:
        raise Forged("wants one transform in a reference")
    (step,) = transforms
    if not len(step):
        return canonical.method(_algorithm(step))
    (only, *others) = step
    if others or only.tag != PREFIXES or only.keys() != ["PrefixList"] or len(only):
        raise Forged("a transform that is not taken here")
    return canonical.method(_named(step), only.get("PrefixList"))


def _algorithm(element: etree._Element) -> str:
    if len(element):
        raise Forged("an algorithm with more to it than its name")
    return _named(element)


def _named(element: etree._Element) -> str:
    if element.keys() != ["Algorithm"]:
        raise Forged("an algorithm without a name")
    return str(element.get("Algorithm"))


def check_id(element: etree._Element, **more: re.Pattern[str]) -> None:
    """No attributes but an Id, if any, and those that are named, each in its form."""
    for name, value in element.items():
        form = NAME if name == "Id" else more.get(str(name))
        if form is None or not form.fullmatch(str(value)):
            raise Forged("an attribute where none belongs")


def binary(element: etree._Element) -> bytes:
    """The bytes that an element holds as base64, blanks aside. Raises `Forged` for a second way to write them."""
    text = text_of(element)
    data = b64decode(text, validate=True)
    if b64encode(data) != text:
        raise Forged("base64 that nobody writes so")
    return data


def text_of(element: etree._Element) -> bytes:
    return _bare(element.text or "")


def _bare(text: str) -> bytes:
    return text.encode("ascii").translate(None, _BLANKS)
