"""Who does something at the operator's: a pseudonym and roles, never a name."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from vtn.model.errors import NotAllowed

PersonId = NewType("PersonId", str)
"""Random, so that the public record can say whether two acts are one person's without saying whose."""


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    """Gives orders, changes and cancels them."""
    APPROVER = "approver"
    """Gives the second word on an order of somebody else."""
    ADMIN = "admin"
    """Says who has which role, and lifts a halt."""
    AUDITOR = "auditor"
    PRIVACY_OFFICER = "privacy officer"


WORKING: Final = frozenset({Role.OPERATOR, Role.APPROVER, Role.ADMIN})
"""What whoever works on the server itself may do as long as nobody has been given a role."""


@dataclass(frozen=True, slots=True)
class Person:
    person_id: PersonId
    roles: frozenset[Role]

    def must_be(self, *any_of: Role) -> None:
        """Raises `NotAllowed` for who has none of these roles."""
        if self.roles.isdisjoint(any_of):
            raise NotAllowed(
                f"this takes the role of {' or '.join(any_of)}, which {self.person_id} does not have"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """By whose word an order stands."""

    by: PersonId | None = None
    """None: not known, which counts as one person."""
    second: PersonId | None = None
    broke_glass: str | None = None
    """Why nobody else was asked; None: that was not done. Of an intervention it stays, whoever changes it later."""

    @property
    def is_of_two(self) -> bool:
        return self.by is not None and self.second is not None and self.by != self.second


NOT_KNOWN: Final = Word()
