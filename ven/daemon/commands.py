"""The program `ven`: `run` stands here, the other commands are loaded when they are asked for.

`run` goes on for years on a small machine, so what only the others need is none of its memory.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from certs import CertificateError
from ven.clock import SystemClock
from ven.daemon import progress, security
from ven.daemon.config import EXAMPLE
from ven.daemon.log import Log
from ven.daemon.notdone import NotDone
from ven.daemon.options import settings_of, with_settings
from ven.daemon.run import run as run_until_ended
from ven.daemon.table import BadSetting
from ven.disk import InUse, TooNew
from ven.journal import Corrupt

ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("status", "capabilities", "simulate"), "looking"),
    **dict.fromkeys(("calendar", "opt-out", "opt-in", "opt-schedule", "boost", "code"), "people"),
    **dict.fromkeys(("reset", "log"), "owner"),
}
"""Commands, and the modules of this package that have them in `COMMANDS`."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        found: tuple[click.Command, ...] = import_module(f"ven.daemon.{ELSEWHERE[cmd_name]}").COMMANDS
        return next(one for one in found if one.name == cmd_name)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def ven() -> None:
    """OpenADR 2.0b for a site of EV chargepoints: limits of the grid operator, measured current back."""


@ven.command()
@with_settings
def run(file: Path, flags: tuple[str, ...]) -> None:
    """Obey and report until SIGTERM or Ctrl-C. The log goes to standard error."""
    settings = settings_of(file, flags)
    if progress.is_under_way(settings.ven.state):
        import_module("ven.daemon.reset").go_on_before_a_run(settings.ven)
    try:
        run_until_ended(settings, Log(settings.log))
    except CertificateError:
        security.certificate_refused(settings, SystemClock().now())
        raise


@ven.command()
def config() -> None:
    """Print an example of the settings, every key with its meaning."""
    click.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)


def main() -> None:
    """Exit codes: 0 done, 1 refused or failed, 2 wrong usage or a wrong setting."""
    try:
        ven(prog_name="ven")
    except BadSetting as error:
        click.echo(f"ven: {error}", err=True)
        sys.exit(2)
    except (CertificateError, InUse, TooNew, Corrupt, NotDone, OSError) as error:
        click.echo(f"ven: {error}", err=True)
        sys.exit(1)
