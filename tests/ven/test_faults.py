"""What goes wrong in a site, and that its limit goes on: clocks, meters, chargers, disks, garbage. Time is virtual."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oadr.charging.ceilings import Share
from oadr.charging.limit import Limit
from oadr.wire.ids import GroupId
from oadr.wire.messages import CreatedEvent, CreateOpt, Message, Poll
from oadr.wire.messages.common import OptType, Target
from oadr.wire.messages.event import EventStatus
from tests.ven.site import Charger, Site, news, played
from tests.ven.stage import EVSE_1, EVSE_2, MINUTE, SECOND, VEN, event, response
from ven import Ven
from ven.book import Book
from ven.calendar_form import read
from ven.contract import Contract
from ven.control import Control
from ven.disk import FILE
from ven.driver import Measurement
from ven.failsafe import Link
from ven.news import Enforced, EventEnded
from ven.replies import Replies
from ven.session import Session
from ven.verify import Finding

LIMIT = Decimal("12.8")
FEEDER = GroupId("feeder-12")
NOTHING_AT_NOON = (
    'zone = "UTC"\n[[import]]\ndays = ["mon", "thu"]\nslots = { "00:00" = 100, "11:00" = 0, "14:00" = 100 }'
)
STEPS = [timedelta(minutes=10), -timedelta(minutes=10), timedelta(days=1), -timedelta(days=1)]


def quick(site: Site) -> None:
    """Limits end where they end, without a wait."""
    site.config = replace(site.config, restore_max=timedelta(), ramp_every=timedelta())


# --- the clock ---


@pytest.mark.proves("VE08", "P9", "W17")
@pytest.mark.parametrize("step", STEPS)
def test_a_clock_that_is_set_neither_ends_nor_prolongs_what_runs(step: timedelta) -> None:
    async def play(site: Site) -> None:
        quick(site)
        site.vtn.offer(event(minutes=30))
        async with site.ven() as ven:
            await site.settle(600)
            site.vtn.down = True
            site.clock.step(step)
            await site.settle(1100)
            assert site.applied == LIMIT
            await site.settle(140)
            assert site.applied is None
            assert any("the clock was set" in trouble.what for trouble in news(ven))

    played(play)


@pytest.mark.proves("VE08")
@pytest.mark.parametrize("step", STEPS)
def test_a_clock_that_is_set_and_set_right_again_leaves_nothing_behind(step: timedelta) -> None:
    async def play(site: Site) -> None:
        quick(site)
        site.vtn.offer(event(minutes=30))
        async with site.ven() as ven:
            await site.settle(300)
            before = ven.memory.held
            site.clock.step(step)
            await site.settle(60)
            assert site.applied == LIMIT
            site.clock.step(-step)
            await site.settle(60)
            assert ven.memory.held == before
            await site.settle(1300)
            assert site.applied == LIMIT
            await site.settle(90)
            site.vtn.offer()
            await site.settle(30)
            assert site.applied is None

    played(play)


@pytest.mark.proves("VE08", "P9", "W19")
@pytest.mark.parametrize("step", STEPS)
def test_a_clock_that_is_set_does_not_shorten_the_wait_of_a_release(step: timedelta) -> None:
    async def play(site: Site) -> None:
        site.config = replace(site.config, restore_max=timedelta(seconds=600), ramp_every=timedelta())
        site.vtn.offer(event(minutes=30))
        async with site.ven():
            await site.settle(1830)
            site.clock.step(step)
            await site.settle(240)  # 300 s were drawn
            assert site.applied == LIMIT
            await site.settle(90)
            assert site.applied is None

    played(play)


@pytest.mark.proves("VE08", "P9")
@pytest.mark.parametrize("step", STEPS)
def test_a_clock_that_is_set_does_not_repeat_what_is_over_nor_silence_polls_and_is_no_silence(
    step: timedelta,
) -> None:
    async def play(site: Site) -> None:
        quick(site)
        site.config = replace(site.config, contract=Contract(failsafe=Share(Decimal("0.5"))))
        site.vtn.offer(event(minutes=5))
        async with site.ven() as ven:
            await site.settle(400)
            assert (site.applied, ven.link.link) == (None, Link.CONTROLLED)
            site.clock.step(step)
            site.vtn.heard.clear()
            await site.settle(60)
            assert (site.applied, ven.link.link) == (None, Link.CONTROLLED)
            assert len(site.vtn.of(Poll)) >= 5

    played(play)


@pytest.mark.proves("VE06", "VE07", "VE08", "I13", "W17")
@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=400)])
def test_a_clock_that_is_ahead_at_a_start_takes_no_emergency_for_over(ahead: timedelta) -> None:
    """Whether the clock is wrong or the machine was off nobody can tell: a list can, and else what was left does."""

    async def play(site: Site) -> None:
        quick(site)
        site.vtn.offer(event(minutes=30))
        async with site.ven():
            await site.settle(600)
        site.clock.step(ahead)
        site.vtn.down = True
        async with site.ven() as ven:
            assert site.applied == LIMIT, "before the first byte to the network"
            await site.settle(1000)
            assert site.applied == LIMIT
            site.clock.step(-ahead)
            await site.settle(700)
            assert site.applied == LIMIT, "nor does the right time end it"
            await site.settle(200)
            assert site.applied is None, "half an hour after the start nobody is held any more"
            assert not news(ven, EventEnded)

    played(play)


@pytest.mark.proves("VE06", "VE08", "VE12")
def test_a_machine_that_was_off_when_its_emergency_ended_is_free_with_the_first_list() -> None:
    async def play(site: Site) -> None:
        quick(site)
        site.vtn.offer(event(minutes=30))
        async with site.ven():
            await site.settle(600)
        site.clock.step(timedelta(hours=8))
        site.vtn.offer()
        async with site.ven():
            assert site.applied == LIMIT
            await site.settle(15)
            assert site.applied is None

    played(play)


@pytest.mark.proves("VE06", "VE03")
def test_what_was_over_when_the_program_ended_does_not_come_back() -> None:
    async def play(site: Site) -> None:
        quick(site)
        site.vtn.offer(event(minutes=10))
        async with site.ven():
            await site.settle(700)
            assert site.applied is None
        site.vtn.down = True
        for ahead in (timedelta(hours=1), -timedelta(minutes=6)):
            site.clock.step(ahead)
            async with site.ven():
                await site.settle(30)
                assert site.applied is None

    played(play)


@pytest.mark.proves("VE07", "W17")
@pytest.mark.parametrize(("default", "amps"), [(None, None), (Decimal(60), Decimal("19.2"))])
def test_a_clock_that_was_never_set_has_no_hours_and_an_emergency_all_the_same(
    default: Decimal | None, amps: Decimal | None
) -> None:
    """The calendar of 1970 is no calendar. Once the clock is set it counts."""

    async def play(site: Site) -> None:
        quick(site)
        contract = Contract(default_percent=default, calendar_spread=timedelta())
        site.config = replace(site.config, contract=contract, preset=read(NOTHING_AT_NOON))
        back = datetime(1970, 1, 1, 12, tzinfo=UTC) - site.clock.now()
        site.clock.step(back)
        async with site.ven() as ven:
            await site.settle(60)
            assert site.applied == amps
            assert any("the clock is not set" in trouble.what for trouble in news(ven))
            site.vtn.offer(event(minutes=10, status=EventStatus.ACTIVE))
            await site.settle(60)
            assert site.applied == LIMIT
            site.clock.step(-back)
            await site.settle(60)
            assert site.applied == 0, "it is noon, and the smaller one holds"

    played(play)


# --- what the installer changes ---


@pytest.mark.proves("VE06")
@pytest.mark.parametrize("target", [Target(), Target(ven_ids=(VEN,)), Target(group_ids=(FEEDER,))])
def test_a_chargepoint_that_is_new_here_is_limited_by_the_emergency_that_runs(target: Target) -> None:
    async def play(site: Site) -> None:
        site.config = replace(site.config, groups=frozenset({FEEDER}))
        site.vtn.offer(event(minutes=30, target=target))
        async with site.ven():
            await site.settle(60)
        site.vtn.down = True
        site.chargers.append(Charger(site.diary, EVSE_2))
        async with site.ven():
            assert [one.told[-1][1] for one in site.chargers] == [LIMIT, LIMIT]

    played(play)


def test_an_emergency_for_one_by_name_does_not_become_one_for_the_new() -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(event(minutes=30, target=Target(resource_ids=(EVSE_1,))))
        async with site.ven():
            await site.settle(60)
        site.vtn.down = True
        site.chargers.append(Charger(site.diary, EVSE_2))
        async with site.ven():
            assert [one.told[-1][1] for one in site.chargers] == [LIMIT, None]

    played(play)


# --- the meter ---


class Meter:
    """In place of a charger's own."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.says: Callable[[], Measurement] = lambda: reading("12")
        site.charger.measure = self.measure  # type: ignore[method-assign]

    async def measure(self) -> Measurement:
        return self.says()


def reading(amps: str, register: str = "0") -> Measurement:
    return Measurement((Decimal(amps),) * 3, Decimal(amps) * 690, Decimal(register))


def no_reading() -> Measurement:
    raise ConnectionError("gone")


def found(ven: Ven) -> Finding:
    return ven.hardware.checks[EVSE_1].finding


@pytest.mark.proves("VE10", "P15", "W17")
@pytest.mark.parametrize("wrong", ["NaN", "-5", "65", "Infinity", "10000"])
def test_what_no_meter_can_have_seen_is_no_value_and_changes_no_limit(wrong: str) -> None:
    async def play(site: Site) -> None:
        meter = Meter(site)
        site.vtn.offer(event(minutes=30))
        async with site.ven() as ven:
            await site.settle(30)
            assert found(ven) is Finding.ALREADY_BELOW or found(ven) is Finding.HOLDS
            meter.says = lambda: reading(wrong)
            await site.settle(5)
            assert ven.hardware.measured[EVSE_1] is None
            await site.settle(20)
            assert found(ven) is Finding.UNVERIFIABLE
            assert site.applied == LIMIT
            meter.says = lambda: reading("12")
            await site.settle(5)
            assert found(ven) is Finding.HOLDS

    played(play)


@pytest.mark.proves("VE10")
def test_a_spike_is_no_reason_for_another_step() -> None:
    async def play(site: Site) -> None:
        meter = Meter(site)
        site.vtn.offer(event(minutes=30))
        async with site.ven() as ven:
            await site.settle(30)
            meter.says = lambda: reading("31")
            await site.settle(2)
            meter.says = lambda: reading("12")
            await site.settle(5)
            assert found(ven) is Finding.HOLDS
            assert {one.measure for one in news(ven, Enforced)} == {0}

    played(play)


@pytest.mark.proves("VE10", "P15")
def test_a_meter_that_shows_power_and_counts_no_energy_is_frozen_and_proves_nothing() -> None:
    async def play(site: Site) -> None:
        meter = Meter(site)
        register = iter(range(1_000_000))
        meter.says = lambda: reading("12", f"{100 + 2 * next(register)}")
        site.vtn.offer(event(minutes=30))
        async with site.ven() as ven:
            await site.settle(60)
            assert found(ven) is Finding.HOLDS or found(ven) is Finding.ALREADY_BELOW
            meter.says = lambda: reading("12", "500")
            await site.settle(80)
            assert found(ven) is not Finding.UNVERIFIABLE, "some meters are asked once a minute"
            await site.settle(25)
            assert found(ven) is Finding.UNVERIFIABLE
            meter.says = lambda: reading("12", f"{1000 + 2 * next(register)}")
            await site.settle(5)
            assert found(ven) is Finding.HOLDS

    played(play)


@pytest.mark.proves("VE10", "P15")
@pytest.mark.parametrize(("every", "blind_after"), [(1, 10), (3, 10), (5, 15), (20, 60)])
def test_a_meter_that_is_read_seldom_is_lost_after_three_looks_and_three_are_evidence(
    every: int, blind_after: int
) -> None:
    """Ten seconds without a sample in an emergency, or three samples that are missing if those take longer."""

    async def play(site: Site) -> None:
        site.config = replace(site.config, sample_every=timedelta(seconds=every))
        meter = Meter(site)
        site.vtn.offer(event(minutes=30))
        async with site.ven() as ven:
            await site.settle(60 + every / 2)
            assert found(ven) is Finding.ALREADY_BELOW or found(ven) is Finding.HOLDS
            meter.says = no_reading
            await site.settle(blind_after - every)
            assert found(ven) is not Finding.UNVERIFIABLE
            await site.settle(2 * every)
            assert found(ven) is Finding.UNVERIFIABLE
            assert site.applied == LIMIT
            meter.says = lambda: reading("12")
            await site.settle(3 * every + 1)
            assert found(ven) is Finding.HOLDS

    played(play)


# --- what was remembered ---


@pytest.mark.proves("VE14")
def test_a_site_whose_journal_is_damaged_starts_at_its_failsafe_level_until_it_has_the_list(
    tmp_path: Path,
) -> None:
    (tmp_path / FILE).write_bytes(b"damaged" * 1000)

    async def play(site: Site) -> None:
        site.vtn.down = True
        contract = Contract(failsafe=Share(Decimal("0.5")))
        site.config = replace(site.config, state=tmp_path, contract=contract)
        async with Ven(site.config, site.chargers, transport=site.wire, clock=site.clock):
            assert site.diary.lines == ["evse-1 16.0"], "before the first byte to the network"
            await site.settle(60)
            assert site.applied == 16

    played(play)


@pytest.mark.proves("VE14", "W17")
def test_a_site_that_has_forgotten_is_never_unlimited_before_it_has_asked(tmp_path: Path) -> None:
    """Without a level in the contract it is the least that charges: an emergency may have been in what was lost."""
    (tmp_path / FILE).write_bytes(b"damaged" * 1000)

    async def play(site: Site) -> None:
        quick(site)
        site.config = replace(site.config, state=tmp_path)
        site.vtn.down = True
        async with Ven(site.config, site.chargers, transport=site.wire, clock=site.clock) as ven:
            assert site.diary.lines == ["evse-1 6.0"], "before the first byte to the network"
            await site.settle(60)
            assert site.applied == 6
            site.vtn.down = False
            site.vtn.offer(event(minutes=30))
            await site.settle(65)
            assert (site.applied, ven.link.link) == (LIMIT, Link.LIMITED)

    played(play)


@pytest.mark.proves("VE14", "W17")
def test_a_site_that_has_forgotten_and_hears_nobody_goes_its_own_way_after_two_minutes(
    tmp_path: Path,
) -> None:
    (tmp_path / FILE).write_bytes(b"damaged" * 1000)

    async def play(site: Site) -> None:
        quick(site)
        site.config = replace(site.config, state=tmp_path)
        site.vtn.down = True
        async with Ven(site.config, site.chargers, transport=site.wire, clock=site.clock):
            await site.settle(115)
            assert site.applied == 6
            await site.settle(10)
            assert site.applied is None
        async with Ven(site.config, site.chargers, transport=site.wire, clock=site.clock):
            assert site.applied is None, "and it has forgotten nothing since"

    played(play)


# --- the charger ---


class Unwilling:
    """In place of a charger's own driver."""

    def __init__(self, site: Site, index: int = 0) -> None:
        self.charger = site.chargers[index]
        self.is_there = False
        self.takes = self.charger.apply
        self.charger.apply = self.apply  # type: ignore[method-assign]

    async def apply(self, limit: Limit | None) -> None:
        if not self.is_there:
            raise ConnectionError("gone")
        await self.takes(limit)


def opts(site: Site) -> list[tuple[OptType, str, tuple[str, ...]]]:
    """What was said by EiOpt: which way, why, and of whom; nobody: of all."""
    return [
        (one.opt, one.reason, one.target.resource_ids)
        for one in site.vtn.of(CreateOpt)
        if isinstance(one, CreateOpt)
    ]


@pytest.mark.proves("VE11", "W38")
def test_who_does_not_make_room_on_the_fuse_keeps_its_room() -> None:
    """10 A carry one car at a time. The one whose turn is over does not hear of it."""

    async def play(site: Site) -> None:
        site.config = replace(site.config, contract=Contract(site_amps=Decimal(10)))
        async with site.ven():
            await site.settle(10)
            stuck = next(index for index, one in enumerate(site.chargers) if one.told[-1][1])
            driver, other = Unwilling(site, stuck), site.chargers[1 - stuck]
            for _ in range(3600):
                await site.settle(1)
                assert (other.told[-1][1] or 0) <= 10 - 6, "its meter shows 6 A"
            driver.is_there = True
            await site.settle(3600)
            assert {bool(amps) for _, amps in other.told[-4:]} == {True, False}, "turns go round again"

    played(play, 0.0, 0.0)


@pytest.mark.proves("VE11", "W38")
@pytest.mark.parametrize(("has_meter", "room"), [(False, [0]), (True, [9, 10])])
def test_who_never_answers_is_feared_to_draw_what_it_can_or_known_by_its_meter(
    has_meter: bool, room: list[int]
) -> None:
    async def play(site: Site) -> None:
        site.config = replace(site.config, contract=Contract(site_amps=Decimal(16)))
        driver = Unwilling(site)
        if not has_meter:
            Meter(site).says = no_reading
        async with site.ven():
            await site.settle(30)
            assert site.chargers[1].told[-1][1] in room
            driver.is_there = True
            await site.settle(30)
            assert [one.told[-1][1] for one in site.chargers] == [8, 8]

    played(play, 0.0, 0.0)


@pytest.mark.proves("VE11", "W17")
@pytest.mark.parametrize("chargers", [1, 2])
def test_who_cannot_carry_out_an_emergency_is_named_at_once_and_again_when_it_can(chargers: int) -> None:
    async def play(site: Site) -> None:
        driver = Unwilling(site)
        driver.is_there = True
        async with site.ven() as ven:
            await site.settle(15)
            driver.is_there = False
            site.vtn.offer(event(minutes=30))
            site.vtn.has_news = True
            await site.settle(10)
            named = (EVSE_1,) if chargers == 2 else ()
            assert opts(site) == [(OptType.OPT_OUT, "outageRunStatus", named)]
            (answered,) = site.vtn.times_of(CreatedEvent)
            (told,) = site.vtn.times_of(CreateOpt)
            assert told - answered <= SECOND
            driver.is_there = True
            await site.settle(90)
            assert opts(site)[1:] == [(OptType.OPT_IN, "participating", named)]
            assert ven.memory.held[0].declined == frozenset(), "nobody has declined anything"
            assert site.applied is not None

    played(play, *[0.0] * chargers)


@pytest.mark.proves("VE11")
def test_one_that_hangs_is_named_too_and_one_that_flaps_is_not_named_without_end() -> None:
    async def hangs(site: Site) -> None:
        async with site.ven():
            await site.settle(15)
            site.charger.slow = 3600.0
            site.vtn.offer(event(minutes=30))
            await site.settle(10)
            assert [opt for opt, _, _ in opts(site)] == [OptType.OPT_OUT]

    async def flaps(site: Site) -> None:
        driver = Unwilling(site)
        async with site.ven():
            site.vtn.offer(event(minutes=30))
            for _ in range(60):
                await site.settle(7)
                driver.is_there = not driver.is_there
            assert 1 <= len(opts(site)) <= 2 * 8

    played(hangs)
    played(flaps)


@pytest.mark.proves("VE11")
def test_a_vtn_without_opts_gets_it_as_an_answer_to_the_event() -> None:
    async def play(site: Site) -> None:
        Unwilling(site)
        site.vtn.instead[CreateOpt] = response("459")
        site.vtn.offer(event(minutes=30))
        async with site.ven():
            await site.settle(60)
        answers = [one for one in site.vtn.of(CreatedEvent) if isinstance(one, CreatedEvent)]
        assert [one.event_responses[0].opt for one in answers] == [OptType.OPT_IN, OptType.OPT_OUT]

    played(play)


@pytest.mark.proves("VE11")
def test_a_load_shift_that_a_charger_does_not_take_declines_nothing() -> None:
    async def play(site: Site) -> None:
        Unwilling(site)
        site.vtn.offer(event(programme="load-shift", minutes=30))
        async with site.ven():
            await site.settle(600)
        assert opts(site) == []

    played(play)


# --- garbage, and faults of our own ---


@pytest.mark.proves("VE18", "W17")
@pytest.mark.parametrize("garbage", [response("999"), response("200"), None])
def test_a_reply_without_a_list_lifts_nothing(garbage: Message | None) -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(event(minutes=30))
        async with site.ven():
            await site.settle(30)
            site.vtn.instead[Poll] = garbage
            await site.settle(1200)
            assert site.applied == LIMIT

    played(play)


@pytest.mark.proves("VE15")
def test_of_two_limits_the_smaller_holds_and_the_other_resumes() -> None:
    async def play(site: Site) -> None:
        quick(site)
        shift = event("E2", share="0.3", programme="load-shift", minutes=60)
        site.vtn.offer(event(minutes=20), shift)
        async with site.ven():
            await site.settle(900)
            site.vtn.offer(event(minutes=30, number=1, share="0.2"), shift)
            await site.settle(MINUTE.total_seconds() * 60)
        assert [str(amps) for _, amps in site.changes] == ["None", "12.8", "9.6", "6.4", "9.6", "None"]

    played(play)


@pytest.mark.proves("VE17", "W17")
@pytest.mark.parametrize(
    ("part", "method", "goes_on"),
    [
        (Replies, "take", True),
        (Session, "requests_to_send", True),
        (Book, "tell_unable", True),
        (Control, "decide", False),
    ],
)
def test_a_fault_of_our_own_lifts_no_limit(
    part: type, method: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that reaches neither time nor decision does not keep it from its end either; else the last limit stays."""

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    async def play(site: Site) -> None:
        quick(site)
        site.vtn.offer(event(minutes=30))
        async with site.ven() as ven:
            await site.settle(30)
            monkeypatch.setattr(part, method, fails)
            await site.settle(1700)
            assert site.applied == LIMIT
            assert any("a bug" in trouble.what for trouble in news(ven))
            await site.settle(600)
            assert site.applied == (None if goes_on else LIMIT)

    played(play)
