"""Evenings on which several things happen at once: a clock that is lost, a VTN that goes, a charger that is slow."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.ceilings import Share
from oadr.charging.meanings import Agreed
from oadr.wire.ids import RegistrationId, RequestId
from oadr.wire.messages import CancelPartyRegistration, CreatedEvent
from oadr.wire.messages.common import OptType
from oadr.wire.scalars import Duration
from tests.ven.site import CONFIG, Site, news, played
from tests.ven.stage import EVSE_1, MINUTE, event
from tests.ven.virtual import START
from ven.authority import Bounds
from ven.calendar_form import read
from ven.contract import Contract
from ven.failsafe import Link
from ven.journal import decode, encode
from ven.news import LinkMoved

HOUR = 3600
AT_ONCE = replace(CONFIG, restore_max=timedelta(0), ramp_every=timedelta(0), sample_every=MINUTE)
HALF = Contract(failsafe=Share(Decimal("0.5")))
EVENING = read(
    'zone = "UTC"\n[[import]]\ndays = ["mon"]\nslots = { "00:00" = 100, "12:20" = 20, "12:50" = 100 }'
)


# --- a VTN that goes ---


@pytest.mark.proves("r407")
def test_a_vtn_that_ends_the_registration_in_an_emergency_leaves_no_failsafe_level_behind() -> None:
    """Whoever has sent us away is not missed: what was ordered holds to its end, and then nobody limits."""

    async def acts(site: Site) -> None:
        site.config = replace(AT_ONCE, contract=HALF)
        site.vtn.offer(event(share="0.2", minutes=30))
        async with site.ven() as ven:
            await site.settle(60)
            site.vtn.refuses = True
            site.vtn.mail.append(
                CancelPartyRegistration(request_id=RequestId("C1"), registration_id=RegistrationId("Reg-1"))
            )
            await site.settle(HOUR)
            links = [move.after for move in news(ven, LinkMoved)]
            assert links == [Link.LIMITED, Link.AUTONOMOUS]

    assert played(acts).changes == [(0, Decimal(16)), (0, Decimal("6.4")), (30 * 60, None)]


def test_a_test_event_without_end_does_not_prolong_the_failsafe_time() -> None:
    async def acts(site: Site) -> None:
        site.config = replace(AT_ONCE, contract=HALF)
        site.vtn.offer(event(minutes=0, test="true"))
        async with site.ven() as ven:
            await site.settle(60)
            site.vtn.down = True
            await site.settle(3 * HOUR)
            links = [move.after for move in news(ven, LinkMoved)]
            assert links == [Link.CONTROLLED, Link.FAILSAFE, Link.AUTONOMOUS]

    assert [amps for _, amps in played(acts).changes] == [16, None, 16, None]


# --- a clock that is lost ---


@pytest.mark.proves("VE07", "VE06")
def test_a_machine_that_wakes_up_in_1970_goes_on_with_the_emergency_that_ran() -> None:
    async def acts(site: Site) -> None:
        site.config = AT_ONCE
        site.vtn.offer(event(minutes=30))
        async with site.ven():
            await site.settle(600)
        back = datetime(1970, 1, 1, tzinfo=UTC) - site.clock.now()
        site.clock.step(back)
        site.vtn.down = True
        async with site.ven():
            await site.settle(300)
            assert site.applied == Decimal("12.8")
            site.clock.step(-back)
            await site.settle(20 * 60)
            assert site.applied == Decimal("12.8"), "nor does the right time end it"
            await site.settle(6 * 60)
            assert site.applied is None, "it lasts no longer than it was ordered for, and the outage"

    played(acts)


# --- an update ---


@pytest.mark.proves("VE03", "VE21", "W03")
def test_an_emergency_without_end_of_an_older_program_is_bound_from_the_update_on() -> None:
    async def acts(site: Site) -> None:
        site.config = AT_ONCE
        site.vtn.down = True
        site.diary.raw = (Path(__file__).parent / "kept" / "journal-format-1").read_bytes()
        async with site.ven() as ven:
            assert site.applied == Decimal("9.6"), (
                "before the first byte the smaller of the two that were kept"
            )
            await site.settle(HOUR)
            assert site.applied == Decimal("12.8")
            assert len(ven.memory.spells) == 1
        async with site.ven() as ven:
            await site.settle(HOUR + 60)
            assert len(ven.memory.spells) == 1, "another start counts nothing twice"

    assert played(acts).changes[-1] == (2 * HOUR, None)


# --- the operator's authority ---


@pytest.mark.proves("VE21")
def test_a_vtn_that_moves_the_start_along_holds_nobody_beyond_the_bound() -> None:
    async def acts(site: Site) -> None:
        site.config = AT_ONCE
        site.vtn.offer(event(minutes=0))
        async with site.ven():
            for number in range(1, 6):
                await site.settle(29 * 60)
                site.vtn.offer(event(number=number, start=site.clock.now(), minutes=0))
            await site.settle(60)

    site = played(acts)
    assert site.changes == [(0, None), (0, Decimal("12.8")), (2 * HOUR, None)]
    answers = [
        one.opt
        for message in site.vtn.of(CreatedEvent)
        if isinstance(message, CreatedEvent)
        for one in message.event_responses
    ]
    assert answers == [OptType.OPT_IN] * 5 + [OptType.OPT_OUT], "what it does not do it does not promise"


def test_an_event_means_what_it_meant_when_it_was_accepted_whatever_is_agreed_since() -> None:
    """Else a restart with another setting would find an order in the journal that cannot be read."""

    async def acts(site: Site) -> None:
        site.config = replace(AT_ONCE, agreed=Agreed(capacity_in_percent=True))
        site.vtn.offer(event(share="40"))
        async with site.ven():
            await site.settle(60)
        site.config = AT_ONCE
        async with site.ven():
            assert site.applied == Decimal("12.8")
            await site.settle(60)
            assert site.applied == Decimal("12.8")

    played(acts)


# --- calendar, emergency and boost ---


@pytest.mark.proves("VE15", "VE20")
def test_an_emergency_over_a_calendar_pause_and_a_boost_beside_them() -> None:
    async def acts(site: Site) -> None:
        bounds = Bounds(rest=timedelta(0))
        contract = Contract(calendar_spread=timedelta(0), bounds=bounds)
        site.config = replace(AT_ONCE, contract=contract, preset=EVENING)
        site.vtn.offer(event(start=START + 10 * MINUTE, minutes=30, share="0.5"))
        async with site.ven() as ven:
            await site.settle(25 * 60)
            assert site.applied == Decimal("6.4"), "the calendar is the smaller"
            await ven.boost(EVSE_1, timedelta(minutes=20))
            assert site.applied == 16, "an emergency is masked by no boost"
            await site.settle(17 * 60)
            assert site.applied is None, "the emergency is over, and the boost still runs"
            await site.settle(4 * 60)
            assert site.applied == Decimal("6.4"), "the boost is over, the pause is not"
            await site.settle(10 * 60)
            assert site.applied is None

    played(acts)


def test_a_boost_that_is_asked_for_just_after_the_clock_was_set_lasts_as_long_as_asked() -> None:
    async def acts(site: Site) -> None:
        site.config = replace(AT_ONCE, preset=EVENING)
        async with site.ven() as ven:
            await site.settle(60)
            site.clock.step(timedelta(hours=3))
            until = await ven.boost(EVSE_1, timedelta(minutes=20))
            (kept,) = ven.local.boosts
            assert kept.until == until == site.clock.now() + timedelta(minutes=20)

    played(acts)


# --- one fuse for two ---


@pytest.mark.proves("W38")
def test_the_fuse_holds_also_while_a_slow_charger_makes_room() -> None:
    """First down, and up only when that is done."""

    async def acts(site: Site) -> None:
        site.config = replace(AT_ONCE, contract=Contract(site_amps=Decimal(10)))
        async with site.ven():
            await site.settle(2 * HOUR)

    site = played(acts, 0.7, 0.0)
    done: dict[str, Decimal] = {}
    told = sorted((at, number) for number, one in enumerate(site.chargers) for at, _ in one.told)
    assert len(told) > 8
    for line in site.diary.lines:
        name, _, amps = line.partition(" ")
        if name.startswith("evse-"):
            done[name] = Decimal(amps)
            assert sum(done.values()) <= 10, "both chargers have confirmed more than the fuse carries"


# --- who declines ---


def test_a_shift_that_is_declined_for_one_is_followed_by_the_other() -> None:
    async def acts(site: Site) -> None:
        site.config = AT_ONCE
        site.vtn.offer(event(share="0.3", programme="load-shift", start_after=Duration()))
        async with site.ven() as ven:
            await site.settle(1)
            (held,) = ven.memory.held
            await ven.opt_out(held.event.event_id, resources=(EVSE_1,))
            assert [one.told[-1][1] for one in site.chargers] == [None, Decimal("9.6")]
            assert decode(encode(ven.memory)) == ven.memory

    played(acts, 0.0, 0.0)
