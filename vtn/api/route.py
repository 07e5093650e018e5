"""One operation of the API, declared once: its handler, its description and its checks all come from here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel

from vtn.api.changes import Changes
from vtn.api.forms import Nothing
from vtn.api.problems import Kind, Refused
from vtn.config import Settings
from vtn.model.keys import ApiKey, KeyScope
from vtn.model.people import Person
from vtn.store import people
from vtn.store.engine import Store, Tx

P = TypeVar("P", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)

JSON: Final = "application/json"
LINES: Final = "application/jsonl"
EVENTS: Final = "text/event-stream"
BODY_LIMIT: Final = 64 * 1024
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
IF_MATCH: Final = "If-Match"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What every handler works with."""

    settings: Settings
    store: Store
    key: Ed25519PrivateKey
    """Signs the record, not requests."""
    clock: Callable[[], datetime]
    changes: Changes = field(default_factory=Changes)
    doubt: Callable[[], str | None] = lambda: None
    """Why the clock cannot be believed now; None: it can (VT09)."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is. Roles and key are as they stood when the request came."""

    account: str
    person: Person
    key: ApiKey
    scopes: frozenset[KeyScope]
    """Those that the key has and its person's roles allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, past its checks."""

    office: Office
    caller: Caller
    now: datetime
    idempotency_key: str | None = None
    if_match: int | None = None
    """The modification that the caller has seen."""
    last_event_id: str | None = None

    @property
    def store(self) -> Store:
        return self.office.store

    async def myself(self, tx: Tx) -> Person:
        """With the roles of this very transaction."""
        return await people.meet(tx, self.caller.account)

    def trust_clock(self) -> None:
        """Nothing is ordered by a clock in doubt; what gives load back is not kept waiting."""
        if doubt := self.office.doubt():
            raise Refused(
                Kind.AWAY, f"the server's clock is in doubt, so nothing is ordered: {doubt}", (), 30
            )


Write = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    form: BaseModel | None = None
    """None: there is nothing to say, or `stream` says it."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Callable[[Write], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A way in which it may go well."""

    status: int
    says: str
    form: type[BaseModel] | None = None
    media: str = JSON
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[P, B]):
    method: str
    path: str
    """Below `/api/v1`; what stands in braces is a field of `asked`."""
    name: str
    summary: str
    tag: str
    scopes: tuple[KeyScope, ...]
    """One of them is enough."""
    asked: type[P]
    """Path and query."""
    body: type[B]
    handle: Callable[[Call, P, B], Awaitable[Reply]]
    answers: tuple[Answer, ...]
    refusals: tuple[Kind, ...] = ()
    """Beside those that follow from the rest."""
    takes_key: bool = False
    """An `Idempotency-Key`, without which it does nothing."""
    may_take_key: bool = False
    takes_match: bool = False
    """An `If-Match`, without which it does nothing."""
    resumes: bool = False
    """It knows `Last-Event-ID`."""

    @property
    def of_path(self) -> tuple[str, ...]:
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def has_body(self) -> bool:
        return self.body is not Nothing

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Every way in which it may be refused."""
        found = [Kind.NO_KEY, Kind.NOT_YOURS, Kind.TOO_MANY, Kind.AWAY, *self.refusals]
        if self.of_path:
            found.append(Kind.UNKNOWN)
        if set(self.asked.model_fields) - set(self.of_path):
            found.append(Kind.INVALID)
        if self.has_body:
            found += [Kind.MALFORMED, Kind.TOO_SLOW, Kind.TOO_LARGE, Kind.NO_JSON, Kind.INVALID]
        if self.takes_key or self.may_take_key:
            found += [Kind.MALFORMED, Kind.INVALID]
        if self.takes_match:
            found += [Kind.MALFORMED, Kind.STALE, Kind.UNCONDITIONAL]
        return tuple(sorted(set(found), key=lambda kind: kind.status))


AnyRoute = Route[Any, Any]
HTTP_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
