"""The description of the API is made from what serves it, and says no more and no less."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.vtn.api.rooms import ANNA, Room
from vtn.api import openapi
from vtn.api.problems import Kind
from vtn.api.route import AnyRoute
from vtn.api.routes import ROUTES
from vtn.model.keys import KeyScope


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document(ROUTES)


def references(node: object) -> Iterator[str]:
    match node:
        case {"$ref": str(reference), **others}:
            yield reference
            yield from references(others)
        case dict():
            for each in node.values():
                yield from references(each)
        case list() | tuple():
            for each in node:
                yield from references(each)


def operation(document: Any, route: AnyRoute) -> Any:
    return document["paths"][route.path][route.method.lower()]


def test_every_operation_is_in_it_with_all_that_it_may_answer(document: Any) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    for route in ROUTES:
        told = set(operation(document, route)["responses"])
        assert told == {f"{one.status}" for one in route.answers} | {f"{kind.status}" for kind in route.kinds}
        assert {"401", "403", "429", "503"} <= told


def test_no_operation_has_the_name_of_another_and_each_says_what_it_takes(document: Any) -> None:
    names = [operation(document, route)["operationId"] for route in ROUTES]
    assert len(set(names)) == len(names)
    for route in ROUTES:
        one = operation(document, route)
        assert one["summary"]
        assert set(one["x-scopes"]) <= set(KeyScope)
        in_path = {each["name"] for each in one["parameters"] if each["in"] == "path"}
        assert in_path == set(route.of_path)
        assert ("requestBody" in one) is route.has_body


def test_every_schema_is_one_and_every_reference_leads_somewhere(document: Any) -> None:
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas
    for schema in schemas.values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_every_kind_of_problem_is_explained(document: Any) -> None:
    told = {one["type"]: (one["status"], one["title"]) for one in document["x-problems"]}
    assert told == {f"/api/v1/#problem-{kind}": (kind.status, kind.heading) for kind in Kind}


async def test_it_is_served_without_a_key_and_as_it_is_made(room: Room, document: Any) -> None:
    answer = await room.stranger.get("/openapi.json")
    assert answer.status == 200
    assert answer.json["paths"].keys() == document["paths"].keys()
    assert answer.json["openapi"] == "3.1.1"


async def test_what_is_answered_is_as_described(room: Room, document: Any) -> None:
    anna = await room.client(ANNA)
    found = (await anna.get("/feeders/F1")).json
    schema = {"$ref": "#/components/schemas/FeederInFull", "components": document["components"]}
    jsonschema_rs.validate(schema, found)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema, {**found, "sites": "two"})
