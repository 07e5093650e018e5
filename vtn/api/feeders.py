"""Feeders: what is on them, what that draws, and how often each was limited."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from oadr.charging import electricity
from vtn.api import known as knowing
from vtn.api.forms import Form, Name, Nothing, number
from vtn.api.known import Known
from vtn.api.paging import Listed, Page, cut
from vtn.api.problems import unknown
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.model import network as model
from vtn.model import rarity
from vtn.model.keys import KeyScope
from vtn.store import interventions

TAG: Final = "Network"


class Feeder(Form):
    """A part of the network with a rating, and what is on it. Powers in W."""

    feeder: str
    name: str
    substation: str
    rating_w: int | None
    sites: int
    chargepoints: int
    installed_w: float | None
    """What all its chargepoints are rated for."""
    charging_w: float | None
    """What they draw now, as far as it is measured; null: nothing is."""
    measured: int
    """Chargepoints with a fresh reading; the others are not in `charging_w`."""


class FeederInFull(Feeder):
    half_hours_30_days: int
    """Begun half-hours of supply limitation within the last 30 days."""
    half_hours_365_days: int
    most_half_hours: int
    """Within 30 days; above it an order takes two people."""


class FeedersAsked(Listed):
    substation: Name | None = None


class OneFeeder(Form):
    feeder: Name


async def feeders(call: Call, asked: FeedersAsked, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        known = await knowing.look(tx, call.office, call.now)
    wanted = (
        one for one in known.network.feeders if asked.substation is None or one.substation == asked.substation
    )
    page, after = cut(wanted, lambda one: (one.feeder_id,), asked)
    return Reply(form=Page[Feeder](items=tuple(_feeder(one, known) for one in page), next=after))


async def feeder(call: Call, asked: OneFeeder, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        known = await knowing.look(tx, call.office, call.now)
        given = await interventions.load(tx)
    one = next((each for each in known.network.feeders if each.feeder_id == asked.feeder), None)
    if one is None:
        raise unknown(f"feeder {asked.feeder}")
    counts = [
        rarity.half_hours(given, one.feeder_id, call.now - span, call.now)
        for span in (rarity.MONTH, rarity.YEAR)
    ]
    return Reply(
        form=FeederInFull(
            **dict(_feeder(one, known)),
            half_hours_30_days=counts[0],
            half_hours_365_days=counts[1],
            most_half_hours=call.office.settings.most_half_hours,
        )
    )


def _feeder(one: model.Feeder, known: Known) -> Feeder:
    on_it = tuple(each for each in known.network.chargepoints if each.feeder_id == one.feeder_id)
    fresh = [drawn.watts for each in on_it if (drawn := known.fresh(each.resource_id))]
    return Feeder(
        feeder=one.feeder_id,
        name=one.name,
        substation=one.substation,
        rating_w=one.rating_watts,
        sites=len({each.ven_id for each in on_it}),
        chargepoints=len(on_it),
        installed_w=number(_rated(on_it)),
        charging_w=number(sum(fresh, Decimal(0))) if fresh else None,
        measured=len(fresh),
    )


def _rated(on_it: Iterable[model.Chargepoint]) -> Decimal:
    volts = electricity.PLANNED_VOLTS
    return sum((electricity.watts(each.rating.amps, each.rating, volts) for each in on_it), Decimal(0))


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/feeders",
        name="listFeeders",
        summary="Every feeder, with its rating, what is on it and what that draws now",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=FeedersAsked,
        body=Nothing,
        handle=feeders,
        answers=(Answer(status=200, says="A page of feeders.", form=Page[Feeder]),),
    ),
    Route(
        method="GET",
        path="/feeders/{feeder}",
        name="getFeeder",
        summary="One feeder, and how often it was limited lately",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=OneFeeder,
        body=Nothing,
        handle=feeder,
        answers=(Answer(status=200, says="The feeder.", form=FeederInFull),),
    ),
)
