"""The events that are held, and what the VTN's lists and the people here make of them. Sans-IO.

What people decide is told twice if need be: by EiOpt, and where a VTN does not take that, as an answer to the event.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import NO_REQUEST, EventId, OptId, ResourceId, VenId
from oadr.wire.messages import CancelOpt, CreateOpt, DistributeEvent
from oadr.wire.messages.common import OptType
from oadr.wire.messages.registration import ServiceName
from ven import answers, events, opts
from ven.authority import Authority
from ven.events import HeldEvent, Merged, Site
from ven.news import ClockDoubted, Declined, DeclineRefused, EventArrived, EventEnded
from ven.opts import CannotDecline, Opt, Opts, Reason
from ven.outbox import Outbox
from ven.randomise import Dice

OUTAGE_AT_LEAST: Final = timedelta(minutes=1)
"""A charger that comes and goes is not told to be back each time."""


class Book:
    """Neither silence nor another registration changes anything here."""

    def __init__(
        self,
        site: Site,
        new_id: Callable[[], str],
        outbox: Outbox,
        dice: Dice,
        held: tuple[HeldEvent, ...] = (),
        kept_opts: tuple[Opt, ...] = (),
        authority: Authority | None = None,
    ) -> None:
        """Without an `authority` nothing bounds the grid operator's emergencies."""
        self.held = held
        self.opts = Opts(site.market_contexts, new_id, kept_opts)
        self.listed_at: datetime | None = None
        """When the newest complete list came; it alone may lift a limit."""
        self._site = site
        self._outbox = outbox
        self._dice = dice
        self._authority = authority
        self._listed_by = NO_REQUEST
        """The newest list of events: a word on one of them names it (r42)."""

    # --- what the VTN lists ---

    def take(self, listed: DistributeEvent, ven_id: VenId, now: datetime) -> bool:
        """Take the VTN's complete list, and owe the answers to it; whether there was any news in it."""
        site = replace(self._site, ven_id=ven_id)
        merged = events.merge(self.held, listed, site, now, self._dice, self._authority)
        self.held, self.listed_at, self._listed_by = merged.held, now, listed.request_id
        self._tell(merged)
        self._release(merged, now)
        self._excuse(merged.arrived, now)
        self.opts.forget(self.held, now)
        if merged.responses:
            decided = answers.as_decided(merged.responses, self.held)
            self._outbox.owe(ServiceName.EVENT, answers.opts(decided, ven_id))
        return bool(merged.arrived or merged.cancelled or merged.implied)

    def _release(self, merged: Merged, now: datetime) -> None:
        """What did not limit does not count against the grid operator."""
        if self._authority is not None:
            for each in (*merged.cancelled, *merged.implied):
                self._authority.ended(each.event.event_id, now)

    def _tell(self, merged: Merged) -> None:
        for each in merged.arrived:
            self._outbox.tell(EventArrived(each))
        for each in merged.arrived:
            if each.programme is Programme.SUPPLY_LIMIT and each.start_offset:
                self._outbox.tell(ClockDoubted(each.event.event_id, each.start_offset))
        for each in merged.cancelled:
            self._outbox.tell(EventEnded(each.event.event_id, False))
        for each in merged.implied:
            self._outbox.tell(EventEnded(each.event.event_id, True))

    # --- what the people here decide ---

    def decide(
        self, event_id: EventId, opt: OptType, reason: str, resources: Collection[ResourceId], now: datetime
    ) -> None:
        """Decline an event, or follow it after all. Raises `CannotDecline`; the wish is told either way."""
        try:
            after = opts.decide(self.held, event_id, opt, resources, now)
        except CannotDecline as error:
            self._outbox.tell(DeclineRefused(event_id, str(error)))
            raise
        self.held = tuple(after if each.event.event_id == event_id else each for each in self.held)
        self.opts.say_of(after, opt, reason, frozenset(resources) or after.resources, now)
        self._outbox.tell(Declined(event_id, after.declined))

    def state_schedule(
        self,
        periods: Iterable[Period],
        opt: OptType,
        programme: Programme | None,
        resources: Collection[ResourceId],
        opt_id: OptId | None,
        now: datetime,
    ) -> OptId:
        """It counts for what is under way already. Raises `Misuse`."""
        stated = self.opts.state_schedule(periods, opt, programme, resources, opt_id, now)
        self._excuse(self.held, now)
        self.opts.forget(self.held, now)
        return stated

    # --- what the chargers here cannot do ---

    def tell_unable(self, unable: Collection[ResourceId], now: datetime) -> None:
        """To be told: who cannot carry out a supply limitation that holds, and of whom that is over.

        Nothing else changes: it is declined by nobody, and the charger is asked for it as before.
        """
        for each in self.held:
            if each.programme is not Programme.SUPPLY_LIMIT or not each.limits_at(now):
                continue
            told = self.opts.outages(each)
            out = each.resources.intersection(unable) - told.keys()
            back = {one for one, at in told.items() if one not in unable and now - at >= OUTAGE_AT_LEAST}
            if out:
                self.opts.say_of(each, OptType.OPT_OUT, Reason.OUTAGE, out, now)
            if back:
                self.opts.say_of(each, OptType.OPT_IN, Reason.PARTICIPATING, frozenset(back), now)

    def clock_set(self, by: timedelta, now: datetime) -> None:
        """What has begun goes on for as long as it would have, and what is over does not begin again.

        `now` is the new time. What is still to come begins by it.
        """
        before = now - by
        self.held = tuple(
            each.moved(by) if each.obeyed and each.start <= before else each for each in self.held
        )
        self.listed_at = self.listed_at and self.listed_at + by
        if self._authority is not None:
            self._authority.clock_set(by, before)

    def on_opt_answer(self, message: CreateOpt | CancelOpt, *, taken: bool) -> None:
        """What a VTN does not take by EiOpt it gets as an answer to the event (r17), if it is the whole site's word."""
        opt = self.opts.answered(message, taken=taken)
        if taken or opt is None or opt.event is None:
            return
        for each in self.held:
            if each.event.event_id == opt.event.event_id and each.declined in (frozenset(), each.resources):
                if each.programme is Programme.SUPPLY_LIMIT and opt.resources is not None:
                    continue  # of an outage there is more to be told than one word on the event can
                word = each.word(self._listed_by)
                if each.programme is Programme.SUPPLY_LIMIT:
                    word = replace(word, opt=opt.opt)
                self._outbox.owe(ServiceName.EVENT, answers.opts((word,), message.ven_id))

    def _excuse(self, met: Iterable[HeldEvent], now: datetime) -> None:
        """Decline whatever of these events a schedule meets."""
        for each in met:
            is_over = each.end is not None and each.end <= now
            if not is_over and (excused := self.opts.excused(each)):
                self.decide(each.event.event_id, OptType.OPT_OUT, Reason.SCHEDULE, excused, now)
