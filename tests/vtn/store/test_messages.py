"""The last messages of a site: only where they are wanted, never more than that, and gone when they ought to be."""

from dataclasses import replace
from datetime import timedelta

import pytest

from oadr.wire.ids import RegistrationId, RequestId, VenId
from oadr.wire.recording import Direction, Recorded
from tests.vtn.world import CERTIFICATES, HOME, NOW, PARK, World
from vtn.model.errors import NotNow
from vtn.model.registration import Registration
from vtn.store import messages, registrations
from vtn.store.engine import Store

REGISTERED = Registration(
    ven_id=HOME, registration_id=RegistrationId("V1"), request_id=RequestId("R1"), registered_at=NOW
)


def said(number: int) -> Recorded:
    return Recorded(
        at=NOW + timedelta(microseconds=number),
        direction=Direction.IN if number % 2 else Direction.OUT,
        service="OadrPoll",
        message="oadrPoll",
        verdict=f"{number}",
        size=5_000_000,
        xml=f"<\x00\ufffd {number}>",
    )


async def want(world: World, last: int | None, ven_id: VenId = HOME) -> None:
    async with world.store.writing() as tx:
        await messages.want(tx, ven_id, last)


async def keep(world: World, *numbers: int, ven_id: VenId = HOME) -> None:
    async with world.store.writing() as tx:
        await messages.keep(tx, ven_id, [said(number) for number in numbers])


async def kept(world: World, ven_id: VenId = HOME, last: int = messages.MOST) -> list[int]:
    async with world.store.reading() as tx:
        return [int(one.verdict) for one in await messages.of(tx, ven_id, last)]


async def test_nothing_is_kept_of_a_site_unless_somebody_wants_it(world: World) -> None:
    await want(world, 5, PARK)
    await keep(world, 1, 2)
    assert await kept(world) == []


async def test_a_message_comes_back_as_it_was_also_after_a_restart(world: World) -> None:
    await want(world, 5)
    await keep(world, 1, 2)
    await world.restart()
    async with world.store.reading() as tx:
        assert await messages.of(tx, HOME) == (said(1), said(2))


async def test_the_last_ones_are_kept_of_each_site_for_itself(world: World) -> None:
    await want(world, 3)
    await want(world, 2, PARK)
    for number in range(1, 7, 2):
        await keep(world, number, number + 1)
        await keep(world, number + 10, number + 11, ven_id=PARK)
    assert (await kept(world), await kept(world, PARK)) == ([4, 5, 6], [15, 16])
    assert await kept(world, last=2) == [5, 6]


async def test_when_fewer_are_wanted_the_older_ones_go_at_once(world: World) -> None:
    await want(world, 5)
    await keep(world, 1, 2, 3, 4)
    await want(world, 2)
    assert await kept(world) == [3, 4]


async def test_whoever_switches_it_off_deletes_what_there_is_of_this_site(world: World) -> None:
    for ven_id in (HOME, PARK):
        await want(world, 5, ven_id)
        await keep(world, 1, 2, ven_id=ven_id)
    await want(world, None)
    await keep(world, 3)  # a server that has not noticed yet
    assert (await kept(world), await kept(world, PARK)) == ([], [1, 2])


async def test_they_end_with_the_registration_and_outlive_one_that_takes_its_place(world: World) -> None:
    await want(world, 5)
    async with world.store.writing() as tx:
        await registrations.replace(tx, REGISTERED)
    await keep(world, 1, 2)
    async with world.store.writing() as tx:
        await registrations.replace(tx, replace(REGISTERED, registration_id=RegistrationId("V2")))
    assert await kept(world) == [1, 2]
    async with world.store.writing() as tx:
        await registrations.erase(tx, HOME)
    assert await kept(world) == []


async def test_none_is_kept_for_longer_than_a_week(world: World) -> None:
    await want(world, 5)
    await keep(world, 1)
    for later, left in ((timedelta(days=6), [1]), (timedelta(days=8), [])):
        async with world.store.writing() as tx:
            await messages.forget(tx, NOW + later)
        assert await kept(world) == left


async def test_a_server_notices_with_its_next_look_and_without_a_restart(world: World) -> None:
    def known() -> int | None:
        caller = world.index.caller(CERTIFICATES[HOME])
        assert caller
        return caller.record_last

    assert known() is None
    other = await Store.open(world.folder, world.url)
    for last in (7, None):
        async with other.writing() as tx:
            await messages.want(tx, HOME, last)
        assert await world.index.refresh(world.store, world.now)
        assert known() == last
    await other.close()


async def test_a_site_that_there_is_not_is_said_to_be_unknown(world: World) -> None:
    with pytest.raises(NotNow, match="there is no site S9"):
        await want(world, 5, VenId("S9"))
