"""A signed message acts once: near the time of its signing, and never a second time (r514).

What is checked here needs no memory. The memory is the caller's: a server inserts (peer, nonce) once, in the
transaction of the message's effect, so that it is shared by all workers and survives a restart; a VEN keeps
`Recent`. Both do so only after the signature held, or strangers could spend a peer's nonces.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.wire.errors import Forged
from oadr.wire.scalars import XML_BLANKS

WINDOW: Final = timedelta(minutes=5)
"""How far from our time, before or after, a message may have been signed."""

NONCE_LENGTH: Final = 256
"""Characters. It is remembered, so it has a bound."""


@dataclass(frozen=True, slots=True)
class ReplayProtect:
    """When a message was signed, and a text that its signer uses for no other message."""

    timestamp: datetime
    nonce: str


@dataclass(frozen=True, slots=True)
class Once:
    """What the caller remembers about a peer's message up to and including `expires_at`."""

    nonce: str
    expires_at: datetime


def fresh(guard: ReplayProtect, now: datetime, window: timedelta = WINDOW) -> Once:
    """What makes `guard` unrepeatable. Raises `Forged` outside of `now` ± `window`, or for a useless nonce."""
    if abs(now - guard.timestamp) > window:
        raise Forged("signed too long ago, or in the future")
    if not guard.nonce.strip(XML_BLANKS) or len(guard.nonce) > NONCE_LENGTH:
        raise Forged(f"the nonce is empty or longer than {NONCE_LENGTH} characters")
    return Once(guard.nonce, guard.timestamp + window)


class Recent:
    """The nonces of one process, gone with it: for a VEN, whose replies answer its own requests over TLS.

    Its time is `elapsed`: seconds of a clock that never goes back. A wall clock set forward and back again
    would let it forget too early. Two generations take turns, so that nothing is ever searched or sorted.
    """

    def __init__(self, window: timedelta = WINDOW, limit: int = 10_000) -> None:
        """Remembers each nonce for two windows at least, and at most `limit` of them for each two windows."""
        self._lifetime = 2 * window.total_seconds()  # from the earliest acceptable moment to the last
        self._limit = limit
        self._since = 0.0
        self._young: set[tuple[str, str]] = set()
        self._old: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def spend(self, peer: str, once: Once, elapsed: float) -> None:
        """Raises `Forged` for a nonce that `peer` has used, and when more come than can be remembered."""
        self._age(elapsed)
        seen = peer, once.nonce
        if seen in self._young or seen in self._old:
            raise Forged("replayed")
        if len(self._young) >= self._limit:
            raise Forged("too many signed messages to tell a replay from a new one")
        self._young.add(seen)

    def _age(self, elapsed: float) -> None:
        age = elapsed - self._since
        if age >= self._lifetime:
            self._old = self._young if age < 2 * self._lifetime else set()
            self._young = set()
            self._since = elapsed
