"""What comes in before it is XML: the right method, address and form, and a body that is neither long nor late."""

import asyncio
from typing import Final

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from oadr.wire.errors import Malformed
from oadr.wire.messages.registration import ServiceName

XML: Final = "application/xml"
BODY_SECONDS: Final = 10
"""How long a body may take to arrive."""


def service(request: web.Request) -> ServiceName:
    """Which service is addressed, once the request has the right form. Raises `Malformed`."""
    if request.method != "POST":
        raise Malformed(f"method {request.method[:20]}", status=501)
    try:
        found = ServiceName(request.match_info["service"])
    except ValueError as error:
        raise Malformed("no such service", status=404) from error
    if request.content_type != XML or (request.charset or "utf-8").lower() != "utf-8":
        raise Malformed("wrong content type", status=406)
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Malformed("an encoded body", status=415)
    return found


async def body(request: web.Request, limit: int) -> bytes:
    """The whole body, given up as soon as it is too long or too late. Raises `Malformed` (413, 408, 406)."""
    if (request.content_length or 0) > limit:
        raise Malformed(f"larger than {limit} bytes", status=413)
    try:
        if request.content.is_eof():  # most come together with their head: nothing is to be waited for
            found = request.content.read_nowait()
        else:
            async with asyncio.timeout(BODY_SECONDS):
                found = await _arriving(request.content, limit)
    except TimeoutError as error:
        raise Malformed("the body does not arrive in time", status=408) from error
    except (HttpProcessingError, web.RequestPayloadError, ConnectionError, ValueError) as error:
        raise Malformed("the body does not arrive as announced") from error
    if len(found) > limit:
        raise Malformed(f"larger than {limit} bytes", status=413)
    return found


async def _arriving(content: StreamReader, limit: int) -> bytes:
    """All of it, or somewhat more than `limit`."""
    arrived = bytearray()
    async for chunk in content.iter_chunked(16 * 1024):
        arrived += chunk
        if len(arrived) > limit:
            break
    return bytes(arrived)
