"""Ways in which nobody is heard, and that each is silence: after its threshold the failsafe level is in force."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr.charging.ceilings import Share
from oadr.wire.errors import Unreachable
from oadr.wire.messages import Message
from tests.ven.site import Site, Wire, played
from tests.ven.stage import event, response
from ven.contract import Contract
from ven.failsafe import Link
from ven.session import Request
from ven.transport.http import Busy, Rejected

THRESHOLD = 120.0
"""Seconds: three polls of 10 s are less than the two minutes that silence lasts at the least."""
HALF = Contract(failsafe=Share(Decimal("0.5")))
LIMIT = Decimal("12.8")
PATIENCE = 20.0
"""Seconds until the transport gives up a request."""


class Line(Wire):
    """The site's own wire, until it fails in its way; knows when the VTN was heard last."""

    fails: Callable[[], Message | None] | None = None
    hangs = False
    heard_at = 0.0

    async def exchange(self, request: Request) -> Message | None:
        if self.fails:
            await asyncio.sleep(PATIENCE if self.hangs else 0.05)
            return self.fails()
        reply = await super().exchange(request)
        self.heard_at = asyncio.get_running_loop().time()
        return reply


def raising(error: Exception) -> Callable[[], Message | None]:
    def fail() -> Message | None:
        raise error

    return fail


SILENCES = {
    "black hole": (True, raising(Unreachable("TimeoutError: "))),
    "reset": (False, raising(Unreachable("ClientOSError: reset"))),
    "drip": (True, raising(Unreachable("TimeoutError: "))),
    "page of a proxy": (False, raising(Rejected("unusable answer: no XML"))),
    "wrong signature": (False, raising(Rejected("unusable answer: the signature does not verify"))),
    "never anything but later": (False, raising(Busy("HTTP status 503"))),
    "a bug below": (False, raising(RuntimeError("a bug"))),
}


async def in_force_after(site: Site, wire: Line, link: Callable[[], Link]) -> float:
    """Seconds from the last answer to the failsafe level at the charger."""
    while site.applied != 16:
        assert asyncio.get_running_loop().time() - wire.heard_at < 2 * THRESHOLD, link()
        await site.settle(0.1)
    return asyncio.get_running_loop().time() - wire.heard_at


@pytest.mark.proves("B8", "P9", "VE01", "VE18", "W17")
@pytest.mark.parametrize("step", [None, timedelta(days=1), -timedelta(days=1)])
@pytest.mark.parametrize("silence", SILENCES)
def test_the_failsafe_level_is_in_force_two_seconds_after_its_threshold(
    silence: str, step: timedelta | None
) -> None:
    hangs, fails = SILENCES[silence]

    async def play(site: Site) -> None:
        wire = Line(site.vtn, site.diary)
        site.wire, site.config = wire, replace(site.config, contract=HALF, restore_max=timedelta())
        site.config = replace(site.config, ramp_every=timedelta())
        async with site.ven() as ven:
            await site.settle(33)
            assert (site.applied, ven.link.link) == (None, Link.CONTROLLED)
            wire.hangs, wire.fails = hangs, fails
            await site.settle(60)
            if step is not None:
                site.clock.step(step)
            took = await in_force_after(site, wire, lambda: ven.link.link)
            assert THRESHOLD - 0.2 <= took <= THRESHOLD + 2

    played(play)


@pytest.mark.proves("D06", "P1", "VE03")
@pytest.mark.parametrize("silence", ["black hole", "reset", "page of a proxy"])
def test_cutting_the_network_wins_nothing(silence: str) -> None:
    """It ends no emergency early, pauses nobody, and leaves less to charge with than obeying would have."""
    hangs, fails = SILENCES[silence]

    async def play(site: Site) -> None:
        wire = Line(site.vtn, site.diary)
        site.wire, site.config = wire, replace(site.config, contract=HALF, restore_max=timedelta())
        site.vtn.offer(event(minutes=30))
        async with site.ven():
            await site.settle(60)
            wire.hangs, wire.fails = hangs, fails
            await site.settle(1700)
            assert site.applied == LIMIT, "held to its end"
            await site.settle(4000)
            assert site.applied == 16, "and then what the contract leaves in silence, which is not nothing"

    played(play)


@pytest.mark.proves("VE18", "P12")
@pytest.mark.parametrize("code", ["452", "463", "500", "999"])
def test_a_vtn_that_only_refuses_is_heard_and_lifts_no_limit(code: str) -> None:
    async def play(site: Site) -> None:
        wire = Line(site.vtn, site.diary)
        site.wire = wire
        site.vtn.offer(event(minutes=30))
        async with site.ven():
            await site.settle(60)
            wire.fails = lambda: response(code)
            await site.settle(1700)
            assert site.applied == LIMIT

    played(play)
