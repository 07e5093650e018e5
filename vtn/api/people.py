"""Who may do what. Each change of that is an entry of the record."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from vtn.api import keyring
from vtn.api.forms import Form, Moment, Name, Nothing
from vtn.api.paging import Listed, Page, cut
from vtn.api.problems import Kind, unknown
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.model.errors import NotNow
from vtn.model.keys import KeyScope
from vtn.model.people import Person, Role
from vtn.store import people, record
from vtn.store.engine import Tx
from vtn.store.people import Known

TAG: Final = "People and keys"
OUTSIDE: Final = "api:"
"""Begins the account of somebody who is no user of the server's machine."""
LONGEST_ACCOUNT: Final = 64
SEEN_BY: Final = (KeyScope.ADMIN, KeyScope.AUDIT)


Roles = Annotated[tuple[Role, ...], Field(max_length=len(Role))]


class Somebody(Form):
    person: str
    """The pseudonym by which the record knows them."""
    account: str
    """How the system knows them; it never leaves the store but by this."""
    roles: tuple[Role, ...]
    given: bool
    """Whether somebody gave these roles, or they are what everybody here has."""


class Me(Form):
    """Whose key this is, and what it opens."""

    person: str
    roles: tuple[Role, ...]
    key: str
    scopes: tuple[KeyScope, ...]
    expires_at: Moment | None


class Newcomer(Form):
    account: Annotated[str, Field(pattern=f"^[a-z0-9][a-z0-9._-]{{0,{LONGEST_ACCOUNT - 1}}}$")]
    """A login or another short name, no more than needed: it is kept in the store alone."""
    roles: Roles


class Given(Form):
    roles: Roles
    """These and no others."""


class OnePerson(Form):
    person: Name


class PeopleAsked(Listed):
    role: Role | None = None


async def me(call: Call, _: Nothing, __: Nothing) -> Reply:
    caller = call.caller
    return Reply(
        form=Me(
            person=caller.person.person_id,
            roles=tuple(sorted(caller.person.roles)),
            key=caller.key.key_id,
            scopes=tuple(sorted(caller.scopes)),
            expires_at=caller.key.expires_at,
        )
    )


async def listed(call: Call, asked: PeopleAsked, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        found = await people.load(tx)
    wanted = (one for one in found if asked.role is None or asked.role in one.person.roles)
    page, after = cut(wanted, lambda one: (one.person.person_id,), asked)
    return Reply(form=Page[Somebody](items=tuple(_somebody(one) for one in page), next=after))


async def welcome(call: Call, _: Nothing, body: Newcomer) -> Reply:
    account = f"{OUTSIDE}{body.account}"
    async with call.store.writing() as tx:
        me = await call.myself(tx)
        me.must_be(Role.ADMIN)
        if await people.known(tx, account) is not None:
            raise NotNow(f"there is somebody {body.account} already; give roles to the person instead")
        person = await _name(tx, me, account, body.roles, call.now)
    form = Somebody(person=person.person_id, account=account, roles=tuple(sorted(person.roles)), given=True)
    return Reply(form=form, status=201)


async def name(call: Call, asked: OnePerson, body: Given) -> Reply:
    async with call.store.writing() as tx:
        me = await call.myself(tx)
        me.must_be(Role.ADMIN)
        known = await find(tx, asked.person)
        person = await _name(tx, me, known.account, body.roles, call.now)
    form = Somebody(
        person=person.person_id, account=known.account, roles=tuple(sorted(person.roles)), given=True
    )
    return Reply(form=form)


async def _name(tx: Tx, by: Person, account: str, roles: tuple[Role, ...], now: datetime) -> Person:
    wanted = frozenset(roles) or frozenset({Role.VIEWER})
    person = await people.name(tx, account, wanted)
    body: dict[str, Value] = {
        "what": "roles",
        "person": person.person_id,
        "roles": tuple(sorted(wanted)),
        "by": by.person_id,
    }
    await record.append(tx, EntryType.CONFIG_CHANGE, body, now)
    return person


async def find(tx: Tx, person_id: str) -> Known:
    known = await keyring.known(tx, person_id)
    if known is None:
        raise unknown(f"person {person_id}")
    return known


def _somebody(one: Known) -> Somebody:
    return Somebody(
        person=one.person.person_id,
        account=one.account,
        roles=tuple(sorted(one.person.roles)),
        given=one.has_been_named,
    )


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/me",
        name="whoAmI",
        summary="Whose key this is, and what it opens",
        tag=TAG,
        scopes=tuple(KeyScope),
        asked=Nothing,
        body=Nothing,
        handle=me,
        answers=(Answer(status=200, says="You.", form=Me),),
    ),
    Route(
        method="GET",
        path="/people",
        name="listPeople",
        summary="Everybody by pseudonym, with their roles",
        tag=TAG,
        scopes=SEEN_BY,
        asked=PeopleAsked,
        body=Nothing,
        handle=listed,
        answers=(Answer(status=200, says="A page of people.", form=Page[Somebody]),),
    ),
    Route(
        method="POST",
        path="/people",
        name="addPerson",
        summary="Somebody who is no user of the server's machine, with roles",
        tag=TAG,
        scopes=(KeyScope.ADMIN,),
        asked=Nothing,
        body=Newcomer,
        handle=welcome,
        answers=(Answer(status=201, says="They are known.", form=Somebody),),
        refusals=(Kind.NOT_NOW,),
    ),
    Route(
        method="PUT",
        path="/people/{person}/roles",
        name="giveRoles",
        summary="Give somebody these roles and no others; somebody must stay an admin",
        tag=TAG,
        scopes=(KeyScope.ADMIN,),
        asked=OnePerson,
        body=Given,
        handle=name,
        answers=(Answer(status=200, says="The person as they are now.", form=Somebody),),
        refusals=(Kind.NOT_NOW,),
    ),
)
