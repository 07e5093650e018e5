"""How far a grid operator's emergencies reach into a site, whoever sits at its console. Sans-IO.

A hijacked VTN could keep a town's cars from charging. So there are bounds, set by the installer from the
contract and never by a message: how long one emergency lasts, how many there are in a day, how long all of them
in a week, and how much rest lies between two. What is beyond them is declined, and told aloud.

    |== emergency, cut off after 2 h ==|<-- rest, 30 min -->|== emergency ==|
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.wire.errors import Refused, ResponseCode
from oadr.wire.ids import EventId

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The contract's; the defaults fit one to four half-hours, rarely."""

    longest: timedelta = timedelta(hours=2)
    """One emergency; also one that names no end."""
    a_day: int = 3
    """Emergencies that begin within any 24 hours."""
    a_week: timedelta = timedelta(hours=8)
    """All emergencies within any 7 days."""
    rest: timedelta = timedelta(minutes=30)
    """From the end of one to the start of the next."""
    floor: Decimal | None = None
    """A per phase that stay allowed whatever is ordered; None, the default: 0 is an order that is obeyed."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which an emergency limits this site, or has limited it; `end` is exclusive."""

    event_id: EventId
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return max(self.end - self.start, timedelta())

    def within(self, start: datetime, end: datetime) -> timedelta:
        return max(min(self.end, end) - max(self.start, start), timedelta())


def refusal(spells: Iterable[Spell], wanted: Spell, bounds: Bounds) -> str | None:
    """Why `wanted` goes beyond what is agreed beside `spells`, in words for the people here; None if it does not."""
    others = [one for one in spells if one.length]
    if _strain(others, wanted).length > bounds.longest:
        return f"more than {_minutes(bounds.longest)} without a rest"
    if any(_rest_between(one, wanted) < bounds.rest for one in others):
        return f"less than {_minutes(bounds.rest)} since the last emergency, or before the next"
    first, last = wanted.start - DAY, wanted.start + DAY
    around = sorted([one.start for one in others if first < one.start < last] + [wanted.start])
    if any(_count(around, start) > bounds.a_day for start in around):
        return f"more than {bounds.a_day} emergencies within a day"
    if any(_total([*others, wanted], end) > bounds.a_week for end in _ends(others, wanted)):
        return f"more than {_minutes(bounds.a_week)} of emergencies within a week"
    return None


class Authority:
    """The bounds, and what was used of them. `spells` survive a power cut, so that none refills them."""

    def __init__(self, bounds: Bounds, spells: tuple[Spell, ...] = ()) -> None:
        self.spells = spells
        self._bounds = bounds

    def admit(self, event_id: EventId, start: datetime, end: datetime | None, now: datetime) -> datetime:
        """When an emergency that may limit from `start` on ends here. Raises `Refused` (451) for one that may not.

        A modification counts in place of what it changes, so that making an emergency milder or shorter, or extending
        it within the bounds, is never one emergency more. What has limited already stays on the account, whatever
        start the same event names now.
        """
        others, wanted = self._asked(event_id, start, end, now)
        why = refusal(others, wanted, self._bounds)
        if wanted.end <= now:
            why = f"more than {_minutes(self._bounds.longest)} without a rest"
        if why:
            raise Refused(f"beyond what is agreed with this site: {why}", ResponseCode.NOT_ALLOWED)
        self.spells = (*others, wanted)
        return wanted.end

    def took_over(self, event_id: EventId, start: datetime, end: datetime | None) -> datetime:
        """When an emergency ends here that was accepted before there were bounds; it counts, and is not refused."""
        latest = start + self._bounds.longest
        taken = Spell(event_id, start, latest if end is None else min(end, latest))
        self.spells = (*self.spells, taken)
        return taken.end

    def _asked(
        self, event_id: EventId, start: datetime, end: datetime | None, now: datetime
    ) -> tuple[tuple[Spell, ...], Spell]:
        """What counts beside it, and the spell that it would be."""
        others, goes_on = list[Spell](), list[Spell]()
        for one in remembered(self.spells, now):
            if one.event_id != event_id:
                others.append(one)
            elif one.start <= now and start < one.end:
                goes_on.append(one)
            elif one.start <= now:
                others.append(replace(one, end=min(one.end, now)))
        begin = min((one.start for one in goes_on), default=max(start, now))
        first = _strain(others, Spell(event_id, begin, begin + timedelta.resolution)).start
        latest = first + self._bounds.longest
        return tuple(others), Spell(event_id, begin, latest if end is None else min(end, latest))

    def ended(self, event_id: EventId, now: datetime) -> None:
        """It was over earlier than planned, or never began."""
        self.spells = tuple(
            replace(one, end=max(one.start, min(one.end, now))) if one.event_id == event_id else one
            for one in self.spells
        )

    def clock_set(self, by: timedelta, before: datetime) -> None:
        """What has begun by the old time `before` stays as long ago as it was: no clock refills the account."""
        self.spells = tuple(
            replace(one, start=one.start + by, end=one.end + by) if one.start <= before else one
            for one in self.spells
        )


def remembered(spells: Iterable[Spell], now: datetime) -> tuple[Spell, ...]:
    """Those that still count. One that a clock which was set back puts into the future counts as well."""
    return tuple(one for one in spells if one.end > now - WEEK)


def _strain(spells: Iterable[Spell], wanted: Spell) -> Spell:
    """`wanted` and all that overlaps it, directly or by others, as one."""
    met = [one for one in spells if one.start < wanted.end and wanted.start < one.end]
    begin = min([wanted.start, *(one.start for one in met)])
    whole = replace(wanted, start=begin, end=max([wanted.end, *(one.end for one in met)]))
    return whole if whole == wanted else _strain(spells, whole)


def _rest_between(one: Spell, other: Spell) -> timedelta:
    """Two that overlap are one strain, not two: the smaller limit holds, and there is no rest to be kept."""
    if one.start < other.end and other.start < one.end:
        return timedelta.max
    return max(other.start - one.end, one.start - other.end)


def _count(starts: list[datetime], since: datetime) -> int:
    return sum(since <= start < since + DAY for start in starts)


def _ends(others: Iterable[Spell], wanted: Spell) -> list[datetime]:
    """Any week that holds more than is allowed has one of these at its end."""
    return [wanted.end, *(one.end for one in others if wanted.start < one.end < wanted.end + WEEK)]


def _total(spells: Iterable[Spell], end: datetime) -> timedelta:
    return sum((one.within(end - WEEK, end) for one in spells), timedelta())


def _minutes(span: timedelta) -> str:
    return f"{span / timedelta(minutes=1):g} min"
