"""The shell around the sans-IO core: session, arbiter, reports, drivers, journal and clock in one event loop.

The order of things is the safety of it: limits from the journal are applied before the network is up; a lower
limit is applied at once; nothing is acknowledged, and no limit rises, before the journal holds it. A charger, a
disk or a task of ours that fails is retried and told, and never lifts a limit.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from oadr.charging.limit import Limit
from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.errors import Unreachable
from oadr.wire.ids import EventId, OptId, ResourceId
from oadr.wire.messages.common import OptType
from oadr.wire.recording import Recorded
from ven import assembly, boost
from ven.authority import Authority
from ven.boost import Boost
from ven.calendar import Calendar
from ven.clock import Clock, Steps, SystemClock, until
from ven.config import VenConfig
from ven.disk import DiskJournal
from ven.driver import Chargepoint, Measurement
from ven.failsafe import State
from ven.hardware import Hardware
from ven.journal import Journal, Memory
from ven.keeping import Keeper
from ven.local import Local
from ven.news import ContactLost, LinkMoved, News
from ven.opts import CannotDecline, Opt, Reason
from ven.randomise import Dice
from ven.recording import Recorder
from ven.reports import Reports
from ven.resuming import resumed
from ven.samples import Sample
from ven.session import Failure, Request
from ven.transport import Transport
from ven.transport.http import failure

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


@dataclass(frozen=True, slots=True)
class ClockSet(Trouble):
    """Somebody has set this machine's clock, by so much."""

    by: timedelta


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
        power_returned: bool = False,
    ) -> None:
        """Raises `ValueError` when two chargepoints have one name.

        `power_returned`: the street has been dark. Nobody draws at once then, but each after a wait of its own.
        """
        self.config = config
        self.news: asyncio.Queue[News | LimitChanged | Trouble] = asyncio.Queue(maxsize=10_000)
        self._clock: Clock = clock or SystemClock()
        self._dice: Dice = dice or secrets.SystemRandom()
        self._power_returned = power_returned
        self._recorder = Recorder(config.record_messages, self._clock.now)
        self._transport = transport
        self._journal = journal
        self._owns_journal = journal is None
        self.hardware = Hardware(
            chargepoints,
            config.contract,
            self._clock,
            config.sample_every,
            self._tell_trouble,
            self._tell,
            self._on_reading,
        )
        self._ratings = {one.resource_id: one.rating for one in chargepoints}
        self._listeners: list[asyncio.Queue[LimitChanged]] = []
        self._faults: dict[str, str] = {}
        self._steps = Steps()
        self._saving = asyncio.Lock()
        self._woken = asyncio.Event()
        self._has_word = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    # --- life ---

    async def __aenter__(self) -> Self:
        try:
            self._assemble()
            for name, work in self.hardware.control():
                self._start(name, work)
            await self._act()  # the limits that held before the power went, before the first network byte
            await self.hardware.settled()
        except BaseException:
            await self._leave()
            raise
        self._start("conversation", self._converse)
        self._start("timetable", self._keep_time)
        for name, work in self.hardware.meters():
            self._start(name, work)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def limits(self) -> AsyncIterator[LimitChanged]:
        """Every chargepoint's limit as it is now, and then each change."""
        queue: asyncio.Queue[LimitChanged] = asyncio.Queue()
        for resource_id, limit in self.hardware.limits.items():
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
        self._session.decide(event_id, OptType.OPT_OUT, reason, resources, self._now())
        await self._decided_here()

    async def opt_in(self, event_id: EventId, *, resources: Collection[ResourceId] = ()) -> None:
        """Follow after all what was declined. Raises `CannotDecline`."""
        self._session.decide(event_id, OptType.OPT_IN, Reason.PARTICIPATING, resources, self._now())
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
        stated = self._session.state_schedule(periods, opt, programme, resources, opt_id, self._now())
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

    @property
    def messages(self) -> tuple[Recorded, ...]:
        """The last ones over our own transport, the oldest first; as many as `record_messages` wants."""
        return self._recorder.messages

    async def set_calendar(self, calendar: Calendar | None) -> None:
        """The site's load control calendar from now on; None: no hour limits. It needs no network."""
        self._control.local = replace(self._control.local, calendar=calendar)
        await self._decided_here()

    async def boost(self, resource_id: ResourceId, duration: timedelta) -> datetime:
        """Charge now: neither calendar nor load shift limits this chargepoint until the moment that is returned.

        A supply limitation, the failsafe level and the site's fuse go on. Raises `CannotDecline`.
        """
        if resource_id not in self._ratings:
            raise CannotDecline(f"there is no chargepoint {resource_id} here")
        if not timedelta() < duration <= boost.LONGEST:
            raise CannotDecline(f"a boost lasts {boost.LONGEST} at the most")
        wanted = Boost(resource_id, self._now() + duration)
        local = self._control.local
        self._control.local = replace(local, boosts=boost.begun(local.boosts, wanted))
        await self._decided_here()
        return wanted.until

    async def end_boost(self, resource_id: ResourceId) -> None:
        """Before its time; without one this does nothing."""
        local = self._control.local
        self._control.local = replace(local, boosts=boost.ended(local.boosts, resource_id))
        await self._decided_here()

    @property
    def local(self) -> Local:
        """Calendar and boosts."""
        return self._control.local

    @property
    def link(self) -> State:
        """How the site stands to its grid operator, and since when."""
        return self._control.link

    async def _decided_here(self) -> None:
        await self._act()
        self._has_word.set()
        await self.hardware.settled()

    @property
    def memory(self) -> Memory:
        """All that the VEN holds at this moment."""
        return Memory(
            self._session.registration,
            self._session.held,
            self._reports.orders,
            tuple(self._control.arbiter.slots.items()),
            self._session.opts.kept,
            self._control.local,
            self._authority.spells,
        )

    def _assemble(self) -> None:
        config = self.config
        if self._journal is None:
            self._journal = DiskJournal(config.state)
        memory = assembly.remembered(self._journal, self._tell_trouble)
        self._keeper = Keeper(self._journal, self._fault, self._well)
        self._transport = self._transport or assembly.http(
            config, self._clock.now, self._recorder, self._tell_trouble
        )
        self._reports = Reports(self._ratings, config.sample_every, memory.orders)
        self._authority = Authority(config.contract.bounds, memory.spells)
        memory = replace(memory, held=resumed(memory, self._authority, self._clock.now()))
        self._control = assembly.control(
            config, self._ratings, memory, self._dice, self._clock.now(), power_returned=self._power_returned
        )
        self._session = assembly.session(
            config, frozenset(self._ratings), self._reports, self._authority, memory, self._dice
        )

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
            for request in self._session.requests_to_send(self._now()):
                await self._exchange(request)
                await self._act()
                await self.hardware.settled()
                self._session.tell_unable(self.hardware.unable, self._now())
            now = self._now()
            wake = self._session.next_wake(now)
            if wake > now:
                await until(self._clock, wake, self._has_word)
                self._has_word.clear()

    async def _exchange(self, request: Request) -> None:
        assert self._transport is not None
        try:
            reply = await self._transport.exchange(request)
        except Unreachable as error:
            self._session.request_failed(self._now(), str(error), failure(error))
        except Exception as error:  # a request that we cannot even write must not be tried for ever
            self._fault("transport", f"{type(error).__name__}: {error}")
            self._session.request_failed(self._now(), type(error).__name__, Failure.REJECTED)
        else:
            self._session.receive(reply, self._now())

    async def _keep_time(self) -> None:
        """Starts, steps and ends of events need no message."""
        while True:
            now = self._now()
            change = self._control.next_change(self._session.held, self._session.site, now)
            wake = change or now + timedelta(hours=1)
            self._woken.clear()
            if not await until(self._clock, wake, self._woken):
                await self._act()

    def _on_reading(self, resource_id: ResourceId, reading: Measurement | None) -> None:
        limit = self.hardware.limits.get(resource_id)
        amps = limit.amps if limit else self._ratings[resource_id].amps
        now, online = self._clock.now(), self.hardware.is_online(resource_id)
        boosted = any(one.resource_id == resource_id for one in self._control.local.boosts)
        overridden = any(
            (resource_id in each.declined or (boosted and resource_id in each.resources))
            and each.programme is not Programme.SUPPLY_LIMIT
            and each.start <= now
            and (each.end is None or now < each.end)
            for each in self._session.held
        )
        self._reports.record(Sample(resource_id, now, reading, amps, online, overridden))

    def _now(self) -> datetime:
        """The time. Where somebody has set the clock, what runs has gone along with it."""
        now = self._clock.now()
        if step := self._steps.noticed(now):
            self._session.clock_set(step, now)
            self._control.clock_set(step)
            self._tell(ClockSet(f"the clock was set by {step.total_seconds():+.0f} s", step))
        return now

    # --- acting ---

    async def _act(self) -> None:
        """Bring limits to where the events want them: lower at once, remember, then raise, and tell."""
        now, link = self._now(), self._control.link.link
        self._control.decide(self._session.held, self._session.site, self._session.heard, now)
        if self._control.link.link is not link:
            self._tell(LinkMoved(link, self._control.link.link))
        self._woken.set()
        for resource_id, limit in self._decided().items():
            if _is_lower(limit, self.hardware.limits.get(resource_id)):
                self._apply(resource_id, limit)
        while (news := self._session.next_event()) is not None:
            self._tell(news)
            if isinstance(news, ContactLost) and (why := assembly.certificate_trouble(self.config, now)):
                self._tell_trouble(why)
        await self._remember()

    def _decided(self) -> dict[ResourceId, Limit | None]:
        return {resource_id: self._control.arbiter.limit(resource_id) for resource_id in self._ratings}

    async def _remember(self) -> None:
        """Save what was decided, and then apply it in full.

        The disk is waited for in another thread. Control goes on from memory when it does not take what is to
        be remembered; what was promised may then be lost.
        """
        async with self._saving:
            memory, decided = self.memory, self._decided()
            await self._keeper.keep(memory)
            await self.hardware.settled()  # on one fuse nobody gets more before another has made room for it
            for resource_id, limit in decided.items():
                if self._control.arbiter.limit(resource_id) == limit:  # else a newer decision is on its way
                    self._apply(resource_id, limit)

    def _apply(self, resource_id: ResourceId, limit: Limit | None) -> None:
        if self.hardware.apply(resource_id, limit):
            self._tell(LimitChanged(resource_id, limit))

    # --- telling ---

    def _fault(self, where: str, what: str) -> None:
        """Tell a fault once, not each time that it comes back."""
        if self._faults.get(where) != what:
            self._faults[where] = what
            self._tell(Trouble(f"{where}: {what}"))

    def _well(self, where: str) -> None:
        self._faults.pop(where, None)

    def _tell_trouble(self, what: str) -> None:
        self._tell(Trouble(what))

    def _tell(self, item: News | LimitChanged | Trouble) -> None:
        if isinstance(item, LimitChanged):
            for queue in self._listeners:
                queue.put_nowait(item)
        if self.news.full():
            self.news.get_nowait()  # nobody listens: the oldest goes
        self.news.put_nowait(item)


def _is_lower(limit: Limit | None, than: Limit | None) -> bool:
    return limit is not None and (than is None or limit.amps < than.amps)
