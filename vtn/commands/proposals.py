"""`vtn proposals`, `reject`, `withdraw` and `break-glass`: orders that wait for a second person."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from vtn import clock
from vtn.commands import account, proposing, shown
from vtn.commands.options import ConfigFile, Json, Overrides, opened, settings
from vtn.config import Settings
from vtn.delivery import release
from vtn.delivery.release import Came
from vtn.model.proposal import Proposal
from vtn.model.release import Stage
from vtn.store import proposals as kept

Number = Annotated[int, typer.Argument(metavar="PROPOSAL", min=1, show_default=False)]
Why = Annotated[str, typer.Option("--reason", help="Why; who proposed it will read it.")]


def proposals(
    every: Annotated[bool, typer.Option("--all", help="Those that are decided or expired, too.")] = False,
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Orders and changes that wait for a second person, the newest first.

    P-... stands for a person: the same one always has the same, and nobody can tell a name from it.
    """
    found, now = asyncio.run(_found(settings(file, overrides), every=every))
    if as_json:
        shown.as_json([proposing.proposal(one, now) for one in found])
        return
    shown.table(
        ("proposal", "stage", "what", "by", "until", "why two people", "reason"),
        (
            (
                str(one.number),
                one.stage(now),
                proposing.summary(one),
                one.author,
                shown.clock(one.expires_at),
                "; ".join(one.reasons) or "-",
                one.order.reason,
            )
            for one in found
        ),
    )


def reject(
    number: Number, reason: Why, as_json: Json = False, file: ConfigFile = None, overrides: Overrides = None
) -> None:
    """Say no to another person's proposal; this takes an approver."""
    given = settings(file, overrides)

    async def run() -> Proposal:
        async with opened(given) as office:
            return await release.reject(office.store, account.here(), number, reason, office.now)

    _tell(asyncio.run(run()), as_json=as_json)


def withdraw(
    number: Number, as_json: Json = False, file: ConfigFile = None, overrides: Overrides = None
) -> None:
    """Take back a proposal of your own."""
    given = settings(file, overrides)

    async def run() -> Proposal:
        async with opened(given) as office:
            return await release.withdraw(office.store, account.here(), number, office.now)

    _tell(asyncio.run(run()), as_json=as_json)


def break_glass(
    number: Number,
    reason: Annotated[
        str, typer.Option("--reason", help="Why nobody else was asked; it goes into the public record.")
    ],
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Release a proposal alone, in an emergency. It sounds an alarm, and the intervention is marked for good."""
    given = settings(file, overrides)

    async def run() -> tuple[Came, datetime]:
        async with opened(given) as office:
            who, rules = account.here(), given.rules
            return await release.break_glass(office.store, who, number, reason, rules, office.now), office.now

    came, at = asyncio.run(run())
    typer.echo("vtn: ALARM: the glass is broken; this was released by one person alone", err=True)
    proposing.tell(came, "is released, with broken glass.", at, as_json=as_json, beside={})


async def _found(given: Settings, *, every: bool) -> tuple[tuple[Proposal, ...], datetime]:
    async with opened(given) as office, office.store.reading() as tx:
        found = await kept.load(tx)
    waiting = (Stage.DRAFT, Stage.AWAITING)
    return tuple(one for one in found if every or one.stage(office.now) in waiting), office.now


def _tell(one: Proposal, *, as_json: bool) -> None:
    if as_json:
        shown.as_json(proposing.proposal(one, clock.now()))
    else:
        typer.echo(f"Proposal {one.number} is {one.stood}.")
