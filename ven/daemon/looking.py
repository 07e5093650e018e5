"""The commands that look and change nothing: how the unit stands, what it can do, what an event would mean."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from oadr.wire import envelope
from oadr.wire.errors import PeerError
from oadr.wire.messages import DistributeEvent
from ven.clock import SystemClock
from ven.daemon import live, messages
from ven.daemon.capabilities import capabilities as capabilities_of
from ven.daemon.notdone import NotDone
from ven.daemon.options import instant, json_option, settings_of, with_settings
from ven.daemon.shown import words
from ven.daemon.simulate import simulate as simulated
from ven.daemon.status import fresh
from ven.daemon.status import status as status_of
from ven.daemon.view import show, show_capabilities, show_messages, show_simulated
from ven.disk import read_only
from ven.journal import Memory


@click.command()
@with_settings
@click.option("--messages", "with_messages", is_flag=True, help="And the last messages, if they are kept.")
@click.option("--xml", "with_xml", is_flag=True, help="The messages in full.")
@json_option
def status(file: Path, flags: tuple[str, ...], with_messages: bool, with_xml: bool, as_json: bool) -> None:
    """Registration, contact, limits with their reasons, measured current, events. Needs no network.

    The last messages are kept if the settings want it (record_messages). They may hold personal data; set it to 0
    again when the fault is found, and they are deleted at the next start.
    """
    settings = settings_of(file, flags)
    state = settings.ven.state
    found = status_of(settings, read_only(state), live.read(state), SystemClock().now())
    recorded = messages.read(state) if with_messages or with_xml else None
    if as_json:
        told = {} if recorded is None else {"messages": [one.fields for one in recorded]}
        click.echo(json.dumps({**found.as_json(), **told}))
        return
    console = _console()
    show(found, console)
    if recorded is not None:
        show_messages(recorded, console, with_xml=with_xml)


@click.command()
@with_settings
@json_option
def capabilities(file: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """What this unit can do: functions, programmes, signals, steps, transports, security. Needs no network.

    Whether there is a meter shows while the program runs.
    """
    settings = settings_of(file, flags)
    found = capabilities_of(settings, fresh(settings, live.read(settings.ven.state), SystemClock().now()))
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        show_capabilities(found, _console())


@click.command()
@click.argument("message", type=click.Path(path_type=Path))
@click.option(
    "--at", callback=instant, metavar="TIME", help="As if it came then, 2026-12-24T18:00; now if not said."
)
@with_settings
@json_option
def simulate(message: Path, at: datetime | None, file: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """What a list of events in a file would mean here: amps over time, or why it would be refused.

    Nothing is touched and nobody told. Exit code 1: one of them would be refused.
    """
    settings = settings_of(file, flags)
    found = simulated(settings, _memory(settings.ven.state), _events(message), at or SystemClock().now())
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        show_simulated(found, _console())
    if not found.is_served:
        sys.exit(1)


def _memory(state: Path) -> Memory:
    """An empty one for a VEN that has not run yet."""
    try:
        return read_only(state)
    except FileNotFoundError:
        return Memory()


def _events(path: Path) -> DistributeEvent:
    """Raises `NotDone` and `OSError`."""
    try:
        found = envelope.read(path.read_bytes(), None, limit=envelope.REPORT_LIMIT)
    except PeerError as error:
        raise NotDone(f"{path}: {words(str(error))}") from error
    if not isinstance(found, DistributeEvent):
        raise NotDone(f"{path}: holds no list of events (oadrDistributeEvent)")
    return found


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 140)


COMMANDS: Final[tuple[click.Command, ...]] = (status, capabilities, simulate)
