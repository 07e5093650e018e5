"""`vtn send`: any event of the profile, as it stands in a file."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn import clock
from vtn.assess import rarity
from vtn.commands import event_file, limit, listing, shown, typed
from vtn.commands.event_file import AsIs
from vtn.commands.limit import Reason
from vtn.commands.options import ConfigFile, Json, Overrides, Who, Yes, opened, settings, somebody_is_there
from vtn.config import Settings
from vtn.delivery import orders
from vtn.delivery.proofreading import proofread
from vtn.model import intervention as model
from vtn.model import written
from vtn.model.errors import Impossible, NotNow
from vtn.model.intervention import Intervention, Order
from vtn.store import interventions

NOW: Final = "now"
Feeders = Annotated[
    list[str],
    typer.Option("--feeder", metavar="FEEDER", show_default=False, help="Whom it is for; may be repeated."),
]
From = Annotated[
    str | None,
    typer.Option("--from", show_default=False, help="A time with its zone, or now; as written if not given."),
]


def send(
    event: Annotated[Path, typer.Argument(metavar="FILE", help="An oadrDistributeEvent or oadrEvent.")],
    feeders: Feeders,
    reason: Reason,
    from_: From = None,
    as_is: AsIs = False,
    yes: Yes = False,
    who: Who = "operator",
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Send an event in your own words: prices, set points, several intervals, other programmes.

    The name, number, status, times and current values of the event are filled in. An empty target becomes the
    feeders' chargepoints. A supply limitation keeps its bounds however it is written.
    """
    given, now = settings(file, overrides), clock.now()
    order = written.order(
        event_file.read(event),
        given.terms.market_contexts,
        tuple(GroupId(feeder) for feeder in dict.fromkeys(feeders)),
        reason,
        typed.role(who),
        start(from_, now),
    )
    model.check(order, now)
    proofread(order, event_file.schema(), now, as_is=as_is)
    if not yes and not somebody_is_there():
        raise Impossible(limit.NOBODY_TO_ASK)
    sent, at = asyncio.run(_send(given, order, yes=yes, quiet=as_json))
    if as_json:
        shown.as_json({"intervention": listing.intervention(sent, at)})
    else:
        typer.echo(f"{sent.intervention_id} is ordered. What became of it: vtn report {sent.intervention_id}")


def start(text: str | None, now: datetime) -> datetime | None:
    """Raises `Impossible`."""
    return None if text is None else typed.moment(None if text == NOW else text, now)


async def _send(given: Settings, order: Order, *, yes: bool, quiet: bool) -> tuple[Intervention, datetime]:
    async with opened(given) as office:
        async with office.store.reading() as tx:
            past = await interventions.load(tx)
        if not quiet:
            _show(order, rarity.warnings(past, order, office.now))
        if not yes and not typer.confirm("Give this order?", err=True):
            raise NotNow("nothing was ordered")
        return await orders.give(office.store, order, clock.now()), office.now


def _show(order: Order, warnings: Iterable[str]) -> None:
    typer.echo(f"{', '.join(order.feeder_ids)}: {listing.content(order)} from {shown.clock(order.start)}")
    typer.echo(f"in the programme {order.programme or 'of somebody else'}; it is not judged in percent.")
    if order.is_test:
        typer.echo(limit.ONLY_A_TEST)
    if order.programme is Programme.SUPPLY_LIMIT:
        typer.echo("NOTE: this is a supply limitation, in other words.")
    for text in warnings:
        typer.echo(f"NOTE: {text}")
