"""Chargepoints with their state, and the programmes in which they can be called."""

from typing import Final

from oadr.charging import electricity
from oadr.charging.signals import Programme
from vtn.api import known as knowing
from vtn.api.forms import Form, Moment, Name, Nothing, number
from vtn.api.known import Known
from vtn.api.paging import Listed, Page, cut
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.assess.preview import IDLE_BELOW_AMPS
from vtn.model import network as model
from vtn.model.keys import KeyScope
from vtn.model.reading import State

TAG: Final = "Network"
IDLE_BELOW_WATTS: Final = IDLE_BELOW_AMPS * electricity.PLANNED_VOLTS


class Said(Form):
    """A chargepoint's own word on how it stands."""

    at: Moment
    online: bool
    overridden: bool
    """Whether a person at the site has overruled what was ordered."""
    allowed_percent: float | None
    """Of its rated current, that it may draw now."""


class Chargepoint(Form):
    chargepoint: str
    site: str
    feeder: str
    rated_a: float | None
    phases: int
    step: int
    site_online: bool
    read_at: Moment | None
    power_w: float | None
    charging: bool | None
    """Whether it draws anything to speak of; null: not measured lately."""
    state: Said | None


class ProgrammeShown(Form):
    programme: Programme
    market_context: str
    may_be_declined: bool


class Programmes(Form):
    items: tuple[ProgrammeShown, ...]


class ChargepointsAsked(Listed):
    feeder: Name | None = None
    site: Name | None = None
    online: bool | None = None
    """By its site's last call."""


async def chargepoints(call: Call, asked: ChargepointsAsked, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        known = await knowing.look(tx, call.office, call.now)
    wanted = (
        one
        for one in known.network.chargepoints
        if asked.feeder in (None, one.feeder_id)
        and asked.site in (None, one.ven_id)
        and asked.online in (None, known.is_online(one.ven_id))
    )
    page, after = cut(wanted, lambda one: (one.resource_id,), asked)
    return Reply(form=Page[Chargepoint](items=tuple(_chargepoint(one, known) for one in page), next=after))


async def programmes(call: Call, _: Nothing, __: Nothing) -> Reply:
    base = call.office.settings.market_contexts.rstrip("/")
    known = (
        ProgrammeShown(
            programme=each,
            market_context=f"{base}/{each}",
            may_be_declined=each is not Programme.SUPPLY_LIMIT,
        )
        for each in Programme
    )
    return Reply(form=Programmes(items=tuple(known)))


def _chargepoint(one: model.Chargepoint, known: Known) -> Chargepoint:
    drawn, fresh = known.drawn.get(one.resource_id), known.fresh(one.resource_id)
    return Chargepoint(
        chargepoint=one.resource_id,
        site=one.ven_id,
        feeder=one.feeder_id,
        rated_a=number(one.rating.amps),
        phases=one.rating.phases,
        step=one.rating.step,
        site_online=known.is_online(one.ven_id),
        read_at=drawn.at if drawn else None,
        power_w=number(drawn.watts if drawn else None),
        charging=None if fresh is None else fresh.watts >= IDLE_BELOW_WATTS,
        state=_said(known.states.get(one.resource_id)),
    )


def _said(said: State | None) -> Said | None:
    if said is None:
        return None
    return Said(
        at=said.at,
        online=said.online,
        overridden=said.overridden,
        allowed_percent=number(None if said.share is None else said.share * 100),
    )


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/chargepoints",
        name="listChargepoints",
        summary="Every chargepoint: what it draws, and how it stands by its own word",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=ChargepointsAsked,
        body=Nothing,
        handle=chargepoints,
        answers=(Answer(status=200, says="A page of chargepoints.", form=Page[Chargepoint]),),
    ),
    Route(
        method="GET",
        path="/programmes",
        name="listProgrammes",
        summary="Why a chargepoint may be called, and whether its driver may decline",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=Nothing,
        body=Nothing,
        handle=programmes,
        answers=(Answer(status=200, says="All programmes.", form=Programmes),),
    ),
)
