"""`python -m examples.demo [--scenario fleet] [--stay]`. Exit code 0 only if every chargepoint did as it should.

By default that is: every meter showed its limit. In the scenario "fleet" chargers are of all kinds, and what comes of
each is known beforehand. In both the record must be verified.
"""

import argparse
import asyncio
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from examples.demo.fleet import SITE, Fleet
from examples.demo.programs import Failed, Programs
from examples.demo.screen import Screen, screen
from examples.demo.story import Story, fresh, write_result
from examples.demo.town import FEEDER, PLACES, Place, Town

FOLDER: Final = Path(".demo")


@dataclass(frozen=True, slots=True)
class Scenario:
    story: type[Story]
    places: tuple[Place, ...]
    verdict: str
    """The figure that says whether the chargepoints did as they should."""


SCENARIOS: Final = {
    "street": Scenario(Story, PLACES, "every_chargepoint_within_its_limit"),
    "fleet": Scenario(Fleet, (SITE,), "each_as_expected"),
}


async def demo(show: Screen, scenario: Scenario, stay: bool) -> bool:
    """Whether all went as it should."""
    begun = time.monotonic()
    town = fresh(FOLDER.resolve(), scenario.places)
    async with Programs(town.folder) as programs:
        story = scenario.story(town, programs, show)
        try:
            await story.tell()
        except Failed as error:
            show.say(f"The demo failed: {error}")
            write_result(town, {**story.figures, "ok": False})
            return False
        figures = {**story.figures, "seconds": round(time.monotonic() - begun, 1)}
        figures["ok"] = figures[scenario.verdict] and figures["ledger_verified"]
        write_result(town, figures)
        show.say(_goodbye(town, stay))
        if stay:
            await asyncio.Event().wait()
    return bool(figures["ok"])


def _goodbye(town: Town, stay: bool) -> str:
    where = FOLDER
    lines = [
        f"Figures: {where}/result.json. Logs, certificates, state and record: {where}.",
        "Next, with .venv/bin in front of each command or on the PATH:",
        f"  ledger verify {where}/{town.record.name}",
        f"  vtn events --config {where}/{town.vtn.name}",
        f"  vtn limit {FEEDER} --percent 20 --for 1m --reason 'a try' --config {where}/{town.vtn.name} --preview",
    ]
    if stay:
        lines.append(
            "All programs still run; Ctrl-C ends them. Order something in another terminal, and watch:"
        )
        lines.append(f"  ven status --config {where}/{town.places[-1].ven_id}.toml")
    else:
        lines.append("  make demo STAY=1      # the same, and the programs go on until Ctrl-C")
    return "\n" + "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--scenario", choices=SCENARIOS, default="street", help="what is shown")
    parser.add_argument("--stay", action="store_true", help="leave the programs running until Ctrl-C")
    arguments = parser.parse_args()
    ok = True
    with suppress(KeyboardInterrupt), screen() as show:
        ok = asyncio.run(demo(show, SCENARIOS[arguments.scenario], arguments.stay))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
