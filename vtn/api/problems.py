"""What goes wrong, as problem details (RFC 9457): each kind has a status, a title, and an anchor on the API's page."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from vtn.model.errors import Impossible, Mistake, NotAllowed, Stale

CONTENT_TYPE: Final = "application/problem+json"
MOST_ERRORS: Final = 20
LONGEST: Final = 300
RETRY_SECONDS: Final = 5


class _Sort(NamedTuple):
    status: int
    heading: str


class Kind(StrEnum):
    MALFORMED = "malformed"
    NO_KEY = "no-key"
    NOT_YOURS = "not-yours"
    UNKNOWN = "unknown"
    METHOD = "method"
    TOO_SLOW = "too-slow"
    NOT_NOW = "not-now"
    STALE = "stale"
    TOO_LARGE = "too-large"
    NO_JSON = "no-json"
    INVALID = "invalid"
    UNCONDITIONAL = "unconditional"
    TOO_MANY = "too-many"
    OURS = "ours"
    AWAY = "away"

    @property
    def status(self) -> int:
        return _SORTS[self].status

    @property
    def heading(self) -> str:
        return _SORTS[self].heading


_SORTS: Final = {
    Kind.MALFORMED: _Sort(400, "This is no request that can be read"),
    Kind.NO_KEY: _Sort(401, "This takes a key that holds"),
    Kind.NOT_YOURS: _Sort(403, "This key, or its person, may not do this"),
    Kind.UNKNOWN: _Sort(404, "There is no such thing"),
    Kind.METHOD: _Sort(405, "This cannot be done to it"),
    Kind.TOO_SLOW: _Sort(408, "The request did not come to its end in time"),
    Kind.NOT_NOW: _Sort(409, "It does not fit what there is"),
    Kind.STALE: _Sort(412, "It is not what it was when you looked"),
    Kind.TOO_LARGE: _Sort(413, "The body is too large"),
    Kind.NO_JSON: _Sort(415, "The body must be JSON"),
    Kind.INVALID: _Sort(422, "The request makes no sense as it is"),
    Kind.UNCONDITIONAL: _Sort(428, "Say which modification you have seen"),
    Kind.TOO_MANY: _Sort(429, "Too many at once"),
    Kind.OURS: _Sort(500, "This is a fault of ours"),
    Kind.AWAY: _Sort(503, "The server cannot do this now"),
}
ANCHOR: Final = "/api/v1/#problem-"


class Fault(BaseModel):
    """One thing that is wrong with a request, and where."""

    model_config = ConfigDict(frozen=True)

    pointer: str | None = None
    """In the body, as a JSON pointer."""
    parameter: str | None = None
    """Or in the URL or the headers, by name."""
    detail: str


class Problem(BaseModel):
    """Why a request was refused."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="Names the kind of problem, and leads to its explanation.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="By it the server's log has the same request.")
    errors: tuple[Fault, ...] = ()


@dataclass
class Refused(Exception):
    """Becomes a `Problem` where the request is known."""

    kind: Kind
    detail: str
    errors: tuple[Fault, ...] = ()
    retry_after: int | None = None
    """Seconds."""

    def __post_init__(self) -> None:
        super().__init__(self.detail)

    def told(self, instance: str, request_id: str) -> Problem:
        return Problem(
            type=f"{ANCHOR}{self.kind}",
            title=self.kind.heading,
            status=self.kind.status,
            detail=self.detail,
            instance=instance,
            request_id=request_id,
            errors=self.errors,
        )


def unknown(what: str) -> Refused:
    return Refused(Kind.UNKNOWN, f"there is no {what}")


def of_mistake(error: Mistake) -> Refused:
    """What the model refuses. It speaks as to a command line, whose options have other names here."""
    detail = _OPTION.sub(lambda found: _FIELDS.get(found[0], found[0].removeprefix("--")), error.why)
    named = tuple(dict.fromkeys(_FIELDS[each] for each in _OPTION.findall(error.why) if each in _FIELDS))
    errors = tuple(Fault(pointer=f"/{each}", detail=detail) for each in named)
    match error:
        case Impossible():
            return Refused(Kind.INVALID, detail, errors)
        case NotAllowed():
            return Refused(Kind.NOT_YOURS, detail)
        case Stale():
            return Refused(Kind.STALE, detail)
    return Refused(Kind.NOT_NOW, detail, errors)


_FIELDS: Final = {
    "--percent": "percent",
    "--for": "seconds",
    "--from": "start",
    "--randomise": "randomise_s",
    "--reason": "reason",
    "--need": "need_w",
}
_OPTION: Final = re.compile(r"--[a-z0-9]+")


def of_body(error: ValidationError) -> Refused:
    faults = tuple(
        Fault(pointer="".join(f"/{_escaped(step)}" for step in each["loc"]), detail=_plain(each["msg"]))
        for each in _first(error)
    )
    is_json = not any(each["type"] == "json_invalid" for each in _first(error))
    kind = Kind.INVALID if is_json else Kind.MALFORMED
    return Refused(kind, "the body is not what this takes" if is_json else "the body is no JSON", faults)


def of_parameters(error: ValidationError, of_path: Iterable[str]) -> Refused:
    """What cannot even be a name in a path names nothing."""
    names = frozenset(of_path)
    faults = tuple(
        Fault(parameter=str(each["loc"][0]) if each["loc"] else None, detail=_plain(each["msg"]))
        for each in _first(error)
    )
    if any(fault.parameter in names for fault in faults):
        return Refused(Kind.UNKNOWN, "nothing can have this name", faults)
    return Refused(Kind.INVALID, "a parameter is not what this takes", faults)


def _first(error: ValidationError) -> list[ErrorDetails]:
    """Without what was sent: it may be a secret in the wrong place."""
    return error.errors(include_url=False, include_context=False, include_input=False)[:MOST_ERRORS]


def _escaped(step: object) -> str:
    """As RFC 6901 wants it."""
    return f"{step}"[:LONGEST].replace("~", "~0").replace("/", "~1")


def _plain(text: object) -> str:
    return f"{text}"[:LONGEST].removeprefix("Value error, ")
