"""Messages as large as may be, each of them all of one thing: what a peer would send to keep us busy.

What they cost is measured in `bench/floods.py`; the tests look only at what comes of them.
"""

from datetime import UTC, datetime
from typing import Final

from oadr.wire import envelope
from oadr.wire.ids import MarketContext, OptId, RequestId, Token, VenId
from oadr.wire.messages import CreateOpt, Poll
from oadr.wire.messages.common import OptType
from oadr.wire.messages.opt import Availability, Available, Periods
from oadr.wire.namespaces import NAMESPACES
from oadr.wire.scalars import Duration

POLL: Final = Poll(ven_id=VenId("V1"))
RAW: Final = envelope.write(POLL)
BARE: Final = RAW.partition(b"?>")[2].lstrip()
"""Without its declaration."""

OPT: Final = CreateOpt(
    opt_id=OptId("O1"),
    opt=OptType.OPT_OUT,
    reason=Token("economic"),
    market_context=MarketContext(Token("http://example.org/supply-limit")),
    ven_id=VenId("V1"),
    schedule=Availability(
        periods=Periods(available=(Available(start=datetime(2026, 1, 1, tzinfo=UTC), duration=Duration(60)),))
    ),
    created_at=datetime(2026, 1, 1, 1, tzinfo=UTC),
    request_id=RequestId("R1"),
)
OPT_RAW: Final = envelope.write(OPT)


def filled(before: bytes, unit: bytes, after: bytes) -> bytes:
    """As many units as the cap leaves room for."""
    return before + unit * ((envelope.REQUEST_LIMIT - len(before) - len(after)) // len(unit)) + after


def around(raw: bytes, spot: bytes) -> tuple[bytes, bytes]:
    before, _, after = raw.partition(spot)
    assert after
    return before, after


OPT_BARE: Final = OPT_RAW.partition(b"?>")[2].lstrip()
V1: Final = around(BARE, b"V1")
MINUTE: Final = around(OPT_BARE, b"PT1M")
REASON: Final = around(OPT_BARE, b"economic")
CONTEXT: Final = around(OPT_BARE, b"http://example.org/supply-limit")
CREATED: Final = around(OPT_BARE, b"01:00:00Z")

_TARGET: Final = around(OPT_BARE, b"<ei:eiTarget/>")
_POWER: Final = b'<ei:eiTarget xmlns="' + NAMESPACES["power"].encode() + b'">'
_EI: Final = b'<ei:eiTarget xmlns="' + NAMESPACES["ei"].encode() + b'">'

FLOODS: Final = {
    "schema faults": filled(_TARGET[0] + _POWER, b"<pnode/>", b"</ei:eiTarget>" + _TARGET[1]),
    "attributes of siblings": filled(_TARGET[0] + _EI, b'<groupID a=""/>', b"</ei:eiTarget>" + _TARGET[1]),
    "text": filled(V1[0], b"a", V1[1]),
    "references": filled(V1[0], b"&#65;", V1[1]),
    "comments": filled(V1[0], b"<!---->a", V1[1]),
    "CDATA": filled(V1[0], b"<![CDATA[]]>a", V1[1]),
    "open elements": filled(b"", b"<a>", b""),
    "elements": filled(b"<a>", b"<a/>", b"</a>"),
    "nests": filled(b"<a>", b"<a>" * 200 + b"</a>" * 200, b"</a>"),
    "attributes": b"<a " + b" ".join(b'a%d=""' % number for number in range(6_000)) + b"/>",
    "one attribute": filled(b'<a a="', b"a", b'"/>'),
    "namespaces": b"<a " + b" ".join(b'xmlns:a%d="u"' % number for number in range(4_000)) + b"/>",
    "a name": filled(b"<", b"a", b"/>"),
    "declaration": filled(b'<?xml version="1.0"', b" ", b"?>" + BARE),
    "no declaration": filled(b"<?xml ", b" ", b"version"),
    "digits of a duration": filled(MINUTE[0] + b"P", b"1", MINUTE[1]),
    "seconds": filled(MINUTE[0] + b"PT", b"1", b"S" + MINUTE[1]),
    "weeks": filled(MINUTE[0], b"1", b"W" + MINUTE[1]),
    "fractions": filled(CREATED[0] + b"01:00:00.", b"1", b"Z" + CREATED[1]),
    "words": filled(REASON[0] + b"x-", b"a ", REASON[1]),
    "blanks": filled(REASON[0] + b"x-a", b" ", b"a" + REASON[1]),
    "a URI": filled(CONTEXT[0] + b"http://", b"a", CONTEXT[1]),
    "a URI's steps": filled(CONTEXT[0], b"/..", CONTEXT[1]),
    "a bad URI": filled(CONTEXT[0], b"%", CONTEXT[1]),
}
