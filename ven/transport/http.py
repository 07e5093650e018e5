"""Simple HTTP, PULL: every request of the VEN is a POST, the answer comes in the reply."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Self

import aiohttp

from oadr.wire.errors import PeerError, Unreachable
from oadr.wire.messages import Message
from oadr.wire.schema import Schema
from oadr.wire.signature import SignaturePolicy
from ven.clock import SystemClock
from ven.recording import Recorder
from ven.session import Failure, Request
from ven.transport import skew
from ven.transport.signatures import Signatures

REPLY_LIMIT: Final = 256 * 1024
"""Bytes of an answer that we are willing to hold."""
KEEP_ALIVE: Final = timedelta(hours=1)
"""Idle connections are kept longer than any poll interval: a new handshake costs the VTN ten polls."""
PATH: Final = "/OpenADR2/Simple/2.0b/"
HEADERS: Final = {"Content-Type": "application/xml; charset=utf-8", "Accept": "application/xml"}


class Rejected(Unreachable):
    """The VTN is there, but answered with what is no answer: an HTTP status, or bytes that may not be believed."""


class Busy(Unreachable):
    """The VTN is there and wants to be asked again later."""


def failure(error: Unreachable) -> Failure:
    """What an exchange that came to nothing means to the session."""
    match error:
        case Rejected():
            return Failure.REJECTED
        case Busy():
            return Failure.BUSY
    return Failure.SILENT


class _Reply(aiohttp.ClientResponse):
    """Knows whose certificate its connection has shown; the connection itself is gone once the body is there."""

    shown: bytes | None = None
    """DER."""

    async def start(self, connection: aiohttp.connector.Connection) -> Self:
        tls: ssl.SSLObject | None = (
            connection.transport.get_extra_info("ssl_object") if connection.transport else None
        )
        self.shown = tls.getpeercert(binary_form=True) if tls else None
        await super().start(connection)
        return self


class HttpPull:
    """One kept connection to one VTN."""

    def __init__(
        self,
        base_url: str,
        context: ssl.SSLContext,
        schema: Schema | None,
        timeout: timedelta,
        signatures: Signatures | None = None,
        recorder: Recorder | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """Raises `ValueError` for an address without TLS."""
        if not base_url.lower().startswith("https://"):
            raise ValueError("the address of the VTN begins with https://")
        self._base = base_url.rstrip("/") + PATH
        self.off_by: timedelta | None = None
        self._now = now or SystemClock().now
        self._schema = schema
        self._signatures = signatures or Signatures(SignaturePolicy.OFF, None, SystemClock().now)
        self._recorder = recorder or Recorder(0, SystemClock().now)
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=context, limit=1, keepalive_timeout=KEEP_ALIVE.total_seconds()
            ),
            timeout=aiohttp.ClientTimeout(total=timeout.total_seconds()),
            headers=HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept-Encoding", "User-Agent"),
            auto_decompress=False,
            response_class=_Reply,
        )

    async def exchange(self, request: Request) -> Message | None:
        data = self._signatures.write(request.message)
        with self._recorder.exchange(request.service, data) as heard:
            heard.raw, shown = await self._post(request.service, data)
            heard.reply = self._read(heard.raw, request.message, shown)
        return heard.reply

    async def _post(self, service: str, data: bytes) -> tuple[bytes, bytes | None]:
        """The body of the answer, and the certificate (DER) that came with it. Raises `Unreachable`."""
        sent = self._now()
        try:
            async with self._client.post(self._base + service, data=data, allow_redirects=False) as reply:
                self.off_by = skew.off_by(reply.headers.get("Date"), sent, self._now())
                if reply.status == 503:
                    raise Busy("HTTP status 503")
                if reply.status != 200:
                    raise Rejected(f"HTTP status {reply.status}")
                return await _body(reply), reply.shown if isinstance(reply, _Reply) else None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    def _read(self, raw: bytes, sent: Message, shown: bytes | None) -> Message | None:
        """The answer to `sent`. Raises `Rejected`."""
        elapsed = asyncio.get_running_loop().time()
        try:
            return self._signatures.read(
                raw, sent, self._schema, limit=REPLY_LIMIT, shown=shown, elapsed=elapsed
            )
        except PeerError as error:
            raise Rejected(f"unusable answer: {error.why}") from error

    async def close(self) -> None:
        await self._client.close()


async def _body(reply: aiohttp.ClientResponse) -> bytes:
    """The answer's bytes, given up as soon as they are too many."""
    body = bytearray()
    async for chunk in reply.content.iter_chunked(16 * 1024):
        body += chunk
        if len(body) > REPLY_LIMIT:
            raise Rejected(f"an answer of more than {REPLY_LIMIT} bytes")
    return bytes(body)
