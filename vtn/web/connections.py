"""Each connection to the OpenADR port: whose it is, how long it may take to say what it wants, and when it has to go.

TLS has verified the chain before a connection comes here. What has changed since is looked at here: a certificate that
its authority took back, or that acts for no site any more, loses its open connections at once (I12).
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Collection, Iterator
from functools import lru_cache
from time import monotonic
from typing import Any, Final

from aiohttp import web

from certs import CertificateError, PeerCertificate, Revoked, Sha256, peer
from vtn.web.metrics import Cause
from vtn.web.signing import Signers

HEAD_SECONDS: Final = 10.0
"""How long a connection may be open before its first request, and how long the head of any request may take (A01)."""
PARTING_EVERY: Final = 0.02
KNOWN: Final = 4096
"""Certificates that are kept parsed."""

_parsed = lru_cache(KNOWN)(peer)


class Connections:
    """Those of one server that are open."""

    def __init__(self) -> None:
        self.revoked = Revoked()
        self.cut_off: Counter[Cause] = Counter()
        """How often, and why."""
        self._open: dict[Sha256, set[Connection]] = {}
        self.count = 0

    def part(self, certificates: Collection[Sha256], cause: Cause) -> None:
        """Hang up on whoever shows one of these."""
        for one in [each for certificate in certificates for each in self._open.get(certificate, ())]:
            self.cut_off[cause] += 1
            one.force_close()

    def revoke(self, revoked: Revoked) -> None:
        """From now on these are revoked, and no others."""
        self.revoked = revoked
        gone = [each.shown.sha256 for each in self._all() if each.shown and each.shown in revoked]
        self.part(frozenset(gone), Cause.REVOKED)

    async def goodbye(self, seconds: float) -> None:
        """Part with all of them; who is being answered, or is still asking, gets so much time."""
        until = monotonic() + seconds
        while self._open and monotonic() < until:
            for one in list(self._all()):
                one.part()
            await asyncio.sleep(PARTING_EVERY)

    def opened(self, connection: "Connection", shown: PeerCertificate) -> bool:
        """Whether it may stay."""
        if shown in self.revoked:
            self.cut_off[Cause.REVOKED] += 1
            return False
        self._open.setdefault(shown.sha256, set()).add(connection)
        self.count += 1
        return True

    def closed(self, connection: "Connection", shown: PeerCertificate) -> None:
        ours = self._open.get(shown.sha256, set())
        if connection in ours:
            self.count -= 1
            ours.discard(connection)
            if not ours:
                del self._open[shown.sha256]

    def _all(self) -> Iterator["Connection"]:
        return (one for each in self._open.values() for one in each)


class Connection(web.RequestHandler):
    """aiohttp's, which knows by itself neither deadlines for heads nor whom it serves."""

    __slots__ = ("_connections", "_deadline", "shown", "signers", "tls")

    def __init__(
        self, server: web.Server, connections: Connections, signers: Signers, **options: Any
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._connections = connections
        self._deadline: asyncio.TimerHandle | None = None
        self.shown: PeerCertificate | None = None
        """None: there is none that could be read."""
        self.signers = signers
        """With the keys of the certificates that this connection was shown, also when they are renewed since."""
        self.tls: ssl.SSLObject | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.tls = transport.get_extra_info("ssl_object")
        self.shown = _certificate(self.tls)
        if self.shown is None:
            self._connections.cut_off[Cause.NO_CERTIFICATE] += 1
            self.force_close()
        elif self._connections.opened(self, self.shown):
            self._deadline = self._loop.call_later(HEAD_SECONDS, self._too_slow)
        else:
            self.force_close()

    def data_received(self, data: bytes) -> None:
        """A head is late if it was begun and has not ended in time. Bodies are the endpoint's to wait for."""
        begun = self._request_count
        super().data_received(data)
        if self._request_count != begun:
            if self._deadline is not None:
                self._disarm()
        elif self._deadline is None and self._is_idle:
            self._deadline = self._loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._disarm()
        if self.shown:
            self._connections.closed(self, self.shown)
        super().connection_lost(exc)

    def part(self) -> None:
        """Hang up: at once, or after the answer. Who is in the midst of a request is asked again a moment later."""
        if self._is_idle or not self._request_count:
            self.force_close()
        elif self._current_request is not None and self._current_request.content.is_eof():
            self.close()  # nothing more is read from now on

    @property
    def _is_idle(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self._connections.cut_off[Cause.SLOW_HEAD] += 1
        self.force_close()


def _certificate(tls: ssl.SSLObject | None) -> PeerCertificate | None:
    der = tls.getpeercert(binary_form=True) if tls else None
    try:
        return _parsed(der) if der else None
    except CertificateError:
        return None
