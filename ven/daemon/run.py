"""The program: drivers, VEN, log and live file in one loop, until the system asks it to end."""

import asyncio
import importlib.util
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from oadr.wire.recording import Recorded
from ven.clock import Clock, SystemClock
from ven.daemon import boot, live, messages, security
from ven.daemon.config import Settings
from ven.daemon.feed import Feed
from ven.daemon.live import Contact
from ven.daemon.log import Happening, Log, line
from ven.daemon.security import Security
from ven.daemon.shown import words
from ven.news import ContactLost, ContactMade, FromParty, Registered
from ven.ven import Ven

if TYPE_CHECKING:
    from ven.daemon.api import LocalApi

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
    power_returned = boot.power_returned(settings.ven.state)
    async with Ven(settings.ven, chargepoints, power_returned=power_returned) as ven:
        boot.remember(settings.ven.state)
        watcher = Watcher(ven, log, clock)
        watcher.security = await _security(settings, clock, log)
        api = await local_api(settings, ven, watcher, log)
        try:
            await _watch(watcher, ended)
        finally:
            if api:
                await api.stop()
            watcher.write_messages()
            live.remove(settings.ven.state)
            if watcher.security:
                watcher.security.stop()
    log.info("stopped")


async def _security(settings: Settings, clock: SystemClock, log: Log) -> Security | None:
    """That its log cannot be opened is no reason to stop obeying. The last seal is told, to be elsewhere too."""
    try:
        found = await asyncio.to_thread(
            security.started, settings, clock.now, lambda why: log.warning("no security log", why=why)
        )
    except OSError as error:
        log.warning("no security log", why=error.strerror or str(error))
        return None
    log.info("security log", line=found.head.number, seal=found.head.seal)
    return found


async def local_api(settings: Settings, ven: Ven, watcher: "Watcher", log: Log) -> "LocalApi | None":
    """None where it is off: then nothing of it is loaded."""
    if settings.local_api is None:
        return None
    from ven.daemon.local import opened

    return await opened(settings, settings.local_api, ven, watcher, log)


async def _watch(watcher: "Watcher", ended: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(watcher.tell()), tasks.create_task(watcher.show())]
        await ended.wait()
        for task in running:
            task.cancel()


class Watcher:
    """Looks at a VEN from outside: says what happens, and shows how it stands."""

    def __init__(self, ven: Ven, log: Log, clock: Clock) -> None:
        self._ven = ven
        self._log = log
        self.clock = clock
        self.contact: Contact | None = None
        self.others: dict[str, Contact] = {}
        self.feed = Feed()
        self.security: Security | None = None
        self._messages: tuple[Recorded, ...] = ()
        self._before = self._messages_before()

    async def tell(self) -> None:
        while True:
            item = await self._ven.news.get()
            if self._changes_contact(item):
                self._write_live()
            self.feed.tell(item)
            self._log.write(line(item))
            if self.security:
                await self.security.tell(item)

    async def show(self) -> None:
        """The live file after every sample, and with it what messages there are."""
        while True:
            self._write_live()
            self.write_messages()
            await self.clock.sleep_until(self.clock.now() + self._ven.config.sample_every)

    def write_messages(self) -> None:
        """Those of this run after those of the one before; only when there is a new one."""
        if (recorded := self._ven.messages) == self._messages:
            return
        self._messages = recorded
        last = self._ven.config.record_messages
        with suppress(OSError):
            messages.write(self._ven.config.state, (*self._before, *recorded)[-last:])

    def _messages_before(self) -> tuple[Recorded, ...]:
        """A file that is not wanted any more is deleted."""
        state = self._ven.config.state
        if self._ven.config.record_messages:
            return messages.read(state)
        messages.remove(state)
        return ()

    def _changes_contact(self, item: Happening) -> bool:
        """Whether a VTN answers now that did not, or the other way round."""
        if isinstance(item, FromParty):
            after = self._contact_after(item.news, self.others.get(item.party))
            self.others.update({item.party: after} if after else {})
        else:
            after = self._contact_after(item, self.contact)
            self.contact = after or self.contact
        return after is not None

    def _contact_after(self, item: Happening, before: Contact | None) -> Contact | None:
        """None: `item` does not change whether the VTN answers."""
        match item:
            case ContactMade():
                return Contact(True, self.clock.now())
            case Registered() if before is None:
                return Contact(True, self.clock.now())
            case ContactLost(why):
                return Contact(False, self.clock.now(), words(why))
        return None

    def _write_live(self) -> None:
        """That nobody can be shown anything is no reason to stop."""
        with suppress(OSError):
            live.write(
                self._ven.config.state, live.of(self._ven, self.contact, self.clock.now(), self.others)
            )
