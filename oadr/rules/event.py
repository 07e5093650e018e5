"""What a list of events and the answer to it must look like, whatever was said before; for signals see `signal`."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Final

from oadr.rules.breach import Finding, Party, Rule, rule, rule_at
from oadr.wire.messages import CreatedEvent, DistributeEvent
from oadr.wire.messages.common import OptType
from oadr.wire.messages.event import (
    Event,
    EventStatus,
)


def _each_event(find: Callable[[Event], str | None]) -> Callable[[DistributeEvent], Iterator[Finding]]:
    """For rules with one answer for each event: what is wrong with it, or None."""

    def found(message: DistributeEvent) -> Iterator[Finding]:
        for event in message.events:
            if why := find(event):
                yield f"event {event.event_id}", why

    found.__name__, found.__doc__ = find.__name__, find.__doc__
    return found


@rule(DistributeEvent, binds=Party.VTN)
@_each_event
def r10(event: Event) -> str | None:
    """A cancellation is a modification, so its number cannot be that of a new event."""
    is_cancelled = event.descriptor.status is EventStatus.CANCELLED
    return (
        "cancelled as modification 0" if is_cancelled and not event.descriptor.modification_number else None
    )


@rule(DistributeEvent, binds=Party.VTN)
@_each_event
def r13(event: Event) -> str | None:
    """Near begins with the ramp-up; whoever has none goes from far to active, and every event has a status."""
    status, ramp_up = event.descriptor.status, event.period.ramp_up
    if status is EventStatus.NONE:
        return "no status"
    has_ramp = ramp_up is not None and not ramp_up.is_zero
    return "near without a ramp-up" if status is EventStatus.NEAR and not has_ramp else None


@rule_at(DistributeEvent, binds=Party.VTN)
def r15(message: DistributeEvent, now: datetime) -> Iterator[Finding]:
    """What has started comes first, by priority and then by start; the rest follows by start (r3)."""
    for earlier, later in pairwise(message.events):
        if _place(earlier, now) > _place(later, now):
            yield f"event {later.event_id}", f"belongs before {earlier.event_id}"


def _place(event: Event, now: datetime) -> tuple[bool, bool, int, datetime]:
    """A cancelled event keeps the place that it would have; 0 and no priority rank last."""
    status, start = event.descriptor.status, event.period.start
    has_started = (
        start <= now
        if status is EventStatus.CANCELLED
        else status in (EventStatus.ACTIVE, EventStatus.COMPLETED)
    )
    priority = event.descriptor.priority if has_started else None
    return not has_started, not priority, priority or 0, start


@rule(DistributeEvent, binds=Party.VTN)
@_each_event
def r63(event: Event) -> str | None:
    """A target names one VEN at most."""
    return "targets more than one VEN" if len(event.target.ven_ids) > 1 else None


@rule(DistributeEvent, binds=Party.VTN)
def r70(message: DistributeEvent) -> Iterator[Finding]:
    """One event has one place in the list."""
    ids = [event.event_id for event in message.events]
    yield from ((f"event {one}", "listed twice") for one in sorted({i for i in ids if ids.count(i) > 1}))


@rule(DistributeEvent, binds=Party.VTN)
@_each_event
def r105(event: Event) -> str | None:
    """The notification period is stated, were it zero."""
    return "no x-eiNotification" if event.period.notification is None else None


@rule(DistributeEvent, binds=Party.VTN)
@_each_event
def r107(event: Event) -> str | None:
    """Signals of an event have names of their own."""
    ids = [signal.signal_id for signal in event.signals]
    return "two signals with one signalID" if len(set(ids)) < len(ids) else None


@rule(DistributeEvent, binds=Party.VTN)
def r115(message: DistributeEvent) -> Iterator[Finding]:
    """All events of a message have one createdDateTime."""
    if len({event.descriptor.created_at for event in message.events}) > 1:
        yield "oadrDistributeEvent", "createdDateTimes differ"


@rule(DistributeEvent, binds=Party.VTN)
def r41(message: DistributeEvent) -> Iterator[Finding]:
    """A list of events has a requestID, which need not be unique (r43)."""
    if not message.request_id:
        yield "requestID", "is empty"


# --- the VEN's word on it -------------------------------------------------------------------------------------


@rule(CreatedEvent, binds=Party.VEN)
def r35(message: CreatedEvent) -> Iterator[Finding]:
    """There are answers for the events, unless the whole list is refused."""
    if message.response.accepted and not message.event_responses:
        yield "eventResponses", "missing beside a success"


@rule(CreatedEvent, binds=Party.VEN)
def r42(message: CreatedEvent) -> Iterator[Finding]:
    """The outer requestID stays empty beside answers for events."""
    if message.event_responses and message.response.request_id:
        yield "eiResponse", "requestID beside eventResponses"


@rule(CreatedEvent, binds=Party.VEN)
def r48(message: CreatedEvent) -> Iterator[Finding]:
    """Whoever refuses an event with an error does not take part in it."""
    for response in message.event_responses:
        if not response.code.startswith("2") and response.opt is OptType.OPT_IN:
            yield f"event {response.event.event_id}", f"optIn beside {response.code}"


RULES: Final[tuple[Rule, ...]] = (
    *(r10, r13, r15, r35, r41, r42, r48, r63, r70),
    *(r105, r107, r115),
)
