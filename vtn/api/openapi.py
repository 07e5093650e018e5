"""The API's description, OpenAPI 3.1, made from the same declarations that serve it."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from vtn.api import problems, table
from vtn.api.gate import ROOT
from vtn.api.paging import Table
from vtn.api.problems import Kind, Problem
from vtn.api.route import IDEMPOTENCY_KEY, IF_MATCH, JSON, Answer, AnyRoute
from vtn.api.table import Rows
from vtn.model.keys import KeyScope
from vtn.store.request_keys import LONGEST_KEY
from vtn.web.request_ids import HEADER

TEMPLATE: Final = "#/components/schemas/{model}"
SCHEME: Final = "key"
ABOUT: Final = """\
Limits for feeders, given, watched and taken back by programs. A key goes into every request, as
`Authorization: Bearer fg_...`; it opens what its scopes say and never more than the roles of its person allow. What
takes two people takes two people here as well: such an order is answered with 202 and waits for another person's word.

Every answer has an `X-Request-ID`, by which the server's log knows the request. Refusals are problem details
(RFC 9457). Lists come in pages: `next`, or the `Link` header, leads on.
"""
_HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ETag": {"description": "The modification, in quotes.", "schema": {"type": "string"}},
    "Location": {"description": "Where it is from now on.", "schema": {"type": "string"}},
    "Link": {"description": "The next page, if there is one (RFC 8288).", "schema": {"type": "string"}},
}
_REQUEST_ID: Final = {"description": "By it the log has the same request.", "schema": {"type": "string"}}
_RETRY: Final = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}

Schemas = Mapping[Any, Mapping[str, Any]]
"""By form, and by whether it goes in or out."""


def document(routes: Iterable[AnyRoute], server: str = ROOT) -> dict[str, Any]:
    every = tuple(routes)
    references, definitions = models_json_schema(_forms(every), ref_template=TEMPLATE)
    paths: dict[str, dict[str, Any]] = {}
    for route in every:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.1",
        "info": {"title": "Feederguard", "version": version("feederguard"), "description": ABOUT},
        "servers": [{"url": server}],
        "tags": [{"name": name} for name in dict.fromkeys(route.tag for route in every)],
        "security": [{SCHEME: []}],
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {
                SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"Scopes: {', '.join(KeyScope)}.",
                }
            },
        },
        "x-problems": [
            {"type": f"{problems.ANCHOR}{kind}", "status": kind.status, "title": kind.heading}
            for kind in Kind
        ],
    }


def _forms(routes: Iterable[AnyRoute]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    found: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for route in routes:
        if route.has_body:
            found[route.body, "validation"] = None
        for answer in route.answers:
            if answer.form is not None:
                found[answer.form, "serialization"] = None
    return list(found)


def _operation(route: AnyRoute, references: Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Takes the scope {' or '.join(f'`{scope}`' for scope in route.scopes)}.",
        "tags": [route.tag],
        "parameters": [*_parameters(route), *_headers(route)],
        "responses": {
            **{str(answer.status): _response(route, answer, references) for answer in route.answers},
            **{str(kind.status): _refusal(kind, references) for kind in route.kinds},
        },
        "x-scopes": list(route.scopes),
    }
    if route.has_body:
        schema = references[route.body, "validation"]
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return made


def _parameters(route: AnyRoute) -> Iterable[dict[str, Any]]:
    schema = route.asked.model_json_schema(ref_template=TEMPLATE)
    inner = schema.get("$defs", {})
    for name, each in schema.get("properties", {}).items():
        is_of_path = name in route.of_path
        plain = _inlined(each, inner)
        yield {
            "name": name,
            "in": "path" if is_of_path else "query",
            "required": is_of_path or name in schema.get("required", ()),
            **({"description": plain.pop("description")} if "description" in plain else {}),
            "schema": plain,
        }


def _inlined(schema: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """As one plain schema: a parameter that is left out is no null."""
    made = {key: value for key, value in schema.items() if key not in ("title", "anyOf", "$ref")}
    if made.get("default", "") is None:
        del made["default"]
    if reference := schema.get("$ref"):
        made |= {
            key: value
            for key, value in inner[reference.rpartition("/")[2]].items()
            if key not in ("title", "description")
        }
    for branch in schema.get("anyOf", ()):
        if branch.get("type") != "null":
            made |= {
                **_inlined(branch, inner),
                **({"description": made["description"]} if "description" in made else {}),
            }
    return made


def _headers(route: AnyRoute) -> Iterable[dict[str, Any]]:
    if route.takes_key or route.may_take_key:
        yield {
            "name": IDEMPOTENCY_KEY,
            "in": "header",
            "required": route.takes_key,
            "description": "Of your own making, such as a UUID: the same request with the same key has one effect.",
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
        }
    if route.takes_match:
        yield {
            "name": IF_MATCH,
            "in": "header",
            "required": True,
            "description": "The ETag of the modification that you have seen.",
            "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
        }
    if route.resumes:
        yield {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "description": "The last one seen: what has changed since is told at once.",
            "schema": {"type": "string", "maxLength": 100},
        }


def _response(route: AnyRoute, answer: Answer, references: Schemas) -> dict[str, Any]:
    headers = {HEADER: _REQUEST_ID, **{name: _HEADERS[name] for name in answer.headers}}
    made: dict[str, Any] = {"description": answer.says, "headers": headers}
    if answer.form is not None:
        content: dict[str, Any] = {answer.media: {"schema": references[answer.form, "serialization"]}}
        if issubclass(answer.form, Rows) and issubclass(route.asked, Table):
            content[table.MEDIA] = {"schema": {"type": "string"}}
            headers["Link"] = _HEADERS["Link"]
        made["content"] = content
    elif answer.media != JSON:
        made["content"] = {answer.media: {"schema": {"type": "string"}}}
    return made


def _refusal(kind: Kind, references: Schemas) -> dict[str, Any]:
    headers: dict[str, Any] = {HEADER: _REQUEST_ID}
    if kind in (Kind.TOO_MANY, Kind.AWAY):
        headers["Retry-After"] = _RETRY
    return {
        "description": kind.heading,
        "headers": headers,
        "content": {problems.CONTENT_TYPE: {"schema": references[Problem, "serialization"]}},
    }
