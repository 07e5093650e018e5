"""A room for each test: the API over a small network, on the world's own clock."""

from collections.abc import AsyncIterator

import pytest

from tests.vtn.api.rooms import Room, serving
from tests.vtn.world import World


@pytest.fixture
async def room(world: World) -> AsyncIterator[Room]:
    async with serving(world) as made:
        yield made
