"""Chargepoints, orders, answers and meters for the tests of what is computed of them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from oadr.charging.electricity import PLANNED_VOLTS, Rating
from oadr.charging.signals import Programme
from oadr.wire.ids import EventId, GroupId, ResourceId, VenId
from oadr.wire.messages.common import OptType
from vtn.model.delivery import Answer, Delivery
from vtn.model.intervention import Intervention, InterventionId, Order
from vtn.model.network import Chargepoint
from vtn.model.reading import CURRENTS, Quantity, Reading

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
EVERY = timedelta(seconds=10)
F12 = GroupId("F12")


def chargepoint(name: str, amps: int = 32, phases: int = 3, site: str | None = None) -> Chargepoint:
    return Chargepoint(
        resource_id=ResourceId(name),
        ven_id=VenId(site or f"site-of-{name}"),
        feeder_id=F12,
        rating=Rating(Decimal(amps), phases),
        pseudonym=name.encode().hex().zfill(32),
    )


def intervention(
    *,
    percent: int = 40,
    start: datetime = NOON,
    minutes: int = 30,
    programme: Programme = Programme.SUPPLY_LIMIT,
    randomise: timedelta | None = None,
    is_test: bool = False,
    cancelled_at: datetime | None = None,
    outcome_at: datetime | None = None,
) -> Intervention:
    order = Order(
        programme=programme,
        feeder_ids=(F12,),
        percent=Decimal(percent),
        start=start,
        duration=timedelta(minutes=minutes),
        reason="transformer at 112 %",
        ordered_by="operator",
        randomise=randomise,
        is_test=is_test,
    )
    return Intervention(
        intervention_id=InterventionId(f"I-{start:%H%M}"),
        order=order,
        ordered_at=min(start, NOON),
        cancelled_at=cancelled_at,
        outcome_at=outcome_at,
    )


def delivery(
    given: Intervention,
    *meant: Chargepoint,
    offered: datetime | None = NOON,
    opt: OptType | None = OptType.OPT_IN,
    code: str = "200",
) -> Delivery:
    """Offered and answered at once, unless said otherwise; `opt` None: not answered."""
    answer = opt and Answer(
        modification_number=given.modification_number,
        opt=opt,
        code=code,
        answered_at=(offered or NOON) + timedelta(seconds=1),
    )
    return Delivery(
        event_id=EventId(f"{given.intervention_id}-{meant[0].ven_id}"),
        ven_id=meant[0].ven_id,
        intervention=given,
        resources=tuple(one.resource_id for one in meant),
        created_at=given.ordered_at,
        offered_at=offered,
        answer=answer or None,
        order_answer=replace(answer, modification_number=0) if answer else None,
    )


def meter(
    one: Chargepoint,
    amps: Callable[[datetime], int | str],
    since: datetime = NOON - timedelta(minutes=16),
    until: datetime = NOON + timedelta(minutes=31),
    *,
    currents: bool = True,
) -> Iterator[Reading]:
    """What its site reports every ten seconds: means of A on each phase, and W; or W alone, of that moment.

    `amps` says what is drawn from a moment on.
    """
    at = since
    while at < until:
        begun, at = at, at + EVERY
        drawn = Decimal(amps(begun if currents else at))
        yield Reading(one.resource_id, Quantity.POWER, at, drawn * PLANNED_VOLTS * one.rating.phases)
        if currents:
            for phase in CURRENTS[: one.rating.phases]:
                yield Reading(one.resource_id, phase, at, drawn)


def obedient(at: datetime) -> str:
    """Full until ten seconds after noon, then 12.8 A for the rest of half an hour, then full again."""
    return "12.8" if NOON + EVERY <= at < NOON + timedelta(minutes=30) else "32"


def liar(_: datetime) -> str:
    """Says yes, and draws on."""
    return "32"
