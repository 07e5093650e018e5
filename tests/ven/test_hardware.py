"""Chargers that lie, hang, refuse, obey late and lose their meters are held to their limits; time is virtual."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.charging.limit import Limit, Source
from tests.ven.stage import EVSE_1, RATING
from tests.ven.virtual import VirtualClock, run
from ven.contract import Contract
from ven.driver import Measurement
from ven.hardware import Hardware
from ven.news import Enforced
from ven.verify import Finding, Measure

LIMIT = Limit(Decimal("12.8"), Decimal(40), Source.SUPPLY_LIMIT, "E1", None)
SHIFT = replace(LIMIT, source=Source.LOAD_SHIFT)
STRICT = Contract(may_disable=True)
FULL = Decimal(32)


class Charger:
    """A car that takes all it is allowed. Obeys, if `obeys` says so of what it is told; remembers what it was told."""

    resource_id = EVSE_1
    rating = RATING

    def __init__(self) -> None:
        self.obeys: Callable[[], Awaitable[bool]] = _gladly
        self.allowed = FULL
        self.has_meter = True
        self.frozen: Decimal | None = None
        self.is_on = True
        self.told: list[tuple[int, str]] = []

    def note(self, what: str) -> None:
        self.told.append((round(asyncio.get_running_loop().time()), what))

    @property
    def amps(self) -> Decimal:
        return self.allowed if self.is_on else Decimal(0)

    async def apply(self, limit: Limit | None) -> None:
        self.note(f"{limit.amps} A" if limit else "no limit")
        if await self.obeys():
            self.allowed = limit.amps if limit else FULL

    async def measure(self) -> Measurement:
        if not self.has_meter:
            raise ConnectionError("no meter")
        amps = self.amps if self.frozen is None else self.frozen
        return Measurement((amps,) * 3, amps * 690, Decimal(0))


class Switched(Charger):
    async def disable(self) -> None:
        self.note("off")
        self.is_on = False

    async def enable(self) -> None:
        self.note("on")
        self.is_on = True


class InWatts(Charger):
    """Firmware that knows watts only."""

    async def apply(self, limit: Limit | None) -> None:
        if limit is not None:
            self.note("refused")
            raise ValueError("unit A is not supported")
        await super().apply(limit)

    async def apply_otherwise(self, limit: Limit) -> None:
        self.note(f"{limit.amps * 690:.0f} W")
        if await self.obeys():
            self.allowed = limit.amps


class Both(Switched):
    """Everything that a charger may be able to do."""

    async def apply_otherwise(self, limit: Limit) -> None:
        self.note("otherwise")
        if await self.obeys():
            self.allowed = limit.amps


async def _at(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _gladly() -> bool:
    return True


async def _never() -> bool:
    return False


async def _fails() -> bool:
    raise ConnectionError("gone")


async def _hangs() -> bool:
    await asyncio.sleep(3600)
    return True


@dataclass
class Bench:
    """One chargepoint under its own hardware; seconds are those since the start."""

    charger: Charger
    contract: Contract = field(default_factory=Contract)
    every: timedelta = timedelta(seconds=1)
    found: list[tuple[int, Finding, Measure]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    readings: list[Measurement | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.hardware = Hardware(
            [self.charger],
            self.contract,
            self.clock,
            self.every,
            self.troubles.append,
            self._found,
            self._read,
        )

    def _found(self, item: Enforced) -> None:
        self.found.append((round(asyncio.get_running_loop().time()), item.finding, item.measure))

    def _read(self, _: object, reading: Measurement | None) -> None:
        self.readings.append(reading)

    def order(self, limit: Limit | None) -> None:
        self.hardware.apply(EVSE_1, limit)

    @property
    def finding(self) -> Finding:
        return self.hardware.checks[EVSE_1].finding

    @property
    def steps(self) -> list[tuple[int, Measure]]:
        """When each step was taken."""
        taken = [(second, measure) for second, _, measure in self.found]
        return [
            one
            for count, one in enumerate(taken)
            if one[1] != (taken[count - 1][1] if count else Measure.ASK)
        ]

    @property
    def ends(self) -> list[Finding]:
        return [finding for _, finding, _ in self.found]


def played(bench: Callable[[], Bench], acts: Callable[[Bench], Awaitable[None]]) -> Bench:
    """Nobody limits for ten seconds, and then the acts begin."""

    async def main() -> Bench:
        made = bench()
        made.order(None)
        works = [*made.hardware.control(), *made.hardware.meters()]
        tasks = [asyncio.create_task(_at(work)) for _, work in works]
        await asyncio.sleep(9.6)
        made.charger.told.clear()
        try:
            await acts(made)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        return made

    return run(main())


def limited(
    charger: type[Charger],
    obeys: Callable[[], Awaitable[bool]] = _gladly,
    *,
    limit: Limit = LIMIT,
    seconds: float = 60,
    contract: Contract = STRICT,
    **bench: Any,
) -> Bench:
    """The course of one limit that comes at ten seconds."""

    async def acts(made: Bench) -> None:
        made.charger.obeys = obeys
        made.order(limit)
        await asyncio.sleep(seconds)

    return played(lambda: Bench(charger(), contract, **bench), acts)


@pytest.mark.proves("W56")
def test_who_obeys_holds_after_three_samples() -> None:
    bench = limited(Charger)
    assert bench.found == [(10, Finding.SETTLING, Measure.ASK), (12, Finding.HOLDS, Measure.ASK)]
    assert bench.charger.told == [(10, "12.8 A")]
    assert bench.hardware.unable == frozenset()


@pytest.mark.proves("W56", "VE11")
def test_a_liar_is_found_in_less_than_ten_seconds_and_meets_one_step_after_the_other() -> None:
    bench = limited(Both, _never)
    assert bench.steps == [
        (17, Measure.REPEAT),
        (24, Measure.OTHER_METHOD),
        (31, Measure.PAUSE),
        (38, Measure.DISABLE),
    ]
    assert bench.charger.told == [
        (10, "12.8 A"),
        (17, "12.8 A"),
        (24, "otherwise"),
        (31, "otherwise"),
        (31, "0 A"),
        (38, "off"),
    ]
    assert bench.finding is Finding.HOLDS, "there is no current any more"


@pytest.mark.proves("VE11")
@pytest.mark.parametrize(
    ("limit", "contract", "charger"),
    [
        (SHIFT, STRICT, Switched),
        (LIMIT, Contract(), Switched),
        (LIMIT, replace(STRICT, severe_amps=Decimal(20)), Switched),
        (LIMIT, STRICT, Charger),
    ],
)
def test_nothing_is_switched_off_but_in_an_emergency_where_agreed_for_more_than_a_trifle(
    limit: Limit, contract: Contract, charger: type[Charger]
) -> None:
    bench = limited(charger, _never, limit=limit, contract=contract)
    assert bench.steps[-1][1] is Measure.GIVEN_UP
    assert "off" not in dict(bench.charger.told).values()
    assert bench.charger.is_on
    assert bench.finding is Finding.FAILED
    assert bench.hardware.unable == frozenset(), "it says yes to everything, so it counts as following"


@pytest.mark.proves("VE11")
def test_an_emergency_switches_off_who_has_failed_in_a_load_shift() -> None:
    async def acts(bench: Bench) -> None:
        bench.charger.obeys = _never
        bench.order(SHIFT)
        await asyncio.sleep(60)
        assert (bench.finding, bench.charger.is_on) == (Finding.FAILED, True)
        bench.order(LIMIT)
        await asyncio.sleep(10)
        assert not bench.charger.is_on

    played(lambda: Bench(Switched(), STRICT), acts)


@pytest.mark.proves("VE11")
@pytest.mark.parametrize("silence", [_fails, _hangs])
def test_a_silent_charger_meets_a_step_every_five_seconds_and_is_never_called_held(
    silence: Callable[[], Awaitable[bool]],
) -> None:
    bench = limited(Charger, silence)
    assert [measure for _, measure in bench.steps] == [Measure.REPEAT, Measure.PAUSE, Measure.GIVEN_UP]
    seconds = [second for second, _ in bench.steps]
    assert [second - 10 for second in seconds] == pytest.approx([5, 10, 15], abs=1)
    assert not {Finding.HOLDS, Finding.ALREADY_BELOW} & set(bench.ends)
    assert bench.finding is Finding.FAILED
    assert bench.hardware.unable == {EVSE_1}
    assert len(bench.troubles) >= 1


@pytest.mark.proves("VE11")
def test_who_is_gone_with_its_meter_has_failed_and_holds_again_when_it_is_back() -> None:
    async def acts(bench: Bench) -> None:
        bench.charger.obeys, bench.charger.has_meter = _fails, False
        bench.order(LIMIT)
        await asyncio.sleep(120)
        assert bench.finding is Finding.FAILED
        bench.charger.obeys, bench.charger.has_meter = _gladly, True
        await asyncio.sleep(6)
        assert (bench.finding, bench.charger.amps) == (Finding.HOLDS, Decimal(0)), "the step stays: it pauses"
        assert bench.hardware.unable == frozenset()

    played(lambda: Bench(Charger()), acts)


def test_who_obeys_late_is_asked_twice_and_holds() -> None:
    async def late() -> bool:
        await asyncio.sleep(0)
        return asyncio.get_running_loop().time() > 16

    bench = limited(Charger, late)
    assert bench.steps == [(17, Measure.REPEAT)]
    assert bench.found[-1] == (20, Finding.HOLDS, Measure.REPEAT)


@pytest.mark.proves("VE10", "P15")
def test_a_meter_that_is_lost_is_unverifiable_after_ten_seconds_and_three_samples_are_evidence_again() -> (
    None
):
    async def acts(bench: Bench) -> None:
        bench.order(LIMIT)
        await asyncio.sleep(10)
        bench.charger.has_meter = False
        await asyncio.sleep(20)
        assert bench.finding is Finding.UNVERIFIABLE
        assert bench.charger.told == [(10, "12.8 A")], "the charger's own limit goes on"
        bench.charger.has_meter = True
        await asyncio.sleep(10)

    bench = played(lambda: Bench(Charger()), acts)
    lost, back = bench.found[-2:]
    assert (lost[1], back[1]) == (Finding.UNVERIFIABLE, Finding.HOLDS)
    assert 9 <= lost[0] - 20 <= 11
    assert back[0] - 40 == 2


@pytest.mark.proves("VE10", "P15")
def test_who_cannot_measure_is_unverifiable_from_the_first_moment_and_told_so() -> None:
    class Meterless:
        resource_id, rating = EVSE_1, RATING
        limit: Limit | None = None

        async def apply(self, limit: Limit | None) -> None:
            self.limit = limit

    async def main() -> tuple[list[Enforced], Meterless]:
        told: list[Enforced] = []
        charger = Meterless()
        clock = VirtualClock()
        hardware = Hardware(
            [charger], STRICT, clock, timedelta(seconds=1), lambda _: None, told.append, lambda *_: None
        )
        works = [*hardware.control(), *hardware.meters()]
        tasks = [asyncio.create_task(_at(work)) for _, work in works]
        hardware.apply(EVSE_1, LIMIT)
        await asyncio.sleep(120)
        for task in tasks:
            task.cancel()
        return told, charger

    told, charger = run(main())
    assert [(one.finding, one.measure) for one in told] == [(Finding.UNVERIFIABLE, Measure.ASK)]
    assert charger.limit == LIMIT


@pytest.mark.proves("P15")
def test_who_is_below_complies_at_the_instant_and_is_told_its_ceiling_all_the_same() -> None:
    async def acts(bench: Bench) -> None:
        bench.charger.allowed = Decimal(9)
        await asyncio.sleep(2)
        bench.charger.told.clear()
        bench.order(LIMIT)
        assert bench.ends == [Finding.ALREADY_BELOW]
        await asyncio.sleep(1)
        assert [what for _, what in bench.charger.told] == ["12.8 A"]

    played(lambda: Bench(Charger()), acts)


@pytest.mark.proves("VE11")
def test_who_resumes_at_full_power_is_told_again_within_seconds() -> None:
    """Some chargers discard what they are told during a pause."""

    class Forgetful(Charger):
        async def apply(self, limit: Limit | None) -> None:
            was_paused = self.allowed < 6
            await super().apply(limit)
            if was_paused and self.allowed >= 6:
                self.allowed = FULL

    async def acts(bench: Bench) -> None:
        bench.order(replace(LIMIT, amps=Decimal(0), percent=Decimal(0)))
        await asyncio.sleep(10)
        assert bench.finding is Finding.HOLDS
        bench.order(LIMIT)
        await asyncio.sleep(15)
        assert (bench.finding, bench.charger.amps) == (Finding.HOLDS, LIMIT.amps)

    bench = played(lambda: Bench(Forgetful()), acts)
    assert bench.charger.told == [(10, "0 A"), (20, "12.8 A"), (27, "12.8 A")]


@pytest.mark.proves("VE11")
def test_who_refuses_amps_is_told_watts() -> None:
    bench = limited(InWatts)
    assert bench.steps == [(15, Measure.REPEAT), (20, Measure.OTHER_METHOD)]
    assert bench.charger.told[-1] == (20, "8832 W")
    assert bench.finding is Finding.HOLDS


def test_a_step_stays_while_anything_limits_and_is_forgotten_when_nothing_does() -> None:
    async def acts(bench: Bench) -> None:
        bench.order(LIMIT)
        await asyncio.sleep(20)
        bench.order(replace(LIMIT, amps=Decimal(8), percent=Decimal(25)))
        await asyncio.sleep(1)
        assert bench.charger.told[-1] == (30, "5520 W")
        bench.order(None)
        await asyncio.sleep(1)
        bench.order(LIMIT)
        await asyncio.sleep(0.2)
        assert bench.charger.told[-2:] == [(31, "no limit"), (32, "refused")]

    played(lambda: Bench(InWatts()), acts)


@pytest.mark.proves("VE11")
def test_who_was_switched_off_gets_its_limit_first_and_then_its_supply() -> None:
    async def acts(bench: Bench) -> None:
        bench.charger.obeys = _never
        bench.order(LIMIT)
        await asyncio.sleep(60)
        bench.order(replace(LIMIT, amps=Decimal(16), percent=Decimal(50)))
        await asyncio.sleep(20)
        assert not bench.charger.is_on, "a limit that rises is still one"
        bench.charger.told.clear()
        bench.charger.obeys = _gladly
        bench.order(replace(SHIFT, source=Source.CALENDAR))
        await asyncio.sleep(1)
        assert [what for _, what in bench.charger.told] == ["12.8 A", "on"]
        assert (bench.charger.is_on, bench.charger.amps) == (True, LIMIT.amps)

    played(lambda: Bench(Switched(), STRICT), acts)


@pytest.mark.proves("VE11")
def test_a_contactor_that_welds_has_failed_and_stays_told_off() -> None:
    class Welded(Switched):
        async def disable(self) -> None:
            self.note("off")

    async def acts(bench: Bench) -> None:
        bench.charger.obeys = _never
        bench.order(LIMIT)
        await asyncio.sleep(60)
        assert bench.finding is Finding.FAILED
        bench.order(replace(LIMIT, amps=Decimal(8)))
        await asyncio.sleep(20)
        assert (bench.charger.told[-1][1], bench.finding) == ("off", Finding.FAILED)

    played(lambda: Bench(Welded(), STRICT), acts)


@pytest.mark.proves("VE11")
def test_an_outlet_that_was_left_off_is_switched_on_after_a_restart_once_the_charger_has_its_limit() -> None:
    async def main() -> list[str]:
        charger = Switched()
        charger.is_on = False
        bench = Bench(charger)
        script = iter([_fails, _gladly])

        async def obeys() -> bool:
            return await next(script)()

        charger.obeys = obeys
        bench.order(LIMIT)
        tasks = [asyncio.create_task(_at(work)) for _, work in bench.hardware.control()]
        await asyncio.sleep(5)
        for task in tasks:
            task.cancel()
        assert charger.is_on
        return [what for _, what in charger.told]

    assert run(main()) == ["12.8 A", "12.8 A", "on"]


@pytest.mark.proves("VE08")
@pytest.mark.parametrize("step", [timedelta(days=1), -timedelta(days=1), timedelta(minutes=10)])
def test_a_clock_that_is_set_changes_nothing_of_what_is_verified(step: timedelta) -> None:
    async def acts(bench: Bench) -> None:
        bench.charger.obeys = _never
        bench.order(LIMIT)
        await asyncio.sleep(2)
        bench.clock.step(step)
        await asyncio.sleep(25)

    bench = played(lambda: Bench(Charger()), acts)
    assert [second for second, _ in bench.steps] == pytest.approx([17, 24, 31], abs=1)


def test_an_answer_waits_for_the_charger_although_somebody_else_waits_for_it_already() -> None:
    """Two conversations may do so; the answer to the emergency is not the one that goes ahead."""

    async def slow() -> bool:
        await asyncio.sleep(0.5)
        return True

    async def acts(bench: Bench) -> None:
        bench.charger.obeys = slow
        bench.order(LIMIT)
        first = asyncio.create_task(bench.hardware.settled())
        await asyncio.sleep(0.1)
        await bench.hardware.settled()
        assert bench.charger.allowed == LIMIT.amps
        await first

    played(lambda: Bench(Charger()), acts)


def test_a_charger_that_hangs_is_waited_for_once_and_not_at_each_message() -> None:
    async def acts(bench: Bench) -> None:
        bench.charger.obeys = _hangs
        bench.order(LIMIT)
        began = asyncio.get_running_loop().time()
        await bench.hardware.settled()
        assert asyncio.get_running_loop().time() - began == pytest.approx(1)
        await bench.hardware.settled()
        assert asyncio.get_running_loop().time() - began == pytest.approx(1)

    played(lambda: Bench(Charger()), acts)
