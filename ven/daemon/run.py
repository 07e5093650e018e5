"""The program: drivers, VEN, log and live file in one loop, until the system asks it to end."""

import asyncio
import importlib.util
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ven.clock import SystemClock
from ven.daemon import live
from ven.daemon.config import Settings
from ven.daemon.live import Contact
from ven.daemon.log import Happening, Log, line
from ven.daemon.shown import words
from ven.news import ContactLost, ContactMade, Registered
from ven.ven import Ven

ENDINGS: Final = (signal.SIGTERM, signal.SIGINT)


def run(settings: Settings, log: Log) -> None:
    """Returns after SIGTERM or SIGINT. Raises what `Ven` raises on entering."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_run(settings, log))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed; the VEN does not need it."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


async def _run(settings: Settings, log: Log) -> None:
    ended = asyncio.Event()
    for number in ENDINGS:
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    clock = SystemClock()
    chargepoints = [one.connect(clock.now) for one in settings.chargepoints]
    log.info("starting", name=settings.ven.name, vtn_url=settings.ven.vtn_url, chargepoints=len(chargepoints))
    async with Ven(settings.ven, chargepoints) as ven:
        try:
            await _watch(Watcher(ven, log, clock), ended)
        finally:
            live.remove(settings.ven.state)
    log.info("stopped")


async def _watch(watcher: "Watcher", ended: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(watcher.tell()), tasks.create_task(watcher.show())]
        await ended.wait()
        for task in running:
            task.cancel()


class Watcher:
    """Looks at a VEN from outside: says what happens, and shows how it stands."""

    def __init__(self, ven: Ven, log: Log, clock: SystemClock) -> None:
        self._ven = ven
        self._log = log
        self._clock = clock
        self._contact: Contact | None = None

    async def tell(self) -> None:
        while True:
            item = await self._ven.news.get()
            if contact := self._contact_after(item):
                self._contact = contact
                self._write_live()
            self._log.write(line(item))

    async def show(self) -> None:
        """The live file, after every sample."""
        while True:
            self._write_live()
            await self._clock.sleep_until(self._clock.now() + self._ven.config.sample_every)

    def _contact_after(self, item: Happening) -> Contact | None:
        """None: `item` does not change whether the VTN answers."""
        match item:
            case ContactMade():
                return Contact(True, self._clock.now())
            case Registered() if self._contact is None:
                return Contact(True, self._clock.now())
            case ContactLost(why):
                return Contact(False, self._clock.now(), words(why))
        return None

    def _write_live(self) -> None:
        """That nobody can be shown anything is no reason to stop."""
        with suppress(OSError):
            live.write(self._ven.config.state, live.of(self._ven, self._contact, self._clock.now()))
