"""The five addresses of Simple HTTP (r511). Input can cause a refusal, never a 500.

POST, right type, no encoding, not too big --> safe XML, valid --> service --> 200 with an OpenADR answer
  501   406         415          413, 408        406     406      503 when the store is away
                                                         403 when it is not signed as it ought to be (r514)
"""

import asyncio
from datetime import datetime
from functools import lru_cache
from typing import Final

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from certs import CertificateError, PeerCertificate
from oadr.wire import envelope
from oadr.wire.envelope import Opened, Terms
from oadr.wire.errors import Forged, Malformed, PeerError
from oadr.wire.familiar import Familiar
from oadr.wire.ids import NO_REQUEST
from oadr.wire.messages import Message, Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ServiceName
from oadr.wire.schema import Schema
from oadr.wire.signature import SignaturePolicy
from vtn import clock
from vtn.model.registration import Caller
from vtn.service.desk import Desk
from vtn.service.dispatch import SERVICES, answer
from vtn.service.refusals import not_registered
from vtn.store.engine import StoreAway
from vtn.web import peers
from vtn.web.journal import Journal
from vtn.web.once import Spent
from vtn.web.recorder import Recorder
from vtn.web.repeated import Repeated
from vtn.web.signing import Signers

PATH: Final = "/OpenADR2/Simple/2.0b/{service}"
RETRY_AFTER: Final = "10"
"""Seconds, told with every 503."""
XML: Final = "application/xml"
SIGNED: Final = b"SignatureValue"
"""Stands in every signed message. One that only has these letters in a text gets a signature too, to no harm."""
BODY_SECONDS: Final = 10
"""How long a body may take to arrive."""
CODINGS: Final = (web.ContentCoding.gzip, web.ContentCoding.deflate)
"""How an answer may be packed, the first that is accepted."""
KEPT: Final = 4096
"""Short answers that are kept written."""


class Endpoint:
    """One handler for all five services."""

    def __init__(self, desk: Desk, schema: Schema, journal: Journal, signers: Signers) -> None:
        self._desk = desk
        self._schema = schema
        self._journal = journal
        self._signers = signers
        self._spent = Spent(desk.store)
        self._familiar = Familiar()
        self._repeated = Repeated()
        self.recorder = Recorder(desk.store, journal)

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """With and without a slash at the end; every method, since another than POST is answered 501."""
        path = prefix.rstrip("/") + PATH
        return [web.route("*", path, self.handle), web.route("*", path + "/", self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        now = clock.now()
        try:
            shown = peers.certificate(request, now)
        except CertificateError as error:
            return self._refused(request, None, 403, str(error))
        try:
            caller = self._desk.index.caller(shown.sha256)
            self.recorder.begin(request, caller, now)
            return await self._answer(request, caller, shown, now)
        except Malformed as error:
            return self._refused(request, shown, error.status, error.why)
        except Forged as error:
            return self._refused(request, shown, 403, error.why)
        except StoreAway as error:
            return self._refused(request, shown, 503, str(error))

    async def _answer(
        self, request: web.Request, caller: Caller | None, shown: PeerCertificate, now: datetime
    ) -> web.Response:
        service = _service(request)
        limit = envelope.REPORT_LIMIT if caller and service is ServiceName.REPORT else envelope.REQUEST_LIMIT
        raw = await _body(request, limit)
        self.recorder.heard(request, raw)
        policy = self._desk.terms.signatures_of(caller)
        signs = policy is SignaturePolicy.REQUIRED or SIGNED in raw
        try:
            opened = self._repeated.recognise(raw, shown.sha256, policy)
            if opened is None:
                terms = Terms(policy, shown.certificate)
                opened = envelope.open(raw, self._schema, terms, now, limit=limit, familiar=self._familiar)
                self._repeated.learn(raw, shown.sha256, policy, opened)
        except (Malformed, Forged):
            raise
        except PeerError as error:  # readable XML that says something impossible: an OpenADR answer (454)
            error = error if caller else not_registered()
            self._journal.refusal(_remote(request), _name(shown), f"{service} {error.code}", error.why)
            response = EiResponse(code=error.code, description=error.why, request_id=NO_REQUEST)
            return self._reply(Response(response=response), request, signs=signs)
        reply = await self._serve(opened, service, caller, now)
        self._tell(request, shown, opened.message, reply)
        return self._reply(reply, request, signs=signs)

    async def _serve(
        self, opened: Opened, service: ServiceName, caller: Caller | None, now: datetime
    ) -> Message:
        """Up to here a message has had no effect. Raises `Malformed`, and `Forged` for one that is there again."""
        message = opened.message
        handler = SERVICES[service].get(type(message))
        if handler is None:
            raise Malformed(f"{envelope.name_of(message)} does not belong to {service}", status=404)
        if caller:  # a stranger's message never has an effect, and must not fill our memory
            if opened.once:
                await self._spent.spend(caller.ven_id, message, opened.once)
            self._desk.index.called(caller.ven_id, now)
        return await answer(handler, message, caller, self._desk, now)

    def _reply(self, message: Message, request: web.Request, *, signs: bool) -> web.Response:
        """Signed if the request was, or must have been."""
        raw = self._signers.sign(message, peers.tls(request), clock.now()) if signs else _written(message)
        self.recorder.answered(request, message, raw)
        response = web.Response(body=raw, content_type=XML, charset="utf-8")
        if coding := _coding(request.headers.get("Accept-Encoding", "")):
            response.enable_compression(coding)  # the whole body, with its length: chunks are not allowed
        return response

    def _tell(self, request: web.Request, shown: PeerCertificate, message: Message, reply: Message) -> None:
        response: EiResponse | None = getattr(reply, "response", None)
        if response and not response.accepted:
            what = f"{envelope.name_of(message)} {response.code}"
            self._journal.refusal(_remote(request), _name(shown), what, response.description or "")

    def _refused(
        self, request: web.Request, shown: PeerCertificate | None, status: int, why: str
    ) -> web.Response:
        """A status without a body: what is undefined is left out, and the cause stays in our log."""
        self._journal.refusal(_remote(request), _name(shown), f"HTTP {status}", why)
        self.recorder.refused(request, f"HTTP {status} {why}")
        response = web.Response(status=status)
        if status == 503:
            response.headers["Retry-After"] = RETRY_AFTER
        if status in (408, 413, 415, 501):
            response.force_close()  # the rest of its body is not waited for
        return response


def _service(request: web.Request) -> ServiceName:
    """Which service is addressed, once the request has the right form. Raises `Malformed`."""
    if request.method != "POST":
        raise Malformed(f"method {request.method[:20]}", status=501)
    try:
        service = ServiceName(request.match_info["service"])
    except ValueError as error:
        raise Malformed("no such service", status=404) from error
    if request.content_type != XML or (request.charset or "utf-8").lower() != "utf-8":
        raise Malformed("wrong content type", status=406)
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Malformed("an encoded body", status=415)
    return service


async def _body(request: web.Request, limit: int) -> bytes:
    """The whole body, given up as soon as it is too long or too late. Raises `Malformed` (413, 408, 406)."""
    if (request.content_length or 0) > limit:
        raise Malformed(f"larger than {limit} bytes", status=413)
    try:
        if request.content.is_eof():  # most come together with their head: nothing is to be waited for
            body = request.content.read_nowait()
        else:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _arriving(request.content, limit)
    except TimeoutError as error:
        raise Malformed("the body does not arrive in time", status=408) from error
    except (HttpProcessingError, web.RequestPayloadError, ConnectionError, ValueError) as error:
        raise Malformed("the body does not arrive as announced") from error
    if len(body) > limit:
        raise Malformed(f"larger than {limit} bytes", status=413)
    return body


async def _arriving(content: StreamReader, limit: int) -> bytes:
    """All of it, or somewhat more than `limit`."""
    body = bytearray()
    async for chunk in content.iter_chunked(16 * 1024):
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)


def _written(message: Message) -> bytes:
    """Polls are most of the traffic, and while there is nothing to say a VEN's answer is always the same.

    Only what echoes nothing is kept, so a peer cannot make it long.
    """
    if isinstance(message, Response) and message.response.request_id == NO_REQUEST:
        return _kept(message)
    return envelope.write(message)


@lru_cache(KEPT)
def _kept(response: Response) -> bytes:
    return envelope.write(response)


@lru_cache(64)
def _coding(accepted: str) -> web.ContentCoding | None:
    """What the peer takes of what we have; a weight of 0 means that it does not."""
    weights = dict(part.replace(" ", "").partition(";")[::2] for part in accepted.lower().split(","))
    taken = {name for name, weight in weights.items() if weight.rstrip("0.") != "q="}
    return next((coding for coding in CODINGS if not taken.isdisjoint((coding.value, "*"))), None)


def _remote(request: web.Request) -> str:
    return request.remote or "?"


def _name(shown: PeerCertificate | None) -> str:
    return shown.fingerprint if shown else "-"
