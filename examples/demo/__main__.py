"""`python -m examples.demo [--stay]`. Exit code 0 only if every meter showed its limit and the record was verified."""

import argparse
import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from examples.demo.programs import Failed, Programs
from examples.demo.screen import Screen, screen
from examples.demo.story import Story, fresh, write_result
from examples.demo.town import FEEDER, Town

FOLDER: Final = Path(".demo")


async def demo(show: Screen, stay: bool) -> bool:
    """Whether all went as it should."""
    begun = time.monotonic()
    town = fresh(FOLDER.resolve())
    async with Programs(town.folder) as programs:
        story = Story(town, programs, show)
        try:
            await story.tell()
        except Failed as error:
            show.say(f"The demo failed: {error}")
            write_result(town, {**story.figures, "ok": False})
            return False
        figures = {**story.figures, "seconds": round(time.monotonic() - begun, 1)}
        figures["ok"] = figures["every_chargepoint_within_its_limit"] and figures["ledger_verified"]
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
        lines.append(f"  ven status --config {where}/Dairy_Depot.toml")
    else:
        lines.append("  make demo STAY=1      # the same, and the programs go on until Ctrl-C")
    return "\n" + "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--stay", action="store_true", help="leave the programs running until Ctrl-C")
    arguments = parser.parse_args()
    ok = True
    with suppress(KeyboardInterrupt), screen() as show:
        ok = asyncio.run(demo(show, arguments.stay))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
