"""Who has done something: an account of the system, the pseudonym that stands for it, and the roles it was given."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from vtn.model.errors import NotAllowed
from vtn.model.people import WORKING, Person, PersonId, Role
from vtn.store.engine import Tx
from vtn.store.tables import people


@dataclass(frozen=True, slots=True)
class Known:
    account: str
    """How the system knows them, such as `uid:1000`; it never leaves the store."""
    person: Person
    has_been_named: bool
    """Whether somebody gave these roles, or they are what everybody here has."""


async def meet(tx: Tx, account: str) -> Person:
    """Whoever is behind an account, with a new pseudonym at the first time. A transaction that writes."""
    if (found := await known(tx, account)) is not None:
        return found
    person_id = PersonId(f"P-{secrets.token_hex(4)}")
    await tx.execute(insert(people).values(person_id=person_id, account=account))
    return next(one.person for one in await load(tx) if one.account == account)


async def known(tx: Tx, account: str) -> Person | None:
    """None: whoever it is has done nothing yet."""
    return next((one.person for one in await load(tx) if one.account == account), None)


async def load(tx: Tx) -> tuple[Known, ...]:
    """Everybody. Until somebody is given a role, all who work here have all working roles; then who has none, looks."""
    rows = (await tx.execute(select(people).order_by("account"))).all()
    is_begun = any(row.roles is not None for row in rows)
    others = frozenset({Role.VIEWER}) if is_begun else WORKING
    return tuple(
        Known(
            row.account,
            Person(PersonId(row.person_id), others if row.roles is None else _roles(row.roles)),
            row.roles is not None,
        )
        for row in rows
    )


async def name(tx: Tx, account: str, roles: Iterable[Role]) -> Person:
    """Give somebody these roles, and no others. Raises `NotAllowed` where nobody would be left to give any."""
    person = await meet(tx, account)
    given = ",".join(sorted(frozenset(roles)))
    await tx.execute(update(people).where(people.c.account == account).values(roles=given))
    if not any(Role.ADMIN in one.person.roles for one in await load(tx)):
        raise NotAllowed("somebody must stay an admin, or nobody could give a role any more")
    return Person(person.person_id, _roles(given))


def _roles(stored: str) -> frozenset[Role]:
    return frozenset(Role(each) for each in stored.split(",") if each)
