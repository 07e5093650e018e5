"""One message as it went over the wire, for whoever looks for a fault. Kept only where somebody has asked for it.

The body and nothing else: no HTTP header, no key. A body may name a person's site and tell what was
drawn there, so whoever keeps some keeps only the last few, and lets them be deleted.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from lxml import etree

from oadr.wire import envelope
from oadr.wire.errors import PeerError
from oadr.wire.messages import Message
from oadr.wire.messages.common import EiResponse
from oadr.wire.namespaces import local_name
from oadr.wire.signature import PAYLOAD, SIGNATURE

LONGEST: Final = 64 * 1024
"""Bytes of one body that are kept; of a larger one, its beginning."""
LONGEST_NAME: Final = 100


class Direction(StrEnum):
    """As the end sees it that keeps the message."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    at: datetime
    direction: Direction
    service: str
    """To which the request was addressed, which the answer shares: `OadrPoll`."""
    message: str
    """`oadrPoll`; empty for what is no XML."""
    verdict: str
    """How a request was answered: `200`, `452 venID`, `HTTP 406 not well-formed XML`. Of an answer, why it could not
    be used; empty where nothing is known against it."""
    size: int
    """Bytes on the wire, after the HTTP library has unpacked them."""
    xml: str
    """The body as it was, cut at `LONGEST`; bytes that are no UTF-8 are replaced by U+FFFD."""

    @classmethod
    def of(cls, raw: bytes, direction: Direction, service: str, verdict: str, at: datetime) -> Self:
        """Whatever the bytes are."""
        return cls(
            at=at,
            direction=direction,
            service=service,
            message=_name(raw),
            verdict=verdict,
            size=len(raw),
            xml=raw[:LONGEST].decode("utf-8", "replace"),
        )

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Self:
        """The inverse of `fields`. Raises `KeyError`, `TypeError` or `ValueError`."""
        texts = {key: str(fields[key]) for key in ("service", "message", "verdict", "xml")}
        at, direction = datetime.fromisoformat(fields["at"]), Direction(fields["direction"])
        return cls(at=at, direction=direction, size=int(fields["size"]), **texts)

    @property
    def fields(self) -> dict[str, str | int]:
        """For JSON."""
        return {
            "at": self.at.isoformat(),
            "direction": self.direction.value,
            "service": self.service,
            "message": self.message,
            "verdict": self.verdict,
            "size": self.size,
            "xml": self.xml,
        }


def verdict(reply: Message | None) -> str:
    """What this answer says of its request. An empty one, and one without a code, finds no fault with it."""
    response: EiResponse | None = getattr(reply, "response", None)
    if response is None or response.accepted:
        return response.code if response else "200"
    return f"{response.code} {response.description or ''}".strip()


def pretty(xml: str) -> str:
    """Indented, for people; unchanged if it is no XML, or was cut.

    What a person does not miss is gone: other white space, comments, namespaces that no name uses.
    """
    raw = xml.encode("utf-8", "replace")
    try:
        root = envelope.parse(raw, len(raw))
    except PeerError:
        return xml
    etree.cleanup_namespaces(root)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def _name(raw: bytes) -> str:
    """Of the payload, also if it breaks the schema; else of whatever stands at the root."""
    try:
        element = envelope.parse(raw, len(raw))
    except PeerError:
        return ""
    if element.tag == PAYLOAD:
        signed_object = next((child for child in element if child.tag != SIGNATURE), None)
        element = signed_object[0] if signed_object is not None and len(signed_object) else element
    return local_name(str(element.tag))[:LONGEST_NAME]
