"""What a site does by its contract: in silence, beyond its operator's authority, by its calendar, for its driver."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.charging.ceilings import Amps, Share, Watts
from oadr.charging.meanings import Agreed
from oadr.wire.messages import CreatedEvent
from oadr.wire.scalars import Duration
from tests.ven.site import CONFIG, Site, news, played
from tests.ven.stage import EVSE_1, MINUTE, Loaded, event
from tests.ven.virtual import START
from ven import CannotDecline
from ven.authority import Bounds
from ven.calendar import Calendar
from ven.calendar_form import read
from ven.contract import Contract
from ven.failsafe import Link, OnSilence
from ven.news import LinkMoved

HALF = Contract(failsafe=Share(Decimal("0.5")))
HOUR = 3600
NOON_PAUSE = read(
    'zone = "UTC"\n[[import]]\ndays = ["mon"]\nslots = { "00:00" = 100, "13:00" = 0, "15:00" = 100 }'
)
"""The tests begin on a Monday at 12:00 UTC."""


def play(
    contract: Contract,
    acts: Callable[[Site], Awaitable[None]],
    *,
    preset: Calendar | None = None,
    dice: Any = None,
    **config: Any,
) -> Site:
    async def whole(site: Site) -> None:
        site.config = replace(CONFIG, contract=contract, preset=preset, sample_every=MINUTE, **config)
        await acts(site)

    return played(whole, dice=dice)


# --- silence ---


@pytest.mark.proves("W09", "VE01", "VE05")
def test_in_silence_the_failsafe_level_holds_and_a_list_ends_it_at_random_and_step_by_step() -> None:
    async def acts(site: Site) -> None:
        async with site.ven() as ven:
            await site.settle(1200)
            site.vtn.down = True
            await site.settle(600)
            assert ven.link.link is Link.FAILSAFE
            site.vtn.down = False
            await site.settle(HOUR)
            links = [move.after for move in news(ven, LinkMoved)]
            assert links == [Link.CONTROLLED, Link.FAILSAFE, Link.CONTROLLED]

    site = play(HALF, acts, restore_max=timedelta(seconds=600), retry_cap=timedelta(seconds=30))
    first, silence = [second for second, amps in site.changes if amps == 16]
    assert first == 0, "before the first list"
    assert 1200 + 110 <= silence <= 1200 + 122
    rises = [(second, amps) for second, amps in site.changes if second > silence]
    assert [str(amps) for _, amps in rises] == ["19.2", "22.4", "25.6", "28.8", "None"]
    assert rises[0][0] >= 1800 + 300, "a draw of half of the ten minutes, after the list"


@pytest.mark.proves("VE03")
def test_in_silence_an_emergency_holds_to_its_end_and_the_failsafe_level_goes_on() -> None:
    async def acts(site: Site) -> None:
        site.vtn.offer(event(share="0.2", minutes=30))
        async with site.ven():
            await site.settle(60)
            site.vtn.down = True
            await site.settle(HOUR)

    site = play(HALF, acts, restore_max=timedelta(0), ramp_every=timedelta(0))
    assert [amps for _, amps in site.changes] == [Decimal(16), Decimal("6.4"), Decimal(16)]
    assert site.changes[-1][0] == 1800


def test_a_restart_begins_with_the_failsafe_level_before_the_first_byte() -> None:
    """Elsewhere a restart began unlimited."""

    async def acts(site: Site) -> None:
        async with site.ven():
            await site.settle()

    site = play(Contract(failsafe=Watts(Decimal(8000))), acts)
    assert next(line for line in site.diary.lines if line != "saved") == "evse-1 10.5"


@pytest.mark.proves("VE05")
def test_where_nobody_answers_after_a_start_the_site_goes_its_own_way() -> None:
    async def acts(site: Site) -> None:
        site.vtn.down = True
        async with site.ven() as ven:
            await site.settle(121)
            assert ven.link.link is Link.AUTONOMOUS

    site = play(HALF, acts, restore_max=timedelta(0), ramp_every=timedelta(0))
    assert site.changes == [(0, Decimal(16)), (120, None)]


@pytest.mark.proves("W08", "W09", "VE02")
@pytest.mark.parametrize(
    ("on_silence", "amps"),
    [(OnSilence.LAST_PROGRAMME, Decimal("9.6")), (OnSilence.DEFAULT_MODE, Decimal(24))],
)
def test_a_load_shift_that_was_told_goes_on_in_silence_or_gives_way_to_the_default(
    on_silence: OnSilence, amps: Decimal
) -> None:
    async def acts(site: Site) -> None:
        shift = event(
            share="0.3",
            programme="load-shift",
            start=START + timedelta(minutes=10),
            minutes=60,
            start_after=Duration(),
        )
        site.vtn.offer(shift)
        async with site.ven():
            await site.settle(30)
            site.vtn.down = True
            await site.settle(1800)

    contract = Contract(on_silence=on_silence, default_percent=Decimal(80))
    site = play(contract, acts, restore_max=timedelta(0), ramp_every=timedelta(0))
    expected = amps if on_silence is OnSilence.LAST_PROGRAMME else Decimal("25.6")
    assert site.changes[-1][1] == expected


def test_a_day_of_silence_ends_the_last_programme() -> None:
    async def acts(site: Site) -> None:
        async with site.ven():
            await site.settle(30)
            site.vtn.down = True
            await site.settle(25 * HOUR)

    site = play(Contract(default_percent=Decimal(80)), acts)
    (end,) = site.changes[1:]
    assert end[1] == Decimal("25.6")
    assert 24 * HOUR <= end[0] <= 24 * HOUR + 60


# --- the operator's authority ---


@pytest.mark.proves("VE21", "VE03")
def test_an_emergency_without_end_ends_by_the_contract() -> None:
    async def acts(site: Site) -> None:
        site.vtn.offer(event(minutes=0))
        async with site.ven():
            await site.settle(3 * HOUR)

    site = play(Contract(), acts, restore_max=timedelta(0), ramp_every=timedelta(0))
    assert site.changes == [(0, None), (0, Decimal("12.8")), (2 * HOUR, None)]


@pytest.mark.proves("VE21")
def test_an_emergency_beyond_what_is_agreed_is_declined_and_told() -> None:
    async def acts(site: Site) -> None:
        site.vtn.offer(event(minutes=5))
        async with site.ven():
            await site.settle(600)
            site.vtn.offer(event("E2", start=START + timedelta(seconds=600)))
            await site.settle(60)

    site = play(Contract(), acts, restore_max=timedelta(0), ramp_every=timedelta(0))
    last: Any = site.vtn.of(CreatedEvent)[-1]
    (answer,) = last.event_responses
    assert (answer.event.event_id, answer.opt, answer.code) == ("E2", "optOut", "451")
    assert answer.description.startswith("beyond what is agreed with this site: less than 30 min since")
    assert site.changes[-1] == (300, None)


@pytest.mark.proves("VE21", "S12")
def test_a_restart_does_not_refill_what_was_used() -> None:
    async def acts(site: Site) -> None:
        for number in range(4):
            site.vtn.offer(event(f"E{number}", start=site.clock.now(), minutes=1))
            async with site.ven():
                await site.settle(120)

    generous = Contract(bounds=Bounds(rest=timedelta(0)))
    site = play(generous, acts)
    said: Any = site.vtn.of(CreatedEvent)
    answers = {one.event.event_id: one.opt for message in said for one in message.event_responses}
    assert answers == {"E0": "optIn", "E1": "optIn", "E2": "optIn", "E3": "optOut"}


@pytest.mark.proves("P2")
def test_a_floor_that_was_agreed_stays_whatever_is_ordered() -> None:
    async def acts(site: Site) -> None:
        site.vtn.offer(event(share="0"))
        async with site.ven():
            await site.settle(30)

    assert play(Contract(bounds=Bounds(floor=Decimal(6))), acts).changes[-1][1] == Decimal("6.0")
    assert play(Contract(), acts).changes[-1][1] == 0


def test_signals_are_read_as_was_agreed_also_after_a_restart() -> None:
    async def acts(site: Site) -> None:
        site.vtn.offer(event(share="40"))
        for _ in range(2):
            async with site.ven():
                await site.settle(30)

    site = play(Contract(), acts, agreed=Agreed(capacity_in_percent=True))
    assert [amps for _, amps in site.changes] == [None, Decimal("12.8")]
    assert play(Contract(), acts).changes[-1][1] is None, "454 where that was not agreed"


# --- power, calendar, fuse, boost ---


@pytest.mark.proves("W19", "W105")
def test_when_power_is_back_nobody_draws_before_a_time_of_its_own() -> None:
    async def acts(site: Site) -> None:
        site.power_returned = True
        async with site.ven():
            await site.settle(HOUR)

    site = play(Contract(), acts, restore_max=timedelta(seconds=600))
    first, second = site.changes[:2]
    assert first == (0, Decimal(0))
    assert second == (300, Decimal(0)) or second[0] == 360, "10 % of 32 A is still a pause"
    assert site.changes[-1][1] is None


@pytest.mark.proves("W06", "W18", "W21")
def test_the_calendar_limits_without_a_network_and_each_site_at_a_time_of_its_own() -> None:
    async def acts(site: Site) -> None:
        site.vtn.down = True
        async with site.ven():
            await site.settle(4 * HOUR)

    starts = set()
    for share in (0.2, 0.5, 0.9):
        site = play(Contract(), acts, preset=NOON_PAUSE, dice=Loaded(share), ramp_every=timedelta(0))
        (free, pause, free_again) = site.changes
        assert (free[1], pause[1], free_again[1]) == (None, Decimal(0), None)
        assert HOUR <= pause[0] <= HOUR + 600
        assert 3 * HOUR <= free_again[0] <= 3 * HOUR + 600
        starts.add(pause[0])
    assert len(starts) == 3


@pytest.mark.proves("W22")
def test_a_calendar_that_is_set_here_survives_a_restart_and_the_preset_does_not_return() -> None:
    async def acts(site: Site) -> None:
        async with site.ven() as ven:
            assert ven.local.calendar == NOON_PAUSE
            await ven.set_calendar(Calendar(NOON_PAUSE.zone, {}))
        async with site.ven() as ven:
            assert ven.local.calendar == Calendar(NOON_PAUSE.zone, {})
            await site.settle(4 * HOUR)

    assert {amps for _, amps in play(Contract(), acts, preset=NOON_PAUSE).changes} == {None}


@pytest.mark.proves("W22", "VE20")
def test_a_boost_masks_what_is_planned_and_nothing_else() -> None:
    async def acts(site: Site) -> None:
        async with site.ven() as ven:
            await site.settle(HOUR + 1000)
            assert site.charger.told[-1][1] == 0
            until = await ven.boost(EVSE_1, timedelta(minutes=30))
            assert until == site.clock.now() + timedelta(minutes=30)
            assert site.charger.told[-1][1] is None, "at once"
            site.vtn.offer(event(start=site.clock.now(), minutes=5))
            await site.settle(60)
            assert site.charger.told[-1][1] == Decimal("12.8"), "an emergency is no plan"
        async with site.ven():
            await site.settle(600)
            assert site.charger.told[-1][1] is None, "over a restart"
            await site.settle(HOUR)
            assert site.charger.told[-1][1] == 0, "the boost is over, the pause is not"

    play(Contract(), acts, preset=NOON_PAUSE, restore_max=timedelta(0), ramp_every=timedelta(0))


async def refused(site: Site) -> None:
    async with site.ven() as ven:
        for resource, span in (
            ("evse-9", timedelta(hours=1)),
            (EVSE_1, timedelta(0)),
            (EVSE_1, timedelta(hours=25)),
        ):
            with pytest.raises(CannotDecline):
                await ven.boost(resource, span)  # type: ignore[arg-type]
        await ven.boost(EVSE_1, timedelta(hours=1))
        await ven.end_boost(EVSE_1)
        assert ven.local.boosts == ()


def test_a_boost_has_a_chargepoint_and_an_end() -> None:
    play(Contract(), refused)


@pytest.mark.proves("W38")
def test_a_fuse_is_shared_out_and_never_exceeded() -> None:
    async def acts(site: Site) -> None:
        async with site.ven():
            await site.settle(2 * HOUR)

    async def both(site: Site) -> None:
        site.config = replace(CONFIG, contract=Contract(site_amps=Decimal(10)), sample_every=MINUTE)
        await acts(site)

    site = played(both, 0.0, 0.0)
    told = sorted(
        (at, number, amps) for number, charger in enumerate(site.chargers) for at, amps in charger.told
    )
    now: dict[int, Decimal] = {}
    moments: dict[datetime, Decimal] = {}
    for at, number, amps in told:
        assert amps is not None
        now[number] = amps
        moments[at] = sum(now.values(), Decimal(0))
    assert max(moments.values()) == Decimal(10)
    turns = [course[-1] for course in (charger.course for charger in site.chargers)]
    assert sorted(amps for _, amps in turns if amps is not None) == [0, 10]
    assert all(len(charger.told) > 4 for charger in site.chargers), "they take turns"


@pytest.mark.parametrize(
    "wrong",
    [
        {"failsafe": Amps(Decimal(0))},
        {"default_percent": Decimal(0)},
        {"default_percent": Decimal(101)},
        {"failsafe_minimum": timedelta(minutes=119)},
        {"failsafe_minimum": timedelta(hours=25)},
        {"site_amps": Decimal("5.9")},
    ],
)
def test_a_contract_that_switches_the_site_off_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"never 0|above 0|2 to 24|nobody charge"):
        Contract(**wrong)
