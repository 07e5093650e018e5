"""`python -m examples.replay`: four weeks of recorded charging, with and without a load shift on every working day.

Nothing is waited for, and nothing goes over a network: about a minute on one core, and twice that with `--docs`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from examples.replay import page, table
from examples.replay.chart import svg
from examples.replay.operator import Plan
from examples.replay.recording import DATA, DAYS, days_from_first, outlets
from examples.replay.result import Result, replay
from oadr.wire.schema import Schema, installed_folder
from vtn.commands import typed
from vtn.model.errors import Impossible

T = TypeVar("T")

PERCENT: Final = Decimal(60)
BEGINS: Final = time(7)
LENGTH: Final = timedelta(hours=5)
LONGEST: Final = timedelta(hours=12)
OTHERS: Final = ((Decimal(60), timedelta(hours=3)), (Decimal(40), timedelta(hours=3)), (Decimal(40), LENGTH))
"""What the page compares it with."""
EVENING: Final = (Decimal(30), time(17), timedelta(hours=4))
"""When most streets have their peak; on the page it stands beside the morning of these workplaces."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.docs and asked.days != DAYS:
        parser.error("--docs: the page is about all of the days")
    days = days_from_first(asked.days)
    plans = [Plan.of(asked.percent, asked.begins, asked.length, days)]
    if asked.docs:
        plans += [Plan.of(percent, asked.begins, length, days) for percent, length in OTHERS]
        plans.append(Plan.daily(*EVENING, days))
    folder = installed_folder()
    schema = Schema(folder) if folder else None
    results = tuple(replay(outlets(DATA, asked.days), plans, days, asked.seed, schema))
    sys.stdout.write(results[0].as_json() if asked.json else f"{_told(results[0])}\n")
    if asked.out:
        _write(asked.out, results[0])
    if asked.docs:
        page.renew(page.FOLDER, results[:-1], results[-1])
    return 0


def _told(result: Result) -> str:
    drawing = result.drawing()
    return f"{drawing.title}: {drawing.caption}\n\n{table.plain(page.weeks(result))}\n\n{drawing.description}"


def _write(folder: Path, result: Result) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "load-shift.json").write_text(result.as_json(), encoding="utf-8")
    (folder / page.PICTURE).write_text(svg(result.drawing()), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.replay", description=__doc__)
    add = parser.add_argument
    add("--days", type=_days, default=DAYS, help=f"how many of the {DAYS}, from a Monday on")
    add(
        "--percent",
        type=_percent,
        default=PERCENT,
        help="of the rated current, which stays allowed (%(default)s)",
    )
    add("--from", dest="begins", type=time.fromisoformat, default=BEGINS, help="local time (%(default)s)")
    add("--for", dest="length", type=_span, default=LENGTH, help="3h, 90m (%(default)s)")
    add("--seed", type=int, default=1, help="of everything that chance decides")
    add("--json", action="store_true", help="the figures as JSON in place of a table")
    add("--out", type=Path, help="a folder for load-shift.json and load-shift.svg")
    add(
        "--docs",
        action="store_true",
        help="renew docs/load-shift.md and docs/load-shift.svg, other plans beside it",
    )
    return parser


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= DAYS:
        raise argparse.ArgumentTypeError(f"1 to {DAYS}")
    return days


def _percent(text: str) -> Decimal:
    percent = _typed(typed.percent, text)
    if not 0 <= percent <= 100:
        raise argparse.ArgumentTypeError("0 to 100")
    return percent


def _span(text: str) -> timedelta:
    span = _typed(lambda text: typed.span(text, "it"), text)
    if not timedelta(minutes=15) <= span <= LONGEST:
        raise argparse.ArgumentTypeError("15m to 12h")
    return span


def _typed(read: Callable[[str], T], text: str) -> T:
    """As the operator's own command line reads it."""
    try:
        return read(text)
    except Impossible as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
