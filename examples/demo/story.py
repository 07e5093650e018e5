"""What happens in the demo, in the order in which it happens."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from examples.demo.feeder import Feeder, look
from examples.demo.programs import Failed, Programs
from examples.demo.screen import Screen
from examples.demo.town import (
    FEEDER,
    LIMITED_SECONDS,
    OUTLETS,
    PERCENT,
    PLACES,
    RAMP_SECONDS,
    RATING_KW,
    RESTORE_SECONDS,
    Place,
    Town,
    free_port,
)

LOOK_EVERY: Final = 1.0
PATIENCE: Final = 60.0
"""Seconds that any one step may take before the demo gives up."""
WATCHED_BEFORE: Final = 6
SETTLED: Final = 10
"""Seconds: for how long the feeder is watched before the order, and how long after it every meter must show it."""


@dataclass(slots=True)
class Story:
    """The programs, where they live, and what was seen of them."""

    town: Town
    programs: Programs
    screen: Screen
    figures: dict[str, Any] = field(default_factory=dict)
    over_at: float = 0.0
    """When the limitation ends, on the monotonic clock."""

    opening: ClassVar[str] = "A PKI of its own, three sites, twelve chargepoints."

    async def tell(self) -> None:
        """From an empty folder to a verified record. Raises `Failed`."""
        await self._build()
        await self._watch("cars are charging", seconds=WATCHED_BEFORE)
        intervention = await self._limit()
        await self._restore()
        await self._prove(intervention)

    # --- the steps ---

    async def _build(self) -> None:
        town, programs = self.town, self.programs
        self.screen.say(self.opening)
        await programs.run("certs", "init", "--dir", town.pki)
        certificates: dict[str, str] = {}
        for place in town.places:
            issued = await programs.ask("certs", "issue", "ven", place.ven_id, "--dir", town.pki)
            certificates[place.ven_id] = issued["sha256"]
        town.write(certificates)
        await self._vtn("feeders", "import", town.network)
        await programs.stay("vtn", "vtn", "serve", "--config", town.vtn)
        for place in town.places:
            await programs.stay(place.ven_id, "ven", "run", "--config", town.ven(place))
        vens = "one VEN" if len(town.places) == 1 else f"{len(town.places)} VENs"
        self.screen.say(f"The VTN and {vens} run, each a process, over mutual TLS on 127.0.0.1.")
        await self._until(lambda feeder: feeder.registered == len(town.places), "the sites register")
        await self._until(self.is_ready, "cars plug in")

    def is_ready(self, feeder: Feeder) -> bool:
        """Whether every car that can be seen is charging."""
        return all(one.watts for one in feeder.chargepoints)

    async def _limit(self) -> str:
        before = look(self.town)
        load = before.kilowatts
        reason = f"{FEEDER} at {load / RATING_KW:.0%} of its rating, no other means left"
        self.screen.say()
        self.screen.say(f"{load:.1f} kW on a feeder rated {RATING_KW} kW. The operator limits it:")
        self._type(f"limit {FEEDER} --percent {PERCENT} ... --preview")
        preview = (
            "limit",
            FEEDER,
            "--percent",
            str(PERCENT),
            "--for",
            f"{LIMITED_SECONDS}s",
            "--reason",
            reason,
        )
        self.screen.say(await self._vtn(*preview, "--preview"))
        self._type(
            f"limit {FEEDER} --percent {PERCENT} --for {LIMITED_SECONDS}s --yes --reason '{reason}'",
            shortened="in earnest it would be half an hour",
        )
        ordered_at = time.monotonic()
        self.over_at = ordered_at + LIMITED_SECONDS
        given = await self._ask(
            *preview,
            "--yes",
        )
        intervention: str = given["intervention"]["intervention"]
        await self._until(
            lambda feeder: feeder.limited == len(OUTLETS) and feeder.is_within,
            f"{intervention} is carried out",
        )
        self.figures["seconds_from_order_to_all_meters"] = round(time.monotonic() - ordered_at, 1)
        await self._watch("limited", seconds=SETTLED)
        during = look(self.town)
        self._remember(before, during)
        self._tell_chargepoints(during)
        await self._tell_answers(intervention)
        self.figures["intervention"] = intervention
        return intervention

    async def _restore(self) -> None:
        while time.monotonic() < self.over_at:
            await self._watch("limited", seconds=1)
        self.screen.say()
        self.screen.say(
            f"It is over. Each chargepoint waits up to {RESTORE_SECONDS} s, drawn at random, then rises a step every "
            f"{RAMP_SECONDS} s (in earnest 600 s and 60 s), so that the street does not come back as one."
        )
        await self._until(lambda feeder: feeder.limited == 0, "released at random, step by step")
        await self._watch("back", seconds=2)
        self.figures["kilowatts_after"] = float(round(look(self.town).kilowatts, 2))

    async def _prove(self, intervention: str) -> None:
        await self._recorded(intervention)
        self.screen.say()
        self._type(f"report {intervention}")
        self.screen.say(await self._vtn("report", intervention))
        report = await self._ask("report", intervention)
        self.figures["report"] = report
        await self._vtn("ledger", "export", self.town.record)
        verified = await self.programs.ask("ledger", "verify", self.town.record)
        self.figures["ledger"] = verified
        self.figures["ledger_verified"] = verified["believed"] and verified["unsealed"] == 0
        self.screen.say(await self.programs.run("ledger", "verify", self.town.record))

    # --- parts of them ---

    async def _recorded(self, intervention: str) -> None:
        """The server closes an intervention once late reports have had their time."""
        async with asyncio.timeout(PATIENCE):
            while not (await self._ask("report", intervention))["recorded_at"]:
                self.screen.show(look(self.town), "the result goes into the record")
                await asyncio.sleep(LOOK_EVERY)

    def _remember(self, before: Feeder, during: Feeder) -> None:
        self.figures |= {
            "feeder": FEEDER,
            "rating_kilowatts": RATING_KW,
            "percent": PERCENT,
            "kilowatts_before": float(round(before.kilowatts, 2)),
            "kilowatts_limited": float(round(during.kilowatts, 2)),
            "every_chargepoint_within_its_limit": during.limited == len(OUTLETS) and during.is_within,
            "chargepoints": [
                {
                    "chargepoint": one.resource_id,
                    "rated_amps": one.rated,
                    "limit_amps": None if one.limit is None else float(one.limit.amps),
                    "measured_amps": None if one.amps is None else float(one.amps),
                }
                for one in during.chargepoints
            ],
            "power": "simulated power, real sessions",
        }

    def _tell_chargepoints(self, feeder: Feeder) -> None:
        for one in feeder.chargepoints:
            limit = "no limit" if one.limit is None else f"limit {one.limit.amps} A of {one.rated} A"
            drawn = "unknown" if one.amps is None else f"{one.amps:.1f} A"
            self.screen.say(f"  {one.resource_id:<10} {limit:<22} its meter says {drawn}")

    async def _tell_answers(self, intervention: str) -> None:
        report = await self._ask("report", intervention)
        answers = {one["site"]: one["opt"] or "no answer" for one in report["chargepoints"]}
        self.figures["answers"] = answers
        self.screen.say("Answers: " + ", ".join(f"{site} {opt}" for site, opt in sorted(answers.items())))

    def _type(self, command: str, shortened: str = "") -> None:
        self.screen.say(f"$ vtn {command}" + (f"      # {shortened}" if shortened else ""))

    async def _vtn(self, *arguments: str | Path) -> str:
        return await self.programs.run("vtn", *arguments, "--config", self.town.vtn)

    async def _ask(self, *arguments: str | Path) -> Any:
        return await self.programs.ask("vtn", *arguments, "--config", self.town.vtn)

    async def _watch(self, caption: str, seconds: int) -> None:
        for _ in range(seconds):
            self.screen.show(look(self.town), caption)
            await asyncio.sleep(LOOK_EVERY)

    async def _until(self, is_so: Callable[[Feeder], bool], caption: str) -> None:
        """Watch until it is so. Raises `Failed` when it takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not is_so(feeder := look(self.town)):
            if time.monotonic() > deadline:
                raise Failed(f"waited in vain: {caption}; the programs' logs are in {self.town.folder}")
            self.screen.show(feeder, caption)
            await asyncio.sleep(LOOK_EVERY / 2)
        self.screen.show(feeder, caption)


def fresh(folder: Path, places: tuple[Place, ...] = PLACES) -> Town:
    """An empty folder for a new demo; what an earlier one left is deleted."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Town(folder, free_port(), places)


def write_result(town: Town, figures: dict[str, Any]) -> None:
    (town.folder / "result.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
