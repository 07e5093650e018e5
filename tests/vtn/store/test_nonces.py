"""The memory of signed messages: on disk, for every process, as long as a message could come again."""

from datetime import timedelta

import pytest

from oadr.wire.errors import Forged
from oadr.wire.ids import VenId
from oadr.wire.replay import Once
from tests.vtn.world import HOME, NOW, PARK, World
from vtn.store import nonces
from vtn.store.engine import Store

ONCE = Once("n-1", NOW + timedelta(minutes=5))


async def spend(store: Store, ven_id: VenId = HOME, once: Once = ONCE) -> None:
    async with store.writing() as tx:
        await nonces.spend(tx, ven_id, once)


@pytest.mark.proves("F3", "VT05")
async def test_a_nonce_is_spent_once_for_all_processes_and_beyond_a_restart(world: World) -> None:
    other = await Store.open(world.folder, world.url)
    await spend(world.store)
    with pytest.raises(Forged, match="replayed"):
        await spend(world.store)
    with pytest.raises(Forged, match="replayed"):
        await spend(other)
    await other.close()
    await world.restart()
    with pytest.raises(Forged, match="replayed"):
        await spend(world.store)


async def test_two_sites_may_have_chosen_the_same_nonce(world: World) -> None:
    for site in (HOME, PARK):
        await spend(world.store, site)
    for site in (HOME, PARK):
        with pytest.raises(Forged, match="replayed"):
            await spend(world.store, site)


@pytest.mark.proves("F3")
async def test_nonces_outlive_their_message_by_an_hour_and_are_then_forgotten(world: World) -> None:
    """A clock that goes forward and back again by less than that lets nothing in."""
    await spend(world.store)
    for later, remembered in ((timedelta(minutes=64), True), (timedelta(minutes=66), False)):
        async with world.store.writing() as tx:
            await nonces.forget(tx, NOW + later)
        if remembered:
            with pytest.raises(Forged):
                await spend(world.store)
    await spend(world.store)
