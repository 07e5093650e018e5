"""Interventions: give one, look at it, change it, take it back."""

import json
from dataclasses import replace
from enum import StrEnum
from typing import Final

from pydantic import BaseModel

from oadr.charging.signals import Programme
from oadr.wire.messages.common import OptType
from vtn.api import orders as forms
from vtn.api.forms import At, Form, InTheNameOf, Moment, Name, Nothing, Reason, moment
from vtn.api.orders import Changing, Intervention, Order, Outcome
from vtn.api.paging import Listed, Page, cut
from vtn.api.problems import Kind, unknown
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.assess import reach
from vtn.assess.reach import Reach
from vtn.delivery import orders, release
from vtn.delivery.release import Key
from vtn.model import intervention as model
from vtn.model.delivery import Delivery
from vtn.model.intervention import State
from vtn.model.keys import KeyScope
from vtn.store import interventions
from vtn.store.engine import Tx

TAG: Final = "Interventions"


class Sites(Form):
    """How many sites it has reached, and how far."""

    acknowledged: int
    declined: int
    reached: int
    """Handed out and not yet answered: that proves nothing."""
    silent: int


class Reached(Intervention):
    sites: Sites
    unconfirmed: int
    """Sites that have not answered its newest modification."""
    opted_out: tuple[str, ...]
    """Chargepoints that declined apart from their site."""


class Told(Form):
    """One site, and how far it has got there."""

    site: str
    event: str
    chargepoints: tuple[str, ...]
    reach: Reach
    opt: OptType | None
    code: str | None
    offered_at: Moment | None
    answered_at: Moment | None
    confirmed: bool
    """Whether its newest modification was answered."""


class InFull(Reached):
    deliveries: tuple[Told, ...]
    laggards: tuple[str, ...]
    """Sites that still have to answer."""


class Asked(Listed):
    state: State | None = None
    feeder: Name | None = None
    programme: Programme | None = None
    test: bool | None = None
    since: At | None = None
    """Those that end later than this."""
    until: At | None = None
    """Those that start before this."""


class One(Form):
    intervention: Name


class Cancelling(Form):
    reason: Reason
    cancelled_by: InTheNameOf = "operator"


class Verb(StrEnum):
    """What an idempotency key was used for: the same one for something else is another request."""

    ORDER = "order"
    DRAFT = "draft"
    CHANGE = "change"


async def listed(call: Call, asked: Asked, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        wanted = (one for one in await interventions.load(tx) if _is_wanted(one, asked, call))
        page, after = cut(wanted, _place, asked, newest_first=True)
        items = [await _reached(tx, one, call) for one in page]
    return Reply(form=Page[Reached](items=tuple(items), next=after))


async def one(call: Call, asked: One, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        found = await _find(tx, asked.intervention)
        deliveries = await interventions.of_intervention(tx, found.intervention_id)
        shown = await _reached(tx, found, call)
    form = InFull(
        **dict(shown),
        deliveries=tuple(_told(each) for each in deliveries),
        laggards=tuple(each.ven_id for each in deliveries if each.due(call.now)),
    )
    return Reply(form=form, headers={"ETag": forms.etag(found)})


async def give(call: Call, _: Nothing, body: Order) -> Reply:
    call.trust_clock()
    account, rules = call.caller.account, call.office.settings.rules
    key = key_of(call, Verb.ORDER, "", body)
    came = await release.order(call.store, account, body.order(call.now), rules, call.now, key)
    reply = forms.came(came, call.now)
    return replace(reply, status=201) if came.intervention else reply


async def change(call: Call, asked: One, body: Changing) -> Reply:
    call.trust_clock()
    async with call.store.reading() as tx:
        found = await _find(tx, asked.intervention)
    account, rules = call.caller.account, call.office.settings.rules
    key = key_of(call, Verb.CHANGE, found.intervention_id, body)
    came = await release.change(
        call.store, account, found.intervention_id, body.change(), rules, call.now, key, call.if_match
    )
    return forms.came(came, call.now)


async def cancel(call: Call, asked: One, body: Cancelling) -> Reply:
    async with call.store.reading() as tx:
        found = await _find(tx, asked.intervention)
    its, account = found.intervention_id, call.caller.account
    after = await orders.cancel(call.store, its, body.reason, body.cancelled_by, call.now, account)
    async with call.store.reading() as tx:
        shown = await _reached(tx, after, call)
    return Reply(form=shown, headers={"ETag": forms.etag(after)})


async def _find(tx: Tx, intervention_id: str) -> model.Intervention:
    found = await interventions.find(tx, intervention_id)
    if found is None:
        raise unknown(f"intervention {intervention_id}")
    return found


def _is_wanted(one: model.Intervention, asked: Asked, call: Call) -> bool:
    order = one.order
    return (
        asked.state in (None, one.state(call.now))
        and (asked.feeder is None or asked.feeder in order.feeder_ids)
        and asked.programme in (None, order.programme)
        and asked.test in (None, order.is_test)
        and (asked.since is None or one.end > asked.since)
        and (asked.until is None or order.start < asked.until)
    )


def _place(one: model.Intervention) -> tuple[str, ...]:
    return (moment(one.ordered_at), one.intervention_id)


async def _reached(tx: Tx, one: model.Intervention, call: Call) -> Reached:
    deliveries = await interventions.of_intervention(tx, one.intervention_id)
    counts = reach.count(deliveries)
    return Reached(
        **dict(forms.intervention(one, call.now)),
        sites=Sites(**{each.value: counts[each] for each in Reach}),
        unconfirmed=sum(not each.settled for each in deliveries),
        opted_out=tuple(
            said.resource_id for each in deliveries for said in each.opts if said.opt is OptType.OPT_OUT
        ),
    )


def _told(one: Delivery) -> Told:
    answer = one.answer
    return Told(
        site=one.ven_id,
        event=one.event_id,
        chargepoints=one.resources,
        reach=reach.reach(one),
        opt=answer.opt if answer else None,
        code=answer.code if answer else None,
        offered_at=one.offered_at,
        answered_at=answer.answered_at if answer else None,
        confirmed=one.settled,
    )


def key_of(call: Call, verb: Verb, what: str, body: BaseModel) -> Key | None:
    """Blanks and the order of fields make no other request of it."""
    if call.idempotency_key is None:
        return None
    meant = {"verb": verb, "what": what, "body": body.model_dump(mode="json"), "match": call.if_match}
    return Key.of(call.idempotency_key, json.dumps(meant, sort_keys=True).encode())


_HOLDS: Final = ("Location", "ETag")
ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/interventions",
        name="listInterventions",
        summary="Every intervention, the newest first, and how many sites it has reached",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=Asked,
        body=Nothing,
        handle=listed,
        answers=(Answer(status=200, says="A page of interventions.", form=Page[Reached]),),
    ),
    Route(
        method="POST",
        path="/interventions",
        name="giveOrder",
        summary="Give an order: it holds at once, or waits for a second person",
        tag=TAG,
        scopes=(KeyScope.ORDER,),
        asked=Nothing,
        body=Order,
        handle=give,
        takes_key=True,
        answers=(
            Answer(status=201, says="It is released.", form=Outcome, headers=_HOLDS),
            Answer(
                status=202,
                says="Nothing holds yet: a second person is needed.",
                form=Outcome,
                headers=("Location",),
            ),
        ),
        refusals=(Kind.NOT_NOW,),
    ),
    Route(
        method="GET",
        path="/interventions/{intervention}",
        name="getIntervention",
        summary="One intervention, with every site's answer and who still has to give one",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=One,
        body=Nothing,
        handle=one,
        answers=(Answer(status=200, says="The intervention.", form=InFull, headers=("ETag",)),),
    ),
    Route(
        method="PATCH",
        path="/interventions/{intervention}",
        name="changeIntervention",
        summary="Change whatever of it is not past; it holds at once, or waits for a second person",
        tag=TAG,
        scopes=(KeyScope.ORDER,),
        asked=One,
        body=Changing,
        handle=change,
        may_take_key=True,
        takes_match=True,
        answers=(
            Answer(status=200, says="It is changed.", form=Outcome, headers=_HOLDS),
            Answer(
                status=202,
                says="It stays as it is until a second person agrees.",
                form=Outcome,
                headers=("Location",),
            ),
        ),
        refusals=(Kind.NOT_NOW,),
    ),
    Route(
        method="POST",
        path="/interventions/{intervention}/cancel",
        name="cancelIntervention",
        summary="End it now, which one person may always do; the load comes back at random times",
        tag=TAG,
        scopes=(KeyScope.ORDER, KeyScope.HALT),
        asked=One,
        body=Cancelling,
        handle=cancel,
        answers=(Answer(status=200, says="It is cancelled.", form=Reached, headers=("ETag",)),),
        refusals=(Kind.NOT_NOW,),
    ),
)
