"""Whatever its own description allows, and much that it does not: no fault of ours, and no answer but those described.

The requests are schemathesis's. It knows nothing of what there is, so every other one is aimed at something.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.vtn.api import rooms
from tests.vtn.api.rooms import ORDER, Room
from vtn.api.routes import ROUTES
from vtn.model.people import Role
from vtn.store import people

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
EXAMPLES: Final = 6
"""Of each operation, so many that keep to its description and so many that do not."""


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(port: int, token: str, known: Mapping[str, Any]) -> Counter[tuple[str, int]]:
    """How often each operation answered what."""
    url = f"http://127.0.0.1:{port}/api/v1/openapi.json"
    schema = schemathesis.openapi.from_url(url).exclude(path="/changes")
    answers: Counter[tuple[str, int]] = Counter()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        for mode in GenerationMode:
            _ask(operation, mode, token, known, answers)
    return answers


def _ask(
    operation: Any, mode: GenerationMode, token: str, known: Mapping[str, Any], answers: Counter[Any]
) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def check(case: Any) -> None:
        turn.append(case)
        if len(turn) % 2:
            _aim(case, known)
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        answers[operation.label, response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    turn: list[Any] = []
    check()


def _aim(case: Any, known: Mapping[str, Any]) -> None:
    """At something that exists."""
    for name in case.path_parameters or ():
        case.path_parameters[name] = known[name]
    if isinstance(case.body, dict) and "feeders" in case.body:
        case.body.update(ORDER)
    if isinstance(case.body, dict) and "person" in case.body:
        case.body["person"] = known["person"]


async def test_nothing_that_is_asked_has_an_answer_that_is_not_described(room: Room) -> None:
    async with room.world.store.writing() as tx:
        await people.name(tx, "api:all", frozenset(Role))
    everybody, anna = await room.client("api:all"), await room.client(rooms.ANNA)
    key = (await anna.get("/me")).json
    its = await rooms.given(anna)
    await anna.post("/proposals", {**ORDER, "feeders": ["F2"]})
    pulled = await anna.post("/halts", {"programme": "price", "reason": "just so"})
    assert pulled.status == 201
    known = {
        "feeder": "F1",
        "site": "home",
        "intervention": its,
        "proposal": 1,
        "halt": 1,
        "key": key["key"],
        "person": key["person"],
    }
    assert everybody.token is not None
    answers = await asyncio.to_thread(ask, room.port.port, everybody.token, known)
    asked = {operation for operation, _ in answers}
    assert len(asked) == len(ROUTES) - 1, "all but the stream, which has no end"
    answered = {operation for operation, status in answers if status < 400}
    assert len(answered) > len(asked) * 2 / 3, "most were not turned away at the door"
    faults = [fields for level, what, fields in room.log.lines if (level, what) == ("error", "api")]
    assert faults == []
