"""The newest limit reaches the charger, whatever the driver does."""

import asyncio
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

import pytest

from oadr.charging.limit import Limit, Source
from tests.ven.stage import EVSE_1, RATING
from tests.ven.virtual import run
from ven.actuator import DEADLINE, MAX_STUCK, RETRY_AFTER, Actuator


def limit(amps: int, until: datetime | None = None) -> Limit:
    return Limit(Decimal(amps), Decimal(amps) * 100 / 32, Source.SUPPLY_LIMIT, "E1", until)


class Charger:
    """Does with each call what its script says, then obeys; remembers when it was called and what it took."""

    resource_id = EVSE_1
    rating = RATING

    def __init__(self, *script: object) -> None:
        self.script = list(script)
        self.calls: list[tuple[float, int | None]] = []
        self.took: list[int | None] = []
        self.heard: list[str] = []
        self.released = False

    async def apply(self, limit: Limit | None) -> None:
        amps = int(limit.amps) if limit else None
        self.calls.append((asyncio.get_running_loop().time(), amps))
        match self.script.pop(0) if self.script else None:
            case "hang":
                await asyncio.sleep(3600)
            case "cling":
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(3600)
                await asyncio.sleep(30)
            case "never":
                while not self.released:
                    with suppress(asyncio.CancelledError):
                        await asyncio.sleep(3600)
            case float() | int() as seconds:
                await asyncio.sleep(seconds)
            case BaseException() as error:
                raise error
        self.took.append(amps)


async def control(charger: Charger, *wishes: tuple[float, Limit | None], seconds: float = 60) -> Actuator:
    """Wishes come at their seconds; returns after so many."""
    actuator = Actuator(charger, charger.heard.append)
    task = asyncio.create_task(actuator.run())
    began = asyncio.get_running_loop().time()
    for second, wish in wishes:
        if (wait := began + second - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(wait)
        actuator.want(wish)
    await asyncio.sleep(began + seconds - asyncio.get_running_loop().time())
    task.cancel()
    await asyncio.wait((task,))
    charger.released = True
    return actuator


def test_a_wish_is_applied_once() -> None:
    charger = Charger()
    actuator = run(control(charger, (0, limit(16)), (1, limit(16)), (2, None), (3, None)))
    assert charger.calls == [(0, 16), (2, None)]
    assert actuator.applied


@pytest.mark.proves("VE11", "P5")
@pytest.mark.parametrize(
    "failure",
    [
        ConnectionError("gone"),
        ValueError(),
        asyncio.CancelledError(),
        TimeoutError(),
        ExceptionGroup("", [OSError()]),
    ],
)
def test_whatever_a_driver_raises_it_is_asked_again_until_it_obeys(failure: BaseException) -> None:
    charger = Charger(failure, failure)
    actuator = run(control(charger, (0, limit(16))))
    assert [at for at, _ in charger.calls] == [0, RETRY_AFTER, 2 * RETRY_AFTER]
    assert charger.took == [16]
    assert (actuator.applied, actuator.trouble) == (True, None)


@pytest.mark.proves("VE11")
def test_a_charger_that_does_not_obey_is_told_once_and_never_called_applied() -> None:
    charger = Charger(*[ConnectionError("gone")] * 100)
    actuator = run(control(charger, (0, limit(16)), seconds=30))
    assert charger.heard == ["evse-1 does not take its limit: ConnectionError: gone"]
    assert not actuator.applied
    assert actuator.trouble == "ConnectionError: gone"


@pytest.mark.proves("VE11")
def test_a_driver_that_hangs_is_abandoned_and_asked_again() -> None:
    charger = Charger("hang")
    run(control(charger, (0, limit(16))))
    assert charger.calls == [(0, 16), (DEADLINE + RETRY_AFTER, 16)]


@pytest.mark.proves("P2")
@pytest.mark.parametrize("busy", ["hang", 2.0, ConnectionError()])
def test_an_outdated_wish_is_abandoned_at_once(busy: object) -> None:
    charger = Charger(busy)
    run(control(charger, (0, limit(16)), (0.5, limit(0))))
    assert charger.calls == [(0, 16), (0.5, 0)]
    assert charger.took == [0]


def test_what_was_overtaken_before_it_began_is_never_sent() -> None:
    charger = Charger()
    run(control(charger, (0, limit(16)), (0, limit(12)), (0, limit(6))))
    assert charger.calls == [(0, 6)]


@pytest.mark.proves("P2")
def test_a_driver_that_does_not_let_go_holds_up_no_newer_limit_and_its_late_word_is_not_the_last() -> None:
    charger = Charger("cling")
    actuator = run(control(charger, (0, limit(16)), (1, limit(0))))
    assert charger.calls[1][0] < 1.05
    assert charger.took == [0, 16, 0]
    assert actuator.applied


def test_a_driver_that_never_returns_does_not_pile_up_calls() -> None:
    charger = Charger(*["never"] * 100)
    actuator = run(control(charger, (0, limit(16)), seconds=600))
    assert len(charger.calls) == MAX_STUCK
    assert not actuator.applied
    assert actuator.trouble == "the driver does not return"
