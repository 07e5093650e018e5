"""`vtn key`: keys of the REST API. The first one is made here; with it others can be made over the API."""

import asyncio
import pwd
from datetime import datetime, timedelta
from typing import Annotated

import typer

from vtn.api import keyring
from vtn.api.keyring import Made
from vtn.commands import account, shown, typed
from vtn.commands.options import ConfigFile, Json, Overrides, opened, settings
from vtn.commands.shown import Shown
from vtn.config import Settings
from vtn.model.errors import NotNow
from vtn.model.keys import ApiKey, KeyScope
from vtn.store import keys as kept
from vtn.store import people
from vtn.store.engine import Tx
from vtn.store.people import Known

keys = typer.Typer(
    no_args_is_help=True,
    help="Keys of the REST API. A key is a person's, and opens no more than the roles of that person allow.",
)


@keys.command("add")
def add(
    person: Annotated[
        str | None,
        typer.Option(
            "--person",
            metavar="WHO",
            show_default=False,
            help="A user of this machine, or P-...; you if not given.",
        ),
    ] = None,
    scope: Annotated[
        list[KeyScope] | None,
        typer.Option("--scope", show_default=False, help="May be repeated; none: all that the roles allow."),
    ] = None,
    label: Annotated[str, typer.Option("--label", help="What it is for.")] = "",
    for_: Annotated[
        str | None,
        typer.Option("--for", show_default=False, help="How long it holds: 90d; for ever if not given."),
    ] = None,
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Make a key, and show it this once; this takes an admin. Only its SHA-256 is kept."""
    span = None if for_ is None else typed.span(for_, "--for")
    made = asyncio.run(_add(settings(file, overrides), person, tuple(scope or ()), label, span))
    if as_json:
        shown.as_json({**_key(made.key), "token": made.token})
        return
    scopes = ", ".join(sorted(made.key.scopes))
    typer.echo(made.token)
    typer.echo(
        f"It is {made.key.person_id}'s, opens {scopes}, and is shown this once. Revoke it with: vtn key revoke "
        f"{made.key.key_id}",
        err=True,
    )


@keys.command("list")
def list_(as_json: Json = False, file: ConfigFile = None, overrides: Overrides = None) -> None:
    """Every key there ever was, without its secret."""
    found, now = asyncio.run(_all(settings(file, overrides)))
    if as_json:
        shown.as_json([{**_key(one), "holds": one.holds(now)} for one in found])
        return
    shown.table(
        ("key", "person", "scopes", "holds", "made", "until", "label"),
        (
            (
                one.key_id,
                one.person_id,
                ", ".join(sorted(one.scopes)),
                "yes" if one.holds(now) else "no",
                shown.clock(one.made_at),
                shown.clock(one.revoked_at or one.expires_at),
                one.label,
            )
            for one in found
        ),
    )


@keys.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its name, the middle part: fg_KEY_...")],
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """End a key: at once, for good; your own, or as an admin anybody's."""
    given = settings(file, overrides)

    async def run() -> ApiKey:
        async with opened(given) as office, office.store.writing() as tx:
            return await keyring.revoke(tx, await people.meet(tx, account.here()), key, office.now)

    typer.echo(f"The key {asyncio.run(run()).key_id} opens nothing any more.")


async def _add(
    given: Settings, who: str | None, scopes: tuple[KeyScope, ...], label: str, span: timedelta | None
) -> Made:
    async with opened(given) as office, office.store.writing() as tx:
        me = await people.meet(tx, account.here())
        owner = await _owner(tx, who)
        until = None if span is None else office.now + span
        return await keyring.issue(tx, me, owner.person, scopes, label, until, office.now)


async def _owner(tx: Tx, who: str | None) -> Known:
    if who is not None and (known := await keyring.known(tx, who)) is not None:
        return known
    login = account.here() if who is None else _account(who)
    await people.meet(tx, login)
    return next(one for one in await people.load(tx) if one.account == login)


def _account(who: str) -> str:
    try:
        return account.of(int(who) if who.isdecimal() else pwd.getpwnam(who).pw_uid)
    except (KeyError, ValueError, OverflowError) as error:
        raise NotNow(f"there is neither a person nor a user {who}; see them with: vtn people list") from error


async def _all(given: Settings) -> tuple[tuple[ApiKey, ...], datetime]:
    async with opened(given) as office, office.store.reading() as tx:
        return await kept.load(tx), office.now


def _key(one: ApiKey) -> dict[str, Shown]:
    return {
        "key": one.key_id,
        "person": one.person_id,
        "scopes": sorted(one.scopes),
        "label": one.label,
        "made_at": shown.moment(one.made_at),
        "expires_at": shown.moment(one.expires_at),
        "revoked_at": shown.moment(one.revoked_at),
    }
