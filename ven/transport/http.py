"""Simple HTTP, PULL: every request of the VEN is a POST, the answer comes in the reply."""

import ssl
from datetime import timedelta
from typing import Final

import aiohttp

from oadr.wire import envelope
from oadr.wire.errors import PeerError, Unreachable
from oadr.wire.messages import Message
from oadr.wire.schema import Schema
from ven.session import Failure, Request

REPLY_LIMIT: Final = 256 * 1024
"""Bytes of an answer that we are willing to hold."""
KEEP_ALIVE: Final = timedelta(hours=1)
"""Idle connections are kept longer than any poll interval: a new handshake costs the VTN ten polls."""
PATH: Final = "/OpenADR2/Simple/2.0b/"
HEADERS: Final = {"Content-Type": "application/xml; charset=utf-8", "Accept": "application/xml"}


class Rejected(Unreachable):
    """The VTN is there, but answered with an HTTP status that is no answer."""


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


class HttpPull:
    """One kept connection to one VTN."""

    def __init__(
        self, base_url: str, context: ssl.SSLContext, schema: Schema | None, timeout: timedelta
    ) -> None:
        """Raises `ValueError` for an address without TLS."""
        if not base_url.lower().startswith("https://"):
            raise ValueError("the address of the VTN begins with https://")
        self._base = base_url.rstrip("/") + PATH
        self._schema = schema
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=context, limit=1, keepalive_timeout=KEEP_ALIVE.total_seconds()
            ),
            timeout=aiohttp.ClientTimeout(total=timeout.total_seconds()),
            headers=HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept-Encoding", "User-Agent"),
            auto_decompress=False,
        )

    async def exchange(self, request: Request) -> Message | None:
        try:
            async with self._client.post(
                self._base + request.service, data=envelope.write(request.message), allow_redirects=False
            ) as reply:
                if reply.status == 503:
                    raise Busy("HTTP status 503")
                if reply.status != 200:
                    raise Rejected(f"HTTP status {reply.status}")
                raw = await _body(reply)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        try:
            return envelope.read(raw, self._schema, limit=REPLY_LIMIT) if raw else None
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
