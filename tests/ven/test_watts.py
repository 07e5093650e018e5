"""An order in watts at a whole site: the voltage of the street, what the contract owes, and one phase for three."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.charging.limit import Limit
from oadr.charging.minimum import Cause, Profile, Undercut
from oadr.wire.messages.common import Scale, Unit, UnitKind
from oadr.wire.messages.event import Event, Signal, SignalType
from tests.ven.site import CONFIG, Charger, Site, news, played
from tests.ven.stage import EVSE_1, event, signal
from tests.ven.virtual import START
from ven import Measurement
from ven.authority import Bounds
from ven.contract import Contract
from ven.news import BelowMinimum, FloorKept

GERMAN = Contract(profile=Profile.DE14A)
SWITCHES = replace(GERMAN, phase_switch=True)
AT_ONCE: dict[str, Any] = {"restore_max": timedelta(0), "ramp_every": timedelta(0)}


class Street:
    """What the voltage is now; None: the meter does not show it."""

    def __init__(self, volts: str | None) -> None:
        self.volts = volts


class Measured(Charger):
    """Its meter shows the voltage of each phase."""

    def __init__(self, diary: Any, street: Street) -> None:
        super().__init__(diary)
        self.street = street

    async def measure(self) -> Measurement:
        seen = await super().measure()
        volts = self.street.volts
        return replace(seen, volts=() if volts is None else (Decimal(volts), Decimal(229), Decimal(0)))


class Phased(Measured):
    """Can charge on one phase."""

    def __init__(self, diary: Any, street: Street) -> None:
        super().__init__(diary, street)
        self.used = 3
        self.sticks = False
        self.asked: list[tuple[int, int, bool]] = []
        """Seconds after the start, how many, and whether at once."""

    async def use_phases(self, count: int, *, at_once: bool) -> None:
        if self.sticks:
            raise OSError("the relay sticks")
        second = round((self.diary.clock.now() - START).total_seconds())
        self.asked.append((second, count, at_once))
        self.diary.write(f"phases {count}")
        if count < self.used or at_once:
            self.used = count

    async def measure(self) -> Measurement:
        seen = await super().measure()
        return replace(seen, amps=seen.amps[: self.used], watts=seen.amps[0] * 230 * self.used)


def in_watts(watts: int, **other: Any) -> Event:
    unit = Unit(kind=UnitKind.POWER_REAL, description="RealPower", symbol="W", scale=Scale.NONE)
    return event(signals=(setpoint(str(watts), unit),), **other)


def setpoint(value: str, unit: Unit) -> Signal:
    return signal(value, type=SignalType.LOAD_CONTROL_SETPOINT, unit=unit)


def play(
    acts: Callable[[Site, Street], Awaitable[None]],
    volts: str | None = None,
    contract: Contract | None = None,
    *,
    kind: type[Measured] = Measured,
    **config: Any,
) -> Site:
    street = Street(volts)

    async def whole(site: Site) -> None:
        site.config = replace(CONFIG, contract=contract or Contract(), **config)
        site.chargers = [kind(site.diary, street)]
        await acts(site, street)

    return played(whole)


# --- the voltage ---


def test_the_amps_follow_the_voltage_down_at_once_and_nothing_swings() -> None:
    async def acts(site: Site, street: Street) -> None:
        site.vtn.offer(in_watts(11_000))
        async with site.ven():
            await site.settle(30)
            for volts in ("241", "235", "241", "235", "245"):
                street.volts = volts
                await site.settle(3)

    site = play(acts, "235")
    assert [str(amps) for _, amps in site.changes] == ["None", "15.6", "15.2", "14.9"]
    second, third = [at for at, _ in site.changes][2:]
    assert {second - 30, third - 42} <= {0, 1}, "with the next reading"


def test_an_emergency_is_followed_with_a_margin_and_a_plan_without_where_nobody_measures() -> None:
    async def acts(site: Site, _: Street) -> None:
        for programme in ("supply-limit", "load-shift"):
            site.vtn.offer(in_watts(11_000, event_id=programme, programme=programme))
            async with site.ven():
                await site.settle(700)
            site.diary.raw = None

    site = play(acts, **AT_ONCE)
    told = {str(amps) for _, amps in site.charger.course if amps is not None}
    assert told == {"14.4", "15.9"}


def test_a_voltage_that_is_a_minute_old_does_not_count() -> None:
    async def acts(site: Site, street: Street) -> None:
        site.vtn.offer(in_watts(11_000))
        async with site.ven():
            await site.settle(30)
            street.volts = None
            await site.settle(57)
            assert str(site.applied) == "15.6"
            await site.settle(5)
            assert str(site.applied) == "14.4"

    play(acts, "235")


def test_a_voltage_that_falls_gives_the_amps_back_where_the_contract_wants_them_exact() -> None:
    async def acts(site: Site, street: Street) -> None:
        site.vtn.offer(in_watts(11_000))
        async with site.ven():
            await site.settle(30)
            street.volts = "231"
            await site.settle(55)
            assert str(site.applied) == "14.9", "not before the high voltage is a minute old"
            await site.settle(120)
            assert str(site.applied) == "15.8"

    play(acts, "245", GERMAN, restore_max=timedelta(0))


@pytest.mark.parametrize("volts", ["nan", "0", "500"])
def test_a_meter_that_shows_nonsense_for_the_voltage_is_believed_about_the_rest(volts: str) -> None:
    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(in_watts(4000, programme="load-shift"))
        async with site.ven() as ven:
            await site.settle(5)
            seen = ven.hardware.measured[EVSE_1]
            assert seen is not None
            assert seen.amps == (Decimal(6),) * 3

    play(acts, volts)


# --- what is owed ---


@pytest.mark.proves("W47")
def test_the_same_order_in_two_countries() -> None:
    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(in_watts(4200))
        async with site.ven() as ven:
            await site.settle(5)
            assert news(ven, BelowMinimum) == []

    assert play(acts).applied == 0, "with the margin for a voltage that nobody has measured"
    assert str(play(acts, contract=GERMAN).applied) == "6.0"


@pytest.mark.proves("W47")
def test_an_order_below_what_is_owed_is_obeyed_and_recorded_once() -> None:
    async def acts(site: Site, street: Street) -> None:
        site.vtn.offer(in_watts(4139))
        async with site.ven() as ven:
            await site.settle(5)
            street.volts = "238"
            await site.settle(5)
            undercut = Undercut(Decimal(4200), Decimal(0), Cause.ORDER)
            assert news(ven, BelowMinimum) == [BelowMinimum(EVSE_1, "E1", undercut)]
            limit = ven.hardware.limits[EVSE_1]
            assert limit is not None
            assert limit.undercut == undercut
            site.vtn.offer(in_watts(9000, number=1))
            await site.settle(200)
            limit = ven.hardware.limits[EVSE_1]
            assert limit is not None
            assert limit.undercut is None

    assert str(play(acts, "230", GERMAN, **AT_ONCE).applied) == "12.6"


@pytest.mark.proves("W47")
def test_a_pause_that_our_own_rounding_makes_is_recorded_as_that() -> None:
    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(in_watts(4200))
        async with site.ven() as ven:
            await site.settle(5)
            (told,) = news(ven, BelowMinimum)
            assert told.undercut == Undercut(Decimal(4200), Decimal(0), Cause.QUANTISATION)

    assert play(acts, "236", GERMAN).applied == 0


def test_a_load_shift_owes_nobody_a_minimum() -> None:
    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(in_watts(1000, programme="load-shift"))
        async with site.ven() as ven:
            await site.settle(700)
            assert news(ven, BelowMinimum) == []

    assert play(acts, contract=GERMAN).applied == 0


def test_a_percentage_is_followed_by_single_percents_where_a_minimum_is_owed() -> None:
    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(event(share="0.387"))
        async with site.ven():
            await site.settle(5)

    assert str(play(acts, contract=GERMAN).applied) == "12.1"
    assert str(play(acts).applied) == "9.6"


@pytest.mark.proves("W47")
def test_the_contracts_floor_is_recorded_where_it_leaves_more_than_was_ordered() -> None:
    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(event(share="0.1"))
        async with site.ven() as ven:
            await site.settle(5)
            assert news(ven, FloorKept) == [FloorKept(EVSE_1, "E1", Decimal(0), Decimal(6))]

    floor = Bounds(floor=Decimal(6))
    assert play(acts, contract=Contract(bounds=floor)).applied == 6
    undercut = play(acts, contract=replace(GERMAN, bounds=floor))
    assert undercut.applied == 6, "6 A on three phases at 230 V are as near to 4.2 kW as tenths come"


# --- one phase for three ---


def test_an_order_that_only_one_phase_can_carry_switches_before_its_amps_and_nothing_pauses() -> None:
    async def acts(site: Site, street: Street) -> None:
        site.vtn.offer(in_watts(4200))
        async with site.ven() as ven:
            await site.settle(5)
            street.volts = "236"
            await site.settle(3)
            limit = ven.hardware.limits[EVSE_1]
            assert limit is not None
            assert (str(limit.amps), limit.phases, limit.undercut) == ("17.7", 1, None)
            assert news(ven, BelowMinimum) == []

    site = play(acts, "230", GERMAN, kind=Phased)
    assert [str(amps) for _, amps in site.changes] == ["None", "6.0", "17.7"]
    lines = [one for one in site.diary.lines if one.startswith(("phases", "evse"))]
    assert lines[-2:] == ["phases 1", "evse-1 17.7"]


def test_a_smaller_order_on_one_phase_is_no_rise_though_its_amps_are_more() -> None:
    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(event(share="0.3"))
        async with site.ven():
            await site.settle(5)
            site.vtn.offer(in_watts(4000, number=1))
            await site.settle(15)

    assert [str(amps) for _, amps in play(acts, "230", kind=Phased).changes] == ["None", "9.6", "17.3"]


def switched(contract: Contract, seconds: int) -> Phased:
    """After ten minutes of an order for one phase, and so long beyond."""

    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(in_watts(4000, minutes=10))
        async with site.ven():
            await site.settle(600 + seconds)

    charger = play(acts, "230", contract, kind=Phased, **AT_ONCE).charger
    assert isinstance(charger, Phased)
    return charger


def test_an_outlet_goes_back_to_all_phases_ten_minutes_after_its_release() -> None:
    assert [count for _, count, _ in switched(SWITCHES, 595).asked] == [3, 1]
    (_, first, is_first_at_once), (down, one, _), (back, three, is_at_once) = switched(SWITCHES, 660).asked
    assert (first, one, three) == (3, 1, 3)
    assert not is_first_at_once, "at the start nobody knows how long a car has been on one phase"
    assert is_at_once
    assert back - 600 >= 600 > down


def test_a_car_that_is_plugged_in_is_not_put_on_more_phases_without_leave() -> None:
    charger = switched(GERMAN, 660)
    assert charger.asked[-1][1:] == (3, False)
    assert charger.used == 1


def test_who_cannot_change_its_phases_pauses_until_it_can() -> None:
    async def acts(site: Site, _: Street) -> None:
        charger = site.charger
        assert isinstance(charger, Phased)
        site.vtn.offer(in_watts(4000))
        async with site.ven():
            charger.sticks = True
            await site.settle(5)
            assert site.applied == 0
            charger.sticks = False
            await site.settle(5)

    assert str(play(acts, "230", GERMAN, kind=Phased).applied) == "17.3"


def test_one_that_says_yes_and_stays_on_three_phases_is_found_out() -> None:
    class Liar(Phased):
        async def use_phases(self, count: int, *, at_once: bool) -> None:
            """It does not."""

    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(in_watts(2000))
        async with site.ven():
            await site.settle(40)

    assert play(acts, "230", GERMAN, kind=Liar).applied == 0, "8.6 A on one phase are 2.8 A on three"


def test_a_percentage_never_switches_phases() -> None:
    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(event(share="0.1"))
        async with site.ven():
            await site.settle(5)

    site = play(acts, "230", GERMAN, kind=Phased)
    assert site.applied == 0
    assert isinstance(site.charger, Phased)
    assert site.charger.used == 3


@pytest.mark.proves("P10")
def test_after_a_restart_an_outlet_is_on_the_phase_on_which_it_was() -> None:
    async def acts(site: Site, _: Street) -> None:
        site.vtn.offer(in_watts(4000))
        for _again in range(2):
            async with site.ven() as ven:
                await site.settle(5)
                limit = ven.hardware.limits[EVSE_1]
                assert isinstance(limit, Limit)
                assert limit.phases == 1

    charger = play(acts, "230", SWITCHES, kind=Phased).charger
    assert isinstance(charger, Phased)
    assert [count for _, count, _ in charger.asked] == [3, 1, 1]
    assert {str(amps) for _, amps in charger.course} == {"None", "17.3"}
