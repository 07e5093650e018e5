"""Unsigned polls that are the same bytes as the one before of the same peer.

A VEN that signs nothing asks with the same bytes every few seconds, for years. What they say was judged when they came
first: parsed, validated and read. This only ever recognises; whatever differs in one byte goes through the whole door.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from certs import Sha256
from oadr.wire.envelope import Opened
from oadr.wire.messages import Poll
from oadr.wire.signature import SignaturePolicy

KEPT: Final = 4096
"""Peers whose last poll is remembered; of more than that the ones longest silent are forgotten."""
LARGEST: Final = 2 * 1024
"""Bytes of a poll that is remembered."""


class _Known(NamedTuple):
    raw: bytes
    policy: SignaturePolicy
    opened: Opened


class Repeated:
    """The polls of one door, that is of one schema: one for each certificate."""

    def __init__(self) -> None:
        self._known: OrderedDict[Sha256, _Known] = OrderedDict()

    def recognise(self, raw: bytes, peer: Sha256, policy: SignaturePolicy) -> Opened | None:
        """What these bytes said before; None if they are new, or are to be looked at on other terms."""
        known = self._known.get(peer)
        if known is None or known.raw != raw or known.policy is not policy:
            return None
        self._known.move_to_end(peer)
        return known.opened

    def learn(self, raw: bytes, peer: Sha256, policy: SignaturePolicy, opened: Opened) -> None:
        """Remember a poll that the whole door has let in, unless it was signed: that one counts once."""
        if opened.once or not isinstance(opened.message, Poll) or len(raw) > LARGEST:
            return
        self._known[peer] = _Known(raw, policy, opened)
        self._known.move_to_end(peer)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
