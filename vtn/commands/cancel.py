"""`vtn cancel`: an intervention ends before its time, and its load comes back."""

import asyncio
from typing import Annotated

import typer

from vtn import clock
from vtn.assess import gathering
from vtn.assess.outcome import Outcome, outcome
from vtn.commands import account, listing, shown, typed
from vtn.commands.options import (
    ConfigFile,
    Json,
    Office,
    Overrides,
    Who,
    Yes,
    opened,
    settings,
    somebody_is_there,
)
from vtn.config import Settings
from vtn.delivery import orders
from vtn.model.errors import Impossible, NotNow
from vtn.model.intervention import Intervention, check_reason
from vtn.store import interventions


def cancel(
    intervention: Annotated[str, typer.Argument(metavar="INTERVENTION")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the public record.")],
    yes: Yes = False,
    who: Who = "operator",
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """End an intervention now. The load comes back at random times, each site within its own limits."""
    given = settings(file, overrides)
    check_reason(reason, typed.role(who))
    if not yes and not somebody_is_there():
        raise Impossible("there is no terminal to ask at; --yes cancels without asking")
    cancelled, before = asyncio.run(_cancel(given, intervention, reason, who, yes=yes, quiet=as_json))
    if as_json:
        shown.as_json(
            {
                **listing.intervention(cancelled, before.at),
                "returning_w": shown.number(before.returning_watts),
            }
        )
    else:
        typer.echo(f"{cancelled.intervention_id} is cancelled.")


async def _cancel(
    given: Settings, intervention_id: str, reason: str, who: str, *, yes: bool, quiet: bool
) -> tuple[Intervention, Outcome]:
    async with opened(given) as office:
        before = await _so_far(office, intervention_id)
        if not quiet:
            typer.echo(_warning(before))
        if not yes and not typer.confirm("Cancel it?", err=True):
            raise NotNow("nothing was cancelled")
        me, now = account.here(), clock.now()
        return await orders.cancel(office.store, intervention_id, reason, who, now, me), before


async def _so_far(office: Office, intervention_id: str) -> Outcome:
    async with office.store.reading() as tx:
        found = await interventions.find(tx, intervention_id)
        if found is None:
            raise NotNow(f"there is no intervention {intervention_id}; see them with: vtn events")
        if found.is_done(office.now):
            raise NotNow(f"{intervention_id} is {found.state(office.now)} already")
        evidence = await gathering.evidence(tx, found)
    return outcome(evidence, office.settings.report_every, office.now)


def _warning(before: Outcome) -> str:
    """The load that returns: nobody should be surprised by it, and least of all the feeder."""
    held = [one.compliance for one in before.results if one.compliance is not None]
    unknown = sum(one.baseline_watts is None for one in held)
    if not held:
        return "No load is known to be held down by it."
    return f"About {shown.kilowatts(before.returning_watts)} kW will return" + (
        f"; of {unknown} of {len(held)} chargepoints it is not known." if unknown else "."
    )
