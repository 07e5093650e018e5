"""A network operator with our VTN, a home with our VEN, and a wire between them. Time is the test's own."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.ledger.entry import EntryType
from oadr.wire import envelope
from oadr.wire.messages import Message
from oadr.wire.messages.event import Event
from oadr.wire.messages.registration import ServiceName
from tests.pair.loop import run, standing_still
from tests.pair.wire import SCHEMA, Wire
from tests.ven.stage import Loaded
from tests.ven.virtual import START, VirtualClock
from tests.vtn.world import CERTIFICATES, HOME, HOME_EVSE, TERMS, World
from ven import Measurement, Ven, VenConfig
from vtn.model.delivery import Delivery
from vtn.model.intervention import Intervention
from vtn.model.reading import Reading
from vtn.service.dispatch import SERVICES, answer
from vtn.store import registrations, reports

RATING = Rating(amps=Decimal(32), phases=1)
LIMITED = Decimal("12.8")
"""A at the 40 % that is ordered."""
CAR = Decimal(20)
"""A that the car takes when nobody limits it."""
UNUSED = Path("/nonexistent")


class Charger:
    """Obeys at once, and remembers what it was told and when."""

    resource_id = HOME_EVSE
    rating = RATING

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.told: list[tuple[datetime, Decimal | None]] = []

    async def apply(self, limit: Limit | None) -> None:
        self.told.append((self._now(), limit.amps if limit else None))

    async def measure(self) -> Measurement:
        allowed = self.told[-1][1] if self.told else None
        amps = CAR if allowed is None else min(CAR, allowed)
        counted = int(asyncio.get_running_loop().time()) // 60  # not exact, but it moves as a register does
        return Measurement((amps,), amps * 230, Decimal(10 + counted))

    @property
    def course(self) -> list[tuple[int, Decimal | None]]:
        """Seconds after the start, and A per phase."""
        return [(round((at - START).total_seconds()), amps) for at, amps in self.told]

    @property
    def changes(self) -> list[tuple[int, Decimal | None]]:
        """The course without what was only said again, because it ends at another time for instance."""
        course = self.course
        return [one for count, one in enumerate(course) if not count or one[1] != course[count - 1][1]]


class Dso:
    """The VTN with its store. No time passes while it works; what it does in one go, nothing interrupts."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.heard: list[Message] = []
        self.ahead = timedelta()
        """How far its clock is ahead of the VEN's."""
        self._world = World(folder)
        self._now = now
        self._busy = asyncio.Lock()
        self._folder = folder

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[World]:
        async with self._busy:
            self._world.now = self._now() + self.ahead
            with standing_still():
                yield self._world

    async def open(self) -> None:
        async with self.at_work() as world:
            await world.start()
            await world.build()

    async def close(self) -> None:
        async with self.at_work() as world:
            await world.store.close()

    async def restart(self) -> None:
        """As after a kill: what is on disk, and an empty memory."""
        async with self.at_work() as world:
            await world.restart()

    async def restore(self, backup: Path) -> None:
        """An older copy of the folder takes the place of what is there."""
        async with self.at_work() as world:
            await world.store.close()
            shutil.rmtree(self._folder)
            shutil.copytree(backup, self._folder)
            await world.start()

    async def back_up(self, backup: Path) -> None:
        async with self.at_work() as world:
            await world.store.close()
            shutil.copytree(self._folder, backup)
            await world.start()

    @asynccontextmanager
    async def without_its_disk(self) -> AsyncIterator[None]:
        """The folder of the store is not there for a while."""
        elsewhere = self._folder.with_name("elsewhere")
        async with self.at_work() as world:
            await world.store.close()
            self._folder.rename(elsewhere)
        yield
        async with self.at_work() as world:
            await world.store.close()
            elsewhere.rename(self._folder)

    async def hear(self, service: ServiceName, raw: bytes) -> bytes:
        """What its HTTP edge does with the bytes of a request, and the bytes of the answer."""
        message = envelope.read(raw, SCHEMA, limit=envelope.REPORT_LIMIT)
        self.heard.append(message)
        async with self.at_work() as world:
            caller = world.index.caller(CERTIFICATES[HOME])
            reply = await answer(SERVICES[service][type(message)], message, caller, world.desk, world.now)
        return envelope.write(reply)

    # --- the operator's acts, and what the store says ---

    async def limit(self, **changes: Any) -> Intervention:
        """40 % for half an hour from now, unless the test wants something else."""
        async with self.at_work() as world:
            return await world.give(**changes)

    async def send(self, event: Event, **changes: Any) -> Intervention:
        """An event in the operator's own words; see tests/vtn/written.py for a way to write one."""
        async with self.at_work() as world:
            return await world.send(event, **changes)

    async def change(self, given: Intervention, **changes: Any) -> Intervention:
        """`percent`, `start`, `duration`, `randomise`, `written`, and a `reason`."""
        async with self.at_work() as world:
            return await world.change(given, **changes)

    async def cancel(self, given: Intervention) -> None:
        async with self.at_work() as world:
            await world.cancel(given)

    async def forget(self) -> None:
        """The registration is lost, as with an old backup."""
        async with self.at_work() as world:
            async with world.store.writing() as tx:
                await registrations.erase(tx, HOME)
            await world.restart()

    async def forget_reports(self) -> None:
        """What the VEN offers, and what was asked of it, is lost; the registration is not."""
        async with self.at_work() as world, world.store.writing() as tx:
            await reports.offer(tx, HOME, ())

    async def deliveries(self) -> tuple[Delivery, ...]:
        async with self.at_work() as world:
            return await world.deliveries(HOME)

    async def delivery(self) -> Delivery:
        (only,) = await self.deliveries()
        return only

    async def recorded(self) -> list[EntryType]:
        async with self.at_work() as world:
            return await world.recorded()

    async def registration_id(self) -> str | None:
        async with self.at_work() as world, world.store.reading() as tx:
            known = await registrations.of(tx, HOME)
        return known.registration_id if known else None

    async def readings(self) -> tuple[Reading, ...]:
        async with self.at_work() as world, world.store.reading() as tx:
            return await reports.between(tx, (HOME_EVSE,), START, self._now())

    async def points(self) -> int:
        async with self.at_work() as world, world.store.reading() as tx:
            return len(await reports.points(tx, HOME))


class Town:
    """Both ends; everything outside the VEN survives its restart."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.dso = Dso(folder / "vtn", self.clock.now)
        self.wire = Wire(self.dso.hear, self.clock.now, lambda: self.clock.now() + self.dso.ahead)
        self.charger = Charger(self.clock.now)
        self.dice = Loaded(0.5)
        self.config = VenConfig(
            vtn_url="https://vtn.example",
            certificate=UNUSED,
            trust=UNUSED,
            state=folder / "ven",
            market_contexts=TERMS.market_contexts,
            name="home",
            restore_max=timedelta(seconds=100),
            ramp_every=timedelta(seconds=10),
            sample_every=timedelta(seconds=10),
        )

    def ven(self) -> Ven:
        return Ven(self.config, (self.charger,), transport=self.wire, clock=self.clock, dice=self.dice)

    async def wait(self, **span: float) -> None:
        await asyncio.sleep(timedelta(**span).total_seconds())

    @property
    def amps(self) -> Decimal | None:
        """What the charger was told last."""
        return self.charger.told[-1][1]


@contextmanager
def in_memory() -> Iterator[Path]:
    """A new folder, in memory where that can be: these tests ask what is said, not what a disk keeps."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


def played(folder: Path, play: Callable[[Town], Awaitable[None]]) -> Town:
    """A town after a play; the VTN is there from the beginning."""

    async def main() -> Town:
        town = Town(folder)
        await town.dso.open()
        try:
            await play(town)
        finally:
            await town.dso.close()
        return town

    return run(main())
