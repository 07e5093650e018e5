"""A chargepoint that nobody operates: no aggregator, no supplier, perhaps no meter, for a time no network either."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.ven.site import Charger, Site, played
from tests.ven.stage import EVSE_1, event
from tests.ven.virtual import START
from ven import Limit
from ven.calendar_form import read
from ven.contract import Contract
from ven.verify import Finding

PAUSE = read(
    'zone = "UTC"\n[[import]]\ndays = ["mon"]\nslots = { "00:00" = 100, "12:20" = 0, "12:50" = 100 }'
)
"""The stage begins on a Monday at noon."""
LIMIT = Decimal("12.8")


class Meterless:
    """A charger that can be limited, and no more."""

    def __init__(self, charger: Charger) -> None:
        self.resource_id, self.rating, self.told = charger.resource_id, charger.rating, charger.told
        self.charger = charger

    async def apply(self, limit: Limit | None) -> None:
        await self.charger.apply(limit)


@pytest.mark.proves("W78", "W06")
def test_without_any_operator_it_keeps_its_calendar_and_obeys_an_emergency() -> None:
    async def play(site: Site) -> None:
        at_once = replace(site.config, restore_max=timedelta(), ramp_every=timedelta(), preset=PAUSE)
        site.config = replace(at_once, contract=Contract(calendar_spread=timedelta()))
        site.vtn.down = True
        async with site.ven():
            await site.settle(25 * 60)
            assert site.applied == 0, "the calendar needs nobody"
            site.vtn.down = False
            await site.settle(35 * 60)
            assert site.applied is None
            site.vtn.offer(event(start=START + timedelta(minutes=61), minutes=10))
            await site.settle(5 * 60)
            assert site.applied == LIMIT
            await site.settle(10 * 60)
            assert site.applied is None

    played(play)


@pytest.mark.proves("W73")
@pytest.mark.parametrize(
    ("has_meter", "finding"), [(True, Finding.ALREADY_BELOW), (False, Finding.UNVERIFIABLE)]
)
def test_it_obeys_with_a_meter_and_without_one_and_says_which(has_meter: bool, finding: Finding) -> None:
    async def play(site: Site) -> None:
        if not has_meter:
            site.chargers[0] = Meterless(site.charger)  # type: ignore[call-overload]
        async with site.ven() as ven:
            await site.settle(20)
            site.vtn.offer(event(minutes=30))
            await site.settle(60)
            assert site.applied == LIMIT
            assert ven.hardware.checks[EVSE_1].finding is finding

    played(play)
