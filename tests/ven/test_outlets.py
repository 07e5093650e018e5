"""A chargepoint that can feed back is two outlets with one meter: each is told, verified and reported by itself."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.charging.scale import export_of
from oadr.wire.ids import ResourceId
from oadr.wire.messages import CreateOpt
from oadr.wire.messages.common import Target
from oadr.wire.messages.event import Event
from tests.ven.site import Charger, Diary, Site, news, played
from tests.ven.stage import EVSE_1, MINUTE, event
from tests.ven.virtual import VirtualClock, run
from ven import Bidirectional, CannotDecline, Measurement, Metered
from ven.contract import Contract
from ven.driver import Switchable, Versatile
from ven.meter import Meter
from ven.news import Enforced
from ven.opts import Reason
from ven.outlets import behind, outlets
from ven.verify import Finding, Measure

OUT_1 = export_of(EVSE_1)
EXPORT = Rating(Decimal(16), 3)
GIVES = Decimal(12)


class BothWays(Charger):
    """It gives 12 A whenever it may, beside what it draws. `deaf` takes no word on that, `stubborn` does not obey."""

    export_rating = EXPORT

    def __init__(self, diary: Diary) -> None:
        super().__init__(diary)
        self.deaf = self.stubborn = False
        self.told_back: list[Decimal | None] = []
        self.looks = 0
        self.back: Any = None
        """What the meter says instead."""

    async def apply_export(self, limit: Limit | None) -> None:
        if self.deaf:
            raise ConnectionError("no answer")
        self.told_back.append(limit.amps if limit else None)
        self.diary.write(f"export {limit.amps if limit else None}")

    async def measure(self) -> Measurement:
        self.looks += 1
        allowed = self.told_back[-1] if self.told_back else None
        amps = GIVES if allowed is None or self.stubborn else min(GIVES, allowed)
        counted = int(8280 * asyncio.get_running_loop().time() / 3600)
        back = Measurement((amps,) * 3, amps * 690, Decimal(10 + counted))
        return replace(await super().measure(), fed_back=back if self.back is None else self.back)


class Everything(BothWays):
    async def apply_otherwise(self, limit: Limit) -> None:
        self.diary.write(f"otherwise {limit.amps}")

    async def disable(self) -> None:
        self.diary.write("off")

    async def enable(self) -> None:
        self.diary.write("on")


def equipped(site: Site, kind: type[BothWays] = BothWays) -> BothWays:
    charger = kind(site.diary)
    site.chargers = [charger]
    return charger


def emergency(share: str = "0.5", **changes: Any) -> Event:
    return event(share=share, target=Target(resource_ids=(OUT_1,)), **changes)


@pytest.mark.proves("W43", "W103")
def test_an_emergency_on_export_reaches_the_charger_before_it_is_answered() -> None:
    async def play(site: Site) -> None:
        charger = equipped(site)
        async with site.ven():
            await site.settle(2)
            site.vtn.offer(emergency())
            await site.settle(20)
        assert charger.told_back == [None, 8]
        assert [amps for _, amps in charger.told] == [None]
        lines = site.diary.lines
        assert lines.index("export 8.0") < lines.index("CreatedEvent")

    played(play)


@pytest.mark.proves("W43")
def test_who_does_not_obey_is_pressed_on_that_scale_only_and_its_charging_is_never_switched_off() -> None:
    async def play(site: Site) -> None:
        charger = equipped(site, Everything)
        charger.stubborn = True
        site.config = replace(site.config, contract=Contract(may_disable=True))
        async with site.ven() as ven:
            await site.settle(2)
            site.vtn.offer(emergency())
            await site.settle(60)
            check = ven.hardware.checks[OUT_1]
            assert (check.finding, check.measure) == (Finding.FAILED, Measure.GIVEN_UP)
            assert ven.hardware.checks[EVSE_1].limit is None
            told = news(ven, Enforced)
        assert {one.resource_id for one in told} == {OUT_1}
        assert charger.told_back[-1] == 0, "it was asked to stop before that"
        assert not {"off", "otherwise 8.0"}.intersection(site.diary.lines)
        assert [amps for _, amps in charger.told] == [None]

    played(play)


@pytest.mark.proves("W43")
def test_one_that_cannot_be_told_about_its_export_says_so_of_that_and_charges_on() -> None:
    async def play(site: Site) -> None:
        charger = equipped(site)
        async with site.ven():
            await site.settle(2)
            charger.deaf = True
            site.vtn.offer(event("E1", share="0.5", target=Target(resource_ids=(EVSE_1, OUT_1))))
            await site.settle(40)
        (said,) = (one for one in site.vtn.of(CreateOpt) if isinstance(one, CreateOpt))
        assert Reason(said.reason) is Reason.OUTAGE
        assert said.target.resource_ids == (OUT_1,)
        assert charger.told[-1][1] == 16

    played(play)


@pytest.mark.proves("W43")
def test_a_boost_is_for_charging() -> None:
    async def play(site: Site) -> None:
        equipped(site)
        async with site.ven() as ven:
            with pytest.raises(CannotDecline, match="no chargepoint"):
                await ven.boost(OUT_1, MINUTE)
            await ven.boost(EVSE_1, MINUTE)

    played(play)


@pytest.mark.proves("W43")
def test_a_load_shift_on_export_can_be_declined_by_its_name() -> None:
    async def play(site: Site) -> None:
        charger = equipped(site)
        async with site.ven() as ven:
            await site.settle(2)
            both = Target(resource_ids=(EVSE_1, OUT_1))
            site.vtn.offer(event(share="0.5", programme="load-shift", target=both))
            await site.settle(400)
            await ven.opt_out(ven.memory.held[0].event.event_id, resources=(OUT_1,))
            await site.settle(5)
        assert charger.told_back == [None, 8, None]
        assert charger.told[-1][1] == 16

    played(play)


# --- the outlets themselves ---


def test_each_chargepoint_comes_with_the_other_way_if_it_has_one() -> None:
    site = Site()
    plain, both = Charger(site.diary), Everything(site.diary)
    both.resource_id = ResourceId("evse-2")
    found = tuple(outlets([plain, both]))
    assert [one.resource_id for one in found] == ["evse-1", "evse-2", "evse-2:export"]
    other = found[2]
    assert (other.rating, behind(other), behind(plain)) == (EXPORT, both, plain)
    assert not isinstance(other, Metered | Switchable | Versatile | Bidirectional)


@pytest.mark.proves("r308", "W43")
def test_no_chargepoint_has_the_name_of_anothers_export_scale() -> None:
    site = Site()
    site.charger.resource_id = OUT_1
    with pytest.raises(ValueError, match="export scale"):
        site.ven()


# --- one meter for both ways ---

GOOD = Measurement((GIVES,) * 3, GIVES * 690, Decimal(10))


def looked_at(back: Any, seconds: float = 2.5) -> tuple[list[tuple[str, bool]], int]:
    """Under which names there was a value, and how often the meter was asked."""

    async def main() -> tuple[list[tuple[str, bool]], int]:
        charger = BothWays(Diary(VirtualClock()))
        charger.back = back
        seen: list[tuple[str, bool]] = []

        def on_reading(resource_id: ResourceId, reading: Measurement | None) -> None:
            seen.append((resource_id, reading is not None))

        task = asyncio.create_task(Meter(charger, VirtualClock(), timedelta(seconds=1), on_reading).run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait((task,))
        return seen, charger.looks

    return run(main())


@pytest.mark.proves("W43")
def test_one_look_at_the_meter_is_a_value_of_each_scale() -> None:
    assert looked_at(GOOD) == ([("evse-1", True), ("evse-1:export", True)] * 3, 3)


@pytest.mark.proves("P15")
@pytest.mark.parametrize(
    "back",
    [
        "nothing",
        replace(GOOD, watts=Decimal("NaN")),
        replace(GOOD, amps=(Decimal(33),)),
        replace(GOOD, amps=(Decimal(-3),)),
    ],
)
def test_what_makes_no_sense_of_export_costs_the_reading_of_import_nothing(back: Any) -> None:
    seen, _ = looked_at(back)
    assert seen == [("evse-1", True), ("evse-1:export", False)] * 3
