"""A key of the REST API: whose it is, and what it opens, which is never more than its person's roles."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NewType

from vtn.model.people import PersonId, Role

KeyId = NewType("KeyId", str)
"""Not secret: it stands in the log and in the record."""

LONGEST_LABEL: Final = 100


class KeyScope(StrEnum):
    READ = "read"
    """Looks at the network, at interventions and at the record."""
    ORDER = "order"
    """Gives orders, changes and cancels them."""
    APPROVE = "approve"
    """Gives the second word."""
    HALT = "halt"
    """Cancels, and pulls the kill switch: it can only give load back."""
    ADMIN = "admin"
    """Approves sites, gives roles and keys, lifts a halt."""
    AUDIT = "audit"
    """Sees who has which role and which key."""


OF_ROLE: Final[Mapping[Role, frozenset[KeyScope]]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({KeyScope.READ}),
        Role.OPERATOR: frozenset({KeyScope.READ, KeyScope.ORDER, KeyScope.HALT}),
        Role.APPROVER: frozenset({KeyScope.READ, KeyScope.APPROVE, KeyScope.HALT}),
        Role.ADMIN: frozenset({KeyScope.READ, KeyScope.ADMIN, KeyScope.AUDIT, KeyScope.HALT}),
        Role.AUDITOR: frozenset({KeyScope.READ, KeyScope.AUDIT}),
        Role.PRIVACY_OFFICER: frozenset({KeyScope.READ, KeyScope.AUDIT}),
    }
)


def scopes_of(roles: Iterable[Role]) -> frozenset[KeyScope]:
    """The most that a key of somebody with these roles can open."""
    return frozenset[KeyScope]().union(*(OF_ROLE[role] for role in roles))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    key_id: KeyId
    person_id: PersonId
    scopes: frozenset[KeyScope]
    label: str
    """What it is for, in its person's words."""
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
