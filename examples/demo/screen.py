"""How the demo shows itself: a table that moves on a terminal, plain lines everywhere else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from examples.demo.feeder import Feeder, Seen
from examples.demo.town import FEEDER, FEEDER_NAME, RATING_KW

BAR: Final = 50
READABLE: Final = 1.5
"""Seconds between two lines."""


class Screen(Protocol):
    def say(self, text: str = "") -> None:
        """A sentence of the story."""

    def show(self, feeder: Feeder, caption: str) -> None:
        """The feeder as it is now."""


class Lines:
    """For a log: a line whenever there is something new to see, but not faster than one can read."""

    def __init__(self) -> None:
        self._last = ""
        self._at = 0.0

    def say(self, text: str = "") -> None:
        print(text, flush=True)

    def show(self, feeder: Feeder, caption: str) -> None:
        amps = " ".join("-" if one.amps is None else f"{one.amps:.1f}" for one in feeder.chargepoints)
        line = f"  {feeder.kilowatts:6.1f} of {RATING_KW} kW | A: {amps} | {caption}"
        if line != self._last and time.monotonic() - self._at > READABLE:
            print(line, flush=True)
            self._last, self._at = line, time.monotonic()


class Moving:
    """For a terminal: the story scrolls above a table that is always of now."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def say(self, text: str = "") -> None:
        self._live.console.print(escape(text), highlight=False)

    def show(self, feeder: Feeder, caption: str) -> None:
        self._live.update(Group(_bar(feeder, caption), _table(feeder)))


@contextmanager
def screen() -> Iterator[Screen]:
    console = Console()
    if not console.is_terminal:
        yield Lines()
        return
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        yield Moving(live)


def _bar(feeder: Feeder, caption: str) -> Text:
    """The rating stands at four fifths of the bar."""
    scale = Decimal(RATING_KW) / Decimal("0.8")
    filled = min(BAR, int(feeder.kilowatts / scale * BAR))
    colour = "red" if feeder.kilowatts > RATING_KW else "green"
    return Text.assemble(
        f"{FEEDER} {FEEDER_NAME}  ",
        ("█" * filled, colour),
        "░" * (BAR - filled),
        f"  {feeder.kilowatts:.1f} of {RATING_KW} kW  ",
        (caption, "bold"),
    )


def _table(feeder: Feeder) -> Table:
    table = Table(expand=False)
    table.add_column("site")
    table.add_column("chargepoint")
    for heading in ("rated A", "limit A", "drawn A", "kW"):
        table.add_column(heading, justify="right")
    table.add_column("by whom, until when")
    before = ""
    for one in feeder.chargepoints:
        table.add_row(*_row(one, one.site if one.site != before else ""))
        before = one.site
    return table


def _row(one: Seen, site: str) -> tuple[str | Text, ...]:
    limit = one.limit
    drawn = "-" if one.amps is None else f"{one.amps:.1f}"
    until = f" until {limit.until:%H:%M:%S} UTC" if limit and limit.until else ""
    return (
        site,
        one.resource_id,
        str(one.rated),
        "" if limit is None else f"{limit.amps}",
        Text(drawn, style="green" if one.is_within else "red"),
        "-" if one.watts is None else f"{one.watts / 1000:.1f}",
        "" if limit is None else f"{limit.source}{until}",
    )
