"""From all that is known here to the one limit of each chargepoint: orders, silence, calendar, fuse, boost. Sans-IO.

supply limitation --+
failsafe level -----+
fuse of the site ---+--> a slot each --> the smallest --> the chargepoint
load shift --+      |
calendar ----+------+
             ^ a boost masks these two

What is fed back has slots of its own: from orders that mean it, from its own hours of the calendar, and from the
fuse, which knows no directions. Failsafe level, default mode, the contract's floor and a boost are about charging.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.charging import electricity
from oadr.charging.ceilings import NORMAL, Amps, Step, Watts, allowed
from oadr.charging.electricity import FLOOR_AMPS, Rating
from oadr.charging.limit import Limit, Source
from oadr.charging.scale import Direction, direction_of
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId
from ven import boost, failsafe, ordered
from ven.arbiter import Arbiter
from ven.calendar import Calendar, Change
from ven.clock import is_set
from ven.conditions import Conditions
from ven.contract import Contract
from ven.events import HeldEvent, Site
from ven.failsafe import Heard, Link, State
from ven.local import Local
from ven.party import GRID_OPERATOR
from ven.randomise import drawn
from ven.sharing import Claim, next_turn, shared
from ven.slots import SlotKey
from ven.wiring import Wiring

SECOND: Final = timedelta(seconds=1)
FAILSAFE: Final = "failsafe"
INIT: Final = "init"
CALENDAR: Final = "calendar"
DEFAULT: Final = "default-mode"
FUSE: Final = "site-fuse"
POWER_UP: Final = "power-up"
"""Why a limit holds that no event orders; each has a sentence of its own for people."""
FORGOTTEN: Final = Amps(FLOOR_AMPS)
"""Where the contract names no level: the least that charges, since nobody knows whether it may be more."""


class Control:
    """Give it what was heard and the events that are held; `arbiter` then has the limits."""

    def __init__(
        self,
        ratings: Mapping[ResourceId, Rating],
        contract: Contract,
        deciding: Arbiter,
        local: Local,
        now: datetime,
        wiring: Wiring | None = None,
    ) -> None:
        """Without a `wiring` nobody measures, and no outlet changes its phases."""
        self.wiring = wiring or Wiring(ratings, contract)
        self.local = local
        self.link = State(since=now)
        self.arbiter = deciding
        self.unmoved: Mapping[ResourceId, Decimal] = {}
        """A per phase that chargers which do not take their limit draw all the same, on the site's fuse."""
        self.has_forgotten = False
        """An emergency may hold that is not known any more."""
        self._ratings = ratings
        self._scales = {each: _of_scale(ratings, each) for each in Direction}
        self._contract = contract
        self._heard = Heard(None, None, timedelta(), is_registered=False)

    def decide(self, held: Iterable[HeldEvent], site: Site, heard: Heard, now: datetime) -> None:
        """Bring every slot to where it belongs at `now`."""
        held = tuple(held)
        self._follow(held, heard, now)
        self.local = replace(self.local, boosts=boost.running(self.local.boosts, now))
        ordered = dict(self._ordered(held, site, now))
        self.arbiter.let_go(held)
        boosted = {one.resource_id for one in self.local.boosts}
        masked = [one for one in self.arbiter.slots if one.source in boost.MASKED]
        self.arbiter.drop(one for one in masked if one.resource_id in boosted)
        self.arbiter.decide(ordered, now)
        used = self.wiring.measured(now).phases
        for key, slot in self.arbiter.slots.items():  # those that are on their way up, too
            if slot.limit.phases != used.get(key.resource_id):
                limit = replace(slot.limit, phases=used.get(key.resource_id))
                self.arbiter.slots[key] = replace(slot, limit=limit)

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
            failsafe.default_begins(self.link, self._contract.on_silence),
            *(one.until for one in self.local.boosts),
            *self._calendar_changes(now),
            next_turn(now) if self._contract.site_amps is not None else None,
            self.wiring.next_change(),
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
        self.arbiter.clock_set(by)
        self.wiring.clock_set(by)

    def is_voltage_moved(self, held: Iterable[HeldEvent], now: datetime) -> bool:
        """Whether orders in W would now come to other amps than `decide` came to."""
        return self.wiring.has_moved(now) and (
            isinstance(self._contract.failsafe, Watts) or ordered.is_in_watts(held)
        )

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
        obeyed = [each for each in held if not is_on_default or _outlasts_silence(each)]
        boosted = {one.resource_id for one in self.local.boosts}
        conditions = self._conditions(obeyed, site, now)
        by_events = ordered.orders(obeyed, site, self._ratings, now, normal, conditions)
        by_calendar = {SlotKey(resource, limit.source): limit for resource, limit in planned.items()}
        for key, limit in (
            *by_events.items(),
            *by_calendar.items(),
            *self._by_failsafe(conditions),
            *self._by_fuse(now),
        ):
            if key.source not in boost.MASKED or key.resource_id not in boosted:
                yield key, replace(limit, phases=conditions.phases.get(key.resource_id))

    def _conditions(self, held: list[HeldEvent], site: Site, now: datetime) -> Conditions:
        """With the phases that are wanted now; who is boosted changes none for what it masks."""
        before = self.wiring.measured(now)
        boosted = {one.resource_id for one in self.local.boosts}
        emergencies = [each for each in held if each.programme is Programme.SUPPLY_LIMIT]
        on_one = ordered.on_one_phase(held, site, self._ratings, now, before) - boosted
        on_one |= ordered.on_one_phase(emergencies, site, self._ratings, now, before)
        self.wiring.move(on_one, self.arbiter.slots, now)
        return self.wiring.measured(now)

    @property
    def _is_unsure(self) -> bool:
        """Until a list has come, or did not come in time."""
        return self.has_forgotten and self.link.link is Link.INIT

    def _by_failsafe(self, conditions: Conditions) -> Iterator[tuple[SlotKey, Limit]]:
        level = self._contract.failsafe or (FORGOTTEN if self._is_unsure else None)
        reasons = {Link.INIT: INIT, Link.FAILSAFE: FAILSAFE}
        if level is None or self.link.link not in reasons:
            return
        for resource, rating in self._scales[Direction.IMPORT].items():
            volts = conditions.volts_for(Programme.SUPPLY_LIMIT, resource)
            step = Step(timedelta(), None, (level,))
            found = allowed(step, rating, volts, phases=conditions.phases.get(resource))
            assert found, "a ceiling always comes to something"
            reason = reasons[self.link.link]
            limit = Limit(found.amps, found.percent, Source.FAILSAFE, reason, None, watts=found.watts)
            yield SlotKey(resource, Source.FAILSAFE), limit

    def _planned(self, now: datetime, *, is_on_default: bool) -> Iterator[tuple[ResourceId, Limit]]:
        """By the default mode, or by the calendar, on each scale that there is here."""
        for direction, ratings in self._scales.items():
            if not ratings:
                continue
            percent, reason, until = self._plan(direction, now, is_on_default=is_on_default)
            if percent >= NORMAL:
                continue
            for resource, rating in ratings.items():
                found = electricity.from_share(percent / 100, rating)
                yield resource, Limit(found.amps, found.percent, Source.CALENDAR, reason, until)

    def _plan(
        self, direction: Direction, now: datetime, *, is_on_default: bool
    ) -> tuple[Decimal, str, datetime | None]:
        """Percent of the rated current, why, and until when."""
        default, calendar = self._contract.default_percent, self.local.calendar
        if not is_set(now):  # no hour is known then
            is_on_default, calendar = True, None
        if direction is Direction.IMPORT and is_on_default and default is not None:
            return default, DEFAULT, None
        if calendar is None:
            return NORMAL, CALENDAR, None
        change = calendar.next_change(now, direction)
        return self._by_hours(calendar, direction, now), CALENDAR, change.at if change else None

    def _by_hours(self, calendar: Calendar, direction: Direction, now: datetime) -> Decimal:
        """A limit begins a little after its hour, each site at a time of its own; its end the arbiter spreads."""
        current = calendar.current(now, direction)
        if now >= self._begins(current):
            return current.percent
        return max(current.percent, calendar.current(current.at - SECOND, direction).percent)

    def _begins(self, change: Change) -> datetime:
        return change.at + drawn(self.local.seed, change.at.isoformat(), self._contract.calendar_spread)

    def _calendar_changes(self, now: datetime) -> Iterator[datetime]:
        if self.local.calendar is None or not is_set(now):
            return
        for direction in (each for each, ratings in self._scales.items() if ratings):
            yield self._begins(self.local.calendar.current(now, direction))
            if change := self.local.calendar.next_change(now, direction):
                yield change.at

    def _by_fuse(self, now: datetime) -> Iterator[tuple[SlotKey, Limit]]:
        """The site's own fuse, shared out: what is drawn at most, and what is fed back at most.

        One does not make room for the other: nobody knows whether the other cars do what they may.
        """
        total = self._contract.site_amps
        if total is None:
            return
        for ratings in self._scales.values():
            claims = [Claim(resource, FLOOR_AMPS, rating.amps) for resource, rating in ratings.items()]
            for resource, amps in self._fitted(total, claims, now).items():
                found = electricity.from_amps(amps, ratings[resource])
                limit = Limit(found.amps, found.percent, Source.SITE, FUSE, None)
                yield SlotKey(resource, Source.SITE), limit

    def _fitted(self, total: Decimal, claims: list[Claim], now: datetime) -> Mapping[ResourceId, Decimal]:
        """Who does not take its share leaves the others less; it is asked for no more than it draws."""
        unmoved = {one.resource_id: self.unmoved.get(one.resource_id) for one in claims}
        taken = {name: amps for name, amps in unmoved.items() if amps is not None}
        left = max(total - sum(taken.values()), Decimal(0))
        fair = shared(total, claims, now)
        others = shared(left, [one for one in claims if one.resource_id not in taken], now)
        return {**others, **{name: min(fair[name], amps) for name, amps in taken.items()}}


def _of_scale(ratings: Mapping[ResourceId, Rating], direction: Direction) -> dict[ResourceId, Rating]:
    return {name: rating for name, rating in ratings.items() if direction_of(name) is direction}


def _moved(moment: datetime | None, by: timedelta) -> datetime | None:
    return moment and moment + by


def _is_limited(held: Iterable[HeldEvent], now: datetime) -> bool:
    """Whether a supply limitation holds."""
    return any(each.programme is Programme.SUPPLY_LIMIT and each.limits_at(now) for each in held)


def _outlasts_silence(each: HeldEvent) -> bool:
    """The default mode takes the place of what the grid operator has planned, and of nothing else."""
    return each.programme is Programme.SUPPLY_LIMIT or each.party != GRID_OPERATOR
