"""What came of an act, and what comes of the same request when it is repeated: the same, and no second effect (S5)."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Self

from vtn.model.intervention import Intervention
from vtn.model.people import Person
from vtn.model.proposal import Proposal
from vtn.store import interventions, proposals, request_keys
from vtn.store.engine import Tx
from vtn.store.request_keys import Effect, Request


@dataclass(frozen=True, slots=True)
class Key:
    """Of a request that may come twice: what its sender called it, and the SHA-256 of what it asks for, in hex."""

    text: str
    digest: str

    @classmethod
    def of(cls, text: str, body: bytes) -> Self:
        return cls(text, sha256(body).hexdigest())


@dataclass(frozen=True, slots=True)
class Came:
    """An intervention that holds, a proposal that waits, or both, once it was approved."""

    intervention: Intervention | None
    proposal: Proposal | None


async def before(tx: Tx, person: Person, key: Key | None) -> Came | None:
    """What came of the request when it was here, as it stands now; None: it is new. Raises a `Mistake`."""
    if key is None:
        return None
    effect = await request_keys.effect(tx, Request(person.person_id, key.text, key.digest))
    if effect is None:
        return None
    proposal = None if effect.number is None else await proposals.find(tx, effect.number)
    given = effect.intervention_id or (proposal.became if proposal else None)
    return Came(None if given is None else await interventions.find(tx, given), proposal)


async def keep(tx: Tx, person: Person, key: Key | None, came: Came, now: datetime) -> None:
    """In the transaction of what came of it."""
    if key is not None:
        given, proposal = came.intervention, came.proposal
        effect = Effect(given.intervention_id if given else None, proposal.number if proposal else None)
        await request_keys.keep(tx, Request(person.person_id, key.text, key.digest), effect, now)
