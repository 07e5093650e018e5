"""The shell around the sans-IO core: session, arbiter, reports, drivers, journal and clock in one event loop.

The order of things is the safety of it: limits from the journal are applied before the network is up; a lower
limit is applied at once; nothing is acknowledged, and no limit rises, before the journal holds it. A charger, a
disk or a task of ours that fails is retried and told, and never lifts a limit.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from certs import client_context
from oadr.charging.limit import Limit
from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.errors import OadrError, Unreachable
from oadr.wire.ids import EventId, OptId, ResourceId
from oadr.wire.messages.common import OptType
from oadr.wire.schema import Schema, installed_folder
from ven import arbiter
from ven.actuator import Actuator
from ven.arbiter import Arbiter
from ven.clock import Clock, SystemClock, until
from ven.config import VenConfig
from ven.disk import DiskJournal
from ven.driver import Chargepoint, Measurement
from ven.enrolment import Introduction
from ven.events import Site
from ven.journal import Corrupt, Journal, Memory
from ven.meter import Meter
from ven.news import News
from ven.opts import Opt, Reason
from ven.randomise import Dice
from ven.reports import Reports
from ven.samples import Sample
from ven.session import Failure, Request, Session
from ven.transport import Transport
from ven.transport.http import HttpPull, failure
from ven.transport.signatures import Signatures

APPLY_PATIENCE: Final = 1.0
"""Seconds that the next message to the VTN, an acknowledgement perhaps, waits for the chargers."""
DISK_PATIENCE: Final = 5.0
"""Seconds that anything waits for the disk."""
AFTER_A_FAULT: Final = timedelta(seconds=1)
"""Pause before a task of ours that failed goes on."""
LEAVING: Final = 5.0
"""Seconds that drivers have to let go at the end."""


@dataclass(frozen=True, slots=True)
class LimitChanged:
    """From now on this limit binds the chargepoint; None: nobody limits it."""

    resource_id: ResourceId
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something local that a person should see: no schema, journal not writable, a charger that does not obey."""

    what: str


class Ven:
    """A chargepoint site's end of the conversation.

        async with Ven(config, [MyCharger()]) as ven:
            async for change in ven.limits():
                print(change.resource_id, change.limit)

    Limits reach the chargepoints by themselves; `limits` and `news` only tell. Raises `ven.disk.InUse`,
    `ven.disk.TooNew`, `OSError` and `certs.CertificateError` on entering; afterwards it runs until it is left,
    whatever the VTN does. On leaving, chargers keep the limit that they have.
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
        """Raises `ValueError` when two chargepoints have one name."""
        self.config = config
        self.news: asyncio.Queue[News | LimitChanged | Trouble] = asyncio.Queue(maxsize=10_000)
        self.measured: dict[ResourceId, Measurement | None] = {}
        self.actuators = {
            one.resource_id: Actuator(one, lambda what: self._tell(Trouble(what))) for one in chargepoints
        }
        if len(self.actuators) != len(chargepoints):
            raise ValueError("two chargepoints have one resource_id")
        self._ratings = {one.resource_id: one.rating for one in chargepoints}
        self._clock: Clock = clock or SystemClock()
        self._dice: Dice = dice or secrets.SystemRandom()
        self._transport = transport
        self._journal = journal
        self._owns_journal = journal is None
        self._listeners: list[asyncio.Queue[LimitChanged]] = []
        self._limits: dict[ResourceId, Limit | None] = {}
        self._saved: Memory | None = None
        self._faults: dict[str, str] = {}
        self._unsettled: list[Actuator] = []
        self._saving = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._has_word = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    # --- life ---

    async def __aenter__(self) -> Self:
        try:
            memory = self._open_journal()
            self._transport = self._transport or self._http()
            self._assemble(memory)
            for name, actuator in self.actuators.items():
                self._start(f"control of {name}", actuator.run)
            await self._act()  # the limits that held before the power went, before the first network byte
            await self._settled()
        except BaseException:
            await self._leave()
            raise
        self._start("conversation", self._converse)
        self._start("timetable", self._keep_time)
        for actuator in self.actuators.values():
            meter = Meter(actuator.chargepoint, self._clock, self.config.sample_every, self._on_reading)
            self._start(f"meter of {actuator.chargepoint.resource_id}", meter.run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def limits(self) -> AsyncIterator[LimitChanged]:
        """Every chargepoint's limit as it is now, and then each change."""
        queue: asyncio.Queue[LimitChanged] = asyncio.Queue()
        for resource_id, limit in self._limits.items():
            queue.put_nowait(LimitChanged(resource_id, limit))
        self._listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)

    # --- what the people here decide ---

    async def opt_out(
        self, event_id: EventId, *, reason: Reason = Reason.OVERRIDE, resources: Collection[ResourceId] = ()
    ) -> None:
        """Decline a load shift, for some of its chargepoints or for all: their limit ends at once.

        The VTN is told as soon as it can be reached. Raises `CannotDecline`, above all for a supply limitation.
        """
        self._session.decide(event_id, OptType.OPT_OUT, reason, resources, self._clock.now())
        await self._decided_here()

    async def opt_in(self, event_id: EventId, *, resources: Collection[ResourceId] = ()) -> None:
        """Follow after all what was declined. Raises `CannotDecline`."""
        self._session.decide(event_id, OptType.OPT_IN, Reason.PARTICIPATING, resources, self._clock.now())
        await self._decided_here()

    async def opt_schedule(
        self,
        periods: Sequence[Period],
        opt: OptType = OptType.OPT_OUT,
        *,
        programme: Programme | None = None,
        resources: Collection[ResourceId] = (),
        opt_id: OptId | None = None,
    ) -> OptId:
        """Decline, ahead of time, every load shift that meets one of these periods; it replaces what was said before
        of the same chargepoints and programme. None named: all. Returns the name under which it is cancelled.

        Raises `CannotDecline`, and `Misuse` for a period that ends before it starts.
        """
        stated = self._session.state_schedule(periods, opt, programme, resources, opt_id, self._clock.now())
        await self._decided_here()
        return stated

    async def cancel_opt(self, opt_id: OptId) -> bool:
        """End the schedules of that name; False: there are none. What they have declined stays declined."""
        found = self._session.opts.cancel(opt_id)
        await self._decided_here()
        return found

    @property
    def opts(self) -> tuple[Opt, ...]:
        """What was stated and still counts, the oldest first, and whether the VTN knows it."""
        return self._session.opts.kept

    async def _decided_here(self) -> None:
        await self._act()
        self._has_word.set()
        await self._settled()

    @property
    def memory(self) -> Memory:
        """All that the VEN holds at this moment."""
        slots = tuple(self._arbiter.slots.items())
        return Memory(
            self._session.registration,
            self._session.held,
            self._reports.orders,
            slots,
            opts=self._session.opts.kept,
        )

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

    def _assemble(self, memory: Memory) -> None:
        config = self.config
        resources = frozenset(self._ratings)
        self._reports = Reports(self._ratings, config.sample_every, memory.orders)
        self._arbiter = Arbiter(
            self._ratings, config.restore_max, config.ramp_every, self._dice, dict(memory.slots)
        )
        self._session = Session(
            Introduction(config.name, config.ven_id, config.vtn_id, config.signs),
            Site(config.ven_id, resources, config.groups, config.market_contexts, config.randomise_default),
            self._reports,
            self._dice,
            lambda: f"R{secrets.token_hex(8)}",
            config.retry_cap,
            memory.registration,
            memory.held,
            memory.opts,
        )

    def _http(self) -> HttpPull:
        folder = installed_folder()
        if folder is None:
            self._tell(Trouble("no OpenADR schema is installed: messages are checked by our tables alone"))
        context = client_context(
            self.config.certificate, self.config.trust, check_hostname=self.config.check_host_name
        )
        schema = Schema(folder) if folder else None
        signatures = Signatures.load(self.config, self._clock.now)
        return HttpPull(self.config.vtn_url, context, schema, self.config.request_timeout, signatures)

    def _start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(self._for_ever(name, work)))

    async def _for_ever(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """A fault in one task ends neither it nor the others: limits stay as they are, and it goes on."""
        while True:
            try:
                await work()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                self._fault(name, "cancelled from inside")
            except Exception as error:  # whatever it is, a bug of ours must not be the end of control
                self._fault(name, f"{type(error).__name__}: {error}")
            await self._clock.sleep_until(self._clock.now() + AFTER_A_FAULT)

    async def _leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LEAVING)
        self._tasks.clear()
        if self._transport:
            await self._transport.close()
        if self._owns_journal and isinstance(self._journal, DiskJournal):
            self._journal.close()
            self._journal = None

    # --- the tasks ---

    async def _converse(self) -> None:
        """Ask, listen, act; sleep until there is something to say."""
        while True:
            for request in self._session.requests_to_send(self._clock.now()):
                await self._exchange(request)
                await self._act()
                await self._settled()
            now = self._clock.now()
            wake = self._session.next_wake(now)
            if wake > now:
                await until(self._clock, wake, self._has_word)
                self._has_word.clear()

    async def _exchange(self, request: Request) -> None:
        assert self._transport is not None
        try:
            reply = await self._transport.exchange(request)
        except Unreachable as error:
            self._session.request_failed(self._clock.now(), str(error), failure(error))
        except Exception as error:  # a request that we cannot even write must not be tried for ever
            self._fault("transport", f"{type(error).__name__}: {error}")
            self._session.request_failed(self._clock.now(), type(error).__name__, Failure.REJECTED)
        else:
            self._session.receive(reply, self._clock.now())

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
            if not await until(self._clock, wake, self._woken):
                await self._act()

    def _on_reading(self, resource_id: ResourceId, reading: Measurement | None) -> None:
        self.measured[resource_id] = reading
        limit = self._limits.get(resource_id)
        amps = limit.amps if limit else self._ratings[resource_id].amps
        now, online = self._clock.now(), self.actuators[resource_id].trouble is None
        overridden = any(
            resource_id in each.declined and each.start <= now and (each.end is None or now < each.end)
            for each in self._session.held
        )
        self._reports.record(Sample(resource_id, now, reading, amps, online, overridden))

    # --- acting ---

    async def _act(self) -> None:
        """Bring limits to where the events want them: lower at once, remember, then raise, and tell."""
        now = self._clock.now()
        self._arbiter.let_go(self._session.held)
        ordered = arbiter.orders(self._session.held, self._session.site, self._ratings, now)
        self._arbiter.decide(ordered, now)
        self._woken.set()
        for resource_id, limit in self._decided().items():
            if _is_lower(limit, self._limits.get(resource_id)):
                self._apply(resource_id, limit)
        while (news := self._session.next_event()) is not None:
            self._tell(news)
        await self._remember()

    def _decided(self) -> dict[ResourceId, Limit | None]:
        return {resource_id: self._arbiter.limit(resource_id) for resource_id in self.actuators}

    async def _remember(self) -> None:
        """Save what was decided, and then apply it in full.

        The disk is waited for in another thread. Control goes on from memory when it does not take what is to
        be remembered; what was promised may then be lost.
        """
        async with self._saving:
            memory, decided = self.memory, self._decided()
            if memory != self._saved and await self._write(memory):
                self._saved = memory
            for resource_id, limit in decided.items():
                if self._arbiter.limit(resource_id) == limit:  # else a newer decision is on its way
                    self._apply(resource_id, limit)

    async def _write(self, memory: Memory) -> bool:
        """Whether the disk took it. One that stalls is waited for a little, and never twice at a time."""
        assert self._journal is not None
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(asyncio.to_thread(self._journal.save, memory))
            await asyncio.wait((self._writing,), timeout=DISK_PATIENCE)
        if not self._writing.done():
            self._fault("journal", "the disk does not answer")
            return False
        try:
            self._writing.result()
        except (OSError, OadrError) as error:
            self._fault("journal", str(error))
            return False
        self._faults.pop("journal", None)
        return True

    def _apply(self, resource_id: ResourceId, limit: Limit | None) -> None:
        if resource_id in self._limits and self._limits[resource_id] == limit:
            return
        self._limits[resource_id] = limit
        actuator = self.actuators[resource_id]
        actuator.want(limit)
        self._unsettled.append(actuator)
        self._tell(LimitChanged(resource_id, limit))

    async def _settled(self) -> None:
        """The chargers that have new limits have taken them, or the VTN has waited long enough."""
        unsettled, self._unsettled = self._unsettled, []
        with suppress(TimeoutError):
            async with asyncio.timeout(APPLY_PATIENCE):
                for actuator in unsettled:
                    await actuator.settled()

    # --- telling ---

    def _fault(self, where: str, what: str) -> None:
        """Tell a fault once, not each time that it comes back."""
        if self._faults.get(where) != what:
            self._faults[where] = what
            self._tell(Trouble(f"{where}: {what}"))

    def _tell(self, item: News | LimitChanged | Trouble) -> None:
        if isinstance(item, LimitChanged):
            for queue in self._listeners:
                queue.put_nowait(item)
        if self.news.full():
            self.news.get_nowait()  # nobody listens: the oldest goes
        self.news.put_nowait(item)


def _is_lower(limit: Limit | None, than: Limit | None) -> bool:
    return limit is not None and (than is None or limit.amps < than.amps)
