"""Bytes <-> message: one door in, one door out.

In: size, UTF-8, no DTD, no processing instruction, well-formed, valid, exactly one payload, typed fields;
each step raises a `PeerError` and the next is never reached. `open` also verifies signatures, `read` is for
where none are taken. Out: lxml elements only, no templates; `signing` signs what is built here.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from lxml import etree

from oadr.wire import codec, replay, signature
from oadr.wire.errors import Forged, Malformed
from oadr.wire.familiar import Familiar
from oadr.wire.messages import MESSAGES, Message
from oadr.wire.namespaces import NAMESPACES, local_name, qualified
from oadr.wire.parser import parser
from oadr.wire.replay import Once
from oadr.wire.schema import Schema
from oadr.wire.signature import PAYLOAD, SIGNATURE, SIGNED_OBJECT, SignaturePolicy

REQUEST_LIMIT: Final = 64 * 1024
REPORT_LIMIT: Final = 1024 * 1024
"""Bytes of a body before it is parsed: of any request, and of a report from a known party."""

LARGE: Final = 2000
"""Tags of a message that our own tables look over before the schema does."""
AROUND: Final = 250
"""Elements around the payload of a large message, and attributes in all of it; a signature with a chain has 50."""
WIDEST: Final = 32
"""Attributes of one element, and namespaces declared for it, by itself or around it. Some peers declare 20 of them;
canonical XML takes the square of either number, for an element each time, and before any signature has held."""

_BY_TAG: Final = {qualified(kind.TAG): kind for kind in MESSAGES}
_DECLARATION: Final = re.compile(
    r"\ufeff?<\?xml\s+version\s*=\s*(?:'1\.0'|\"1\.0\")(?:\s+encoding\s*=\s*(?:'utf-8'|\"utf-8\"))?"
    r"(?:\s+standalone\s*=\s*(?:'(?:yes|no)'|\"(?:yes|no)\"))?\s*\?>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms one peer's messages are taken."""

    policy: SignaturePolicy
    certificate: x509.Certificate | None
    """The stored one of its TLS. Without it no signature can hold."""
    window: timedelta = replay.WINDOW


@dataclass(frozen=True, slots=True)
class Opened:
    """A message, and what of it must not happen twice: None if it was not signed."""

    message: Message
    once: Once | None


def open(
    raw: bytes,
    schema: Schema | None,
    terms: Terms,
    now: datetime,
    *,
    limit: int = REQUEST_LIMIT,
    familiar: Familiar | None = None,
) -> Opened:
    """As `read`, from a peer that may sign. A missing, wrong or stale signature raises `Forged`.

    A signature is verified whatever the policy says, also when it stands where none belongs. The caller
    remembers the nonce of `once`, with the effect of the message, and refuses what it has seen (r514).
    A `familiar` knows the polls of this schema again, and is only worth it where many come.
    """
    if familiar and terms.certificate and (again := familiar.recognise(raw, terms.certificate, now)):
        return Opened(again.message, replay.fresh(again.guard, now, terms.window))
    root = parse(raw, limit)
    if schema:
        _check(root, raw, schema)
    if next(root.iter(SIGNATURE), None) is not None:
        return _opened(raw, root, terms, now, familiar)
    if terms.policy is SignaturePolicy.REQUIRED:
        raise Forged("not signed")
    if terms.policy is SignaturePolicy.IF_PRESENT and root.tag != PAYLOAD:
        raise Malformed("wants an envelope")
    return Opened(_message(_payload(root)), None)


def _opened(
    raw: bytes, root: etree._Element, terms: Terms, now: datetime, familiar: Familiar | None
) -> Opened:
    if terms.certificate is None:
        raise Forged("signed, and there is no certificate to check it with")
    verified = signature.verify(root, terms.certificate, now)
    once = replay.fresh(verified.guard, now, terms.window)
    message = _message(_only_payload(verified.body))
    if familiar:
        familiar.learn(raw, terms.certificate, verified.proof, message)
    return Opened(message, once)


def read(raw: bytes, schema: Schema | None, *, limit: int = REQUEST_LIMIT) -> Message:
    """The one message in `raw`. Raises a `PeerError`, whatever the bytes are.

    Without a `schema` the typed tables alone judge: they know names, types and numbers of elements, but
    not their order.
    """
    root = parse(raw, limit)
    if schema:
        _check(root, raw, schema)
    return _message(_payload(root))


def _message(payload: etree._Element) -> Message:
    kind = _BY_TAG.get(str(payload.tag))
    if kind is None:
        raise Malformed("not an OpenADR 2.0b payload")
    return codec.read(kind, payload)


def parse(raw: bytes, limit: int) -> etree._Element:
    """The root element of bytes that are safe to look into."""
    if len(raw) > limit:
        raise Malformed(f"larger than {limit} bytes", status=413)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    declaration = _DECLARATION.match(text)
    markup = text[declaration.end() :] if declaration else text
    if "<!DOCTYPE" in markup or "<?" in markup or "\x00" in markup:
        raise Malformed("holds a document type, a processing instruction or a NUL")
    try:
        root = etree.fromstring(raw, parser())
    except (etree.LxmlError, ValueError) as error:
        raise Malformed("not well-formed XML") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("holds a document type")
    if _many_attributes(root) or (raw.count(b"xmlns") > WIDEST and _declares_many(root)):
        raise Malformed("too many attributes, or namespaces, of one element")
    return root


_many_attributes: Final = etree.XPath(f"boolean(//@*[{WIDEST + 1}])")


def _declares_many(root: etree._Element) -> bool:
    declared = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        declared += 1 if event == "start-ns" else -1
        if declared > WIDEST:
            return True
    return False


def _check(root: etree._Element, raw: bytes, schema: Schema) -> None:
    """Raise `Malformed`, or `Invalid` for a large one, unless `root` is valid.

    The schema's judge lists every fault with its place among its siblings, which takes the square of their
    number: a tenth of a second for 64 KiB, half a minute for 1 MiB. So our own tables look over a large message
    first, and stop at the first fault. What they do not look at, attributes and signatures, must be few.
    """
    if raw.count(b"<") > LARGE:
        payload = _only_payload(root[-1]) if root.tag == PAYLOAD and len(root) else root
        around = _elements(root) - _elements(payload)
        if max(around, _attributes(root)) > AROUND:
            raise Malformed("too many attributes, or elements around the payload")
        _message(payload)
    schema.check(root)


_elements: Final = etree.XPath("count(descendant-or-self::*)")
_attributes: Final = etree.XPath("count(//@*)")


def _payload(root: etree._Element) -> etree._Element:
    """The payload inside the envelope; a bare payload is read too, since peers send it."""
    if root.tag != PAYLOAD:
        return root
    if len(root) and root[0].tag == SIGNATURE:
        raise Forged("signed messages are not taken here")
    if len(root) != 1 or root[0].tag != SIGNED_OBJECT:
        raise Malformed("wants exactly one oadrSignedObject")
    return _only_payload(root[0])


def _only_payload(signed_object: etree._Element) -> etree._Element:
    if len(signed_object) != 1:
        raise Malformed("wants exactly one payload in oadrSignedObject")
    return signed_object[0]


def write(message: Message) -> bytes:
    """`message` in its envelope, UTF-8, ready to send. Raises `Misuse` for what has no form on the wire."""
    return etree.tostring(build(message), xml_declaration=True, encoding="UTF-8")


def build(message: Message) -> etree._Element:
    """`message` in its envelope, as an element."""
    root = etree.Element(PAYLOAD, nsmap=NAMESPACES)
    codec.append(message, etree.SubElement(root, SIGNED_OBJECT))
    return root


def name_of(message: Message) -> str:
    """What the profile calls this payload, for people: `oadrPoll`."""
    return local_name(qualified(message.TAG))
