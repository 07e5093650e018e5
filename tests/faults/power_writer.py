"""Writes events, opts and log entries into a state folder for ever, and says of each when it is safe."""

import os
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from oadr.wire.ids import EventId, OptId
from oadr.wire.messages.common import OptType, QualifiedEventId
from tests.ven.stage import SITE, Loaded, event, listing
from ven import events
from ven.disk import DiskJournal
from ven.events import HeldEvent
from ven.journal import Memory
from ven.opts import Opt
from ven.security_line import Kind
from ven.security_log import SecurityLog

LAST: Final = 12
"""So many events and opts are remembered at a time; older ones make room as they end."""
SMALL: Final = 16 * 1024
"""Bytes of a log file, so that one often follows another."""
AWAY: Final = "away"
"""Said where the disk has failed, and nothing is acknowledged."""
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


def number(name: str) -> int:
    """That of an event or opt by its name."""
    return int(name.partition("-")[2])


def write_for_ever(folder: Path, output: int, *, careless: bool) -> None:
    """Each line of `output` is a kind and a number: everything up to it was acknowledged.

    A `careless` one does not wait for the disk.
    """
    while True:
        try:
            _one_run(folder, output, careless=careless)
        except OSError:
            _say(output, AWAY, 0)


def _one_run(folder: Path, output: int, *, careless: bool) -> None:
    """It begins after what it finds. Raises `OSError` when the disk fails."""
    with closing(DiskJournal(folder)) as journal, closing(SecurityLog(folder, NOW, SMALL)) as log:
        memory = journal.load()
        if careless:
            journal._opened().execute("PRAGMA synchronous=NORMAL")
        count = number(memory.held[-1].event.event_id) if memory.held else 0
        if count and not (memory.opts and number(memory.opts[-1].opt_id) == count):
            memory = _with_opt(memory, count)  # the last life ended between the two
        while True:
            count += 1
            memory = replace(memory, held=(*memory.held, _event(count))[-LAST:])
            journal.save(memory)
            _say(output, "event", count)
            memory = _with_opt(memory, count)
            journal.save(memory)
            _say(output, "opt", count)
            _say(output, "log", log.append(Kind.TROUBLE, f"number {count}", NOW).number)


def _with_opt(memory: Memory, count: int) -> Memory:
    return replace(memory, opts=(*memory.opts, _opt(count))[-LAST:])


def _say(output: int, what: str, count: int) -> None:
    os.write(output, f"{what} {count}\n".encode())


def _event(count: int) -> HeldEvent:
    return events.merge((), listing(event(f"event-{count}")), SITE, NOW, Loaded()).held[0]


def _opt(count: int) -> Opt:
    about = QualifiedEventId(event_id=EventId(f"event-{count}"), modification_number=0)
    return Opt(
        opt_id=OptId(f"opt-{count}"), opt=OptType.OPT_IN, reason="participating", stated_at=NOW, event=about
    )
