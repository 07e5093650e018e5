"""What an order would do and what it would meet, before it is given: the figures of `vtn limit --preview`."""

from typing import Final

from oadr.charging.signals import Programme
from vtn.api.forms import Form, Nothing, Watts, number
from vtn.api.orders import Order
from vtn.api.problems import Kind
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.api.table import Rows
from vtn.assess import gathering
from vtn.assess import preview as assess
from vtn.assess.preview import Freshness, Preview, Row, Standing
from vtn.delivery import release
from vtn.delivery.weighing import Weighed
from vtn.model import intervention as model
from vtn.model import rarity
from vtn.model.keys import KeyScope
from vtn.store import interventions, network

TAG: Final = "Interventions"


class Wanted(Order):
    """An order that is not given, and what is hoped of it."""

    need_w: Watts | None = None
    """The relief that is needed."""
    curve: bool = False
    """Other percents as well."""


class Counts(Form):
    """Chargepoints of each class."""

    would_reduce: int
    already_below: int
    idle: int
    offline: int
    stale: int
    """Online, but not measured lately."""
    opted_out: int


class HalfHours(Form):
    """Of supply limitation on a feeder within 30 days."""

    feeder: str
    so_far: int
    with_it: int
    most: int


class Affected(Form):
    """One chargepoint. Powers in W."""

    chargepoint: str
    site: str
    feeder: str
    standing: Standing
    power_now_w: float | None
    limit_a: float | None
    limit_percent: float | None
    relief_w: float | None


class Step(Form):
    percent: float | None
    expected_w: float | None
    upper_w: float | None


class Forecast(Rows):
    rows_in = "chargepoints"

    percent: float | None
    counts: Counts
    power_now_w: float | None
    expected_w: float | None
    """The relief to be expected."""
    lower_w: float | None
    upper_w: float | None
    need_w: float | None
    futile: bool
    """It would deliver no benefit."""
    uncertain: bool
    """Too much is not known."""
    warnings: tuple[str, ...]
    at_stake_w: float | None
    """What it can take off by the ratings, whatever is drawn now."""
    sites: int
    whole_substations: tuple[str, ...]
    half_hours: tuple[HalfHours, ...]
    conflicts: tuple[str, ...]
    """Interventions that stand in its way: it would be refused."""
    halts: tuple[int, ...]
    """Kill switches that are pulled: it would be refused."""
    two_people: tuple[str, ...]
    """Why it would take a second person; empty: one is enough."""
    chargepoints: tuple[Affected, ...]
    curve: tuple[Step, ...]


async def preview(call: Call, _: Nothing, body: Wanted) -> Reply:
    order = body.order(call.now)
    model.check(order, call.now)
    terms, rules = call.office.settings.terms, call.office.settings.rules
    freshness = Freshness.of(terms.poll_every, terms.report_every)
    async with call.store.reading() as tx:
        await network.on_feeders(tx, order.feeder_ids)
        scene = await gathering.scene(tx, order.feeder_ids, call.now, order)
        past = await interventions.load(tx)
        weighed = await release.look(tx, call.caller.account, order, rules)
    programme = Programme(body.programme)
    found = assess.preview(scene, body.percent, programme, freshness, need=body.need_w)
    steps = assess.curve(scene, programme, freshness) if body.curve else ()
    return Reply(form=_forecast(found, steps, rarity.warnings(past, order, call.now), weighed))


def _forecast(
    found: Preview, steps: tuple[Preview, ...], warnings: tuple[str, ...], weighed: Weighed
) -> Forecast:
    counts = found.counts
    return Forecast(
        percent=number(found.percent),
        counts=Counts(**{each.value: counts[each] for each in Standing}),
        power_now_w=number(found.watts_now),
        expected_w=number(found.expected),
        lower_w=number(found.lower),
        upper_w=number(found.upper),
        need_w=number(found.need),
        futile=found.is_futile,
        uncertain=found.is_uncertain,
        warnings=warnings,
        at_stake_w=number(weighed.facts.watts),
        sites=weighed.facts.sites,
        whole_substations=weighed.facts.substations,
        half_hours=tuple(
            HalfHours(feeder=each.feeder_id, so_far=each.so_far, with_it=each.with_it, most=each.most)
            for each in weighed.counters
        ),
        conflicts=tuple(each.intervention_id for each in weighed.conflicts),
        halts=tuple(each.number for each in weighed.halts),
        two_people=weighed.reasons,
        chargepoints=tuple(_affected(row) for row in found.rows),
        curve=tuple(
            Step(percent=number(each.percent), expected_w=number(each.expected), upper_w=number(each.upper))
            for each in steps
        ),
    )


def _affected(row: Row) -> Affected:
    return Affected(
        chargepoint=row.chargepoint.resource_id,
        site=row.chargepoint.ven_id,
        feeder=row.chargepoint.feeder_id,
        standing=row.standing,
        power_now_w=number(row.watts),
        limit_a=number(row.limit.amps),
        limit_percent=number(row.limit.percent),
        relief_w=number(row.relief),
    )


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="POST",
        path="/previews",
        name="previewOrder",
        summary="See what an order would do, whom it would bind and whose word it needs; nothing is ordered",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=Nothing,
        body=Wanted,
        handle=preview,
        answers=(Answer(status=200, says="What it would come to.", form=Forecast),),
        refusals=(Kind.NOT_NOW,),
    ),
)
