"""Polls that differ from an earlier one of the same peer in nothing but when they were signed (r514).

A VEN asks the same every few seconds, for years. Once such a message has been parsed, validated, verified and read,
the next one need not be: where all its other bytes are the same, only four texts are new, the time, the nonce, their
digest and the signature. Two hashes and one verification then say as much as all of it. This only ever recognises;
whatever is new in any other way goes through the whole door, which alone refuses.
"""

import re
from base64 import b64decode, b64encode
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509

from oadr.wire import keys, scalars, signature
from oadr.wire.errors import Forged, Invalid
from oadr.wire.messages import Message, Poll
from oadr.wire.pieces import Pieces, cut, filled, texts_of
from oadr.wire.replay import ReplayProtect
from oadr.wire.signature import Proof

KEPT: Final = 4096
"""Peers whose poll is remembered, a few kilobytes each; of more than that the ones longest silent are forgotten."""
LARGEST: Final = 8 * 1024
"""Bytes of a poll that is remembered. Those of peers have half of it, with a chain of certificates."""

_TIME: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
_NONCE: Final = re.compile(rb"[A-Za-z0-9-]{1,64}")
_UNCLEAR: Final = (b"<!", b"&", b"\r")
"""Comments, CDATA, references and ends of lines that XML reads as others: text that is not what it looks like."""


@dataclass(frozen=True, slots=True)
class Again:
    """What a recognised message says."""

    message: Message
    guard: ReplayProtect


@dataclass(frozen=True, slots=True)
class _Known:
    """A poll without its four texts: as it is sent, and the two parts of it that are signed and hashed."""

    message: Message
    whole: Pieces
    signed_info: Pieces
    properties: Pieces


class Familiar:
    """The polls of one door, that is of one schema. Each peer is known by its certificate, and by one poll."""

    def __init__(self) -> None:
        self._known: OrderedDict[x509.Certificate, _Known] = OrderedDict()

    def recognise(self, raw: bytes, pinned: x509.Certificate, now: datetime) -> Again | None:
        """What `raw` says if it is a poll of old, signed anew by the owner of `pinned`; None for all else."""
        known = self._known.get(pinned)
        texts = texts_of(raw, known.whole) if known else None
        if known is None or texts is None:
            return None
        self._known.move_to_end(pinned)
        digest, value, time, nonce = texts
        guard = _guard(time, nonce)
        hashed = _digest(filled(known.properties, (time, nonce)))
        if guard is None or digest != hashed:
            return None
        signed = filled(known.signed_info, (digest,))
        return Again(known.message, guard) if _is_signed(signed, value, pinned, now) else None

    def learn(self, raw: bytes, pinned: x509.Certificate, proof: Proof, message: Message) -> None:
        """Remember a poll that the whole door has let in."""
        if not isinstance(message, Poll) or len(raw) > LARGEST or any(mark in raw for mark in _UNCLEAR):
            return
        known = _cut(raw, proof, message)
        if known is None:
            return
        self._known[pinned] = known
        self._known.move_to_end(pinned)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)


def _cut(raw: bytes, proof: Proof, message: Message) -> _Known | None:
    digest = _digest(proof.properties)
    value, time, nonce = (text.encode() for text in (proof.value, *proof.texts))
    whole = cut(raw, (digest, value, time, nonce))
    signed_info = cut(proof.signed_info, (digest,))
    properties = cut(proof.properties, (time, nonce))
    if not (whole and signed_info and properties):
        return None
    return _Known(message, whole, signed_info, properties)


def _guard(time: bytes, nonce: bytes) -> ReplayProtect | None:
    if not _TIME.fullmatch(time) or not _NONCE.fullmatch(nonce):
        return None
    try:
        return ReplayProtect(scalars.read_date_time(time.decode()), nonce.decode())
    except Invalid:
        return None


def _digest(part: bytes) -> bytes:
    return b64encode(sha256(part).digest())


def _is_signed(data: bytes, text: bytes, pinned: x509.Certificate, now: datetime) -> bool:
    try:
        signature.check_dates(pinned, now)
        value = b64decode(text, validate=True)
        return b64encode(value) == text and keys.holds(keys.public_key_of(pinned), value, data)
    except (Forged, ValueError):
        return False
