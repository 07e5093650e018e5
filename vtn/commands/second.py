"""`vtn second`: another person's word, by which a proposal is released."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from vtn import clock
from vtn.commands import account, forecast, proposing, shown
from vtn.commands.limit import NOBODY_TO_ASK
from vtn.commands.options import ConfigFile, Json, Office, Overrides, Yes, opened, settings, somebody_is_there
from vtn.commands.proposals import Number
from vtn.config import Settings
from vtn.delivery import release
from vtn.delivery.release import Came
from vtn.model.errors import Impossible, NotNow
from vtn.model.proposal import Proposal
from vtn.store import proposals


def second(
    number: Number,
    digest: Annotated[
        str | None,
        typer.Option(
            "--digest", metavar="HEX", show_default=False, help="Only if it is still this very order."
        ),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Give the second word on another person's proposal, which releases it.

    Who you are is how you logged in to this machine, whichever user you became since. Its root can be everybody, and so
    can whoever logs in as two.
    """
    given = settings(file, overrides)
    if not yes and not somebody_is_there():
        raise Impossible(NOBODY_TO_ASK)
    came, at = asyncio.run(_second(given, number, digest, yes=yes, quiet=as_json))
    proposing.tell(came, "is released by two.", at, as_json=as_json, beside={})


async def _second(
    given: Settings, number: int, digest: str | None, *, yes: bool, quiet: bool
) -> tuple[Came, datetime]:
    async with opened(given) as office:
        async with office.store.reading() as tx:
            waiting = await proposals.find(tx, number)
        if not quiet:
            await _show(office, waiting)
        if not yes and not typer.confirm("Release it?", err=True):
            raise NotNow("nothing was released")
        said, rules, now = digest or waiting.digest, given.rules, clock.now()
        return await release.approve(office.store, account.here(), number, said, rules, now), office.now


async def _show(office: Office, one: Proposal) -> None:
    typer.echo(f"{proposing.summary(one)}, proposed by {one.author} at {shown.clock(one.written_at)}")
    typer.echo(f"because: {shown.words(one.order.reason)}")
    before = one.amends.intervention_id if one.amends else None
    forecast.show(await forecast.of(office, one.order, before=before))
