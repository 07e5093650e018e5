"""The shell around the sans-IO core: conversations, control, drivers, journal and clock in one event loop.

The order of things is the safety of it: limits from the journal are applied before the network is up; a lower
limit is applied at once; nothing is acknowledged, and no limit rises, before the journal holds it. A charger, a
disk or a task of ours that fails is retried and told, and never lifts a limit.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from oadr.charging.limit import Limit
from oadr.charging.scale import Direction, direction_of
from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import EventId, OptId, ResourceId
from oadr.wire.messages.common import OptType
from oadr.wire.recording import Recorded
from ven import assembly, boost
from ven.authority import Authority
from ven.boost import Boost
from ven.calendar import Calendar
from ven.clock import Clock, Steps, SystemClock, is_set, until
from ven.config import VenConfig
from ven.conflicts import Conflicts
from ven.conversation import Conversation, Shell
from ven.conversations import Conversations
from ven.disk import DiskJournal
from ven.driver import Chargepoint, Measurement
from ven.failsafe import State
from ven.hardware import Hardware
from ven.journal import Journal, Memory
from ven.keeping import Keeper
from ven.local import Local
from ven.news import ContactLost, Enforced, FromParty, LinkMoved, remarks
from ven.opts import CannotDecline, Opt, Reason
from ven.party import GRID_OPERATOR, Role
from ven.randomise import Dice
from ven.recording import Recorder
from ven.resuming import resumed
from ven.samples import Sample
from ven.standing import Standing
from ven.tasks import Tasks
from ven.telling import ClockSet, LimitChanged, Teller, Trouble
from ven.transport import Dated, Transport

__all__ = ["ClockSet", "LimitChanged", "Trouble", "Ven"]


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
        other_transports: Mapping[str, Transport] | None = None,
        journal: Journal | None = None,
        clock: Clock | None = None,
        dice: Dice | None = None,
        power_returned: bool = False,
    ) -> None:
        """Raises `ValueError` when two chargepoints have one name.

        `other_transports` belong to the VTNs of these names among `config.others`.
        `power_returned`: the street has been dark. Nobody draws at once then, but each after a wait of its own.
        """
        self.config = config
        self._teller = Teller()
        self.news = self._teller.news
        self._clock: Clock = clock or SystemClock()
        self._dice: Dice = dice or secrets.SystemRandom()
        self._power_returned = power_returned
        self._recorder = Recorder(config.record_messages, self._clock.now)
        self._transports: dict[str, Transport] = dict(other_transports or {})
        if transport is not None:
            self._transports[GRID_OPERATOR] = transport
        self._journal = journal
        self._owns_journal = journal is None
        self.hardware = Hardware(
            chargepoints,
            config.contract,
            self._clock,
            config.sample_every,
            self._teller.trouble,
            self._on_enforced,
            self._on_reading,
        )
        self._ratings = self.hardware.ratings
        self._conflicts = Conflicts()
        self._steps = Steps()
        self._saving = asyncio.Lock()
        self._woken = asyncio.Event()
        self._pressed = asyncio.Event()
        self._tasks = Tasks(self._clock, self._teller.fault)

    # --- life ---

    async def __aenter__(self) -> Self:
        try:
            self._assemble()
            for name, work in self.hardware.control():
                self._tasks.start(name, work)
            await self._act()  # the limits that held before the power went, before the first network byte
            await self.hardware.settled()
        except BaseException:
            await self._leave()
            raise
        for one in self._conversations:
            self._tasks.start(one.name, one.run)
        self._tasks.start("timetable", self._keep_time)
        self._tasks.start("memory", self._keep_pressed)
        for name, work in self.hardware.meters():
            self._tasks.start(name, work)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    def limits(self) -> AsyncIterator[LimitChanged]:
        """Every chargepoint's limit as it is now, and then each change."""
        return self._teller.limits(self.hardware.limits)

    # --- what the people here decide ---

    async def opt_out(
        self,
        event_id: EventId,
        *,
        reason: Reason = Reason.OVERRIDE,
        resources: Collection[ResourceId] = (),
        party: str | None = None,
    ) -> None:
        """Decline a load shift, for some of its chargepoints or for all: their limit ends at once.

        The VTN is told as soon as it can be reached. `party` names it where several have an event of that name, "dso"
        the grid operator. Raises `CannotDecline`, above all for a supply limitation.
        """
        self._conversations.decide(event_id, OptType.OPT_OUT, reason, resources, party, self._now())
        await self._decided_here()

    async def opt_in(
        self, event_id: EventId, *, resources: Collection[ResourceId] = (), party: str | None = None
    ) -> None:
        """Follow after all what was declined. Raises `CannotDecline`."""
        why = Reason.PARTICIPATING
        self._conversations.decide(event_id, OptType.OPT_IN, why, resources, party, self._now())
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
        now = self._now()
        stated = self._conversations.state_schedule(periods, opt, programme, resources, opt_id, now)
        await self._decided_here()
        return stated

    async def cancel_opt(self, opt_id: OptId) -> bool:
        """End the schedules of that name; False: there are none. What they have declined stays declined."""
        found = self._conversations.cancel(opt_id)
        await self._decided_here()
        return found

    @property
    def opts(self) -> tuple[Opt, ...]:
        """What was stated and still counts, the oldest first, and whether the VTN knows it."""
        return self._conversations.opts

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
        if resource_id not in self._ratings or direction_of(resource_id) is Direction.EXPORT:
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

    @property
    def clock_off_by(self) -> timedelta | None:
        """How far the clock here is ahead of the grid operator's, to a second or two; None: not known."""
        transport = self._transports.get(GRID_OPERATOR)
        return transport.off_by if isinstance(transport, Dated) else None

    async def _decided_here(self) -> None:
        await self._act()
        self._conversations.speak()
        await self.hardware.settled()

    @property
    def memory(self) -> Memory:
        """All that the VEN holds at this moment."""
        main, *others = self._conversations.standings
        return Memory(
            main.registration,
            main.held,
            main.orders,
            tuple(self._control.arbiter.slots.items()),
            main.opts,
            self._control.local,
            self._authority.spells,
            tuple(others),
            self.hardware.reached,
        )

    def _assemble(self) -> None:
        config = self.config
        if self._journal is None:
            self._journal = DiskJournal(config.state)
        memory = assembly.remembered(self._journal, self._teller.trouble)
        if not is_set(self._clock.now()):
            self._teller.trouble("the clock is not set: lengths count, and the calendar waits for it")
        self._keeper = Keeper(self._journal, self._teller.fault, self._teller.well)
        self._authority = Authority(config.contract.bounds, memory.spells)
        site = assembly.site(config, frozenset(self._ratings))
        memory = replace(memory, held=resumed(memory, self._authority, site, self._clock.now()))
        self._control = assembly.control(
            config,
            self._ratings,
            memory,
            self._dice,
            self._clock.now(),
            power_returned=self._power_returned,
            phased=self.hardware.phased,
        )
        self.hardware.go_on_from(memory.reached)
        self._conversations = Conversations(
            self._conversation(config, Role(), memory.standings[0], self._authority),
            [
                self._conversation(config.towards(one), one.role, assembly.standing(memory, one.role.party))
                for one in config.others
            ],
        )

    def _conversation(
        self, config: VenConfig, role: Role, known: Standing, authority: Authority | None = None
    ) -> Conversation:
        if role.party not in self._transports:
            self._transports[role.party] = assembly.http(
                config, self._clock.now, self._recorder, self._teller.trouble
            )
        transport = self._transports[role.party]
        shell = Shell(self._clock, self._now, self._answered, self._teller.fault)
        return assembly.conversation(
            config, role, known, self._ratings, authority, self._dice, transport, shell
        )

    async def _leave(self) -> None:
        await self._tasks.stop()
        for transport in self._transports.values():
            await transport.close()
        if self._owns_journal and isinstance(self._journal, DiskJournal):
            self._journal.close()
            self._journal = None

    # --- the tasks ---

    async def _answered(self) -> Collection[ResourceId]:
        """A VTN has said something, or nothing; who does not take a limit after that."""
        await self._act()
        await self.hardware.settled()
        return self.hardware.unable

    async def _keep_time(self) -> None:
        """Starts, steps and ends of events need no message."""
        while True:
            now = self._now()
            change = self._control.next_change(self._conversations.held, self._conversations.main.site, now)
            wake = change or now + timedelta(hours=1)
            self._woken.clear()
            if self._is_overtaken(now) or not await until(self._clock, wake, self._woken):
                await self._act()

    def _on_reading(self, resource_id: ResourceId, reading: Measurement | None) -> None:
        limit = self.hardware.limits.get(resource_id)
        amps = limit.amps if limit else self._ratings[resource_id].amps
        now, online = self._clock.now(), self.hardware.is_online(resource_id)
        self._control.wiring.seen(resource_id, reading.volts if reading else (), now)
        if self._is_overtaken(now):
            self._woken.set()
        boosted = any(one.resource_id == resource_id for one in self._control.local.boosts)
        sample = Sample(resource_id, now, reading, amps, online)
        self._conversations.record(sample, boosted=boosted)

    def _on_enforced(self, item: Enforced) -> None:
        self._teller.tell(item)
        self._pressed.set()

    async def _keep_pressed(self) -> None:
        """How far a chargepoint has been pressed is on disk soon after, so that no restart lets it off."""
        while True:
            await self._pressed.wait()
            self._pressed.clear()
            await self._remember()

    def _now(self) -> datetime:
        """The time. Where somebody has set the clock, what runs has gone along with it."""
        now = self._clock.now()
        if step := self._steps.noticed(now):
            self._conversations.clock_set(step, now)
            self._control.clock_set(step)
            self._teller.tell(ClockSet(f"the clock was set by {step.total_seconds():+.0f} s", step))
        return now

    @property
    def _is_crowded(self) -> bool:
        """Whether who does not take its limit has begun or ceased to need the site's fuse for itself."""
        is_shared = self.config.contract.site_amps is not None
        return is_shared and self.hardware.unmoved != self._control.unmoved

    def _is_overtaken(self, now: datetime) -> bool:
        """Whether what was measured since asks for another decision."""
        return self._is_crowded or self._control.is_voltage_moved(self._conversations.held, now)

    # --- acting ---

    async def _act(self) -> None:
        """Bring limits to where the events want them: lower at once, remember, then raise, and tell."""
        now, link = self._now(), self._control.link.link
        self._control.unmoved = self.hardware.unmoved
        main = self._conversations.main
        self._control.decide(self._conversations.held, main.site, main.heard, now)
        if self._control.link.link is not link:
            self._teller.tell(LinkMoved(link, self._control.link.link))
        self._woken.set()
        for resource_id, limit in self._decided().items():
            if _is_lower(limit, self.hardware.limits.get(resource_id)):
                self._apply(resource_id, limit)
        for one, news in self._conversations.news():
            self._teller.tell(news)
            said = news.news if isinstance(news, FromParty) else news
            if isinstance(said, ContactLost) and (why := assembly.certificate_trouble(one.config, now)):
                self._teller.trouble(why)
        for conflict in self._conflicts.new(self._control.arbiter.slots):
            self._teller.tell(conflict)
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
            if self._is_crowded:
                self._woken.set()  # the room was not made: it is decided anew
                return
            for resource_id, limit in decided.items():
                if self._control.arbiter.limit(resource_id) == limit:  # else a newer decision is on its way
                    self._apply(resource_id, limit)

    def _apply(self, resource_id: ResourceId, limit: Limit | None) -> None:
        before = self.hardware.limits.get(resource_id)
        if self.hardware.apply(resource_id, limit, self._control.wiring.phases(resource_id)):
            self._teller.tell(LimitChanged(resource_id, limit))
            for item in remarks(resource_id, limit, before):
                self._teller.tell(item)


def _is_lower(limit: Limit | None, than: Limit | None) -> bool:
    if limit is None or than is None:
        return limit is not None
    return limit.amps < than.amps or (limit.phases is not None and than.phases is None)
