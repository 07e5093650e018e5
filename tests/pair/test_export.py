"""Import and export are two scales: an order on one of them leaves the other alone, from the order to the charger."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.charging.scale import export_of
from oadr.wire.messages import UpdateReport
from oadr.wire.messages.common import OptType, Target
from oadr.wire.messages.report import Quantity
from tests.pair.town import LIMITED, Charger, Town, played
from tests.ven.virtual import START
from tests.vtn import written
from tests.vtn.world import HOME_EVSE
from ven import Measurement
from vtn.model import reading

EXPORT_EVSE = export_of(HOME_EVSE)
GIVES = Decimal(10)
"""A that the car feeds back when nobody limits it."""
MINUTE = timedelta(minutes=1)


class BothWays(Charger):
    """It feeds back beside what it draws, which no car does, so that a limit that strays would be seen."""

    export_rating = Rating(amps=Decimal(20), phases=1)

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.told_back: list[tuple[datetime, Decimal | None]] = []

    async def apply_export(self, limit: Limit | None) -> None:
        self.told_back.append((self._now(), limit.amps if limit else None))

    async def measure(self) -> Measurement:
        allowed = self.told_back[-1][1] if self.told_back else None
        amps = GIVES if allowed is None else min(GIVES, allowed)
        counted = int(asyncio.get_running_loop().time()) // 60
        back = Measurement((amps,), amps * 230, Decimal(7_000 + counted))
        return replace(await super().measure(), fed_back=back)

    @property
    def changes_back(self) -> list[tuple[int, Decimal | None]]:
        told = [(round((at - START).total_seconds()), amps) for at, amps in self.told_back]
        return [one for count, one in enumerate(told) if not count or one[1] != told[count - 1][1]]


def both_ways(town: Town) -> BothWays:
    charger = BothWays(town.clock.now)
    town.charger = charger
    return charger


@pytest.mark.proves("W43", "W103", "W18")
def test_an_order_on_the_export_scale_limits_export_leaves_import_and_is_released_at_random(
    folder: Path,
) -> None:
    async def play(town: Town) -> None:
        charger = both_ways(town)
        async with town.ven():
            await town.wait(seconds=5)
            order = written.event(
                written.share("0.3", 5 * MINUTE),
                start=town.clock.now(),
                lasts=5 * MINUTE,
                target=Target(resource_ids=(EXPORT_EVSE,)),
            )
            await town.dso.send(order)
            await town.wait(minutes=8)
            answer = (await town.dso.delivery()).answer
        assert answer
        assert answer.opt is OptType.OPT_IN
        assert charger.changes == [(0, None)], "nobody has limited what is drawn"
        begin, end, draw = 10, 305, 50
        steps = [Decimal(amps) for amps in (8, 10, 12, 14, 16, 18)]
        rise = [(end + draw + 10 * count, amps) for count, amps in enumerate([*steps, None])]
        assert charger.changes_back == [(0, None), (begin, Decimal(6)), *rise]

    played(folder, play)


@pytest.mark.proves("W43", "W103")
@pytest.mark.parametrize("percent", [0, 40])
def test_a_limit_on_a_feeder_leaves_export_even_when_it_is_a_pause(folder: Path, percent: int) -> None:
    async def play(town: Town) -> None:
        charger = both_ways(town)
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit(percent=Decimal(percent))
            await town.wait(minutes=5)
        assert charger.changes == [(0, None), (10, LIMITED * percent / 40)]
        assert charger.changes_back == [(0, None)]

    played(folder, play)


@pytest.mark.proves("W43", "W103")
def test_a_negative_set_point_stops_charging_and_bounds_what_is_fed_back(folder: Path) -> None:
    async def play(town: Town) -> None:
        charger = both_ways(town)
        async with town.ven():
            await town.wait(seconds=5)
            set_point = written.set_point(3, -2, each=5 * MINUTE)
            order = written.event(set_point, start=town.clock.now(), lasts=10 * MINUTE)
            await town.dso.send(order)
            await town.wait(minutes=9)
        assert charger.changes == [(0, None), (10, Decimal(13)), (305, Decimal(0))]
        assert charger.changes_back == [(0, None), (305, Decimal("8.6"))], "2 kW at 230 V; nothing before"

    played(folder, play)


@pytest.mark.proves("W43", "W103")
def test_a_restart_keeps_the_limit_on_export_before_the_network_is_up(folder: Path) -> None:
    async def play(town: Town) -> None:
        charger = both_ways(town)
        async with town.ven():
            await town.wait(seconds=5)
            target = Target(resource_ids=(EXPORT_EVSE,))
            order = written.event(written.share("0.5"), start=town.clock.now(), target=target)
            await town.dso.send(order)
            await town.wait(minutes=2)
        charger.told_back.clear()
        town.wire.is_cut = True
        async with town.ven():
            assert charger.told_back[0][1] == Decimal(10)
            await town.wait(minutes=1)
        assert {amps for _, amps in charger.told_back} == {Decimal(10)}
        assert {amps for _, amps in charger.told} == {None}

    played(folder, play)


@pytest.mark.proves("W43")
def test_what_is_fed_back_is_reported_under_names_of_its_own_and_taken_for_nothing_that_is_drawn(
    folder: Path,
) -> None:
    async def play(town: Town) -> None:
        both_ways(town)
        async with town.ven():
            await town.wait(minutes=5)
            found = await town.dso.readings()
        drawn = {one.value for one in found if one.quantity is reading.Quantity.POWER}
        assert drawn == {Decimal(20 * 230)}
        said = {
            payload.r_id: payload.value.value
            for message in town.dso.heard
            if isinstance(message, UpdateReport)
            for report in message.reports
            for interval in report.intervals
            for payload in interval.payloads
            if isinstance(payload.value, Quantity)
        }
        names = ("P", "E", "I1", "SET")
        watts, energy, amps, allowed = (said[f"{EXPORT_EVSE}:{name}"] for name in names)  # type: ignore[index]
        assert (watts, amps, allowed) == (GIVES * 230, GIVES, Decimal(20))
        assert energy > 7_000

    played(folder, play)
