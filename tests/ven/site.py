"""A site with a VEN, chargers that remember, a diary of what happened in which order, and a VTN; time is virtual."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from oadr.charging.limit import Limit
from oadr.wire.ids import ResourceId
from oadr.wire.messages import Message
from tests.ven.stage import BASE, EVSE_1, EVSE_2, RATING, FakeVtn, Loaded
from tests.ven.virtual import START, VirtualClock, run
from ven import Measurement, Trouble, Ven, VenConfig
from ven.journal import Memory, decode, encode
from ven.session import Request

UNUSED = Path("/nonexistent")
CONFIG = VenConfig(
    vtn_url="https://vtn.example", certificate=UNUSED, trust=UNUSED, state=UNUSED, market_contexts=BASE
)


class Charger:
    """Obeys after a while, and remembers what it was told and when."""

    def __init__(self, diary: "Diary", resource_id: ResourceId = EVSE_1, slow: float = 0.0) -> None:
        self.resource_id = resource_id
        self.rating = RATING
        self.slow = slow
        self.diary = diary
        self.told: list[tuple[datetime, Decimal | None]] = []

    async def apply(self, limit: Limit | None) -> None:
        amps = limit.amps if limit else None
        self.told.append((self.diary.clock.now(), amps))
        await asyncio.sleep(self.slow)
        self.diary.write(f"{self.resource_id} {amps}")

    async def measure(self) -> Measurement:
        """6 A on each phase, unless less is allowed; its register counts on."""
        counted = int(4140 * asyncio.get_running_loop().time() / 3600)
        allowed = self.told[-1][1] if self.told else None
        amps = Decimal(6) if allowed is None else min(Decimal(6), allowed)
        return Measurement((amps,) * 3, amps * 690, Decimal(10 + counted))

    @property
    def course(self) -> list[tuple[int, Decimal | None]]:
        """Seconds after the start, and amps."""
        return [(round((at - START).total_seconds()), amps) for at, amps in self.told]


class Diary:
    """What happened in which order; a journal that keeps bytes, and can fail."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.lines: list[str] = []
        self.raw: bytes | None = None
        self.failing = False
        self.takes = 0.0

    def write(self, line: str) -> None:
        self.lines.append(line)

    def load(self) -> Memory:
        return decode(self.raw) if self.raw else Memory()

    def save(self, memory: Memory) -> None:
        time.sleep(self.takes)
        if self.failing:
            raise OSError("disk full")
        self.raw = encode(memory)
        self.write("saved")


class Wire:
    """Carries requests to the fake VTN and notes them in the diary."""

    def __init__(self, vtn: FakeVtn, diary: Diary) -> None:
        self.vtn = vtn
        self.diary = diary
        self.broken: type[Message] | None = None

    async def exchange(self, request: Request) -> Message | None:
        self.diary.write(type(request.message).__name__)
        if self.broken and isinstance(request.message, self.broken):
            raise RuntimeError("a bug below")
        return self.vtn.answer(request)

    async def close(self) -> None:
        self.diary.write("closed")


class Site:
    """A VEN with its surroundings; everything outside it survives a restart."""

    def __init__(self, *slow: float, clock: VirtualClock | None = None, dice: Any = None) -> None:
        self.clock = clock or VirtualClock()
        self.diary = Diary(self.clock)
        names = (EVSE_1, EVSE_2)
        self.chargers = [Charger(self.diary, names[count], each) for count, each in enumerate(slow or (0.0,))]
        self.vtn = FakeVtn(self.clock.now)
        self.wire = Wire(self.vtn, self.diary)
        self.dice = dice or Loaded(0.5)
        self.config = CONFIG
        self.power_returned = False

    @property
    def charger(self) -> Charger:
        return self.chargers[0]

    def ven(self) -> Ven:
        return Ven(
            self.config,
            self.chargers,
            transport=self.wire,
            journal=self.diary,
            clock=self.clock,
            dice=self.dice,
            power_returned=self.power_returned,
        )

    @property
    def changes(self) -> list[tuple[int, Decimal | None]]:
        """The first charger's course without what was only said again."""
        course = self.charger.course
        return [one for count, one in enumerate(course) if not count or one[1] != course[count - 1][1]]

    @property
    def applied(self) -> Decimal | None:
        """A that the first charger was told last; None: no limit."""
        return self.charger.told[-1][1]

    async def settle(self, seconds: float = 0.5) -> None:
        await asyncio.sleep(seconds)


def news(ven: Ven, kind: type = Trouble) -> list[Any]:
    items = []
    while not ven.news.empty():
        items.append(ven.news.get_nowait())
    return [item for item in items if isinstance(item, kind)]


def played(play: Callable[[Site], Awaitable[None]], *slow: float, dice: Any = None) -> Site:
    async def main() -> Site:
        site = Site(*slow, dice=dice)
        await play(site)
        return site

    return run(main())
