"""The local API of the running program: its parts put together, and opened."""

import asyncio
from contextlib import suppress

from ven.daemon import codes, live
from ven.daemon.address import Address
from ven.daemon.api import LocalApi
from ven.daemon.capabilities import Capabilities, capabilities
from ven.daemon.codes import Door
from ven.daemon.config import Settings
from ven.daemon.guard import Guard
from ven.daemon.log import Log
from ven.daemon.routes import Routes
from ven.daemon.run import Watcher
from ven.daemon.status import Status, status
from ven.ven import Trouble, Ven


async def opened(
    settings: Settings, address: Address, ven: Ven, watcher: Watcher, log: Log
) -> LocalApi | None:
    """None, and a word in the log, where it cannot be opened: that is no reason to stop obeying."""
    clock = watcher.clock

    def warn(stranger: str) -> None:
        with suppress(asyncio.QueueFull):  # then there is worse to be told
            ven.news.put_nowait(Trouble(f"wrong codes at the local API, from {stranger}"))

    def shown() -> Status:
        now = clock.now()
        return status(settings, ven.memory, live.of(ven, watcher.contact, now, watcher.others), now)

    def able() -> Capabilities:
        return capabilities(settings, live.of(ven, watcher.contact, clock.now()))

    try:
        door = Door(codes.made(settings.ven.state))
        guard = Guard(door, settings.local_names, asyncio.get_running_loop().time, warn)
        api = LocalApi(Routes(ven, shown, able, watcher.feed, clock.now), guard, watcher.feed, log)
        await api.start(address)
    except OSError as error:
        log.warning("no local API", why=error.strerror or str(error))
        return None
    log.info("local API", host=str(address.host), port=api.port)
    return api
