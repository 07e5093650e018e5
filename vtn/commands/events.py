"""`vtn events`: every intervention, how it stands and whom it has reached."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from oadr.wire.ids import ResourceId
from oadr.wire.messages.common import OptType
from vtn.assess import reach
from vtn.assess.reach import Reach
from vtn.commands import listing, shown
from vtn.commands.options import ConfigFile, Json, Overrides, opened, settings
from vtn.commands.shown import Shown
from vtn.config import Settings
from vtn.model.intervention import Intervention
from vtn.store import interventions


@dataclass(frozen=True, slots=True)
class Known:
    intervention: Intervention
    sites: Mapping[Reach, int]
    unconfirmed: int
    """Sites whose newest modification, the order or its cancellation, is not answered."""
    opted_out: tuple[ResourceId, ...]
    """Chargepoints that declined apart from their site."""


def events(as_json: Json = False, file: ConfigFile = None, overrides: Overrides = None) -> None:
    """All interventions, the newest first, and how many sites each has reached."""
    found, now = asyncio.run(_found(settings(file, overrides)))
    if as_json:
        shown.as_json([_event(one, now) for one in found])
        return
    shown.table(
        (
            "intervention",
            "state",
            "feeders",
            "percent",
            "start",
            "for",
            "acknowledged",
            "declined",
            "reached",
            "silent",
            "unconfirmed",
            "opted out",
            "reason",
        ),
        (_line(one, now) for one in found),
    )


async def _found(given: Settings) -> tuple[tuple[Known, ...], datetime]:
    async with opened(given) as office, office.store.reading() as tx:
        known = []
        for one in await interventions.load(tx):
            deliveries = await interventions.of_intervention(tx, one.intervention_id)
            unconfirmed = sum(not delivery.settled for delivery in deliveries)
            opted_out = tuple(
                said.resource_id
                for delivery in deliveries
                for said in delivery.opts
                if said.opt is OptType.OPT_OUT
            )
            known.append(Known(one, reach.count(deliveries), unconfirmed, opted_out))
    return tuple(known), office.now


def _event(one: Known, now: datetime) -> Shown:
    return {
        **listing.intervention(one.intervention, now),
        "sites": {each: one.sites[each] for each in Reach},
        "unconfirmed": one.unconfirmed,
        "opted_out": list(one.opted_out),
    }


def _line(one: Known, now: datetime) -> tuple[str, ...]:
    order = one.intervention.order
    return (
        one.intervention.intervention_id,
        listing.state(one.intervention, now),
        ", ".join(order.feeder_ids),
        shown.plain(order.percent) if order.written is None else listing.signals(order.written),
        shown.clock(order.start),
        "until cancelled" if order.is_open_ended else shown.length(order.duration),
        *(str(one.sites[each]) for each in Reach),
        str(one.unconfirmed),
        str(len(one.opted_out)),
        order.reason,
    )
