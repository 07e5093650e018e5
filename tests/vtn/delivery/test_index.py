"""What a server keeps in memory of who may call."""

from dataclasses import replace

from oadr.wire.ids import RegistrationId
from oadr.wire.signature import SignaturePolicy
from tests.vtn.world import CERTIFICATES, HOME, World
from vtn.model.registration import Caller
from vtn.store import messages, network


def caller(world: World) -> Caller:
    found = world.index.caller(CERTIFICATES[HOME])
    assert found
    return found


async def test_a_registration_under_way_does_not_undo_what_the_operator_changes_meanwhile(
    world: World,
) -> None:
    """Or a site of which signatures are demanded at that moment could go on without them."""
    before = caller(world)
    async with world.store.writing() as tx:
        await network.demand(tx, HOME, SignaturePolicy.REQUIRED)
        await messages.want(tx, HOME, 50)
    await world.index.refresh(world.store, world.now)
    world.index.changed(replace(before, registration_id=RegistrationId("V1")))
    after = caller(world)
    assert (after.registration_id, after.signatures, after.record_last) == (
        RegistrationId("V1"),
        SignaturePolicy.REQUIRED,
        50,
    )
