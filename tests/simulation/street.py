"""A street in trouble: our VTN, a fleet of our VENs, wires that lose, power that fails, clocks that jump. Virtual time.

Everything that chance decides comes from one seed, so a run can be had again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

from certs import Sha256
from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.charging.signals import Programme
from oadr.wire import envelope
from oadr.wire.errors import Unreachable
from oadr.wire.ids import GroupId, ResourceId, VenId
from oadr.wire.messages import Message
from oadr.wire.messages.registration import ServiceName
from tests.pair.loop import standing_still
from tests.simulation.driver import Driver
from tests.simulation.judge import SHIFT_SPREAD, Judge
from tests.ven.virtual import START, VirtualClock
from tests.vtn.world import F1, TERMS, World, schema
from ven import Measurement, Ven, VenConfig
from ven.authority import Bounds
from ven.contract import Contract
from ven.journal import Memory, decode, encode
from ven.session import Request
from ven.transport.http import Busy
from vtn.model.delivery import Delivery
from vtn.model.errors import Mistake
from vtn.model.intervention import Intervention, State
from vtn.model.network import Chargepoint, Feeder, Network, Site
from vtn.service.dispatch import SERVICES, answer
from vtn.store import interventions
from vtn.store.engine import StoreAway

SCHEMA: Final = schema()
UNUSED: Final = Path("/nonexistent")
TIMEOUT: Final = 20.0
GENEROUS: Final = Contract(
    bounds=Bounds(longest=timedelta(hours=2), a_day=1000, a_week=timedelta(days=7), rest=timedelta()),
    calendar_spread=timedelta(),
)
"""The street is in trouble all evening; that the bounds hold is shown elsewhere."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad it is: shares of exchanges, and how many of the minutes bring what."""

    lost: float = 0.08
    replies_lost: float = 0.08
    twice: float = 0.03
    slow: float = 0.05
    crashes: float = 0.02
    """Of each site, each minute."""
    full_disks: float = 0.02
    jumps: float = 0.01
    """Of each site's clock, each minute."""
    restarts: float = 0.1
    """Of the VTN, each minute."""
    wishes: float = 0.02
    """Of each site's people, each minute."""


CALM: Final = Weather(0, 0, 0, 0, 0, 0, 0, 0, 0)


class SlowWorld(World):
    """It asks for fewer polls and reports than usual: an evening has many of them."""

    async def start(self) -> None:
        await super().start()
        terms = replace(TERMS, poll_every=timedelta(seconds=20), report_every=timedelta(minutes=5))
        self.desk = replace(self.desk, terms=terms)


class Outlet:
    """A chargepoint that obeys at once; what it was told stays when its VEN has gone."""

    def __init__(self, name: str, rating: Rating, home: "Home") -> None:
        self.resource_id = ResourceId(name)
        self.rating = rating
        self.told: list[tuple[datetime, Decimal | None]] = []
        self._home = home

    @property
    def amps(self) -> Decimal:
        """What it may draw now."""
        last = self.told[-1][1] if self.told else None
        return self.rating.amps if last is None else last

    async def apply(self, limit: Limit | None) -> None:
        self.told.append((self._home.street.clock.now(), limit.amps if limit else None))

    async def measure(self) -> Measurement:
        amps = min(self.amps, Decimal(20))
        return Measurement((amps,), amps * 230, Decimal(0))


class Paper:
    """A journal that keeps only what it had when `save` returned."""

    def __init__(self, home: "Home") -> None:
        self.raw: bytes | None = None
        self._home = home

    def load(self) -> Memory:
        return decode(self.raw) if self.raw else Memory()

    def save(self, memory: Memory) -> None:
        if self._home.chance(self._home.street.weather.full_disks):
            raise OSError("no space left")
        self.raw = encode(memory)


class Home:
    """One site: its outlet, its journal and its wire survive; the VEN comes and goes."""

    def __init__(self, street: "Street", number: int) -> None:
        self.street = street
        self.ven_id = VenId(f"home-{number}")
        self.certificate = Sha256(f"{number:064x}")
        self.random = Random(f"{street.seed}/{number}")
        self.rating = Rating(Decimal(self.random.choice((16, 20, 32))), 1)
        self.outlet = Outlet(f"evse-{number}", self.rating, self)
        self.paper = Paper(self)
        self.driver = Driver(Random(f"{street.seed}/{number}/people"))
        self.clock = VirtualClock()
        self.skew = timedelta()
        self.ven: Ven | None = None
        self.was_up_since: datetime | None = None

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    async def start(self) -> None:
        config = VenConfig(
            vtn_url="https://vtn.example",
            certificate=UNUSED,
            trust=UNUSED,
            state=UNUSED,
            market_contexts=TERMS.market_contexts,
            name=self.ven_id,
            contract=GENEROUS,
            preset=self.driver.calendar,
            restore_max=timedelta(seconds=60),
            randomise_default=SHIFT_SPREAD,
            ramp_every=timedelta(seconds=5),
            sample_every=timedelta(minutes=1),
            retry_cap=timedelta(seconds=30),
        )
        self.ven = Ven(
            config, (self.outlet,), transport=self, journal=self.paper, clock=self.clock, dice=self.random
        )
        await self.ven.__aenter__()
        self.was_up_since = self.street.clock.now()

    async def crash(self) -> None:
        """Whatever was not written is gone. The outlet goes on with what it was told."""
        ven, self.ven = self.ven, None
        if ven is not None:
            await ven.__aexit__(None, None, None)

    def jump(self) -> None:
        by = timedelta(seconds=self.random.randint(-300, 300))
        self.skew += by
        self.clock.step(by)

    # --- the transport of the VEN ---

    async def exchange(self, request: Request) -> Message | None:
        weather = self.street.weather
        self.street.judge.said(self, request.message)
        if self.chance(weather.slow):
            await asyncio.sleep(self.random.uniform(0, 15))
        if self.chance(weather.lost):
            await asyncio.sleep(TIMEOUT)
            raise Unreachable("lost on its way")
        for _ in range(1 + self.chance(weather.twice)):
            reply = await self.street.hear(self, request.service, envelope.write(request.message))
        if self.chance(weather.replies_lost):
            await asyncio.sleep(TIMEOUT)
            raise Unreachable("the reply was lost")
        return envelope.read(reply, SCHEMA, limit=envelope.REPORT_LIMIT)

    async def close(self) -> None:
        """Nothing to close."""


class Street:
    def __init__(self, folder: Path, seed: int, size: int, judge: Judge) -> None:
        self.seed = seed
        self.clock = VirtualClock()
        self.random = Random(seed)
        self.weather = Weather()
        self.judge = judge
        self.homes = tuple(Home(self, number) for number in range(size))
        self.given: list[Intervention] = []
        self.log: list[str] = []
        self._world = SlowWorld(folder)
        self._busy = asyncio.Lock()

    def note(self, what: str) -> None:
        self.log.append(f"{self.clock.now():%H:%M:%S} {what}")

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[World]:
        async with self._busy:
            self._world.now = self.clock.now()
            with standing_still():
                yield self._world

    async def open(self) -> None:
        async with self.at_work() as world:
            await world.start()
            await world.build(
                Network(
                    feeders=(Feeder(feeder_id=F1), Feeder(feeder_id=GroupId("F2"))),
                    sites=tuple(
                        Site(ven_id=home.ven_id, certificate=home.certificate) for home in self.homes
                    ),
                    chargepoints=tuple(
                        Chargepoint(
                            resource_id=home.outlet.resource_id,
                            ven_id=home.ven_id,
                            feeder_id=F1,
                            rating=home.rating,
                        )
                        for home in self.homes
                    ),
                )
            )

    async def close(self) -> None:
        for home in self.homes:
            await home.crash()
        async with self.at_work() as world:
            await world.store.close()

    async def hear(self, home: Home, service: ServiceName, raw: bytes) -> bytes:
        message = envelope.read(raw, SCHEMA, limit=envelope.REPORT_LIMIT)
        async with self.at_work() as world:
            caller = world.index.caller(home.certificate)
            try:
                reply = await answer(SERVICES[service][type(message)], message, caller, world.desk, world.now)
            except StoreAway as error:
                raise Busy("HTTP status 503") from error
        return envelope.write(reply)

    async def deliveries(self, home: Home) -> tuple[Delivery, ...]:
        async with self.at_work() as world, world.store.reading() as tx:
            return await interventions.of_ven(tx, home.ven_id)

    async def deliveries_of(self, given: Intervention) -> tuple[Delivery, ...]:
        async with self.at_work() as world, world.store.reading() as tx:
            return await interventions.of_intervention(tx, given.intervention_id)

    async def unsettled(self) -> tuple[Delivery, ...]:
        """Of the whole evening."""
        async with self.at_work() as world, world.store.reading() as tx:
            return await interventions.unsettled(tx, START)

    # --- what happens ---

    async def minute(self) -> None:
        """One minute of an evening: at a moment of its own each, what chance brings."""
        tasks = [asyncio.create_task(self._home_minute(home)) for home in self.homes]
        tasks.append(asyncio.create_task(self._operator_minute()))
        await asyncio.sleep(60)
        await asyncio.gather(*tasks)

    async def quiet_minute(self) -> None:
        """Nothing happens; what runs goes on."""
        await asyncio.sleep(60)

    async def _home_minute(self, home: Home) -> None:
        weather = self.weather
        if home.chance(weather.crashes) and home.ven is not None:
            await asyncio.sleep(home.random.uniform(0, 30))
            self.note(f"{home.ven_id} loses its power")
            await home.crash()
            await asyncio.sleep(home.random.uniform(0, 29))
            await home.start()
            await self.judge.back(home)
        elif home.chance(weather.jumps):
            await asyncio.sleep(home.random.uniform(0, 50))
            home.jump()
            self.note(f"the clock of {home.ven_id} is off by {home.skew.total_seconds():g} s")
        elif home.ven is not None and home.chance(weather.wishes):
            wish = await home.driver.wish(home.ven, home.outlet.resource_id, self.clock.now())
            self.note(f"{home.ven_id} {wish}")

    async def _operator_minute(self) -> None:
        await asyncio.sleep(self.random.uniform(0, 50))
        if self.random.random() < self.weather.restarts:
            self.note("the VTN restarts")
            async with self.at_work() as world:
                await world.restart()
        act = self.random.choice((self._limit, self._shift, self._change, self._cancel, self._rest))
        try:
            await act()
        except Mistake as error:
            self.note(f"refused: {error}")

    async def _rest(self) -> None:
        """Nothing."""

    async def _limit(self) -> None:
        await self._give(Programme.SUPPLY_LIMIT, timedelta())

    async def _shift(self) -> None:
        await self._give(Programme.LOAD_SHIFT, timedelta(seconds=self.random.randint(0, 300)))

    async def _give(self, programme: Programme, notice: timedelta) -> None:
        percent = Decimal(self.random.choice((0, 20, 40, 50, 70)))
        minutes = self.random.randint(2, 8)
        async with self.at_work() as world:
            given = await world.give(
                programme=programme,
                percent=percent,
                start=world.now + notice,
                duration=timedelta(minutes=minutes),
            )
        self.given.append(given)
        self.note(f"{given.intervention_id}: {programme} to {percent} % for {minutes} min")

    async def _change(self) -> None:
        if open_ones := self._open():
            chosen = self.random.choice(open_ones)
            percent = Decimal(self.random.choice((0, 10, 30, 60, 90)))
            async with self.at_work() as world:
                changed = await world.change(chosen, percent=percent)
            self.given[self.given.index(chosen)] = changed
            self.note(f"{chosen.intervention_id}: changed to {percent} %")

    async def _cancel(self) -> None:
        if open_ones := self._open():
            chosen = self.random.choice(open_ones)
            async with self.at_work() as world:
                self.given[self.given.index(chosen)] = await world.cancel(chosen)
            self.note(f"{chosen.intervention_id}: cancelled")

    def _open(self) -> list[Intervention]:
        now = self.clock.now()
        return [one for one in self.given if one.state(now) in (State.PLANNED, State.RUNNING)]
