"""All VTNs of a site, the grid operator's and others. What people decide goes to the one whose event it is."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import EventId, OptId, ResourceId
from oadr.wire.messages.common import OptType
from ven.conversation import Conversation
from ven.events import HeldEvent
from ven.news import FromParty, News
from ven.opts import CannotDecline, Opt
from ven.party import GRID_OPERATOR, named
from ven.samples import Sample
from ven.standing import Standing


class Conversations:
    def __init__(self, main: Conversation, others: Iterable[Conversation] = ()) -> None:
        self.main = main.session
        """With the grid operator: the only one whose silence counts."""
        self._all = (main, *others)

    def __iter__(self) -> Iterator[Conversation]:
        return iter(self._all)

    @property
    def held(self) -> tuple[HeldEvent, ...]:
        return tuple(each for one in self._all for each in one.session.held)

    @property
    def standings(self) -> tuple[Standing, ...]:
        """The grid operator's first."""
        return tuple(one.standing for one in self._all)

    @property
    def opts(self) -> tuple[Opt, ...]:
        """What was stated ahead of time for all VTNs stands there once, as the grid operator knows it."""
        main, *others = (one.session.opts.kept for one in self._all)
        return (*main, *(opt for kept in others for opt in kept if opt.event))

    def news(self) -> Iterator[tuple[Conversation, News]]:
        """What nobody has been told yet, and the conversation that it comes from."""
        for one in self._all:
            while (item := one.session.next_event()) is not None:
                yield one, item if one.party == GRID_OPERATOR else FromParty(one.party, item)

    # --- what the people here decide ---

    def decide(
        self,
        event_id: EventId,
        opt: OptType,
        reason: str,
        resources: Collection[ResourceId],
        party: str | None,
        now: datetime,
    ) -> None:
        """Decline an event, or follow it after all; `party` None: of whoever has it. Raises `CannotDecline`."""
        self._whose(event_id, party).session.decide(event_id, opt, reason, resources, now)

    def _whose(self, event_id: EventId, party: str | None) -> Conversation:
        known = [one for one in self._all if party is None or named(one.party) == named(party)]
        if not known:
            raise CannotDecline(f"there is no VTN {party} here")
        holding = [one for one in known if one.holds(event_id)]
        if len(holding) > 1:
            names = ", ".join(named(one.party) for one in holding)
            raise CannotDecline(f"several VTNs have an event {event_id}: {names}; say whose")
        return holding[0] if holding else known[0]

    def state_schedule(
        self,
        periods: Sequence[Period],
        opt: OptType,
        programme: Programme | None,
        resources: Collection[ResourceId],
        opt_id: OptId | None,
        now: datetime,
    ) -> OptId:
        """Each VTN is told of it, since any of them may order then. Raises `Misuse`."""
        stated = self.main.state_schedule(periods, opt, programme, resources, opt_id, now)
        for one in self._all[1:]:
            one.session.state_schedule(periods, opt, programme, resources, stated, now)
        return stated

    def cancel(self, opt_id: OptId) -> bool:
        """End the schedules of that name; False: there are none."""
        found = [one.session.opts.cancel(opt_id) for one in self._all]
        return any(found)

    # --- what all of them have to know ---

    def record(self, sample: Sample, *, boosted: bool) -> None:
        for one in self._all:
            one.record(sample, boosted=boosted)

    def clock_set(self, by: timedelta, now: datetime) -> None:
        for one in self._all:
            one.session.clock_set(by, now)

    def speak(self) -> None:
        """There is something to say."""
        for one in self._all:
            one.speak()
