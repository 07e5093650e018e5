"""How a site stands with its operator: what both ends know of its registration, and how it begins."""

from oadr.wire.ids import RegistrationId, RequestId
from oadr.wire.messages import (
    CreatedReport,
    CreatePartyRegistration,
    Poll,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
)
from tests.pair.home import kept
from tests.pair.town import Town
from tests.vtn.world import HOME
from ven import Ven
from vtn.model.wish import Wish, WishKind
from vtn.store import reports, wishes

BEGINNING = [
    CreatePartyRegistration,
    RegisterReport,
    RequestEvent,
    CreatedReport,
    Poll,
    RegisteredReport,
    Poll,
]
"""What a VEN says first when it is new."""


def said(town: Town) -> list[type]:
    return [type(message) for _, message in town.wire.said]


async def wish(town: Town, kind: WishKind) -> None:
    """As `vtn sites reregister` and `vtn sites deregister` do."""
    async with town.dso.at_work() as world:
        async with world.store.writing() as tx:
            await wishes.make(tx, Wish(ven_id=HOME, kind=kind, request_id=RequestId("W1"), since=world.now))
        await world.index.refresh(world.store, world.now)


async def orders(town: Town) -> int:
    """How many reports the VTN has asked for."""
    async with town.dso.at_work() as world, world.store.reading() as tx:
        return len(await reports.orders(tx, HOME))


async def knows_nothing(town: Town) -> bool:
    """Whether the VTN has forgotten the registration and all that hung on it."""
    left = (await town.dso.registration_id(), await town.dso.points(), await orders(town), await kept(town))
    return left == (None, 0, 0, ())


def registered(ven: Ven) -> RegistrationId:
    known = ven.memory.registration
    assert known
    return known.registration_id
