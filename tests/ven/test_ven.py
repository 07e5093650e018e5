"""The shell: what happens in which order, what waits for what, and what nothing can stop."""

import asyncio
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from certs.errors import CertificateError
from certs.folder import VTN_CA
from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.wire import envelope
from oadr.wire.ids import RequestId, ResourceId
from oadr.wire.messages import CreatedEvent, CreateReport, Message, Poll, UpdateReport
from oadr.wire.messages.common import Target
from oadr.wire.scalars import Duration
from tests.pki import VEN_ECC, make_pki
from tests.ven.site import CONFIG, Charger, Diary, Site, news, played
from tests.ven.stage import (
    EVSE_1,
    EVSE_2,
    MINUTE,
    SECOND,
    Loaded,
    event,
    listing,
    report_request,
)
from tests.ven.virtual import START, VirtualClock
from ven import LimitChanged, Trouble, Ven, VenConfig, hardware, keeping
from ven.authority import Bounds
from ven.contract import Contract
from ven.disk import FILE, DiskJournal
from ven.journal import Corrupt
from ven.session import Request

# --- order ---


@pytest.mark.proves("VE06", "P3")
def test_limits_from_the_journal_are_applied_before_the_first_byte_to_the_network() -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(event())
        async with site.ven():
            await site.settle()
        site.diary.lines.clear()
        async with site.ven():
            await site.settle()

    site = played(play, 0.3)
    first_words = [line for line in site.diary.lines if line != "saved"]
    assert first_words[:2] == ["evse-1 12.8", "CreatePartyRegistration"]


@pytest.mark.proves("P3", "S4", "P15")
def test_an_order_is_applied_and_saved_before_it_is_answered() -> None:
    async def play(site: Site) -> None:
        async with site.ven():
            await site.settle()
            site.vtn.offer(event())
            site.diary.lines.clear()
            await site.settle(11)

    site = played(play, 0.2)
    assert site.diary.lines[:4] == ["Poll", "saved", "evse-1 12.8", "CreatedEvent"]


@pytest.mark.proves("P3", "P10")
def test_a_draw_is_on_disk_before_it_is_used() -> None:
    draws = []

    async def play(site: Site) -> None:
        site.config = replace(site.config, restore_max=timedelta(0), ramp_every=timedelta(seconds=1))
        site.vtn.offer(event())
        async with site.ven():
            await site.settle()
            site.vtn.offer()
            while site.changes[-1][1] == Decimal("12.8"):
                await site.settle(0.1)
                _, slot = site.diary.load().slots[0]
                draws.append(slot.restore and slot.restore.release_at - START)

    site = played(play)
    assert site.changes[-1] == (11, Decimal("16.0"))
    assert set(draws) == {None, timedelta(seconds=11)}
    assert draws.index(timedelta(seconds=11)) < len(draws) - 5, "a good while before"


# --- what holds, when ---


@pytest.mark.proves("W10", "W20", "P2", "W18")
def test_a_whole_intervention_from_the_poll_to_the_last_step() -> None:
    async def play(site: Site) -> None:
        async with site.ven():
            await site.settle(5)
            site.vtn.offer(event(minutes=30, start=START))
            await site.settle(3600)

    site = played(play)
    assert site.charger.course == [
        (0, None),
        (10, Decimal("12.8")),
        (1800, Decimal("12.8")),  # the same, until another time
        (2100, Decimal("16.0")),
        (2160, Decimal("19.2")),
        (2220, Decimal("22.4")),
        (2280, Decimal("25.6")),
        (2340, Decimal("28.8")),
        (2400, None),
    ]


@pytest.mark.proves("VE02", "VE03", "P1")
def test_events_start_step_and_end_on_time_while_the_vtn_is_silent() -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(
            event(start=START + 5 * MINUTE, minutes=5), event("E2", start=START + 60 * MINUTE, share="0.2")
        )
        async with site.ven():
            await site.settle()
            site.vtn.down = True
            await site.settle(2 * 3600)

    course = dict(played(play).charger.course)
    assert course[300] == Decimal("12.8")
    assert course[900] == Decimal("16.0")
    assert course[1200] is None
    assert course[3600] == Decimal("6.4")
    assert course[5700] == Decimal("9.6")


@pytest.mark.parametrize("step", [timedelta(hours=2), timedelta(minutes=55)])
def test_a_clock_that_is_set_forward_is_noticed_within_half_a_minute(step: timedelta) -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(event(start=START + step, minutes=600))
        async with site.ven():
            await site.settle(5)
            site.vtn.down = True
            site.clock.step(step)
            await site.settle(31)

    assert played(play).charger.told[-1][1] == Decimal("12.8")


@pytest.mark.proves("P10", "W19", "VE06", "W105")
def test_a_restart_in_the_middle_of_a_release_goes_on_with_the_same_draw() -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(event())
        async with site.ven():
            await site.settle()
            site.vtn.offer()
            await site.settle(60)
        site.dice = Loaded(1.0)
        async with site.ven():
            await site.settle(3600)

    site = played(play)
    risen = [second for second, amps in site.charger.course if amps == Decimal("16.0")]
    assert risen == [310]


@pytest.mark.proves("P5")
def test_leaving_lifts_no_limit() -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(event())
        async with site.ven():
            await site.settle()

    site = played(play)
    assert [amps for _, amps in site.charger.told] == [None, Decimal("12.8")]
    assert site.diary.lines[-1] == "closed"


def test_what_the_meter_says_is_reported() -> None:
    async def play(site: Site) -> None:
        async with site.ven():
            await site.settle()
            site.vtn.mail.append(
                CreateReport(request_id=RequestId("Q1"), requests=(report_request("evse-1:P", every=10),))
            )
            await site.settle(60)

    site = played(play)
    last: Any = site.vtn.of(UpdateReport)[-1]
    assert [one.value.value for one in last.reports[0].intervals[0].payloads] == [Decimal(4140)]


# --- nothing waits for what it need not ---


@pytest.mark.proves("P2", "VE11")
@pytest.mark.parametrize("slow", [3.0, 3600.0])
def test_a_charger_that_hangs_delays_neither_another_nor_the_answer_nor_the_next_order(slow: float) -> None:
    async def play(site: Site) -> None:
        async with site.ven():
            await site.settle(5)
            site.vtn.offer(event(programme="load-shift", start_after=Duration()))
            await site.settle(10)
            site.vtn.offer(event(number=1, share="0.2", programme="load-shift", start_after=Duration()))
            await site.settle(20)

    site = played(play, slow, 0.0)
    received = [at for at, message in site.vtn.heard if isinstance(message, Poll)]
    other = {amps: at for at, amps in site.chargers[1].told}
    assert other[Decimal("12.8")] in received
    assert other[Decimal("6.4")] in received
    own = min(at for at, amps in site.chargers[0].told if amps == Decimal("6.4"))
    assert own - other[Decimal("6.4")] <= timedelta(seconds=0.02)
    answers = [at for at, message in site.vtn.heard if isinstance(message, CreatedEvent)]
    assert answers[0] - other[Decimal("12.8")] <= timedelta(seconds=hardware.APPLY_PATIENCE)


@pytest.mark.proves("VE11")
def test_a_charger_in_trouble_is_told_and_does_not_slow_the_polls() -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(event())
        async with site.ven() as ven:
            await site.settle(100)
            assert any("evse-1 does not take its limit" in trouble.what for trouble in news(ven))

    site = played(play, 3600.0)
    assert len(site.vtn.of(Poll)) >= 10


@pytest.mark.proves("P2", "W20")
def test_an_emergency_during_a_release_holds_at_once() -> None:
    async def play(site: Site) -> None:
        site.config = replace(CONFIG, contract=Contract(bounds=Bounds(rest=timedelta(0))))
        site.vtn.offer(event())
        async with site.ven():
            await site.settle()
            site.vtn.offer()
            await site.settle(60)
            site.vtn.offer(event("E2", share="0", start=START, minutes=60))
            await site.settle(20)

    site = played(play)
    at = min(at for at, amps in site.charger.told if amps == 0)
    assert at in [when for when, message in site.vtn.heard if isinstance(message, Poll)]


class RealClock(VirtualClock):
    def now(self) -> datetime:
        return START + timedelta(seconds=time.monotonic())


class Stopwatch:
    """A wire whose bytes arrive when the test says so, and a charger that says how long they took to reach it."""

    def __init__(self, site: Site) -> None:
        self.resource_id = EVSE_1
        self.rating = Rating(amps=Decimal(32), phases=3, step=1)
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self.reached: asyncio.Queue[float] = asyncio.Queue()
        self._vtn = site.vtn
        self._began = 0.0

    async def exchange(self, request: Request) -> Message | None:
        if not isinstance(request.message, Poll):
            return self._vtn.answer(request)
        raw = await self.inbox.get()
        self._began = time.perf_counter()
        return envelope.read(raw, None)

    async def apply(self, _: Limit | None) -> None:
        self.reached.put_nowait(time.perf_counter() - self._began)

    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.proves("B9", "S12")
@pytest.mark.parametrize(("orders", "disk_takes"), [(18, 0.0), (3, 0.1)])
def test_from_bytes_to_the_charger_it_takes_less_than_50_ms_however_slow_the_disk(
    orders: int, disk_takes: float
) -> None:
    """On the real clock, while a second charger hangs; the disk is asked meanwhile."""

    async def main() -> list[float]:
        site = Site(3600.0, clock=RealClock())
        site.charger.resource_id = EVSE_2
        watch = Stopwatch(site)
        ven = Ven(CONFIG, [watch, site.charger], transport=watch, journal=site.diary, clock=site.clock)
        delays = []
        async with ven:
            await watch.reached.get()
            site.diary.takes = disk_takes
            for count in range(orders):
                share = str(Decimal(90 - 4 * count) / 100)
                only = Target(resource_ids=(EVSE_1,))
                order = event(number=count, share=share, start=site.clock.now(), target=only)
                watch.inbox.put_nowait(envelope.write(listing(order)))
                delays.append(await watch.reached.get())
        return delays

    delays = asyncio.run(main())
    assert max(delays) < 0.05


# --- nothing ends control ---


@pytest.mark.proves("VE13")
def test_a_disk_that_takes_nothing_does_not_stop_an_emergency_and_is_told_once() -> None:
    async def play(site: Site) -> None:
        async with site.ven() as ven:
            await site.settle()
            site.diary.failing = True
            site.vtn.offer(event())
            await site.settle(30)
            assert [trouble.what for trouble in news(ven)] == ["journal: disk full"]
            site.diary.failing = False
            await site.settle(3600)

    site = played(play)
    assert site.charger.told[1][1] == Decimal("12.8")
    assert not site.vtn.has_news
    assert site.diary.load().held


@pytest.mark.proves("VE13", "S12")
def test_a_disk_that_stalls_does_not_stop_an_emergency(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "DISK_PATIENCE", 0.05)

    async def main() -> None:
        site = Site(clock=RealClock())
        watch = Stopwatch(site)
        async with Ven(CONFIG, [watch], transport=watch, journal=site.diary, clock=site.clock) as ven:
            await watch.reached.get()
            site.diary.takes = 0.4
            for number, share in enumerate(("0.8", "0.6", "0.4")):
                order = event(number=number, share=share, start=site.clock.now())
                watch.inbox.put_nowait(envelope.write(listing(order)))
                await asyncio.wait_for(watch.reached.get(), 0.3)
            assert [trouble.what for trouble in news(ven)] == ["journal: the disk does not answer"]
            site.diary.takes = 0.0
            while len(site.vtn.of(CreatedEvent)) < 3:
                await asyncio.sleep(0.01)

    asyncio.run(main())


@pytest.mark.proves("VE17", "P5")
def test_a_bug_in_a_handler_ends_neither_control_nor_conversation() -> None:
    class Broken(Loaded):
        def randint(self, *_: int) -> int:
            raise ZeroDivisionError("a bug of ours")

    async def play(site: Site) -> None:
        site.vtn.offer(event())
        async with site.ven() as ven:
            await site.settle()
            site.vtn.offer(event(), event("E2", programme="load-shift", start_after=Duration(60)))
            await site.settle(60)
            assert [trouble.what for trouble in news(ven)] == [
                "conversation: ZeroDivisionError: a bug of ours"
            ]
            site.vtn.offer(event(), event("E3", share="0.2"))
            await site.settle(60)

    site = played(play, dice=Broken())
    assert [amps for _, amps in site.charger.told] == [None, Decimal("12.8"), Decimal("6.4")]


@pytest.mark.proves("VE17")
def test_a_bug_in_the_transport_ends_nothing() -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(event())
        site.wire.broken = CreatedEvent
        async with site.ven() as ven:
            await site.settle(60)
            assert [trouble.what for trouble in news(ven)] == ["transport: RuntimeError: a bug below"]

    site = played(play)
    assert len(site.vtn.of(Poll)) >= 6
    assert site.charger.told[-1][1] == Decimal("12.8")


def test_an_error_of_the_program_around_it_comes_out_as_it_is() -> None:
    async def play(site: Site) -> None:
        with pytest.raises(KeyError, match="mine"):
            async with site.ven():
                raise KeyError("mine")
        assert asyncio.all_tasks() == {asyncio.current_task()}

    played(play)


def test_leaving_by_cancellation_ends_every_task() -> None:
    async def play(site: Site) -> None:
        async def around() -> None:
            async with site.ven():
                await asyncio.sleep(3600)

        task = asyncio.create_task(around())
        await site.settle(20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    assert played(play, 3600.0).diary.lines[-1] == "closed"


# --- coming and going ---


def test_listeners_hear_the_limit_of_now_and_each_change() -> None:
    async def play(site: Site) -> None:
        heard: list[tuple[ResourceId, Decimal | None]] = []

        async def listen(ven: Ven) -> None:
            async for change in ven.limits():
                heard.append((change.resource_id, change.limit.amps if change.limit else None))

        async with site.ven() as ven:
            await site.settle()
            task = asyncio.create_task(listen(ven))
            site.vtn.offer(event(target=Target(resource_ids=(EVSE_1,))))
            await site.settle(20)
            task.cancel()
            assert [one.limit.amps for one in news(ven, LimitChanged) if one.limit] == [Decimal("12.8")]
        assert heard == [(EVSE_1, None), (EVSE_2, None), (EVSE_1, Decimal("12.8"))]

    played(play, 0.0, 0.0)


@pytest.mark.proves("D08")
def test_two_chargepoints_of_one_name_are_a_mistake() -> None:
    diary = Diary(VirtualClock())
    with pytest.raises(ValueError, match="resource_id"):
        Ven(CONFIG, [Charger(diary), Charger(diary)])


def test_a_ven_that_cannot_start_leaves_nothing_behind(tmp_path: Path) -> None:
    async def play(site: Site) -> None:
        site.config = replace(CONFIG, state=tmp_path)
        for _ in range(2):
            with pytest.raises(CertificateError):
                async with Ven(site.config, site.chargers, clock=site.clock):
                    pass
        assert asyncio.all_tasks() == {asyncio.current_task()}

    played(play)
    DiskJournal(tmp_path).close()


@pytest.mark.proves("VE14")
def test_a_damaged_journal_is_set_aside_and_told_and_the_events_are_fetched_again(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"damaged" * 1000)

    async def play(site: Site) -> None:
        site.vtn.offer(event())
        site.config = replace(CONFIG, state=tmp_path, restore_max=timedelta(), ramp_every=timedelta())
        async with Ven(site.config, site.chargers, transport=site.wire, clock=site.clock) as ven:
            await site.settle()
            assert "set aside" in news(ven)[0].what

    site = played(play)
    assert site.charger.told[-1][1] == Decimal("12.8")
    journal = DiskJournal(tmp_path)
    assert journal.load().held
    journal.close()


def test_a_journal_of_a_stranger_that_is_corrupt_is_the_strangers_matter() -> None:
    async def play(site: Site) -> None:
        site.diary.raw = b"damaged"
        with pytest.raises(Corrupt):
            async with site.ven():
                pass

    played(play)


def test_a_site_may_have_lost_a_chargepoint_since() -> None:
    async def play(site: Site) -> None:
        site.vtn.offer(event())
        site.vtn.piggyback = (report_request("evse-2:P"),)
        async with site.ven():
            await site.settle(20)
        site.chargers.pop()
        site.vtn.down = True
        async with site.ven() as ven:
            await site.settle(60)
            assert news(ven) == []

    site = played(play, 0.0, 0.0)
    assert site.charger.told[-1][1] == Decimal("12.8")


def test_ratings_may_differ() -> None:
    async def play(site: Site) -> None:
        site.chargers[1].rating = Rating(amps=Decimal(16), phases=1)
        site.vtn.offer(event(share="0.5"))
        async with site.ven():
            await site.settle(5 * SECOND.total_seconds())

    site = played(play, 0.0, 0.0)
    assert [one.told[-1][1] for one in site.chargers] == [Decimal("16.0"), Decimal("8.0")]


async def test_without_the_official_schema_it_runs_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openleadr", None)  # as where nobody has installed the schemas
    pki = make_pki(tmp_path / "pki")
    config = VenConfig(
        vtn_url="https://localhost:1",
        certificate=pki.secret(VEN_ECC),
        trust=pki.public(VTN_CA),
        state=tmp_path / "state",
        market_contexts="http://dso.example",
    )
    async with Ven(config, ()) as ven:
        told = [ven.news.get_nowait() for _ in range(ven.news.qsize())]
    assert [item for item in told if isinstance(item, Trouble)] == [
        Trouble("no OpenADR schema is installed: messages are checked by our tables alone")
    ]
