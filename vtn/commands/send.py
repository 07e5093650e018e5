"""`vtn send`: any event of the profile, as it stands in a file."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn import clock
from vtn.commands import account, event_file, forecast, limit, listing, proposing, shown, typed
from vtn.commands.event_file import AsIs
from vtn.commands.limit import Reason
from vtn.commands.options import ConfigFile, Json, Overrides, Who, Yes, opened, settings, somebody_is_there
from vtn.config import Settings
from vtn.delivery import release
from vtn.delivery.proofreading import proofread
from vtn.delivery.release import Came
from vtn.model import intervention as model
from vtn.model import written
from vtn.model.errors import Impossible, NotNow
from vtn.model.intervention import Order
from vtn.service.foresight import Foreseen

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
    came, at = asyncio.run(_send(given, order, yes=yes, quiet=as_json))
    proposing.tell(came, limit.ordered(came), at, as_json=as_json, beside={})


def start(text: str | None, now: datetime) -> datetime | None:
    """Raises `Impossible`."""
    return None if text is None else typed.moment(None if text == NOW else text, now)


async def _send(given: Settings, order: Order, *, yes: bool, quiet: bool) -> tuple[Came, datetime]:
    async with opened(given) as office:
        if not quiet:
            _show(order, await forecast.of(office, order))
        if not yes and not typer.confirm("Give this order?", err=True):
            raise NotNow("nothing was ordered")
        rules, who = office.settings.rules, account.here()
        return await release.order(office.store, who, order, rules, clock.now()), office.now


def _show(order: Order, foreseen: Foreseen) -> None:
    typer.echo(f"{', '.join(order.feeder_ids)}: {listing.content(order)} from {shown.clock(order.start)}")
    typer.echo(f"in the programme {order.programme or 'of somebody else'}; it is not judged in percent.")
    if order.programme is Programme.SUPPLY_LIMIT:
        typer.echo("NOTE: this is a supply limitation, in other words.")
    forecast.show(foreseen)
