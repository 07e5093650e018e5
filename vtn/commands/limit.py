"""`vtn limit` and `vtn shift`: an order, whose effect is shown before it is given."""

import asyncio
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Final

import typer

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn import clock
from vtn.commands import account, forecast, proposing, shown, typed
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
from vtn.delivery.release import Came
from vtn.model import intervention as model
from vtn.model.errors import Impossible, NotNow
from vtn.model.intervention import Order

Feeders = Annotated[list[str], typer.Argument(metavar="FEEDER...", show_default=False)]
Percent = Annotated[str, typer.Option("--percent", help="Of the rated current that stays allowed; 0 pauses.")]
For = Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 1h30m, PT30M.")]
From = Annotated[
    str | None, typer.Option("--from", show_default=False, help="A time with its zone; now if not given.")
]
Reason = Annotated[
    str, typer.Option("--reason", help="Why: it goes to the sites and into the public record.")
]
Test = Annotated[bool, typer.Option("--test", help="The whole road without moving any load.")]
Need = Annotated[
    str | None, typer.Option("--need", metavar="KW", show_default=False, help="The relief that is needed.")
]
Look = Annotated[bool, typer.Option("--preview", help="Only show what it would do.")]

NOBODY_TO_ASK: Final = (
    "there is no terminal to ask at; --yes gives the order without asking, --preview only shows"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is done with the order."""

    as_json: bool
    yes: bool
    only_look: bool
    need: Decimal | None


def limit(
    feeders: Feeders,
    percent: Percent,
    for_: For,
    reason: Reason,
    from_: From = None,
    test: Test = False,
    need: Need = None,
    look: Look = False,
    yes: Yes = False,
    who: Who = "operator",
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Limit the supply of whole feeders at once: the last resort before a fuse blows."""
    order = _order(Programme.SUPPLY_LIMIT, feeders, percent, for_, from_, reason, who, test, None)
    asked = Asked(as_json, yes, look, typed.watts(need))
    asyncio.run(_give(settings(file, overrides), order, asked))


def shift(
    feeders: Feeders,
    percent: Percent,
    for_: For,
    from_: Annotated[str, typer.Option("--from", help="When it starts, a time with its zone.")],
    reason: Reason,
    randomise: Annotated[
        str, typer.Option("--randomise", help="Each start is drawn from now to this; 0s: all at once.")
    ] = "10m",
    test: Test = False,
    need: Need = None,
    look: Look = False,
    yes: Yes = False,
    who: Who = "operator",
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Shift load to another time, planned ahead; EV drivers may decline."""
    order = _order(Programme.LOAD_SHIFT, feeders, percent, for_, from_, reason, who, test, randomise)
    asked = Asked(as_json, yes, look, typed.watts(need))
    asyncio.run(_give(settings(file, overrides), order, asked))


def _order(
    programme: Programme,
    feeders: list[str],
    percent: str,
    for_: str,
    from_: str | None,
    reason: str,
    who: str,
    test: bool,
    randomise: str | None,
) -> Order:
    """Raises `Impossible`, before any store is opened."""
    now = clock.now()
    order = Order(
        programme=programme,
        feeder_ids=tuple(GroupId(feeder) for feeder in dict.fromkeys(feeders)),
        percent=typed.percent(percent),
        start=typed.moment(from_, now),
        duration=typed.span(for_, "--for"),
        reason=reason,
        ordered_by=typed.role(who),
        randomise=None if randomise is None else typed.span(randomise, "--randomise"),
        is_test=test,
    )
    model.check(order, now)
    return order


async def _give(given: Settings, order: Order, asked: Asked) -> None:
    if not (asked.yes or asked.only_look or somebody_is_there()):
        raise Impossible(NOBODY_TO_ASK)
    async with opened(given) as office:
        foreseen = await forecast.of(office, order, need=asked.need, with_steps=asked.only_look)
        if not asked.as_json:
            forecast.show(foreseen)
        came = None if asked.only_look else await _confirmed(office, order, asked)
    if came is not None:
        beside = {"preview": forecast.as_json(foreseen)}
        proposing.tell(came, ordered(came), office.now, as_json=asked.as_json, beside=beside)
    elif asked.as_json:
        shown.as_json({"intervention": None, "proposal": None, "preview": forecast.as_json(foreseen)})


def ordered(came: Came) -> str:
    known = came.intervention.intervention_id if came.intervention else ""
    return f"is ordered. What became of it: vtn report {known}"


async def _confirmed(office: Office, order: Order, asked: Asked) -> Came:
    """A start that has passed while somebody was thinking is moved to now."""
    if not asked.yes and not typer.confirm("Give this order?", err=True):
        raise NotNow("nothing was ordered")
    now = clock.now()
    start = max(order.start, now.replace(microsecond=0))
    meant = replace(order, start=start)
    return await release.order(office.store, account.here(), meant, office.settings.rules, now)
