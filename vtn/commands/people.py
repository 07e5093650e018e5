"""`vtn people`: who has done something, and who may do what."""

import asyncio
import pwd
from typing import Annotated

import typer

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from vtn.commands import account, shown
from vtn.commands.options import ConfigFile, Json, Overrides, opened, settings
from vtn.commands.shown import Shown
from vtn.model.errors import Impossible
from vtn.model.people import Person, Role
from vtn.store import people as kept
from vtn.store import record
from vtn.store.people import Known

people = typer.Typer(
    no_args_is_help=True,
    help="Who may do what. Until somebody is given a role, all who reach the store from this machine may order, "
    "approve and administer, though never approve what is their own.",
)


@people.command("list")
def list_(as_json: Json = False, file: ConfigFile = None, overrides: Overrides = None) -> None:
    """Everybody by pseudonym, with their roles, and which one is you."""
    given = settings(file, overrides)

    async def run() -> tuple[Known, ...]:
        async with opened(given) as office, office.store.reading() as tx:
            return await kept.load(tx)

    found = asyncio.run(run())
    if as_json:
        shown.as_json([_known(one) for one in found])
        return
    shown.table(
        ("person", "account", "roles", "given", "you"),
        (
            (
                one.person.person_id,
                one.account,
                ", ".join(sorted(one.person.roles)),
                "yes" if one.has_been_named else "no",
                "yes" if one.account == account.here() else "",
            )
            for one in found
        ),
    )


@people.command("roles")
def roles(
    user: Annotated[str, typer.Argument(metavar="USER", help="A user of this machine, by name or number.")],
    given_roles: Annotated[
        list[Role] | None,
        typer.Option("--role", show_default=False, help="May be repeated; none: may do nothing but look."),
    ] = None,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Give a user these roles and no others; this takes an admin, and there must stay one."""
    given, wanted = settings(file, overrides), frozenset(given_roles or (Role.VIEWER,))
    whom = _account(user)

    async def run() -> Person:
        async with opened(given) as office, office.store.writing() as tx:
            me = await kept.meet(tx, account.here())
            me.must_be(Role.ADMIN)
            person = await kept.name(tx, whom, wanted)
            body: dict[str, Value] = {
                "what": "roles",
                "person": person.person_id,
                "roles": tuple(sorted(wanted)),
                "by": me.person_id,
            }
            await record.append(tx, EntryType.CONFIG_CHANGE, body, office.now)
            return person

    person = asyncio.run(run())
    typer.echo(f"{person.person_id} is {', '.join(sorted(person.roles))}.")


def _account(user: str) -> str:
    try:
        return account.of(int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid)
    except (KeyError, ValueError, OverflowError) as error:
        raise Impossible(f"this machine has no user {user}") from error


def _known(one: Known) -> Shown:
    return {
        "person": one.person.person_id,
        "account": one.account,
        "roles": sorted(one.person.roles),
        "given": one.has_been_named,
        "you": one.account == account.here(),
    }
