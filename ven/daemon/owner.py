"""The commands for whoever owns the unit: reset, and the security log."""

import json
import sys
from pathlib import Path
from typing import Final

import click

from ven import security_log
from ven.daemon import reset as resetting
from ven.daemon.notdone import NotDone
from ven.daemon.options import json_option, settings_of, with_settings
from ven.daemon.progress import Progress
from ven.daemon.shown import words
from ven.reset import Level
from ven.security_log import Broken


@click.command()
@click.option("--level", type=click.Choice([each.value for each in Level]), help="R0, R1, R2 or R3.")
@click.option(
    "--export", type=click.Path(path_type=Path), help="Where the security log goes; R2 and R3 want it."
)
@click.option("--resume", is_flag=True, help="Go on with one that was interrupted; `ven run` does so too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_settings
def reset(
    level: str | None, export: Path | None, resume: bool, yes: bool, file: Path, flags: tuple[str, ...]
) -> None:
    """Erase what is here, for a unit that changes hands. `ven run` must have ended.

    R0: what the people of this site have set and left behind. R1, another site of the same operator: events, limits
    and reports too. R2, another owner: registration, certificate and key, security log too. R3, disposal: all.

    It waits for the end of a supply limitation. It prints a receipt, which stays in the state folder.
    """
    config = settings_of(file, flags).ven
    if (level is not None) is resume:
        raise click.UsageError("say either --level or --resume")
    if level is None:
        done = resetting.resume(config)
        if done is None:
            raise NotDone("no reset is under way")
    else:
        _confirm(Level(level), yes=yes)
        done = resetting.begin(config, Level(level), export)
    _print(done)


def _confirm(level: Level, *, yes: bool) -> None:
    """Raises `NotDone`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotDone("nobody is here to confirm it: say --yes")
    click.echo(f"{level} erases: {', '.join(level.goes)}.")
    click.echo(f"What stays: {', '.join(level.stays) or 'nothing'}.")
    if click.prompt(f"Type {level} to erase it", default="", show_default=False) != level:
        raise NotDone("nothing was erased")


def _print(done: Progress) -> None:
    click.echo(done.receipt.decode(), nl=False)


# --- the security log ---


@click.group()
def log() -> None:
    """What has happened to the security of this unit."""


@log.command()
@with_settings
@json_option
def show(file: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """The oldest line first. Needs no running program."""
    for one in security_log.entries(settings_of(file, flags).ven.state):
        if as_json:
            click.echo(one.text)
        else:
            click.echo(
                f"{one.number:6}  {one.at.astimezone():%Y-%m-%d %H:%M:%S}  {words(one.kind)}  {words(one.what)}"
            )


@log.command()
@click.option("--file", "sealed", type=click.Path(path_type=Path), help="A log that a reset has exported.")
@with_settings
@json_option
def verify(sealed: Path | None, file: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """Whether it is as it was written. The last seal shows, noted elsewhere, that nothing was cut off."""
    try:
        head = (
            security_log.verify_sealed(sealed)
            if sealed
            else security_log.verify(settings_of(file, flags).ven.state)
        )
    except Broken as error:
        raise NotDone(f"the security log is damaged: {words(str(error))}") from error
    if as_json:
        click.echo(json.dumps({"lines": head.number, "seal": head.seal}))
    else:
        click.echo(f"as it was written, {head.number} lines; the last seal is {head.seal}")


COMMANDS: Final[tuple[click.Command, ...]] = (reset, log)
