"""The levels of a reset: what goes and what stays when a chargepoint changes hands. Pure.

    R0  same owner, same site     what its people have set, said and left behind
    R1  another site of the CPO   and all events, limits and reports; the registration stays
    R2  another owner or CPO      and registration, credentials and security log
    R3  disposal                  and all else: a receipt is what is left

A reset is not a way round a supply limitation: it waits for its end.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from oadr.charging.limit import Source
from oadr.charging.signals import Programme
from ven import calendar_form
from ven.events import HeldEvent
from ven.journal import Memory
from ven.local import Local
from ven.standing import Standing

SHORTEST_TRACE: Final = 6
"""Characters; anything shorter stands in a file by chance."""

_OF_EVENTS: Final = (Source.SUPPLY_LIMIT, Source.LOAD_SHIFT)


class Level(StrEnum):
    R0 = "R0"
    R1 = "R1"
    R2 = "R2"
    R3 = "R3"

    @property
    def leaves(self) -> bool:
        """The VTN loses this VEN, and the VEN its credentials."""
        return self in (Level.R2, Level.R3)

    @property
    def goes(self) -> tuple[str, ...]:
        """What is erased, in words."""
        people = ("calendar", "boosts", "opts", "recorded messages", "measured values", "code of this unit")
        history = ("events", "limits", "report requests", "emergencies of the last week")
        identity = ("registration", "certificate and key", "security log")
        return {
            Level.R0: people,
            Level.R1: people + history,
            Level.R2: people + history + identity,
            Level.R3: (*people, *history, *identity, "everything else in the state folder"),
        }[self]

    @property
    def stays(self) -> tuple[str, ...]:
        identity = ("registration", "certificate and key", "security log")
        return {
            Level.R0: ("events of the grid operator", "limits", "report requests", *identity),
            Level.R1: identity,
            Level.R2: ("a new security log",),
            Level.R3: (),
        }[self]


@dataclass(frozen=True, slots=True)
class Holding:
    """A supply limitation that a reset waits for."""

    because: str
    until: datetime | None
    """None: until it is cancelled."""


def waits_for(memory: Memory, level: Level, now: datetime) -> Holding | None:
    """The one that ends last. From R1 on an announced one counts too, for it would be forgotten."""
    found = [
        Holding(each.event.event_id, each.end)
        for each in memory.held
        if each.programme is Programme.SUPPLY_LIMIT and _binds(each, level, now)
    ]
    for key, slot in memory.slots:
        if key.source is Source.SUPPLY_LIMIT:
            until = slot.restore.release_at if slot.restore else slot.limit.until
            if until is None or now < until:
                found.append(Holding(slot.limit.because, until))
    return max(found, key=lambda one: (one.until is None, one.until or now), default=None)


def _binds(each: HeldEvent, level: Level, now: datetime) -> bool:
    if level is Level.R0:
        return each.limits_at(now)
    is_order = each.obeyed and not each.event.descriptor.is_test
    return is_order and (each.end is None or now < each.end)


def kept(memory: Memory, level: Level) -> Memory:
    """What is left of it. A `Local` without a seed is that of a new unit: its calendar is the preset."""
    if level is Level.R0:
        main, *others = map(_followed, memory.standings)
        slots = tuple(each for each in memory.slots if each[0].source not in (Source.CALENDAR, Source.USER))
        return replace(memory, held=main.held, slots=slots, opts=(), local=Local(), others=tuple(others))
    if level is Level.R1:
        main, *others = map(_registered, memory.standings)
        return Memory(main.registration, others=tuple(others))
    return Memory()


def _followed(one: Standing) -> Standing:
    """As if nobody here had said a word."""
    return replace(one, held=tuple(each.declining(frozenset()) for each in one.held), opts=())


def _registered(one: Standing) -> Standing:
    """Nothing but that; it is told anew what chargepoints there are."""
    known = one.registration
    return Standing(one.party, known and replace(known, offered=False))


def traces(memory: Memory, level: Level) -> frozenset[bytes]:
    """What stands in `memory` and must stand nowhere after a reset, as far as it can be told from chance."""
    found: set[str] = {opt.opt_id for one in memory.standings for opt in one.opts} | {memory.local.seed.hex()}
    if memory.local.calendar:
        found |= set(calendar_form.write(memory.local.calendar).splitlines())
    found |= _names(memory) - _names(kept(memory, level))
    if level.leaves:
        found |= {resource for each in memory.all_held for resource in each.resources}
        found |= {key.resource_id for key, _ in memory.slots}
    escaped = {json.dumps(one)[1:-1] for one in found}
    return frozenset(one.encode() for one in found | escaped if len(one) >= SHORTEST_TRACE)


def _names(memory: Memory) -> set[str]:
    """What events, reports and the registration are called."""
    found: set[str] = {spell.event_id for spell in memory.spells}
    found |= {slot.limit.because for key, slot in memory.slots if key.source in _OF_EVENTS}
    for one in memory.standings:
        found |= {each.event.event_id for each in one.held}
        found |= {opt.event.event_id for opt in one.opts if opt.event}
        found |= {order.request.request_id for order in one.orders}
        if known := one.registration:
            found |= {known.ven_id, known.registration_id}
    return found
