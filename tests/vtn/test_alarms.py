"""What nobody should overlook is shouted by the server's log."""

import pytest

from tests.vtn.web.server import Memory
from tests.vtn.world import World
from vtn.app import Server
from vtn.config import Settings
from vtn.store import alarms
from vtn.web.journal import Journal


@pytest.mark.proves("O04")
async def test_an_alarm_of_another_process_is_told_once_and_at_the_level_of_an_error(world: World) -> None:
    memory = Memory()
    server = Server(Settings(), Journal(memory))
    server._store = world.store
    async with world.store.writing() as tx:
        await alarms.sound(tx, "break-glass", "I1 by P-1 alone: nobody answers", world.now)
    for _ in range(2):
        await server._attempt("alarms", server._sound_alarms)
    assert memory.lines == [
        ("error", "ALARM: break-glass", {"why": "I1 by P-1 alone: nobody answers"}),
    ]
