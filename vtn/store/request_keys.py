"""A request that brings a key of its own has one effect, and the same answer however often it comes (S5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, insert, select

from vtn.model.errors import Impossible, NotNow
from vtn.model.intervention import InterventionId
from vtn.model.people import PersonId
from vtn.model.proposal import ProposalId
from vtn.store.engine import Tx
from vtn.store.tables import request_keys

LONGEST_KEY: Final = 100
KEPT_FOR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Request:
    """Whose it is, its key, and the SHA-256 of what it asks for, in hex."""

    person_id: PersonId
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Of the two, whichever the request came to."""

    intervention_id: InterventionId | None
    number: ProposalId | None


async def effect(tx: Tx, request: Request) -> Effect | None:
    """What came of it when it was here before; None: it is new. Raises `NotNow` for a key of another request."""
    if not 0 < len(request.key) <= LONGEST_KEY or not request.key.isprintable():
        raise Impossible(f"a key of a request is one line of 1 to {LONGEST_KEY} printable characters")
    row = (await tx.execute(select(request_keys).where(_is(request)))).one_or_none()
    if row is None:
        return None
    if row.digest != request.digest:
        raise NotNow(f"the key {request.key} was used for another request")
    return Effect(row.intervention_id, row.number)


async def keep(tx: Tx, request: Request, what: Effect, now: datetime) -> None:
    """In the transaction of the effect. Of old ones, no click is repeated any more."""
    await tx.execute(delete(request_keys).where(request_keys.c.at < now - KEPT_FOR))
    await tx.execute(
        insert(request_keys).values(
            person_id=request.person_id,
            key=request.key,
            digest=request.digest,
            at=now,
            intervention_id=what.intervention_id,
            number=what.number,
        )
    )


def _is(request: Request) -> ColumnElement[bool]:
    return (request_keys.c.person_id == request.person_id) & (request_keys.c.key == request.key)
