"""`vtn change`: whatever of an intervention is not past becomes another."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from vtn import clock
from vtn.commands import account, event_file, forecast, listing, proposing, send, shown, typed
from vtn.commands.event_file import AsIs
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
from vtn.delivery import release
from vtn.delivery.proofreading import proofread
from vtn.delivery.release import Came
from vtn.model.change import Change, changed
from vtn.model.errors import Impossible, NotNow
from vtn.model.intervention import Intervention, Order, check_reason
from vtn.store import interventions


@dataclass(frozen=True, slots=True)
class How:
    yes: bool
    quiet: bool
    as_is: bool


def change(
    intervention: Annotated[str, typer.Argument(metavar="INTERVENTION")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it goes to the sites and into the public record.")
    ],
    percent: Annotated[
        str | None,
        typer.Option("--percent", show_default=False, help="Of the rated current that stays allowed."),
    ] = None,
    for_: Annotated[
        str | None,
        typer.Option("--for", show_default=False, help="How long, from its start: 30m, 2h, PT30M."),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", show_default=False, help="Another start, while it has not begun.")
    ] = None,
    randomise: Annotated[
        str | None, typer.Option("--randomise", show_default=False, help="Load shift: the longest delay.")
    ] = None,
    event: Annotated[
        Path | None,
        typer.Option("--file", show_default=False, help="For what was sent from a file: the new event."),
    ] = None,
    as_is: AsIs = False,
    yes: Yes = False,
    who: Who = "operator",
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Change what is planned or runs; each site answers the change anew."""
    given, now = settings(file, overrides), clock.now()
    check_reason(reason, typed.role(who))
    wanted = Change(
        reason=reason,
        changed_by=who,
        percent=None if percent is None else typed.percent(percent),
        start=send.start(from_, now),
        duration=None if for_ is None else typed.span(for_, "--for"),
        randomise=None if randomise is None else typed.span(randomise, "--randomise"),
        written=None if event is None else event_file.read(event),
    )
    if not yes and not somebody_is_there():
        raise Impossible("there is no terminal to ask at; --yes changes it without asking")
    came, at = asyncio.run(_change(given, intervention, wanted, How(yes, as_json, as_is)))
    proposing.tell(came, changed_to(came), at, as_json=as_json, beside={})


def changed_to(came: Came) -> str:
    return f"is changed: modification {came.intervention.modification_number if came.intervention else 0}."


async def _change(given: Settings, intervention_id: str, wanted: Change, how: How) -> tuple[Came, datetime]:
    async with opened(given) as office:
        async with office.store.reading() as tx:
            before = await interventions.find(tx, intervention_id)
        if before is None:
            raise NotNow(f"there is no intervention {intervention_id}; see them with: vtn events")
        order = changed(before, wanted, office.now)
        if order.written is not None:
            proofread(order, event_file.schema(), office.now, as_is=how.as_is)
        if not how.quiet:
            await _show(office, before, order)
        if not how.yes and not typer.confirm("Change it so?", err=True):
            raise NotNow("nothing was changed")
        rules, who = office.settings.rules, account.here()
        return (
            await release.change(office.store, who, intervention_id, wanted, rules, clock.now()),
            office.now,
        )


async def _show(office: Office, before: Intervention, order: Order) -> None:
    typer.echo(f"now:     {_line(before.order)}")
    typer.echo(f"changed: {_line(order)}")
    forecast.show(await forecast.of(office, order, before=before.intervention_id))


def _line(order: Order) -> str:
    line = f"{listing.content(order)} from {shown.clock(order.start)}"
    return line if not order.randomise else f"{line}, delayed by up to {shown.length(order.randomise)}"
