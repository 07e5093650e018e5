"""From all that is known here to the one limit of each chargepoint: orders, silence, calendar, fuse, boost. Sans-IO.

supply limitation --+
failsafe level -----+
fuse of the site ---+--> a slot each --> the smallest --> the chargepoint
load shift --+      |
calendar ----+------+
             ^ a boost masks these two
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.charging import electricity
from oadr.charging.ceilings import NORMAL, Ceiling, Step, allowed
from oadr.charging.electricity import FLOOR_AMPS, Rating
from oadr.charging.limit import Limit, Source
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId
from ven import boost, failsafe, ordered
from ven.arbiter import Arbiter
from ven.calendar import Calendar, Change
from ven.contract import Contract
from ven.events import HeldEvent, Site
from ven.failsafe import Heard, Link, State
from ven.local import Local
from ven.randomise import drawn
from ven.sharing import Claim, next_turn, shared
from ven.slots import SlotKey

SECOND: Final = timedelta(seconds=1)
FAILSAFE: Final = "failsafe"
INIT: Final = "init"
CALENDAR: Final = "calendar"
DEFAULT: Final = "default-mode"
FUSE: Final = "site-fuse"
POWER_UP: Final = "power-up"
"""Why a limit holds that no event orders; each has a sentence of its own for people."""


class Control:
    """Give it what was heard and the events that are held; `arbiter` then has the limits."""

    def __init__(
        self,
        ratings: Mapping[ResourceId, Rating],
        contract: Contract,
        deciding: Arbiter,
        local: Local,
        now: datetime,
    ) -> None:
        self.local = local
        self.link = State(since=now)
        self.arbiter = deciding
        self._ratings = ratings
        self._contract = contract
        self._heard = Heard(None, None, timedelta(), is_registered=False)

    def decide(self, held: Iterable[HeldEvent], site: Site, heard: Heard, now: datetime) -> None:
        """Bring every slot to where it belongs at `now`."""
        held = tuple(held)
        self._follow(held, heard, now)
        self.local = replace(self.local, boosts=boost.running(self.local.boosts, now))
        ordered = dict(self._ordered(held, site, now))
        self.arbiter.let_go(held)
        self.arbiter.drop(
            SlotKey(one.resource_id, source) for one in self.local.boosts for source in boost.MASKED
        )
        self.arbiter.decide(ordered, now)

    def next_change(self, held: Iterable[HeldEvent], site: Site, now: datetime) -> datetime | None:
        """When `decide` will next come to something else, were nothing to happen; None: never."""
        held = tuple(held)
        moments = (
            ordered.next_order(held, site, now),
            self.arbiter.next_change(now),
            failsafe.next_wake(
                self.link,
                self._contract.link,
                self._heard.poll_every,
                is_limited=_is_limited(held, now),
                is_known=self._heard.is_registered,
            ),
            *(one.until for one in self.local.boosts),
            *self._calendar_changes(now),
            next_turn(now) if self._contract.site_amps is not None else None,
        )
        return min((one for one in moments if one is not None and one > now), default=None)

    def clock_set(self, by: timedelta) -> None:
        """Waits, silence and boosts last as long as they would have."""
        link, heard = self.link, self._heard
        self.link = replace(
            link,
            since=link.since + by,
            contact_at=_moved(link.contact_at, by),
            back_at=_moved(link.back_at, by),
        )
        self._heard = replace(
            heard, contact_at=_moved(heard.contact_at, by), listed_at=_moved(heard.listed_at, by)
        )
        boosts = tuple(replace(one, until=one.until + by) for one in self.local.boosts)
        self.local = replace(self.local, boosts=boosts)
        for key, slot in self.arbiter.slots.items():
            if slot.restore:
                released = replace(slot.restore, release_at=slot.restore.release_at + by)
                self.arbiter.slots[key] = replace(slot, restore=released)

    # --- the link ---

    def _follow(self, held: tuple[HeldEvent, ...], heard: Heard, now: datetime) -> None:
        is_limited = _is_limited(held, now)
        if heard.contact_at is not None and heard.contact_at != self._heard.contact_at:
            self.link = failsafe.contact(self.link, heard.contact_at)
        if heard.listed_at is not None and heard.listed_at != self._heard.listed_at:
            self.link = failsafe.listed(self.link, is_limited=is_limited, now=heard.listed_at)
        self._heard = heard
        self.link = failsafe.passed(
            self.link,
            self._contract.link,
            heard.poll_every,
            is_limited=is_limited,
            is_known=heard.is_registered,
            now=now,
        )

    # --- who limits what ---

    def _ordered(
        self, held: tuple[HeldEvent, ...], site: Site, now: datetime
    ) -> Iterator[tuple[SlotKey, Limit]]:
        is_on_default = failsafe.is_on_default(self.link, self._contract.on_silence, now)
        planned = dict(self._planned(now, is_on_default=is_on_default))
        normal = {resource: limit.percent for resource, limit in planned.items()}
        obeyed = [each for each in held if not is_on_default or each.programme is Programme.SUPPLY_LIMIT]
        boosted = {one.resource_id for one in self.local.boosts}
        by_events = ordered.orders(obeyed, site, self._ratings, now, normal)
        by_calendar = {SlotKey(resource, limit.source): limit for resource, limit in planned.items()}
        for key, limit in (
            *by_events.items(),
            *by_calendar.items(),
            *self._by_failsafe(),
            *self._by_fuse(now),
        ):
            if key.source not in boost.MASKED or key.resource_id not in boosted:
                yield key, self._floored(key, limit)

    def _floored(self, key: SlotKey, limit: Limit) -> Limit:
        """What the contract leaves to the site whatever is ordered."""
        floor = self._contract.bounds.floor
        if key.source is not Source.SUPPLY_LIMIT or floor is None or limit.amps >= floor:
            return limit
        kept = electricity.from_amps(floor, self._ratings[key.resource_id])
        return replace(limit, amps=kept.amps, percent=kept.percent)

    def _by_failsafe(self) -> Iterator[tuple[SlotKey, Limit]]:
        level = self._contract.failsafe
        reasons = {Link.INIT: INIT, Link.FAILSAFE: FAILSAFE}
        if level is None or self.link.link not in reasons:
            return
        for resource, rating in self._ratings.items():
            limit = _limit(level, rating, Source.FAILSAFE, reasons[self.link.link])
            yield SlotKey(resource, Source.FAILSAFE), limit

    def _planned(self, now: datetime, *, is_on_default: bool) -> Iterator[tuple[ResourceId, Limit]]:
        """By the default mode, or by the calendar."""
        default = self._contract.default_percent
        if is_on_default and default is not None:
            percent, reason, until = default, DEFAULT, None
        elif self.local.calendar is not None:
            percent, reason = self._by_hours(self.local.calendar, now), CALENDAR
            change = self.local.calendar.next_change(now)
            until = change.at if change else None
        else:
            return
        if percent >= NORMAL:
            return
        for resource, rating in self._ratings.items():
            found = electricity.from_share(percent / 100, rating)
            yield resource, Limit(found.amps, found.percent, Source.CALENDAR, reason, until)

    def _by_hours(self, calendar: Calendar, now: datetime) -> Decimal:
        """A limit begins a little after its hour, each site at a time of its own; its end the arbiter spreads."""
        current = calendar.current(now)
        if now >= self._begins(current):
            return current.percent
        return max(current.percent, calendar.current(current.at - SECOND).percent)

    def _begins(self, change: Change) -> datetime:
        return change.at + drawn(self.local.seed, change.at.isoformat(), self._contract.calendar_spread)

    def _calendar_changes(self, now: datetime) -> Iterator[datetime]:
        if self.local.calendar is not None:
            yield self._begins(self.local.calendar.current(now))
            if change := self.local.calendar.next_change(now):
                yield change.at

    def _by_fuse(self, now: datetime) -> Iterator[tuple[SlotKey, Limit]]:
        """The site's own fuse, shared out."""
        total = self._contract.site_amps
        if total is None:
            return
        claims = [Claim(resource, FLOOR_AMPS, rating.amps) for resource, rating in self._ratings.items()]
        for resource, amps in shared(total, claims, now).items():
            found = electricity.from_amps(amps, self._ratings[resource])
            yield SlotKey(resource, Source.SITE), Limit(found.amps, found.percent, Source.SITE, FUSE, None)


def _moved(moment: datetime | None, by: timedelta) -> datetime | None:
    return moment and moment + by


def _is_limited(held: Iterable[HeldEvent], now: datetime) -> bool:
    """Whether a supply limitation holds."""
    return any(each.programme is Programme.SUPPLY_LIMIT and each.limits_at(now) for each in held)


def _limit(level: Ceiling, rating: Rating, source: Source, reason: str) -> Limit:
    found = allowed(Step(timedelta(), None, (level,)), rating, electricity.EMERGENCY_VOLTS)
    assert found, "a ceiling always comes to something"
    return Limit(found.amps, found.percent, source, reason, None)
