"""Signing an envelope, in the profile's own form (r514).

The canonical form takes in the namespaces around an element, so the signature is made for the finished envelope, and
the bytes that come out are the ones to send: parsed and written again they might not verify. Of the signature itself
only five texts differ from message to message; the rest is written once, by lxml, inside the same envelope.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from re import fullmatch
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from oadr.wire import envelope, keys, scalars
from oadr.wire import signature as names
from oadr.wire.canonical import INCLUSIVE
from oadr.wire.codec import Message
from oadr.wire.errors import Misuse
from oadr.wire.keys import Key
from oadr.wire.messages import Poll, Response
from oadr.wire.namespaces import NAMESPACES, qualified
from oadr.wire.pieces import Pieces, cut, filled

__all__ = ["BODY", "Key", "Signer"]

BODY: Final = "oadrSignedObject"
PROPERTY: Final = "prop"

REPEATED: Final = (Poll, Response)
"""What is said over and over: a poll, and that there is nothing to say to it."""

_NONCE: Final = r"[A-Za-z0-9._-]{1,64}"
"""Nothing that XML would have to write otherwise."""
_PLACE: Final = "@signature@"
"""Stands where the signature goes, before anything that a message says."""
_MARKS: Final = ("@body@", "@property@", "@value@", "@time@", "@nonce@")
"""Where the texts go, in their order."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is signed of a message: its envelope, cut where the signature goes, and the digest of the body."""

    before: bytes
    after: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Form:
    """A signature without its texts: its three parts as they are hashed, signed and sent, cut where texts go."""

    properties: Pieces
    signed_info: Pieces
    whole: Pieces


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with a key that was loaded once: loading an RSA key takes 40 ms, a signature less than one.

    `certificate` should be the one of the sender's TLS, since that is what the peer knows.
    """

    key: Key
    certificate: x509.Certificate
    _form: _Form = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises `Misuse` when the certificate is of another key."""
        if self.key.public_key() != self.certificate.public_key():
            raise Misuse("the certificate belongs to another key")
        object.__setattr__(self, "_form", _form(self.certificate, keys.method_of(self.key)))

    def sign(self, message: Message, now: datetime, nonce: str) -> bytes:
        """`message` in its envelope, signed at `now`, UTF-8. Raises `Misuse` for what has no form on the wire.

        A `nonce` is random and used once, also when a message is repeated: 1 to 64 of letters, digits, `.`, `-`, `_`.
        """
        if not fullmatch(_NONCE, nonce):
            raise Misuse("a nonce is 1 to 64 letters, digits, dots, hyphens and underscores")
        part = _kept(message) if isinstance(message, REPEATED) else _part(message)
        signature = self._signature(part.digest, (scalars.write_date_time(now), nonce))
        return b"".join((part.before, signature, part.after))

    def _signature(self, body: bytes, guard: tuple[str, str]) -> bytes:
        texts = tuple(text.encode() for text in guard)
        digests = body, _digest(filled(self._form.properties, texts))
        value = b64encode(keys.sign(self.key, filled(self._form.signed_info, digests)))
        return filled(self._form.whole, (*digests, value, *texts))


def _part(message: Message) -> _Part:
    root = envelope.build(message)
    (body,) = root
    body.set(names.BODY_ID, BODY)
    root.text = _PLACE
    raw = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    before, _, after = raw.partition(_PLACE.encode())
    return _Part(before, after, _digest(_canonical(body)))


_kept: Final = lru_cache(maxsize=1024)(_part)


def _form(certificate: x509.Certificate, method: str) -> _Form:
    root = etree.Element(names.PAYLOAD, nsmap=NAMESPACES)
    signature = etree.SubElement(root, names.SIGNATURE)
    body, properties, value, time, nonce = _MARKS
    info = _append_info(signature, method, ((BODY, body), (PROPERTY, properties)))
    _child(signature, "ds:SignatureValue").text = value
    data = _child(_child(signature, "ds:KeyInfo"), "ds:X509Data")
    _child(data, "ds:X509Certificate").text = b64encode(certificate.public_bytes(Encoding.DER)).decode()
    holder = _append_properties(signature, time, nonce)
    root.text = signature.tail = _PLACE
    whole = etree.tostring(root).split(_PLACE.encode())[1]
    return _Form(
        _cut(_canonical(holder), (time, nonce)),
        _cut(_canonical(info), (body, properties)),
        _cut(whole, _MARKS),
    )


def _cut(raw: bytes, marks: tuple[str, ...]) -> Pieces:
    pieces = cut(raw, tuple(mark.encode() for mark in marks))
    assert pieces, "each mark is the text of one element"
    return pieces


def _append_info(
    signature: etree._Element, method: str, parts: tuple[tuple[str, str], ...]
) -> etree._Element:
    info = _child(signature, "ds:SignedInfo")
    _child(info, "ds:CanonicalizationMethod", Algorithm=INCLUSIVE)
    _child(info, "ds:SignatureMethod", Algorithm=method)
    for name, digest in parts:
        reference = _child(info, "ds:Reference", URI=f"#{name}")
        _child(_child(reference, "ds:Transforms"), "ds:Transform", Algorithm=INCLUSIVE)
        _child(reference, "ds:DigestMethod", Algorithm=keys.DIGEST)
        _child(reference, "ds:DigestValue").text = digest
    return info


def _append_properties(signature: etree._Element, time: str, nonce: str) -> etree._Element:
    holder = _child(signature, "ds:Object", Id=PROPERTY)
    properties = _child(holder, "ds:SignatureProperties")
    one = _child(properties, "ds:SignatureProperty", Id="replayProtect", Target="")
    guard = etree.SubElement(one, names.REPLAY_PROTECT, nsmap={"dsp": names.PROPERTIES})
    etree.SubElement(guard, names.TIMESTAMP).text = time
    etree.SubElement(guard, names.NONCE).text = nonce
    return holder


def _child(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, qualified(name), attributes)


def _digest(part: bytes) -> bytes:
    return b64encode(sha256(part).digest())


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n")
