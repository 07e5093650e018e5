"""What the people of a site have decided: which load shifts they decline, and when they take part. Sans-IO.

How far a word has got is the table `oadr.states.opt.WORD`. It is owed until the VTN has answered it, over restarts and
new registrations; one that the VTN refuses holds here all the same. A supply limitation is nothing that anybody can
decline. A schedule that declines is said again, as a word of its own, of each load shift that it
meets: so that the VTN need not know schedules, and two ends cannot read one differently.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from oadr import opting
from oadr.charging.signals import Programme
from oadr.opting import Period, Schedule
from oadr.states.event import HOLDING, Held, Seen
from oadr.states.opt import WORD, Trigger
from oadr.states.opt import Stage as Stage
from oadr.wire.errors import Misuse
from oadr.wire.ids import EventId, MarketContext, OptId, RequestId, ResourceId, Token, VenId
from oadr.wire.messages import CancelOpt, CreateOpt
from oadr.wire.messages.common import OptType, QualifiedEventId, Target
from oadr.wire.messages.event import ResponseRequired
from ven.events import HeldEvent

MAX_TRIES: Final = 3
"""A VTN that is there, and so often has no usable answer to an opt, has no EiOpt."""


class Reason(StrEnum):
    """Why somebody declines, in OpenADR's words."""

    OVERRIDE = "overrideStatus"
    """The driver needs the car: the usual one."""
    ECONOMIC = "economic"
    NOT_PARTICIPATING = "notParticipating"
    PARTICIPATING = "participating"
    MUST_RUN = "mustRun"
    OUTAGE = "outageRunStatus"
    SCHEDULE = "x-schedule"


class CannotDecline(Misuse):
    """The wish cannot be granted; the text says why, for the person who had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opt:
    """About an event, or a schedule with periods. `resources` None: everything here, or all that the event means."""

    opt_id: OptId
    opt: OptType
    reason: str
    stated_at: datetime
    resources: frozenset[ResourceId] | None = None
    event: QualifiedEventId | None = None
    programme: Programme | None = None
    periods: tuple[Period, ...] = ()
    stage: Stage = Stage.OWED

    @property
    def is_cancelled(self) -> bool:
        return self.stage in (Stage.CANCELLING, Stage.CANCELLED)

    @property
    def schedule(self) -> Schedule:
        periods = () if self.is_cancelled else self.periods
        return Schedule(opt=self.opt, programme=self.programme, resources=self.resources, periods=periods)

    def is_past(self, now: datetime) -> bool:
        return self.is_cancelled or all(
            period.end is not None and period.end <= now for period in self.periods
        )

    def step(self, trigger: Trigger) -> "Opt":
        return replace(self, stage=WORD.after(self.stage, trigger))


def decide(
    held: Iterable[HeldEvent],
    event_id: EventId,
    opt: OptType,
    resources: Collection[ResourceId],
    now: datetime,
) -> HeldEvent:
    """The event as it stands after somebody's decision on some of its chargepoints; none named: on all.

    Raises `CannotDecline`.
    """
    known = next((each for each in held if each.event.event_id == event_id), None)
    state = known.state if known else Held.UNKNOWN
    is_over = known is not None and known.end is not None and known.end <= now
    if known is None or is_over or HOLDING.maybe_after(state, Seen.OPT_OUT) is None:
        raise CannotDecline(f"nothing here follows an event {event_id}")
    if known.programme is Programme.SUPPLY_LIMIT:
        raise CannotDecline("a supply limitation protects the network and cannot be declined")
    if not known.resources.issuperset(resources):
        raise CannotDecline(
            f"event {event_id} does not mean {', '.join(sorted(set(resources) - known.resources))}"
        )
    named = frozenset(resources) or known.resources
    return known.declining(known.declined | named if opt is OptType.OPT_OUT else known.declined - named)


class Opts:
    """The book. `kept` is all that outlives the process, in the order in which it was stated."""

    def __init__(self, market_contexts: str, new_id: Callable[[], str], kept: tuple[Opt, ...] = ()) -> None:
        self.kept = kept
        self._market_contexts = market_contexts.rstrip("/")
        self._new_id = new_id
        self._tries = 0

    # --- what is stated ---

    def say_of(
        self, event: HeldEvent, opt: OptType, reason: str, named: frozenset[ResourceId], now: datetime
    ) -> None:
        """To be told: a decision on `named` of an event's chargepoints. Who wants no answers gets none (r206)."""
        if event.event.response_required is not ResponseRequired.ALWAYS:
            return
        self._state(
            Opt(
                opt_id=OptId(self._new_id()),
                opt=opt,
                reason=reason,
                stated_at=now.replace(microsecond=0),
                resources=None if named >= event.resources else named,
                event=QualifiedEventId(
                    event_id=event.event.event_id, modification_number=event.modification_number
                ),
            )
        )

    def state_schedule(
        self,
        periods: Iterable[Period],
        opt: OptType,
        programme: Programme | None,
        resources: Collection[ResourceId],
        opt_id: OptId | None,
        now: datetime,
    ) -> OptId:
        """Raises `Misuse`: a period without a length, a programme that knows no schedules."""
        if programme is Programme.SUPPLY_LIMIT:
            raise CannotDecline("a supply limitation protects the network and knows no schedules")
        stated = opting.read_periods(opting.write_periods(periods))  # in whole seconds, as they will be read
        schedule = Opt(
            opt_id=opt_id or OptId(self._new_id()),
            opt=opt,
            reason=Reason.SCHEDULE,
            stated_at=now.replace(microsecond=0),
            resources=frozenset(resources) or None,
            programme=programme,
            periods=stated,
        )
        self._state(schedule)
        return schedule.opt_id

    def cancel(self, opt_id: OptId) -> bool:
        """Every schedule of that name ends (r204); False: there is none, which is no error (r211)."""
        its = [one for one in self.kept if one.opt_id == opt_id and not one.event and not one.is_cancelled]
        for one in its:
            self._replace(one, one.step(Trigger.CANCEL))
        return bool(its)

    # --- what schedules come to ---

    def excused(self, event: HeldEvent) -> frozenset[ResourceId]:
        """The chargepoints that a schedule keeps out of an event, and of which nobody has decided otherwise."""
        if event.programme is None or not event.obeyed:
            return frozenset()
        schedules = [one.schedule for one in self.kept if one.event is None]
        during = Period(event.start, event.end)
        decided = self._decided(event.event.event_id)
        return frozenset(
            each
            for each in event.resources - event.declined
            if (decided is not None and each not in decided)
            and opting.is_out(schedules, each, event.programme, during)
        )

    def _decided(self, event_id: EventId) -> frozenset[ResourceId] | None:
        """Those with a word of their own on this event; None: all."""
        found: frozenset[ResourceId] = frozenset()
        for one in self.kept:
            if one.event and one.event.event_id == event_id:
                if one.resources is None:
                    return None
                found |= one.resources
        return found

    def outages(self, event: HeldEvent) -> dict[ResourceId, datetime]:
        """The chargepoints of which we have said that they cannot carry out a supply limitation, and when."""
        found: dict[ResourceId, datetime] = {}
        for one in self.kept:
            if one.event and one.event.event_id == event.event.event_id:
                for resource in event.resources if one.resources is None else one.resources:
                    found.pop(resource, None)
                    if one.opt is OptType.OPT_OUT and one.reason == Reason.OUTAGE:
                        found[resource] = one.stated_at
        return found

    # --- what is to be told ---

    @property
    def next(self) -> Opt | None:
        return next((one for one in self.kept if one.stage in (Stage.OWED, Stage.CANCELLING)), None)

    def message(self, opt: Opt, ven_id: VenId, request_id: RequestId) -> CreateOpt | CancelOpt:
        if opt.stage is Stage.CANCELLING:
            return CancelOpt(opt_id=opt.opt_id, ven_id=ven_id, request_id=request_id)
        named = Target(resource_ids=tuple(sorted(opt.resources or ())))
        context = MarketContext(Token(f"{self._market_contexts}/{opt.programme}")) if opt.programme else None
        return CreateOpt(
            opt_id=opt.opt_id,
            opt=opt.opt,
            reason=Token(opt.reason),
            market_context=context,
            ven_id=ven_id,
            schedule=opting.write_periods(opt.periods) if opt.periods else None,
            created_at=opt.stated_at,
            request_id=request_id,
            event=opt.event,
            target=named if opt.resources or opt.event else Target(ven_ids=(ven_id,)),
        )

    def answered(self, message: CreateOpt | CancelOpt, *, taken: bool) -> Opt | None:
        """The opt that the VTN has answered; None: it has been decided otherwise meanwhile."""
        self._tries = 0
        if isinstance(message, CancelOpt):  # refused or not, the VTN does not have it any more
            its = [one for one in self.kept if one.opt_id == message.opt_id and one.stage is Stage.CANCELLING]
            for one in its:
                self._replace(one, one.step(Trigger.ANSWERED))
            return its[0] if its else None
        for one in self.kept:
            if one.stage is Stage.OWED and self.message(one, message.ven_id, message.request_id) == message:
                self._replace(one, one.step(Trigger.TAKEN if taken else Trigger.REFUSED))
                return one
        return None

    def is_given_up(self) -> bool:
        """The VTN is there, but its answer was none; whether that was once too often."""
        self._tries += 1
        return self._tries >= MAX_TRIES

    def again(self) -> None:
        """A new registration: the VTN knows nothing of what it was told (r406)."""
        self.kept = tuple(one.step(Trigger.ANEW) for one in self.kept)

    def forget(self, held: Iterable[HeldEvent], now: datetime) -> None:
        """Drop what is of no effect any more, if the VTN need not hear of it."""
        current = {each.event.event_id for each in held}
        left: list[Opt] = []
        for place, one in enumerate(self.kept):
            why = self._end_of(place, left, current, now)
            if why is None or WORD.maybe_after(one.stage, why) is not Stage.FORGOTTEN:
                left.append(one)
        self.kept = tuple(left)

    def _end_of(
        self, place: int, left: Iterable[Opt], current: Collection[EventId], now: datetime
    ) -> Trigger | None:
        """Why the opt at this place is of no effect, if it is. A past schedule may still stand before an older one."""
        one = self.kept[place]
        if one.event is not None:
            return None if one.event.event_id in current else Trigger.EVENT_GONE
        later = [other.schedule for other in self.kept[place + 1 :] if other.event is None]
        if opting.is_replaced(one.schedule, later):
            return Trigger.REPLACED
        stands = any(_same_set(one, other) for other in left)
        return Trigger.PAST if one.is_past(now) and not stands else None

    def _state(self, opt: Opt) -> None:
        self.kept = (*self.kept, opt)

    def _replace(self, old: Opt, new: Opt) -> None:
        self.kept = tuple(new if one is old else one for one in self.kept)


def _same_set(one: Opt, other: Opt) -> bool:
    return other.event is None and one.schedule.is_of_the_set_of(other.schedule)
