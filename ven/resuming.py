"""What a VEN that has just started makes of the events that its journal holds. Sans-IO.

A machine without a battery for its clock wakes up in the past, or with whatever time somebody has set. What limited
when it went down limits still: length counts, times do not. An emergency that an older program took, which knew no
bounds, is bound from now on. And a chargepoint that is new here is limited as the others are.
"""

from dataclasses import replace
from datetime import datetime

from oadr.charging.limit import Source
from oadr.charging.signals import Programme
from oadr.wire.errors import PeerError
from ven.authority import Authority
from ven.events import HeldEvent, Site
from ven.journal import Memory
from ven.meaning import meaning


def resumed(memory: Memory, authority: Authority, site: Site, now: datetime) -> tuple[HeldEvent, ...]:
    """The events of `memory` as they hold at `now`, within the operator's `authority`."""
    running = {
        slot.limit.because
        for key, slot in memory.slots
        if key.source is Source.SUPPLY_LIMIT and slot.restore is None
    }
    known = replace(site, ven_id=memory.registration.ven_id) if memory.registration else site
    bounded = (_widened(_bounded(each, authority), known) for each in memory.held)
    return tuple(_begun(each, now) if each.event.event_id in running else each for each in bounded)


def _begun(each: HeldEvent, now: datetime) -> HeldEvent:
    """It limited when the program ended. A clock that says that it is yet to come, or over, may be wrong.

    Or the machine was off for long: that nobody can tell. So it holds for as long as it was ordered for, which the
    authority bounds, and ends sooner when a list comes without it (VE08).
    """
    began = max(each.start, each.received_at)
    if not each.obeyed or (each.start <= now and (each.end is None or now < each.end)):
        return each
    return each.moved(now - (each.start if now < each.start else began))


def _widened(each: HeldEvent, site: Site) -> HeldEvent:
    """Nobody gets round an emergency by another name: who means the whole site means what is there now."""
    if each.programme is not Programme.SUPPLY_LIMIT or not each.obeyed:
        return each
    try:
        meant = meaning(each.event, site).resources
    except PeerError:  # the settings are others now, and what was accepted holds
        return each
    return replace(each, resources=each.resources | meant)


def _bounded(each: HeldEvent, authority: Authority) -> HeldEvent:
    is_emergency = each.programme is Programme.SUPPLY_LIMIT and not each.event.descriptor.is_test
    came_too_late = each.end is not None and each.end <= each.received_at
    if not is_emergency or each.latest is not None or came_too_late:
        return each
    return replace(each, latest=authority.took_over(each.event.event_id, each.start, each.end))
