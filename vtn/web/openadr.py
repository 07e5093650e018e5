"""The five addresses of Simple HTTP (r511). Input can cause a refusal, never a 500.

POST, right type, no encoding, not too big --> safe XML, valid --> let in --> service --> 200 with an OpenADR answer
  501   406         415          413, 408        406     406        503       503 when the store is away or slow
                                                         403 when it is not signed as it ought to be (r514)
"""

import asyncio
from datetime import datetime
from time import monotonic
from typing import Final

from aiohttp import web

from certs import CertificateError, PeerCertificate
from oadr.wire import envelope
from oadr.wire.envelope import Opened, Terms
from oadr.wire.errors import Forged, Malformed, PeerError
from oadr.wire.familiar import Familiar
from oadr.wire.ids import NO_REQUEST
from oadr.wire.messages import CreatedEvent, Message, Poll, RequestEvent, Response
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ServiceName
from oadr.wire.schema import Schema
from oadr.wire.signature import SignaturePolicy
from vtn import clock
from vtn.model.registration import Caller
from vtn.service.desk import Desk
from vtn.service.dispatch import SERVICES, Handler, answer
from vtn.service.refusals import not_registered
from vtn.store.engine import StoreAway
from vtn.web import intake, peers, replies
from vtn.web.admission import Admission, Kind, Later, kind_of
from vtn.web.budget import Budget
from vtn.web.intake import XML
from vtn.web.journal import Journal
from vtn.web.metrics import Metrics, Result
from vtn.web.once import Spent
from vtn.web.recorder import Recorder
from vtn.web.repeated import Repeated
from vtn.web.request_ids import HEADER, RequestIds

PATH: Final = "/OpenADR2/Simple/2.0b/{service}"
SIGNED: Final = b"SignatureValue"
"""Stands in every signed message. One that only has these letters in a text gets a signature too, to no harm."""
URGENT: Final = (Poll, RequestEvent, CreatedEvent)
"""What has places of its own at the store (VT07)."""


class Endpoint:
    """One handler for all five services."""

    def __init__(self, desk: Desk, schema: Schema, journal: Journal, metrics: Metrics) -> None:
        self._desk = desk
        self._schema = schema
        self._journal = journal
        self._metrics = metrics
        self._ids = RequestIds()
        self._spent = Spent(desk.store)
        self._familiar = Familiar()
        self._repeated = Repeated()
        self.admission = Admission()
        self.budget = Budget()
        self.doubt: str | None = None
        """Why the clock cannot be believed: no list of events is made by it (VT09)."""
        self.recorder = Recorder(desk.store, journal)

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """With and without a slash at the end; every method, since another than POST is answered 501."""
        path = prefix.rstrip("/") + PATH
        return [web.route("*", path, self.handle), web.route("*", path + "/", self.handle)]

    async def settle(self, _: object = None) -> None:
        """What waits for the store comes to its end. For the end of the server, before its store is closed."""
        await self.budget.settle()
        await asyncio.gather(*self._desk.begun)
        await self.recorder.settle()

    async def handle(self, request: web.Request) -> web.Response:
        """Counted and timed, and told by its name; what becomes of it is decided below."""
        begun, result = monotonic(), Result.FAILED
        try:
            response, result = await self._judged(request, clock.now())
        finally:
            if result is Result.FAILED:
                self._ids.name()  # of a fault of ours aiohttp writes the line
            asked = request.match_info["service"]
            self._metrics.requests.add(asked, result)
            self._metrics.request_seconds.took(monotonic() - begun, asked)
        if result is not Result.NOTHING:
            response.headers[HEADER] = self._ids.name()
        return response

    async def _judged(self, request: web.Request, now: datetime) -> tuple[web.Response, Result]:
        try:
            shown = peers.certificate(request, now)
        except CertificateError as error:
            return self._refused(request, None, 403, str(error)), Result.REFUSED
        try:
            caller = self._desk.index.caller(shown.sha256)
            self.recorder.begin(request, caller, now)
            return await self._answer(request, caller, shown, now)
        except Malformed as error:
            return self._refused(request, shown, error.status, error.why), Result.REFUSED
        except Forged as error:
            return self._refused(request, shown, 403, error.why), Result.REFUSED
        except StoreAway as error:
            response = self._refused(request, shown, 503, str(error))
            return _later(response, self.admission.later()), Result.LATER
        except Later as later:  # no line for each: they are a whole fleet
            self._metrics.refusals.add("http_503")
            self._journal.turned_away()
            self.recorder.refused(request, "HTTP 503 others come first")
            return _later(web.Response(status=503), later.seconds), Result.LATER

    async def _answer(
        self, request: web.Request, caller: Caller | None, shown: PeerCertificate, now: datetime
    ) -> tuple[web.Response, Result]:
        service = intake.service(request)
        limit = envelope.REPORT_LIMIT if caller and service is ServiceName.REPORT else envelope.REQUEST_LIMIT
        raw = await intake.body(request, limit)
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
            self._tell(request, shown, f"{service} {error.code}", error.code, error.why)
            response = EiResponse(code=error.code, description=error.why, request_id=NO_REQUEST)
            return self._reply(Response(response=response), request, signs=signs), Result.REFUSED
        reply = await self._serve(opened, service, caller, now)
        result = self._result(request, shown, opened.message, reply)
        return self._reply(reply, request, signs=signs), result

    async def _serve(
        self, opened: Opened, service: ServiceName, caller: Caller | None, now: datetime
    ) -> Message:
        """Up to here a message has had no effect. Raises `Malformed`, `Later`, and `StoreAway`."""
        message = opened.message
        handler = SERVICES[service].get(type(message))
        if handler is None:
            raise Malformed(f"{envelope.name_of(message)} does not belong to {service}", status=404)
        if caller is None:  # a stranger's message never has an effect, and must not fill our memory
            return await answer(handler, message, caller, self._desk, now)
        self._admit(kind_of(message))
        index = self._desk.index
        if type(message) is Poll and (
            index.ticket(caller.ven_id) is None or index.is_waiting(caller.ven_id, now)
        ):
            return await self._act(opened, handler, caller, now)  # it needs no place at the store
        self._ids.name()
        if self.doubt and isinstance(message, (Poll, RequestEvent)):
            raise StoreAway(f"the clock is in doubt: {self.doubt}")
        places = self.budget.urgent if isinstance(message, URGENT) else self.budget.others
        return await places.serve(lambda: self._act(opened, handler, caller, now))

    async def _act(self, opened: Opened, handler: Handler, caller: Caller, now: datetime) -> Message:
        """Raises `Forged` for a message that is there again."""
        if opened.once:
            await self._spent.spend(caller.ven_id, opened.message, opened.once)
        self._desk.index.called(caller.ven_id, now)
        return await answer(handler, opened.message, caller, self._desk, now)

    def _admit(self, kind: Kind) -> None:
        """Raises `Later`."""
        if kind is Kind.FREE:
            return
        seconds = self.admission.admit(kind, self._desk.index.fleet, monotonic())
        self._metrics.admissions.add(kind, "in" if seconds is None else "later")
        if seconds is not None:
            raise Later(seconds)

    def _reply(self, message: Message, request: web.Request, *, signs: bool) -> web.Response:
        """Signed if the request was, or must have been."""
        if signs:
            through = peers.connection(request)
            raw = through.signers.sign(message, through.tls, clock.now())
        else:
            raw = replies.written(message)
        self.recorder.answered(request, message, raw)
        response = web.Response(body=raw, content_type=XML, charset="utf-8")
        if coding := replies.coding(request.headers.get("Accept-Encoding", "")):
            response.enable_compression(coding)  # the whole body, with its length: chunks are not allowed
        return response

    def _result(
        self, request: web.Request, shown: PeerCertificate, message: Message, reply: Message
    ) -> Result:
        """What came of it; a refusal is told."""
        response: EiResponse | None = getattr(reply, "response", None)
        if response and not response.accepted:
            what = f"{envelope.name_of(message)} {response.code}"
            self._tell(request, shown, what, response.code, response.description or "")
            return Result.REFUSED
        if type(message) is Poll:
            return Result.NOTHING if type(reply) is Response else Result.MAIL
        return Result.ANSWERED

    def _tell(self, request: web.Request, shown: PeerCertificate, what: str, code: str, why: str) -> None:
        self._ids.name()
        self._metrics.refusals.add(f"openadr_{code}")
        self._journal.refusal(_remote(request), _name(shown), what, why)

    def _refused(
        self, request: web.Request, shown: PeerCertificate | None, status: int, why: str
    ) -> web.Response:
        """A status without a body: what is undefined is left out, and the cause stays in our log."""
        self._ids.name()
        self._metrics.refusals.add(f"http_{status}")
        self._journal.refusal(_remote(request), _name(shown), f"HTTP {status}", why)
        self.recorder.refused(request, f"HTTP {status} {why}")
        response = web.Response(status=status)
        if status in (408, 413, 415, 501):
            response.force_close()  # the rest of its body is not waited for
        return response


def _later(response: web.Response, seconds: int) -> web.Response:
    response.headers["Retry-After"] = str(seconds)
    return response


def _remote(request: web.Request) -> str:
    return request.remote or "?"


def _name(shown: PeerCertificate | None) -> str:
    return shown.fingerprint if shown else "-"
