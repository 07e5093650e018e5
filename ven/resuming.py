"""What a VEN that has just started makes of the events that its journal holds. Sans-IO.

A machine without a battery for its clock wakes up in the past. What limited when it went down limits still: length
counts, times do not. And an emergency that an older program took, which knew no bounds, is bound from now on.
"""

from dataclasses import replace
from datetime import datetime

from oadr.charging.limit import Source
from oadr.charging.signals import Programme
from ven.authority import Authority
from ven.events import HeldEvent
from ven.journal import Memory


def resumed(memory: Memory, authority: Authority, now: datetime) -> tuple[HeldEvent, ...]:
    """The events of `memory` as they hold at `now`, within the operator's `authority`."""
    running = {
        slot.limit.because
        for key, slot in memory.slots
        if key.source is Source.SUPPLY_LIMIT and slot.restore is None
    }
    return tuple(
        _begun(_bounded(each, authority), now)
        if each.event.event_id in running
        else _bounded(each, authority)
        for each in memory.held
    )


def _begun(each: HeldEvent, now: datetime) -> HeldEvent:
    """It has limited already, so a clock that says that it is yet to come is wrong."""
    return each.moved(now - each.start) if each.obeyed and now < each.start else each


def _bounded(each: HeldEvent, authority: Authority) -> HeldEvent:
    is_emergency = each.programme is Programme.SUPPLY_LIMIT and not each.event.descriptor.is_test
    came_too_late = each.end is not None and each.end <= each.received_at
    if not is_emergency or each.latest is not None or came_too_late:
        return each
    return replace(each, latest=authority.took_over(each.event.event_id, each.start, each.end))
