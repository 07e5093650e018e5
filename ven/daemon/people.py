"""The commands for the people of a site, which speak to the running program: calendar, opt-out, boost, code."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click

from oadr.charging.signals import Programme
from oadr.wire.errors import Misuse
from ven import calendar_form
from ven.calendar_form import PRESETS
from ven.daemon import client
from ven.daemon.client import ask
from ven.daemon.notdone import NotDone
from ven.daemon.options import chargepoint_option, instant, json_option, settings_of, span, with_settings
from ven.daemon.shown import lines, words
from ven.opts import Reason


@click.command()
@with_settings
def code(file: Path, flags: tuple[str, ...]) -> None:
    """Print the code of this unit, which its local API and page want. Keep it as a key."""
    click.echo(client.code(settings_of(file, flags)))


# --- calendar ---


@click.group()
def calendar() -> None:
    """The hours in which this site draws less by its own wish."""


@calendar.command("show")
@with_settings
@json_option
def show_calendar(file: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """As a file that `ven calendar set` takes."""
    found = ask(settings_of(file, flags), "GET", "/calendar")
    if as_json:
        click.echo(json.dumps(found))
    elif found["calendar"] is None:
        click.echo("there is no calendar: no hour limits")
    else:
        click.echo(lines(found["calendar"]), nl=False)


@calendar.command("set")
@click.argument("calendar_file", type=click.Path(path_type=Path))
@with_settings
def set_calendar(calendar_file: Path, file: Path, flags: tuple[str, ...]) -> None:
    """Let the calendar of this file count from now on; it is kept over restarts."""
    _set(_checked(calendar_file), file, flags)


@calendar.command()
@click.argument("name", type=click.Choice(sorted(PRESETS)))
@with_settings
def preset(name: str, file: Path, flags: tuple[str, ...]) -> None:
    """Let a calendar that comes with this program count from now on."""
    _set(PRESETS[name], file, flags)


@calendar.command()
@with_settings
def clear(file: Path, flags: tuple[str, ...]) -> None:
    """No hour limits any more."""
    _say(ask(settings_of(file, flags), "DELETE", "/calendar"), "the calendar is cleared: no hour limits")


@calendar.command()
@click.argument("calendar_file", type=click.Path(path_type=Path))
def check(calendar_file: Path) -> None:
    """Whether this file could be set; needs neither settings nor a running program."""
    _checked(calendar_file)
    click.echo(f"{calendar_file} is a calendar")


def _checked(path: Path) -> str:
    """Raises `NotDone` and `OSError`."""
    try:
        text = path.read_text(encoding="utf-8")
        calendar_form.read(text)
    except (Misuse, UnicodeDecodeError) as error:
        raise NotDone(f"{path}: {words(str(error))}") from error
    return text


def _set(text: str, file: Path, flags: tuple[str, ...]) -> None:
    _say(ask(settings_of(file, flags), "PUT", "/calendar", {"calendar": text}), "the calendar is set")


# --- opts ---

whose_option: Final = click.option(
    "--of",
    "party",
    metavar="VTN",
    help="Whose event, where several have one of that name; dso, or as in [other.VTN].",
)


@click.command("opt-out")
@click.argument("event")
@click.option("--reason", type=click.Choice([each.value for each in Reason]), default=Reason.OVERRIDE.value)
@whose_option
@chargepoint_option
@with_settings
def opt_out(
    event: str,
    reason: str,
    party: str | None,
    chargepoints: tuple[str, ...],
    file: Path,
    flags: tuple[str, ...],
) -> None:
    """Decline a load shift; its limit ends at once. A supply limitation cannot be declined."""
    wish = {"event_id": event, "reason": reason, "resources": list(chargepoints), "party": party}
    _say(ask(settings_of(file, flags), "POST", "/opt-out", wish), "declined; whoever ordered it is told")


@click.command("opt-in")
@click.argument("event")
@whose_option
@chargepoint_option
@with_settings
def opt_in(
    event: str, party: str | None, chargepoints: tuple[str, ...], file: Path, flags: tuple[str, ...]
) -> None:
    """Follow after all a load shift that was declined."""
    wish = {"event_id": event, "resources": list(chargepoints), "party": party}
    _say(ask(settings_of(file, flags), "POST", "/opt-in", wish), "followed; whoever ordered it is told")


@click.group("opt-schedule")
def opt_schedule() -> None:
    """Decline, ahead of time, every load shift in some hours."""


@opt_schedule.command("add")
@click.option(
    "--from",
    "start",
    callback=instant,
    metavar="TIME",
    required=True,
    help="2026-12-24T18:00; here, unless it has a zone.",
)
@click.option("--until", "end", callback=instant, metavar="TIME", help="Open if not said.")
@click.option("--programme", type=click.Choice([Programme.LOAD_SHIFT.value, Programme.PRICE.value]))
@chargepoint_option
@with_settings
def add_schedule(
    start: datetime,
    end: datetime | None,
    programme: str | None,
    chargepoints: tuple[str, ...],
    file: Path,
    flags: tuple[str, ...],
) -> None:
    """It replaces what was said before of the same chargepoints and programme."""
    period = {"start": start.isoformat(), "end": end.isoformat() if end else None}
    wish = {"periods": [period], "programme": programme, "resources": list(chargepoints)}
    answer = ask(settings_of(file, flags), "POST", "/opt-schedules", wish)
    _say(answer, f"declined ahead of time; cancel it as {words(str(answer['opt_id']))}")


@opt_schedule.command("list")
@with_settings
@json_option
def list_schedules(file: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """Those that count, the oldest first."""
    found = ask(settings_of(file, flags), "GET", "/opt-schedules")
    if as_json:
        click.echo(json.dumps(found))
        return
    for one in found["opt_schedules"]:
        whom = ", ".join(one["resources"] or ["all"])
        periods = "; ".join(f"{each['start']} to {each['end'] or 'cancelled'}" for each in one["periods"])
        click.echo(
            words(
                f"{one['opt_id']}  {one['opt']}  {whom}  {one['programme'] or 'every programme'}  {periods}"
            )
        )
    if not found["opt_schedules"]:
        click.echo("there are none")


@opt_schedule.command("cancel")
@click.argument("opt_id")
@with_settings
def cancel_schedule(opt_id: str, file: Path, flags: tuple[str, ...]) -> None:
    """What it has declined stays declined; what comes is followed."""
    answer = ask(settings_of(file, flags), "DELETE", f"/opt-schedules/{quote(opt_id, safe='')}")
    _say(answer, "cancelled")


# --- boost ---


@click.command()
@click.argument("chargepoint")
@click.option("--for", "length", callback=span, metavar="LENGTH", help="90m, 2h, 1h30m; a day at the most.")
@click.option("--end", "is_end", is_flag=True, help="End the boost that runs.")
@with_settings
def boost(
    chargepoint: str, length: timedelta | None, is_end: bool, file: Path, flags: tuple[str, ...]
) -> None:
    """Charge now: neither calendar nor load shift limits this chargepoint for a while."""
    if (length is not None) is is_end:
        raise click.UsageError("say either --for or --end")
    settings = settings_of(file, flags)
    if length is None:
        _say(ask(settings, "DELETE", f"/boost/{quote(chargepoint, safe='')}"), "the boost is over")
        return
    wish = {"resource_id": chargepoint, "minutes": int(length / timedelta(minutes=1))}
    answer = ask(settings, "POST", "/boost", wish)
    _say(answer, f"charges until {answer['until']} as if there were neither calendar nor load shift")


def _say(answer: dict[str, Any], what: str) -> None:
    click.echo(what)
    if answer.get("note"):
        click.echo(f"note: {words(str(answer['note']))}")


COMMANDS: Final[tuple[click.Command, ...]] = (calendar, opt_out, opt_in, opt_schedule, boost, code)
