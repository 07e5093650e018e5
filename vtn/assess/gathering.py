"""What the store knows, fetched for the plain functions beside this module."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr import opting
from oadr.charging.compliance import BASELINE_SPAN
from oadr.charging.electricity import PLANNED_VOLTS
from oadr.opting import Period
from oadr.wire.ids import GroupId, ResourceId
from vtn.assess import outcome
from vtn.assess.outcome import Evidence
from vtn.assess.preview import Drawn, Scene
from vtn.model.intervention import Intervention, Order
from vtn.model.network import Chargepoint
from vtn.model.opt import schedules
from vtn.model.reading import CURRENTS, Quantity, Reading
from vtn.store import interventions, network, opts, reports
from vtn.store.engine import Tx

TOGETHER: Final = timedelta(seconds=30)
"""Readings of a chargepoint that are so close belong together."""
LATELY: Final = timedelta(minutes=5)
"""How old the word of a site on its chargepoints may be."""
MARGIN: Final = timedelta(minutes=1)
"""Read before and after the time in question, for values that stand for an interval."""


async def scene(tx: Tx, feeder_ids: Iterable[GroupId], now: datetime, order: Order | None = None) -> Scene:
    """With `order`, whom a schedule excuses from it too. Raises `NotNow` for a feeder that does not exist."""
    chargepoints = await network.on_feeders(tx, feeder_ids)
    return Scene(
        chargepoints=chargepoints,
        drawn=await drawn(tx, tuple(one.resource_id for one in chargepoints)),
        last_seen=await network.last_seen(tx),
        now=now,
        opted_out=await opted_out(tx, chargepoints, order) if order else frozenset(),
        unreachable=await unreachable(tx, chargepoints, now),
    )


async def unreachable(tx: Tx, chargepoints: Iterable[Chargepoint], now: datetime) -> frozenset[ResourceId]:
    """The chargepoints that were not online by the last word of their sites, if that is not long ago."""
    said = await reports.known_states(tx, tuple(one.resource_id for one in chargepoints))
    return frozenset(one.resource_id for one in said.values() if not one.online and now - one.at <= LATELY)


async def opted_out(tx: Tx, chargepoints: Iterable[Chargepoint], order: Order) -> frozenset[ResourceId]:
    """The chargepoints that are out for a part of the order, by their sites' schedules."""
    during = Period(order.start, order.latest_end)
    stated = {ven_id: schedules(kept) for ven_id, kept in (await opts.outs(tx)).items()}
    return frozenset(
        one.resource_id
        for one in chargepoints
        if opting.is_out(stated.get(one.ven_id, ()), one.resource_id, order.programme, during)
    )


async def drawn(tx: Tx, resources: tuple[ResourceId, ...]) -> Mapping[ResourceId, Drawn]:
    """What each meter said last."""
    powers = await reports.latest(tx, resources, Quantity.POWER)
    currents = [await reports.latest(tx, resources, phase) for phase in CURRENTS]
    found = {
        resource: _drawn(powers.get(resource), tuple(each[resource] for each in currents if resource in each))
        for resource in resources
    }
    return {resource: one for resource, one in found.items() if one is not None}


async def evidence(tx: Tx, intervention: Intervention) -> Evidence:
    """All that is stored about an intervention; of a written event no readings, for none are judged by it."""
    deliveries = await interventions.of_intervention(tx, intervention.intervention_id)
    meant = frozenset(resource for delivery in deliveries for resource in delivery.resources)
    known = (await network.load(tx)).chargepoints
    readings: dict[tuple[ResourceId, Quantity, datetime], Reading] = {}
    received = tuple(filter(None, (one.offered_at for one in deliveries)))
    for since, until in () if intervention.order.written else _windows(intervention, received):
        for reading in await reports.between(tx, meant, since, until):
            readings[reading.resource_id, reading.quantity, reading.at] = reading
    return Evidence(
        intervention=intervention,
        deliveries=deliveries,
        chargepoints={one.resource_id: one for one in known if one.resource_id in meant},
        readings=tuple(readings.values()),
    )


def _windows(
    intervention: Intervention, received: tuple[datetime, ...]
) -> tuple[tuple[datetime, datetime], ...]:
    """The baseline before receipt, and the run itself; between the two may lie days."""
    run = (outcome.begins(intervention) - BASELINE_SPAN - MARGIN, intervention.end + MARGIN)
    if not received:
        return (run,)
    return ((min(received) - BASELINE_SPAN - MARGIN, max(received) + MARGIN), run)


def _drawn(power: Reading | None, currents: tuple[Reading, ...]) -> Drawn | None:
    newest = max((one.at for one in (power, *currents) if one is not None), default=None)
    if newest is None:
        return None
    amps = tuple(one.value for one in currents if newest - one.at <= TOGETHER)
    if power is not None and newest - power.at <= TOGETHER:
        return Drawn(power.at, power.value, amps)
    return Drawn(newest, sum(amps, Decimal(0)) * PLANNED_VOLTS, amps)
