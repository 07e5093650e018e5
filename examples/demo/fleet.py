"""The scenario "fleet": chargers as they are in the field. One obeys; the others lie, dawdle, refuse, or are not there.

Everybody pauses first, and a little later the feeder is eased to 40 %: some chargers discard what they are told
during a pause. What has become of each is read twice: in the site's own log, and in the operator's report.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from examples.demo.feeder import Feeder, look
from examples.demo.story import LOOK_EVERY, Story
from examples.demo.town import FEEDER, PERCENT, Outlet, Place

PAUSED_SECONDS: Final = 14
LIMITED_SECONDS: Final = 75
"""In all."""
FOUND: Final = "the limit: "


@dataclass(frozen=True, slots=True)
class Kind:
    """A behaviour, and what must come of it."""

    behaviour: str
    expected: str
    """For people."""
    finding: frozenset[str]
    """One of these is the site's own, at the end."""
    steps: tuple[str, ...]
    """What the site had to do beyond asking once, in order."""
    acted: str | None
    """By the operator's report; None: it is not counted, since the site has said that it is out of order."""
    may_breach: bool = False
    """Whether the report shows it above its limit for some of the time."""

    @property
    def resource_id(self) -> str:
        return self.behaviour


HELD: Final = frozenset({"holds", "already-below"})
KINDS: Final = (
    Kind("obedient", "holds", HELD, (), "commanded"),
    Kind(
        "liar",
        "found by its meter, and switched off",
        HELD,
        ("repeat", "other_method", "pause", "disable"),
        "commanded",
        may_breach=True,
    ),
    Kind("slow", "late", HELD, ("repeat",), "commanded"),
    Kind("resumes-unlimited", "told again", HELD, ("repeat",), "commanded", may_breach=True),
    Kind("watts-only", "told in watts", HELD, ("repeat", "other_method"), "commanded"),
    Kind(
        "offline",
        "failed, and told the operator",
        frozenset({"failed"}),
        ("repeat", "other_method", "pause", "disable", "given_up"),
        None,
    ),
    Kind("meterless", "cannot be verified", frozenset({"unverifiable"}), (), "unverifiable"),
)
SITE: Final = Place(
    "Fleet_Street",
    "fleet street",
    tuple(Outlet(one.resource_id, 32, 3, None, 32, behaviour=one.behaviour, slow_by=9) for one in KINDS),
    restore_seconds=0,
    ramp_seconds=0,
    contract="may_disable = true",
)
OUT_OF_ORDER: Final = "outageRunStatus"
UNSEEN: Final = frozenset({"offline", "meterless"})
"""Whose meters nobody can read."""


class Fleet(Story):
    """One site with a charger of each kind."""

    opening = "A PKI of its own, one site, a chargepoint of each kind."

    async def tell(self) -> None:
        await self._build()
        await self._watch("cars are charging", seconds=3)
        intervention = await self._order()
        await self._until_over()
        await self._prove(intervention)
        self._judge()

    def is_ready(self, feeder: Feeder) -> bool:
        return all(one.watts for one in feeder.chargepoints if one.resource_id not in UNSEEN)

    async def _order(self) -> str:
        reason = f"{FEEDER}: a cable is about to fail"
        self.screen.say()
        self.screen.say(f"{look(self.town).kilowatts:.1f} kW, as far as meters show. Everybody is to pause:")
        ordered = ("limit", FEEDER, "--percent", "0", "--for", f"{LIMITED_SECONDS}s", "--reason", reason)
        self._type(f"limit {FEEDER} --percent 0 --for {LIMITED_SECONDS}s --yes --reason '{reason}'")
        self.over_at = time.monotonic() + LIMITED_SECONDS
        given = await self._ask(*ordered, "--yes")
        intervention: str = given["intervention"]["intervention"]
        await self._watch("paused", seconds=PAUSED_SECONDS)
        reason = "the cable is relieved"
        self._type(f"change {intervention} --percent {PERCENT} --yes --reason '{reason}'")
        await self._ask("change", intervention, "--percent", str(PERCENT), "--reason", reason, "--yes")
        self.figures |= {"feeder": FEEDER, "percent": PERCENT, "intervention": intervention}
        return intervention

    async def _until_over(self) -> None:
        while time.monotonic() < self.over_at - 1:
            self.screen.show(look(self.town), f"limited to {PERCENT} %")
            await asyncio.sleep(LOOK_EVERY)
        self.figures["courses"] = {
            name: [[finding, step] for finding, step in course] for name, course in self._courses().items()
        }

    def _courses(self) -> dict[str, list[tuple[str, str]]]:
        """What the site has found of each chargepoint, and what it did about it, in order."""
        found: dict[str, list[tuple[str, str]]] = {one.resource_id: [] for one in KINDS}
        for line in self._log():
            if str(line.get("event", "")).startswith(FOUND):
                found[line["chargepoint"]].append((line["event"].removeprefix(FOUND), line["measure"]))
        return found

    def _log(self) -> Iterator[dict[str, Any]]:
        text = (self.town.folder / f"{SITE.ven_id}.log").read_text(encoding="utf-8")
        for line in text.splitlines():
            if line.startswith("{"):
                yield json.loads(line)

    # --- the verdict ---

    def _judge(self) -> None:
        told = {one["chargepoint"]: one for one in self.figures["report"]["chargepoints"]}
        verdicts = [self._verdict(kind, told[kind.resource_id]) for kind in KINDS]
        self.figures["chargepoints"] = verdicts
        self.figures["each_as_expected"] = all(one["as_expected"] for one in verdicts)
        self.screen.say()
        for kind, one in zip(KINDS, verdicts, strict=True):
            mark = "as expected" if one["as_expected"] else "NOT AS EXPECTED"
            steps = ", ".join(one["steps"]) or "asked once"
            self.screen.say(
                f"  {kind.behaviour:<18} {kind.expected:<38} {one['finding']:<13} {steps:<50} "
                f"report: {one['acted'] or one['opt_reason']:<16} {mark}"
            )

    def _verdict(self, kind: Kind, told: dict[str, Any]) -> dict[str, Any]:
        course = self.figures["courses"][kind.resource_id]
        steps = tuple(dict.fromkeys(step for _, step in course if step != "ask"))
        finding = course[-1][0] if course else "none"
        compliance = told["compliance"] or {}
        acted, percent = compliance.get("acted"), compliance.get("compliance_percent")
        is_found = finding in kind.finding and steps == kind.steps
        is_reported = acted == kind.acted and (told["opt_reason"] == OUT_OF_ORDER) == (kind.acted is None)
        is_judged = percent is not None if kind.acted == "commanded" else percent is None
        is_kept = kind.may_breach or percent in (None, 100)
        return {
            "chargepoint": kind.resource_id,
            "expected": kind.expected,
            "finding": finding,
            "steps": steps,
            "acted": acted,
            "compliance_percent": percent,
            "opt": told["opt"],
            "opt_reason": told["opt_reason"],
            "as_expected": is_found and is_reported and is_judged and is_kept,
        }
