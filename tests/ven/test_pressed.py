"""How far a chargepoint that does not obey has been pressed outlasts the program, and a power cut."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr.charging.limit import Limit
from tests.ven.site import Charger, Diary, Site, played
from tests.ven.stage import event
from ven import Measurement
from ven.contract import Contract
from ven.verify import Measure

STRICT = Contract(may_disable=True)
CAR = Decimal(20)


class Liar(Charger):
    """Says yes and draws what it likes, until it is switched off or mends its ways."""

    def __init__(self, diary: Diary) -> None:
        super().__init__(diary)
        self.is_on = True
        self.obeys = False
        self.acts: list[str] = []

    async def apply(self, limit: Limit | None) -> None:
        self.acts.append("no limit" if limit is None else f"{limit.amps} A")
        await super().apply(limit)

    async def disable(self) -> None:
        self.is_on = False
        self.acts.append("off")

    async def enable(self) -> None:
        self.is_on = True
        self.acts.append("on")

    async def measure(self) -> Measurement:
        allowed = self.told[-1][1] if self.obeys and self.told else None
        amps = Decimal(0) if not self.is_on else CAR if allowed is None else min(CAR, allowed)
        return Measurement((amps,), amps * 230, Decimal(10))


def strict(site: Site) -> Liar:
    """A site that allows its outlet to be switched off; the charger there."""
    liar = Liar(site.diary)
    site.chargers[:] = [liar]
    site.config = replace(
        site.config, contract=STRICT, restore_max=timedelta(seconds=60), ramp_every=timedelta(seconds=10)
    )
    return liar


async def switched_off(site: Site, liar: Liar, minutes: int = 5) -> None:
    site.vtn.offer(event(minutes=minutes))
    async with site.ven():
        await site.settle(60)
    assert not liar.is_on
    liar.acts.clear()


@pytest.mark.proves("VE06", "VE11")
def test_an_outlet_that_was_switched_off_stays_off_over_a_restart_and_comes_back_by_the_rules() -> None:
    async def play(site: Site) -> None:
        liar = strict(site)
        await switched_off(site, liar)
        async with site.ven() as ven:
            assert liar.acts == ["off"], "that and nothing else is said to it"
            await site.settle(200)
            assert set(liar.acts) == {"off"}
            liar.obeys = True
            await site.settle(400)
            assert liar.acts[-2:] == ["no limit", "on"], "it has its limit before it has its supply"
            assert set(liar.acts[:-2]) == {"off"}, "nor is it switched on while the limit rises"
            await site.settle(20)
            assert ven.memory.reached == ()
            assert site.diary.load().reached == (), "what is over is forgotten on disk too"

    played(play)


@pytest.mark.proves("VE06")
def test_a_step_is_on_disk_as_soon_as_it_is_taken() -> None:
    async def play(site: Site) -> None:
        liar = strict(site)
        site.vtn.offer(event())
        async with site.ven():
            while liar.is_on:
                await site.settle(0.25)
            await site.settle(0.25)
            (reached,) = site.diary.load().reached
            assert (reached.measure, reached.was_disabled) == (Measure.DISABLE, True)

    played(play)


@pytest.mark.proves("VE06")
def test_an_outlet_whose_emergency_ended_while_the_program_was_down_is_switched_on_with_the_last_step() -> (
    None
):
    async def play(site: Site) -> None:
        liar = strict(site)
        await switched_off(site, liar, minutes=2)
        await site.settle(300)
        site.vtn.offer()
        liar.obeys = True
        async with site.ven():
            await site.settle(30)
            assert set(liar.acts) == {"off"}
            await site.settle(400)
            assert liar.acts[-2:] == ["no limit", "on"]

    played(play)


@pytest.mark.proves("VE11")
def test_an_outlet_whose_contactor_has_welded_stays_told_off_over_a_restart() -> None:
    class Welded(Liar):
        async def disable(self) -> None:
            self.acts.append("off")

    async def play(site: Site) -> None:
        strict(site)
        liar = Welded(site.diary)
        site.chargers[:] = [liar]
        site.vtn.offer(event())
        async with site.ven() as ven:
            await site.settle(60)
            (reached,) = ven.memory.reached
            assert reached.measure is Measure.GIVEN_UP
        liar.acts.clear()
        async with site.ven():
            await site.settle(60)
            assert set(liar.acts) == {"off"}

    played(play)


def test_an_outlet_that_its_owner_does_not_allow_to_be_switched_off_any_more_pauses_and_is_on() -> None:
    async def play(site: Site) -> None:
        liar = strict(site)
        await switched_off(site, liar)
        site.config = replace(site.config, contract=Contract())
        async with site.ven():
            await site.settle(1)
            assert liar.acts == ["0 A", "on"]

    played(play)


def test_an_outlet_that_nobody_limits_any_more_is_switched_on_at_the_start() -> None:
    async def play(site: Site) -> None:
        liar = strict(site)
        await switched_off(site, liar)
        memory = site.diary.load()
        site.diary.save(replace(memory, held=(), slots=()))
        site.vtn.down = True
        async with site.ven():
            assert liar.acts == ["no limit", "on"]

    played(play)


def test_who_had_to_pause_is_not_asked_in_the_usual_way_again_after_a_restart() -> None:
    async def play(site: Site) -> None:
        liar = strict(site)
        site.config = replace(site.config, contract=Contract())
        site.vtn.offer(event())
        async with site.ven():
            await site.settle(25)
            assert liar.acts[-1] == "0 A"
        liar.acts.clear()
        async with site.ven():
            await site.settle(1)
            assert liar.acts == ["0 A", "on"], "no 12.8 A first; and it was never off"

    played(play)


def test_a_chargepoint_that_is_not_here_any_more_has_no_step() -> None:
    async def play(site: Site) -> None:
        liar = strict(site)
        await switched_off(site, liar)
        site.chargers[:] = []
        async with site.ven() as ven:
            await site.settle(30)
            assert ven.memory.reached == ()

    played(play)
