"""What no evening may break: no limit above an order that holds, no emergency delayed, nothing lost over a restart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oadr.charging.ceilings import Share
from oadr.charging.signals import Programme
from oadr.wire.errors import OadrError
from oadr.wire.ids import EventId, ResourceId
from oadr.wire.messages.common import OptType
from oadr.wire.messages.event import Event
from tests.ven.oracle import EVENINGS, Hours, Offer
from tests.ven.stage import EVSE_1, MINUTE, RATINGS, SITE, VEN, listing
from ven import boost, opts
from ven.arbiter import Arbiter
from ven.authority import Authority, Bounds
from ven.book import Book
from ven.boost import Boost
from ven.calendar_form import read
from ven.contract import Contract
from ven.control import Control
from ven.events import HeldEvent
from ven.failsafe import Heard, Link, OnSilence
from ven.journal import Memory, decode, encode
from ven.local import Local
from ven.outbox import Outbox
from ven.resuming import resumed

TENTH = Decimal("0.1")
POLL = timedelta(seconds=10)
HEARTBEAT = timedelta(seconds=120)
MINIMUM = timedelta(hours=2)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Leave:
    """It is on the list no more."""

    name: str


@dataclass(frozen=True)
class Pass:
    seconds: int


@dataclass(frozen=True)
class Silence:
    """So long nobody answers."""

    seconds: int


@dataclass(frozen=True)
class Press:
    """The people here: a boost of so many minutes, 0 ends it; the calendar is set or cleared; events are declined."""

    minutes: int | None = None
    has_calendar: bool | None = None
    declines: bool = False


@dataclass(frozen=True)
class Restart:
    power_returned: bool = False


@dataclass(frozen=True)
class ClockStep:
    seconds: int


Act = Offer | Leave | Pass | Silence | Press | Restart | ClockStep
NAMES = st.sampled_from(["E1", "E2", "E3"])
KINDS = {
    "share": ("0", "0.2", "0.4", "0.7", "1"),
    "watts": ("0", "2000", "5000", "9000"),
    "amps": ("0", "6", "10", "16.5"),
    "offset": ("-100", "-50", "-10", "25"),
    "level": ("0", "1", "2", "3"),
    "together": ("-2000", "0", "3000", "8000", "20000"),
    "delta": ("-6000", "-2500", "1000"),
    "price": ("0.2",),
    "energy": ("20000",),
}
LENGTHS = [0, 5, 30, 150]
said = st.sampled_from(list(KINDS)).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.lists(st.sampled_from(KINDS[kind]), min_size=1, max_size=2).map(tuple)
    )
)


def offers(programmes: list[str], begins: list[int], **other: list[Any]) -> st.SearchStrategy[Offer]:
    """Where several are named one is as likely as another; what is not named is as `Offer` has it."""
    fields: dict[str, list[Any]] = {"programme": programmes, "begins": begins, "minutes": LENGTHS, **other}
    named = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in fields.items()})
    return st.builds(lambda name, said, rest: Offer(name, *said, **rest), NAMES, said, named)


emergencies = offers(["supply-limit"], [-600, 0, 0, 0, 300, 1800], is_test=[False, False, False, True])
shifts = offers(
    ["load-shift", "load-shift", "price"],
    [-600, 0, 300, 1800],
    ramp_up=[0, 0, 240, -240],
    recovery=[0, 0, 600, -120],
)
acts: st.SearchStrategy[Act] = st.one_of(
    emergencies,
    shifts,
    st.builds(Leave, NAMES),
    st.builds(Pass, st.sampled_from([1, 30, 300, 1200, 4000])),
    st.builds(Silence, st.sampled_from([60, 130, 3000, 9000])),
    st.builds(Press, minutes=st.sampled_from([0, 10, 90])),
    st.builds(Press, has_calendar=st.booleans()),
    st.just(Press(declines=True)),
    st.builds(Restart, st.booleans()),
    st.builds(ClockStep, st.sampled_from([-86_400, -900, -3, 3, 900, 86_400])),
)
contracts = st.builds(
    Contract,
    failsafe=st.sampled_from([None, Share(Decimal("0.5"))]),
    on_silence=st.sampled_from(OnSilence),
    default_percent=st.sampled_from([None, Decimal(60)]),
    site_amps=st.sampled_from([None, Decimal(10), Decimal(30)]),
    calendar_spread=st.sampled_from([timedelta(0), timedelta(seconds=600)]),
    bounds=st.builds(
        Bounds, rest=st.sampled_from([timedelta(0), timedelta(0), timedelta(minutes=30)]), a_day=st.just(50)
    ),
)


class Model:
    """Control and book as the shell joins them, without loop, network or disk; each moment is checked."""

    def __init__(self, contract: Contract, seed: int, evening: tuple[datetime, Hours] = EVENINGS[0]) -> None:
        self.contract = contract
        self.dice = Random(seed)
        self.now, self.usual = evening
        self.hours: Hours | None = self.usual
        self.listed: dict[EventId, Event] = {}
        self.offered: dict[int, Offer] = {}
        self.numbers = count()
        self.is_silent = False
        self.start(Memory(local=Local(read(self.usual.text), seed=b"seed")))

    # --- life ---

    def start(self, memory: Memory, *, power_returned: bool = False) -> None:
        self.authority = Authority(self.contract.bounds, memory.spells)
        held = resumed(memory, self.authority, SITE, self.now)
        ids = count()
        outbox = Outbox(lambda: f"R{next(ids)}")
        self.book = Book(SITE, lambda: f"O{next(ids)}", outbox, self.dice, held, memory.opts, self.authority)
        deciding = Arbiter(
            RATINGS, timedelta(seconds=600), timedelta(minutes=1), self.dice, dict(memory.slots)
        )
        if power_returned:
            deciding.hold_back("power-up", self.now)
        self.control = Control(RATINGS, self.contract, deciding, memory.local, self.now)
        self.heard = Heard(None, None, POLL, is_registered=True)
        self.started_at = self.now
        self.has_list = False
        """Since the start, and since the last silence."""
        self.decide()

    @property
    def memory(self) -> Memory:
        slots = tuple(self.control.arbiter.slots.items())
        return Memory(
            held=self.book.held,
            slots=slots,
            opts=self.book.opts.kept,
            local=self.control.local,
            spells=self.authority.spells,
        )

    def decide(self) -> None:
        self.control.decide(self.book.held, SITE, self.heard, self.now)
        self.check()

    def amps(self) -> dict[ResourceId, Decimal]:
        found = {name: self.control.arbiter.limit(name) for name in RATINGS}
        return {name: limit.amps if limit else RATINGS[name].amps for name, limit in found.items()}

    # --- acts ---

    def play(self, act: Act) -> None:
        match act:
            case Offer():
                self.offer(act)
            case Leave(name):
                self.listed.pop(EventId(name), None)
                self.poll()
            case Pass(seconds):
                self.run(timedelta(seconds=seconds))
            case Silence(seconds):
                self.is_silent = True
                self.run(timedelta(seconds=seconds))
                self.is_silent = False
            case Press():
                self.press(act)
            case Restart(power_returned):
                self.restart(power_returned=power_returned)
            case ClockStep(seconds):
                self.step(timedelta(seconds=seconds))

    def offer(self, act: Offer) -> None:
        number, name = next(self.numbers), EventId(act.name)
        self.offered[number] = act
        self.listed[name] = act.event(number, self.now)
        self.poll()
        (taken,) = (each for each in self.book.held if each.event.event_id == name)
        if act.is_emergency and taken.obeyed and taken.event == self.listed[name]:
            self.check_undelayed(taken, act)

    def check_undelayed(self, taken: HeldEvent, act: Offer) -> None:
        """What was ordered now, holds now: not with the next poll, not after a draw."""
        assert taken.start <= max(self.now, taken.event.period.start), "an emergency is never put off"
        if act.begins <= 0 and taken.limits_at(self.now):
            for name, most in self.by_event(taken):
                assert self.amps()[name] <= most, "an emergency holds at once"

    def poll(self) -> None:
        if not self.is_silent:
            self.book.take(listing(*self.listed.values()), VEN, self.now)
            self.heard = Heard(self.now, self.book.listed_at, POLL, is_registered=True)
            self.has_list = True
        self.decide()

    def run(self, length: timedelta) -> None:
        """From change to change, with polls between; those that would only say the same are left out.

        What was decided must do until the change that was named: nobody wakes the control in between.
        """
        until = self.now + length
        while self.now < until:
            change = self.control.next_change(self.book.held, SITE, self.now)
            assert change is None or change > self.now
            pace = timedelta(minutes=30) if self.is_silent else timedelta(seconds=100)
            self.now = min([until, self.now + pace, *([change] if change else [])])
            if self.now != change:
                self.check()
            self.decide()
            if not self.is_silent:
                self.hear()

    def hear(self) -> None:
        """An answer that says nothing new; after a silence it is not a list."""
        last = self.heard.contact_at
        self.has_list = self.has_list and last is not None and self.now - last < HEARTBEAT
        self.heard = replace(self.heard, contact_at=self.now)
        self.decide()

    def press(self, act: Press) -> None:
        local = self.control.local
        if act.minutes:
            wanted = Boost(EVSE_1, self.now + timedelta(minutes=act.minutes))
            self.control.local = replace(local, boosts=boost.begun(local.boosts, wanted))
        elif act.minutes == 0:
            self.control.local = replace(local, boosts=boost.ended(local.boosts, EVSE_1))
        if act.has_calendar is not None:
            self.hours = self.usual if act.has_calendar else None
            calendar = read(self.hours.text) if self.hours else None
            self.control.local = replace(local, calendar=calendar)
        if act.declines:
            for each in self.book.held:
                self.decline(each)
        self.decide()

    def decline(self, each: HeldEvent) -> None:
        try:
            self.book.decide(
                each.event.event_id, OptType.OPT_OUT, opts.Reason.OVERRIDE, frozenset({EVSE_1}), self.now
            )
        except OadrError:
            assert each.programme is not Programme.LOAD_SHIFT or not each.limits_at(self.now)

    def restart(self, *, power_returned: bool) -> None:
        """What limited before limits again, before anybody was asked: `start` decides without a list."""
        memory, before = self.memory, self.amps()
        kept = decode(encode(memory))
        assert kept == memory
        self.start(kept, power_returned=power_returned)
        for name, amps in self.amps().items():
            assert amps <= before[name], "lifted by a restart"

    def step(self, by: timedelta) -> None:
        emergencies = [each.event.event_id for each in self.book.held if holds(each, self.now)]
        ends = {each.event.event_id: each.end for each in self.book.held}
        self.now += by
        self.started_at += by
        self.book.clock_set(by, self.now)
        self.control.clock_set(by)
        self.heard = replace(
            self.heard,
            contact_at=self.heard.contact_at and self.heard.contact_at + by,
            listed_at=self.heard.listed_at and self.heard.listed_at + by,
        )
        for each in self.book.held:
            if each.event.event_id in emergencies:
                end = ends[each.event.event_id]
                assert holds(each, self.now), "it ends by no clock"
                assert each.end == (end and end + by), "and lasts as long as it would have"
        self.decide()

    # --- what always holds ---

    def check(self) -> None:
        amps = self.amps()
        for name, most in self.orders():
            assert amps[name] <= most + TENTH, f"{name} above an order"
        for each in self.book.held:
            for watts, most in self.together(each, amps):
                assert watts <= most, "all together above an order"
        tests = {each.event.event_id for each in self.book.held if each.event.descriptor.is_test}
        for slot in self.control.arbiter.slots.values():
            assert slot.restore or slot.limit.because not in tests, "a test limits nobody"
        if self.contract.site_amps is not None:
            assert sum(amps.values()) <= self.contract.site_amps, "the fuse"

    def orders(self) -> Iterator[tuple[ResourceId, Decimal]]:
        """All that limits now, reckoned once more, of one chargepoint each."""
        for each in self.book.held:
            yield from self.by_event(each)
        percent = self.planned_percent()
        for name in RATINGS.keys() - self.boosted():
            yield name, RATINGS[name].amps * percent / 100
        if isinstance(self.contract.failsafe, Share) and self.is_failsafe():
            for name, rating in RATINGS.items():
                yield name, rating.amps * self.contract.failsafe.value

    def by_event(self, each: HeldEvent) -> Iterator[tuple[ResourceId, Decimal]]:
        """As it was offered: what the VEN made of it is not asked, but when it begins and ends and who declined."""
        for name in self.followers(each):
            rating, normal = RATINGS[name], self.planned_percent()
            most = self.offered[each.event.descriptor.modification_number].most(
                self.now - each.start, rating, normal
            )
            if most is not None:
                yield name, most

    def together(
        self, each: HeldEvent, amps: Mapping[ResourceId, Decimal]
    ) -> Iterator[tuple[Decimal, Decimal]]:
        """W that its followers may draw, and W that it orders of all of them."""
        offer = self.offered[each.event.descriptor.modification_number]
        most = offer.most_together(self.now - each.start)
        if most is not None:
            drawn = (amps[name] * RATINGS[name].phases * offer.volts for name in self.followers(each))
            yield sum(drawn, Decimal(0)), most

    def followers(self, each: HeldEvent) -> frozenset[ResourceId]:
        """Whom it limits now: those that have declined, boost, or go by the default mode leave it to the others."""
        offer = self.offered[each.event.descriptor.modification_number]
        left = each.end - self.now if each.end else None
        if not each.limits_at(self.now) or not offer.holds_whole(self.now - each.start, left):
            return frozenset()
        if offer.is_emergency:
            return each.resources
        return frozenset() if self.is_on_default() else each.resources - each.declined - self.boosted()

    def boosted(self) -> set[ResourceId]:
        return {one.resource_id for one in self.control.local.boosts if one.until > self.now}

    def planned_percent(self) -> Decimal:
        """By the default mode, or by the hours."""
        if self.is_on_default() and self.contract.default_percent is not None:
            return self.contract.default_percent
        return Decimal(self.hours.most(self.now, self.contract.calendar_spread) if self.hours else 100)

    def is_on_default(self) -> bool:
        link = self.control.link
        if link.link not in (Link.FAILSAFE, Link.AUTONOMOUS):
            return False
        told_at = self.heard.contact_at or link.since
        return self.contract.on_silence is OnSilence.DEFAULT_MODE or self.now - told_at >= DAY

    def is_failsafe(self) -> bool:
        """Where that is beyond doubt: power is back and nobody has spoken yet, or there is silence after a list."""
        if not self.has_list:
            return self.heard.listed_at is None and self.now - self.started_at < HEARTBEAT
        silent_for = self.now - self.heard.contact_at if self.heard.contact_at else timedelta()
        return HEARTBEAT <= silent_for < HEARTBEAT + MINIMUM


def holds(each: HeldEvent, now: datetime) -> bool:
    return each.programme is Programme.SUPPLY_LIMIT and each.limits_at(now)


def _now(name: str, share: str) -> Offer:
    return Offer(name, "share", (share,))


DURING_A_RELEASE: list[Act] = [
    _now("E1", "0.4"),
    Pass(30),
    Leave("E1"),
    Pass(300),
    _now("E2", "0.2"),
    Pass(4000),
]
LOOSER: list[Act] = [
    Press(has_calendar=False),
    _now("E1", "0.2"),
    Offer("E1", "amps", ("14",), minutes=150),
    Pass(4000),
]
LESS_THAN_PLANNED: list[Act] = [Pass(1200), Offer("E1", "offset", ("-50",)), Pass(30)]
SILENT: list[Act] = [Leave("E1"), Pass(4000), Silence(130)]
FORGOTTEN: list[Act] = [
    Offer("E1", "share", ("0.4",), "load-shift", minutes=3000),
    Pass(1200),
    Silence(90_000),
    Restart(),
    Silence(90_000),
    Leave("E1"),
]
"""Chance alone would seldom come to these."""
NO_REST = Contract(bounds=Bounds(rest=timedelta(0)))


@example(NO_REST, 1, EVENINGS[0], DURING_A_RELEASE)
@example(NO_REST, 1, EVENINGS[0], [*DURING_A_RELEASE[:4], Restart(True), *DURING_A_RELEASE[4:]])
@example(
    NO_REST, 1, EVENINGS[0], [*DURING_A_RELEASE[:4], ClockStep(-86_400), Press(90), *DURING_A_RELEASE[4:]]
)
@example(NO_REST, 1, EVENINGS[0], LOOSER)
@example(NO_REST, 1, EVENINGS[0], LESS_THAN_PLANNED)
@example(Contract(failsafe=Share(Decimal("0.5"))), 1, EVENINGS[0], SILENT)
@example(Contract(default_percent=Decimal(60)), 1, EVENINGS[1], FORGOTTEN)
@given(contracts, st.integers(0, 1000), st.sampled_from(EVENINGS), st.lists(acts, min_size=5, max_size=16))
@pytest.mark.proves("W20", "VE06", "VE15")
def test_whatever_comes_no_limit_lies_above_an_order_that_holds(
    contract: Contract, seed: int, evening: tuple[datetime, Hours], played: Sequence[Act]
) -> None:
    model = Model(contract, seed, evening)
    for act in played:
        model.play(act)


@pytest.mark.parametrize("evening", EVENINGS, ids=[f"{hours.zone} {at:%b}" for at, hours in EVENINGS])
def test_a_calendar_says_at_each_moment_what_a_clock_on_the_wall_says(
    evening: tuple[datetime, Hours],
) -> None:
    first, hours = evening
    calendar = read(hours.text)
    moments = [first + 5 * MINUTE * count for count in range(2 * 24 * 12)]
    assert {hours.at(now) for now in moments} > {100}
    for now in moments:
        assert calendar.current(now).percent == hours.at(now), f"at {now.astimezone(calendar.zone)}"


@pytest.mark.proves("W08")
def test_a_day_after_it_was_told_the_programme_ends_without_anybody_else_to_wake_for() -> None:
    """In the night after, when no event, no calendar and no fuse changes anything."""
    model = Model(Contract(default_percent=Decimal(60)), 1)
    model.press(Press(has_calendar=False))
    model.poll()
    told = model.now
    while (change := model.control.next_change(model.book.held, SITE, model.now)) is not None:
        model.now = change
        model.decide()
    assert model.now == told + DAY
    assert set(model.amps().values()) == {Decimal("19.2"), Decimal("9.6")}
