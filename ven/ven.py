"""The shell around the sans-IO core: session, arbiter, reports, drivers, journal and clock in one task group.

The order of things is the safety of it: limits from the journal are applied before the network is up; a
new order is first remembered, then applied, then acknowledged; a charger or a disk that fails is retried and
told, and never lifts a limit.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from certs import client_context
from oadr.charging.limit import Limit
from oadr.wire.errors import Unreachable
from oadr.wire.ids import ResourceId
from oadr.wire.schema import Schema, installed_folder
from ven import arbiter
from ven.actuator import Actuator
from ven.arbiter import Arbiter
from ven.clock import Clock, SystemClock
from ven.config import VenConfig
from ven.disk import DiskJournal
from ven.driver import Chargepoint, Measurement, Metered
from ven.events import Site
from ven.journal import Corrupt, Journal, Memory
from ven.news import News
from ven.points import Sample
from ven.randomise import Dice
from ven.reports import Reports
from ven.session import Introduction, Session
from ven.transport import Transport
from ven.transport.http import HttpPull, Rejected

APPLY_PATIENCE: Final = 1.0
"""Seconds that an acknowledgement waits for the chargers to take the limit."""
METER_DEADLINE: Final = 2.0


@dataclass(frozen=True, slots=True)
class LimitChanged:
    """From now on this limit binds the chargepoint; None: nobody limits it."""

    resource_id: ResourceId
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something local that a person should see: no schema, journal not writable, set aside ..."""

    what: str


class Ven:
    """A chargepoint site's end of the conversation.

        async with Ven(config, [MyCharger()]) as ven:
            async for change in ven.limits():
                print(change.resource_id, change.limit)

    Limits reach the chargepoints by themselves; `limits` and `news` only tell. Raises `ven.disk.InUse`,
    `OSError` and `ssl.SSLError` on entering; afterwards it runs until it is left, whatever the VTN does.
    """

    def __init__(
        self,
        config: VenConfig,
        chargepoints: Sequence[Chargepoint],
        *,
        transport: Transport | None = None,
        journal: Journal | None = None,
        clock: Clock | None = None,
        dice: Dice | None = None,
    ) -> None:
        self.config = config
        self.news: asyncio.Queue[News | LimitChanged | Trouble] = asyncio.Queue(maxsize=10_000)
        self.measured: dict[ResourceId, Measurement | None] = {}
        self.actuators = {one.resource_id: Actuator(one) for one in chargepoints}
        self._ratings = {one.resource_id: one.rating for one in chargepoints}
        self._clock: Clock = clock or SystemClock()
        self._dice: Dice = dice or secrets.SystemRandom()
        self._transport = transport
        self._journal = journal
        self._owns_journal = journal is None
        self._listeners: list[asyncio.Queue[LimitChanged]] = []
        self._limits: dict[ResourceId, Limit | None] = {}
        self._saved: Memory | None = None
        self._acting = asyncio.Lock()
        self._woken = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        self._running: list[asyncio.Task[None]] = []

    # --- life ---

    async def __aenter__(self) -> Self:
        memory = self._open_journal()
        self._reports = Reports(self._ratings, self.config.sample_every, memory.orders)
        self._session = Session(
            Introduction(self.config.name, self.config.ven_id, self.config.vtn_id),
            self._site(),
            self._reports,
            self._dice,
            lambda: f"R{secrets.token_hex(8)}",
            self.config.retry_cap,
            memory.registration,
            memory.held,
        )
        self._arbiter = Arbiter(
            self._ratings, self.config.restore_max, self.config.ramp_every, self._dice, dict(memory.slots)
        )
        await self._tasks.__aenter__()
        for actuator in self.actuators.values():
            self._start(actuator.run())
        await self._act()  # the limits that held before the power went, before the first network byte
        self._transport = self._transport or self._http()
        for work in (self._converse, self._keep_time, self._sample):
            self._start(work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._running:
            task.cancel()
        try:
            await self._tasks.__aexit__(kind, error, trace)
        finally:
            if self._transport:
                await self._transport.close()
            if self._owns_journal and isinstance(self._journal, DiskJournal):
                self._journal.close()

    async def limits(self) -> AsyncIterator[LimitChanged]:
        """Every chargepoint's limit as it is now, and then each change."""
        queue: asyncio.Queue[LimitChanged] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            for resource_id, limit in self._limits.items():
                yield LimitChanged(resource_id, limit)
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)

    @property
    def memory(self) -> Memory:
        """All that the VEN holds at this moment."""
        slots = tuple(self._arbiter.slots.items())
        return Memory(self._session.registration, self._session.held, self._reports.orders, slots)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._running.append(self._tasks.create_task(work))

    def _open_journal(self) -> Memory:
        if self._journal is None:
            self._journal = DiskJournal(self.config.state)
        try:
            return self._journal.load()
        except Corrupt as error:
            if not isinstance(self._journal, DiskJournal):
                raise
            kept = self._journal.quarantine()
            self._tell(Trouble(f"{error}; set aside as {kept}, starting empty"))
            return Memory()

    def _site(self) -> Site:
        resources = frozenset(self._ratings)
        config = self.config
        return Site(config.ven_id, resources, config.groups, config.market_contexts, config.randomise_default)

    def _http(self) -> HttpPull:
        folder = installed_folder()
        if folder is None:
            self._tell(Trouble("no OpenADR schema is installed: messages are checked by our tables alone"))
        context = client_context(
            self.config.certificate, self.config.trust, check_hostname=self.config.check_host_name
        )
        schema = Schema(folder) if folder else None
        return HttpPull(self.config.vtn_url, context, schema, self.config.request_timeout)

    # --- the tasks ---

    async def _converse(self) -> None:
        """Ask, listen, act; sleep until there is something to say."""
        assert self._transport is not None
        while True:
            for request in self._session.requests_to_send(self._clock.now()):
                try:
                    reply = await self._transport.exchange(request)
                except Unreachable as error:
                    rejected = isinstance(error, Rejected)
                    self._session.request_failed(self._clock.now(), str(error), rejected=rejected)
                else:
                    self._session.receive(reply, self._clock.now())
                await self._act()
            now = self._clock.now()
            wake = self._session.next_wake(now)
            if wake > now:
                await self._clock.sleep_until(wake)

    async def _keep_time(self) -> None:
        """Starts, steps and ends of events need no message."""
        while True:
            now = self._clock.now()
            changes = (
                arbiter.next_order(self._session.held, self._session.site, now),
                self._arbiter.next_change(now),
            )
            wake = min((one for one in changes if one), default=now + timedelta(hours=1))
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, (wake - now).total_seconds())):
                    await self._woken.wait()
            if self._clock.now() >= wake:
                await self._act()

    async def _sample(self) -> None:
        while True:
            await asyncio.gather(*(self._measure(one.chargepoint) for one in self.actuators.values()))
            await self._clock.sleep_until(self._clock.now() + self.config.sample_every)

    async def _measure(self, chargepoint: Chargepoint) -> None:
        """A meter that fails, or is not there, is a value that is missing, and is reported so."""
        reading: Measurement | None = None
        if isinstance(chargepoint, Metered):
            with suppress(Exception):
                async with asyncio.timeout(METER_DEADLINE):
                    reading = await chargepoint.measure()
        resource_id = chargepoint.resource_id
        self.measured[resource_id] = reading
        limit = self._limits.get(resource_id)
        amps = limit.amps if limit else chargepoint.rating.amps
        self._reports.record(Sample(resource_id, self._clock.now(), reading, amps))

    # --- acting ---

    async def _act(self) -> None:
        """Bring limits to where the events want them: remember, apply, tell."""
        async with self._acting:
            now = self._clock.now()
            ordered = arbiter.orders(self._session.held, self._session.site, self._ratings, now)
            self._arbiter.decide(ordered, now)
            self._remember()
            changed = [actuator for actuator in self.actuators.values() if self._apply(actuator)]
            while (news := self._session.next_event()) is not None:
                self._tell(news)
            self._woken.set()
            if changed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(APPLY_PATIENCE):
                        await asyncio.gather(*(actuator.settled() for actuator in changed))

    def _apply(self, actuator: Actuator) -> bool:
        resource_id = actuator.chargepoint.resource_id
        limit = self._arbiter.limit(resource_id)
        if resource_id in self._limits and self._limits[resource_id] == limit:
            return False
        self._limits[resource_id] = limit
        actuator.want(limit)
        self._tell(LimitChanged(resource_id, limit))
        return True

    def _remember(self) -> None:
        """Control goes on from memory when the disk does not take it; what is promised may then be lost."""
        memory = self.memory
        if memory == self._saved or self._journal is None:
            return
        try:
            self._journal.save(memory)
            self._saved = memory
        except OSError as error:
            self._tell(Trouble(str(error)))

    def _tell(self, item: News | LimitChanged | Trouble) -> None:
        if isinstance(item, LimitChanged):
            for queue in self._listeners:
                queue.put_nowait(item)
        if self.news.full():
            self.news.get_nowait()  # nobody listens: the oldest goes
        self.news.put_nowait(item)
