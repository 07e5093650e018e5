"""Every request comes through here: who asks, may they, what do they ask for, and what they are told.

Whatever goes wrong leaves as problem details. What input can cause is refused; only a fault of ours is a 500.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ValidationError

from vtn.api import keyring, problems, table
from vtn.api.forms import Nothing
from vtn.api.paging import Format, Page, Table
from vtn.api.problems import Kind, Refused
from vtn.api.route import (
    BODY_LIMIT,
    HTTP_METHODS,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    JSON,
    AnyRoute,
    Call,
    Caller,
    Handler,
    Office,
    Reply,
)
from vtn.api.table import Rows
from vtn.api.throttle import Throttle
from vtn.model.errors import Mistake
from vtn.store.engine import StoreAway
from vtn.web.journal import Journal
from vtn.web.request_ids import HEADER, RequestIds

ROOT: Final = "/api/v1"
LINE_END: Final = b"\n"
"""So that a prompt does not stand behind an answer."""
BODY_SECONDS: Final = 10.0
"""For a body to come to its end."""
SAFE: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "feederguard",
}


class Gate:
    def __init__(self, office: Office, routes: Iterable[AnyRoute], journal: Journal) -> None:
        self._office = office
        self._routes = tuple(routes)
        self._journal = journal
        self._throttle = Throttle()
        self._ids = RequestIds()

    def application(self) -> web.Application:
        @web.middleware
        async def framed(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._framed(request, handler)

        made = web.Application(middlewares=[framed])
        for route in self._routes:
            made.router.add_route(route.method, f"{ROOT}{route.path}", self._served(route))
        return made

    async def _framed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A name for the request, and words for whatever goes wrong."""
        taken = self._ids.name()
        try:
            response = await handler(request)
        except Refused as refused:
            response = self._refusal(request, refused, taken)
        except web.HTTPException as error:
            response = self._refusal(request, _of_http(error), taken)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except Mistake as mistake:
            response = self._refusal(request, problems.of_mistake(mistake), taken)
        except StoreAway as error:
            self._journal.trouble("store away", str(error))
            away = Refused(Kind.AWAY, "the store cannot be used now", (), problems.RETRY_SECONDS)
            response = self._refusal(request, away, taken)
        except Exception as error:  # nobody is left without an answer, and ours is the fault
            self._journal.trouble("api", f"{type(error).__name__}: {error}")
            response = self._refusal(request, Refused(Kind.OURS, "it is in the log"), taken)
        if not response.prepared:
            response.headers.update({**SAFE, HEADER: taken})
        return response

    def _refusal(self, request: web.Request, refused: Refused, taken: str) -> web.Response:
        body = refused.told(request.path, taken).model_dump_json(exclude_none=True).encode() + LINE_END
        response = web.Response(status=refused.kind.status, body=body, content_type=problems.CONTENT_TYPE)
        if refused.retry_after is not None:
            response.headers["Retry-After"] = str(refused.retry_after)
        if refused.kind is Kind.NO_KEY:
            response.headers["WWW-Authenticate"] = keyring.SCHEME
        if refused.kind in (Kind.TOO_LARGE, Kind.TOO_SLOW):
            response.force_close()  # what is left of the body is nothing that anybody reads
        return response

    def _served(self, route: AnyRoute) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            caller = await self._caller(request)
            if caller.scopes.isdisjoint(route.scopes):
                raise Refused(
                    Kind.NOT_YOURS,
                    f"this takes the scope {' or '.join(sorted(route.scopes))}; "
                    f"this key has {', '.join(sorted(caller.scopes)) or 'none'}",
                )
            asked = _asked(route, request)
            call = self._call(route, request, caller)
            body = await _body(route, request)
            reply = await route.handle(call, asked, body)
            if route.method != "GET":
                self._journal.happened(
                    "api",
                    operation=route.name,
                    status=reply.status,
                    key=caller.key.key_id,
                    person=caller.person.person_id,
                )
            return await self._answer(route, request, asked, reply)

        return serve

    async def _caller(self, request: web.Request) -> Caller:
        shown = keyring.read(request.headers.get("Authorization"))
        if shown is not None:
            async with self._office.store.reading() as tx:
                found = await keyring.caller(tx, *shown, self._office.clock())
            if found is not None:
                return found
        address = request.remote or "-"
        if wait := self._throttle.failed(address, asyncio.get_running_loop().time()):
            raise Refused(Kind.TOO_MANY, "too many wrong keys came from this address", (), wait)
        self._journal.refusal(address, f"api {address}", request.method, "no key that holds")
        raise Refused(
            Kind.NO_KEY, "send a key as `Authorization: Bearer fg_...`; an admin makes one: vtn key add"
        )

    def _call(self, route: AnyRoute, request: web.Request, caller: Caller) -> Call:
        key = request.headers.get(IDEMPOTENCY_KEY)
        if route.takes_key and key is None:
            raise Refused(
                Kind.MALFORMED,
                f"send an {IDEMPOTENCY_KEY} of your own, such as a UUID, so that a repeated "
                "request has one effect",
            )
        return Call(
            office=self._office,
            caller=caller,
            now=self._office.clock(),
            idempotency_key=key if route.takes_key or route.may_take_key else None,
            if_match=_modification(request) if route.takes_match else None,
            last_event_id=request.headers.get("Last-Event-ID") if route.resumes else None,
        )

    async def _answer(
        self, route: AnyRoute, request: web.Request, asked: BaseModel, reply: Reply
    ) -> web.StreamResponse:
        headers = {**SAFE, **_next(request, reply.form), **reply.headers}
        if reply.stream is not None:
            media = next(each.media for each in route.answers if each.status == reply.status)
            return await _streamed(request, reply, {**headers, "Content-Type": media})
        if reply.form is None:
            return web.Response(status=reply.status, headers=headers)
        if isinstance(reply.form, Rows) and _wants_csv(asked, request):
            body = table.write(reply.form)
            return web.Response(
                status=reply.status, body=body, headers={**headers, "Content-Type": table.CONTENT_TYPE}
            )
        raw = reply.form.model_dump_json().encode() + LINE_END
        return web.Response(status=reply.status, body=raw, headers={**headers, "Content-Type": JSON})


async def _streamed(request: web.Request, reply: Reply, headers: Mapping[str, str]) -> web.StreamResponse:
    assert reply.stream is not None
    response = web.StreamResponse(status=reply.status, headers=headers)
    await response.prepare(request)
    try:
        await reply.stream(response.write)
        await response.write_eof()
    except (ConnectionError, StoreAway):
        response.force_close()  # the listener has gone, or must come again and say what it has seen
    return response


def _asked(route: AnyRoute, request: web.Request) -> BaseModel:
    given: dict[str, Any] = dict(request.match_info)
    for name in request.query:
        values = request.query.getall(name)
        if name in given or len(values) > 1:
            raise Refused(
                Kind.INVALID,
                "a parameter is not what this takes",
                (problems.Fault(parameter=name, detail="is given twice"),),
            )
        given[name] = values[0]
    try:
        asked: BaseModel = route.asked.model_validate_strings(given)
    except ValidationError as error:
        raise problems.of_parameters(error, route.of_path) from error
    return asked


async def _body(route: AnyRoute, request: web.Request) -> BaseModel:
    if not route.has_body:
        return Nothing()
    if request.content_type != JSON or request.headers.get("Content-Encoding"):
        raise Refused(Kind.NO_JSON, f"send the body as {JSON}, not packed")
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                raw += chunk
                if len(raw) > BODY_LIMIT:
                    raise Refused(Kind.TOO_LARGE, f"a body has at most {BODY_LIMIT} bytes")
    except TimeoutError as error:
        raise Refused(Kind.TOO_SLOW, f"the body did not end within {BODY_SECONDS:.0f} s") from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise Refused(Kind.MALFORMED, "the body broke off") from error
    try:
        body: BaseModel = route.body.model_validate_json(bytes(raw))
    except ValidationError as error:
        raise problems.of_body(error) from error
    return body


def _modification(request: web.Request) -> int:
    text = request.headers.get(IF_MATCH)
    if text is None:
        raise Refused(Kind.UNCONDITIONAL, f"send the ETag of what you have seen as {IF_MATCH}")
    digits = text.strip().removeprefix('"').removesuffix('"')
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 9):
        raise Refused(Kind.MALFORMED, f'{IF_MATCH} is one ETag of an intervention, such as "0"')
    return int(digits)


def _wants_csv(asked: BaseModel, request: web.Request) -> bool:
    if not isinstance(asked, Table):
        return False
    if asked.format is not None:
        return asked.format is Format.CSV
    first = request.headers.get("Accept", "").split(",")[0]
    return first.split(";")[0].strip().lower() == table.MEDIA


def _next(request: web.Request, form: BaseModel | None) -> dict[str, str]:
    """The way on stands in a header as well: CSV has no place for it (RFC 8288)."""
    if not isinstance(form, Page) or form.next is None:
        return {}
    return {"Link": f'<{request.rel_url.update_query(after=form.next)}>; rel="next"'}


def _of_http(error: web.HTTPException) -> Refused:
    match error.status:
        case 404:
            return problems.unknown("such path; they are all listed at /api/v1/")
        case 405:
            return Refused(Kind.METHOD, f"this path takes {', '.join(sorted(_allowed(error)))}")
        case 413:
            return Refused(Kind.TOO_LARGE, "the request is too large")
    return Refused(Kind.MALFORMED, "this is no request that can be read")


def _allowed(error: web.HTTPException) -> frozenset[str]:
    return HTTP_METHODS & frozenset(error.headers.get("Allow", "").split(","))
