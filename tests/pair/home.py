"""The town's site with a second chargepoint, what its people say by EiOpt, and what the operator knows of that."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from oadr.charging.electricity import Rating
from oadr.charging.signals import Programme
from oadr.wire.ids import EventId, ResourceId
from tests.pair.town import Charger, Town
from tests.vtn.world import F1, HOME, HOME_EVSE
from ven import Ven
from vtn.assess import gathering
from vtn.model.intervention import Intervention
from vtn.model.network import Chargepoint, Network
from vtn.model.opt import KeptOpt
from vtn.store import opts

HOME_2: Final = ResourceId("home-evse-2")
HOUR: Final = timedelta(hours=1)
SHIFT: Final[dict[str, Any]] = {
    "programme": Programme.LOAD_SHIFT,
    "randomise": timedelta(),
    "duration": HOUR,
}


class Second(Charger):
    resource_id = HOME_2


class Home:
    def __init__(self, town: Town) -> None:
        self.town = town
        self.second = Second(town.clock.now)

    async def build(self) -> None:
        other = Chargepoint(resource_id=HOME_2, ven_id=HOME, feeder_id=F1, rating=Rating(Decimal(32), 1))
        async with self.town.dso.at_work() as world:
            await world.build(Network(chargepoints=(other,)))

    def ven(self) -> Ven:
        town = self.town
        chargers = (town.charger, self.second)
        return Ven(town.config, chargers, transport=town.wire, clock=town.clock, dice=town.dice)

    @property
    def amps(self) -> list[Decimal | None]:
        return [self.town.amps, self.second.told[-1][1]]


async def kept(town: Town) -> tuple[KeptOpt, ...]:
    """The opts of the site that the operator holds."""
    async with town.dso.at_work() as world, world.store.reading() as tx:
        return await opts.of_ven(tx, HOME)


async def excused(town: Town, given: Intervention, **later: float) -> frozenset[ResourceId]:
    """Who is out of the same order, so much later."""
    order = replace(given.order, start=given.order.start + timedelta(**later))
    async with town.dso.at_work() as world, world.store.reading() as tx:
        return (await gathering.scene(tx, (F1,), world.now, order)).opted_out & {HOME_EVSE, HOME_2}


async def event_id(town: Town) -> EventId:
    return (await town.dso.delivery()).event_id


async def excused_at(town: Town, given: Intervention, *hours: int) -> list[int]:
    """How many are out of the same order, so many hours later."""
    return [len(await excused(town, given, hours=hour)) for hour in hours]
