"""What no evening may break: no limit above an order that holds, no emergency delayed, nothing lost over a restart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oadr.charging.ceilings import Share, allowed
from oadr.charging.electricity import EMERGENCY_VOLTS, PLANNED_VOLTS
from oadr.charging.signals import Programme
from oadr.wire.errors import OadrError
from oadr.wire.ids import EventId, ResourceId
from oadr.wire.messages.common import OptType
from oadr.wire.messages.event import Event
from oadr.wire.scalars import Duration
from tests.ven.stage import EVSE_1, RATINGS, SITE, VEN, event, listing
from tests.ven.virtual import START
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
HOURLY = read(
    'zone = "Europe/London"\n[[import]]\ndays = ["mon", "tue"]\n'
    'slots = { "00:00" = 100, "12:10" = 40, "12:40" = 70, "13:20" = 0, "14:00" = 100 }'
)


@dataclass(frozen=True)
class Offer:
    """An event comes onto the VTN's list, or what is there by that name is modified."""

    name: str
    share: str
    is_emergency: bool
    begins: int
    minutes: int
    is_test: bool = False


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
SHARES = st.sampled_from(["0", "0.2", "0.4", "0.7", "1"])
acts: st.SearchStrategy[Act] = st.one_of(
    st.builds(Offer, NAMES, SHARES, st.just(True), st.just(0), st.sampled_from([5, 30])),
    st.builds(
        Offer,
        NAMES,
        SHARES,
        st.booleans(),
        st.sampled_from([-600, 0, 0, 300, 1800]),
        st.sampled_from([0, 5, 30, 150]),
        st.sampled_from([False, False, False, True]),
    ),
    st.builds(Leave, NAMES),
    st.builds(Pass, st.sampled_from([1, 30, 300, 1200, 4000])),
    st.builds(Silence, st.sampled_from([60, 300, 3000, 9000])),
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
    bounds=st.builds(
        Bounds, rest=st.sampled_from([timedelta(0), timedelta(0), timedelta(minutes=30)]), a_day=st.just(50)
    ),
)


class Model:
    """Control and book as the shell joins them, without loop, network or disk; each moment is checked."""

    def __init__(self, contract: Contract, seed: int) -> None:
        self.contract = contract
        self.dice = Random(seed)
        self.now = START
        self.listed: dict[EventId, Event] = {}
        self.numbers = count()
        self.is_silent = False
        self.start(Memory(local=Local(HOURLY, seed=b"seed")))

    # --- life ---

    def start(self, memory: Memory, *, power_returned: bool = False) -> None:
        self.authority = Authority(self.contract.bounds, memory.spells)
        held = resumed(memory, self.authority, self.now)
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
        name = EventId(act.name)
        self.listed[name] = event(
            act.name,
            next(self.numbers),
            act.share,
            programme="supply-limit" if act.is_emergency else "load-shift",
            start=self.now + timedelta(seconds=act.begins),
            minutes=act.minutes,
            start_after=None if act.is_emergency else Duration(120),
            test="true" if act.is_test else None,
        )
        self.poll()
        (taken,) = (each for each in self.book.held if each.event.event_id == name)
        if taken.obeyed and taken.modification_number == self.listed[name].descriptor.modification_number:
            self.check_undelayed(taken, act)

    def check_undelayed(self, taken: HeldEvent, act: Offer) -> None:
        """What was ordered now, holds now: not with the next poll, not after a draw."""
        if act.is_emergency and taken.code == "200":
            assert taken.start <= max(self.now, taken.event.period.start), "an emergency is never put off"
        if act.is_emergency and not act.is_test and taken.code == "200" and taken.limits_at(self.now):
            for name, amps in self.amps().items():
                order = allowed(taken.steps[0], RATINGS[name], EMERGENCY_VOLTS)
                assert order is not None
                assert amps <= order.amps

    def poll(self) -> None:
        if not self.is_silent:
            self.book.take(listing(*self.listed.values()), VEN, self.now)
            self.heard = Heard(self.now, self.book.listed_at, POLL, is_registered=True)
        self.decide()

    def run(self, length: timedelta) -> None:
        """From change to change, with polls between; those that would only say the same are left out."""
        until = self.now + length
        while self.now < until:
            change = self.control.next_change(self.book.held, SITE, self.now)
            assert change is None or change > self.now
            pace = timedelta(minutes=5) if self.is_silent else timedelta(seconds=100)
            self.now = min([until, self.now + pace, *([change] if change else [])])
            self.decide()
            if not self.is_silent:
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
            self.control.local = replace(local, calendar=HOURLY if act.has_calendar else None)
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
        boosted = {one.resource_id for one in self.control.local.boosts if one.until > self.now}
        for name, most in self.orders(boosted):
            assert amps[name] <= most + TENTH, f"{name} above an order"
        tests = {each.event.event_id for each in self.book.held if each.event.descriptor.is_test}
        for slot in self.control.arbiter.slots.values():
            assert slot.restore or slot.limit.because not in tests, "a test limits nobody"
        if self.contract.site_amps is not None:
            assert sum(amps.values()) <= self.contract.site_amps, "the fuse"
        failsafe = self.contract.failsafe
        if failsafe is not None and self.control.link.link in (Link.INIT, Link.FAILSAFE):
            assert all(share <= RATINGS[name].amps / 2 for name, share in amps.items())

    def orders(self, boosted: set[ResourceId]) -> Iterator[tuple[ResourceId, Decimal]]:
        """Every order that holds, reckoned once more from the events alone."""
        is_alone = self.control.link.link in (Link.FAILSAFE, Link.AUTONOMOUS)
        for each in self.book.held:
            if not each.limits_at(self.now):
                continue
            is_emergency = each.programme is Programme.SUPPLY_LIMIT
            for name in each.resources - each.declined:
                if not is_emergency and (name in boosted or is_alone):
                    continue  # declined by its driver, or beside the default mode
                volts = EMERGENCY_VOLTS if is_emergency else PLANNED_VOLTS
                found = allowed(each.steps[0], RATINGS[name], volts)
                if found is not None:
                    yield name, found.amps


def holds(each: HeldEvent, now: datetime) -> bool:
    return each.programme is Programme.SUPPLY_LIMIT and each.limits_at(now)


def _now(name: str, share: str) -> Offer:
    return Offer(name, share, True, 0, 30)


DURING_A_RELEASE: list[Act] = [
    _now("E1", "0.4"),
    Pass(30),
    Leave("E1"),
    Pass(300),
    _now("E2", "0.2"),
    Pass(4000),
]
"""Chance alone would seldom come to it."""
NO_REST = Contract(bounds=Bounds(rest=timedelta(0)))


@example(NO_REST, 1, DURING_A_RELEASE)
@example(NO_REST, 1, [*DURING_A_RELEASE[:4], Restart(power_returned=True), *DURING_A_RELEASE[4:]])
@example(NO_REST, 1, [*DURING_A_RELEASE[:4], ClockStep(-86_400), Press(minutes=90), *DURING_A_RELEASE[4:]])
@given(contracts, st.integers(0, 1000), st.lists(acts, min_size=5, max_size=16))
@pytest.mark.proves("W20", "VE06", "VE15")
def test_whatever_comes_no_limit_lies_above_an_order_that_holds(
    contract: Contract, seed: int, played: Sequence[Act]
) -> None:
    model = Model(contract, seed)
    for act in played:
        model.play(act)
