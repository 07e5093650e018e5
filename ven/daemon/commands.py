"""The commands of `ven`: run, status, config."""

import json
import os
import sys
from pathlib import Path

import click
from rich.console import Console

from certs import CertificateError
from ven.clock import SystemClock
from ven.daemon import live
from ven.daemon.config import CONFIG_VARIABLE, EXAMPLE, PREFIX, Settings, load
from ven.daemon.log import Log
from ven.daemon.run import run as run_until_ended
from ven.daemon.status import status as status_of
from ven.daemon.table import BadSetting
from ven.daemon.view import show
from ven.disk import InUse, TooNew, read_only
from ven.journal import Corrupt

config_option = click.option(
    "--config",
    "-c",
    "file",
    type=click.Path(path_type=Path),
    default=Path("ven.toml"),
    envvar=CONFIG_VARIABLE,
    show_default=True,
    show_envvar=True,
    help="The settings; `ven config` prints an example.",
)
set_option = click.option(
    "--set",
    "flags",
    multiple=True,
    metavar="KEY=VALUE",
    help=f"Overrides a key of the file, and the environment ({PREFIX}KEY); may be repeated.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def ven() -> None:
    """OpenADR 2.0b for a site of EV chargepoints: limits of the grid operator, measured current back."""


@ven.command()
@config_option
@set_option
def run(file: Path, flags: tuple[str, ...]) -> None:
    """Obey and report until SIGTERM or Ctrl-C. The log goes to standard error."""
    settings = _settings(file, flags)
    run_until_ended(settings, Log(settings.log))


@ven.command()
@config_option
@set_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(file: Path, flags: tuple[str, ...], as_json: bool) -> None:
    """Registration, contact, limits with their reasons, measured current, events. Needs no network."""
    settings = _settings(file, flags)
    state = settings.ven.state
    found = status_of(settings, read_only(state), live.read(state), SystemClock().now())
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        show(found, Console(width=None if sys.stdout.isatty() else 140))


@ven.command()
def config() -> None:
    """Print an example of the settings, every key with its meaning."""
    click.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)


def _settings(file: Path, flags: tuple[str, ...]) -> Settings:
    pairs = [flag.partition("=") for flag in flags]
    for key, equals, _ in pairs:
        if not equals:
            raise BadSetting(f"--set {key}: write it as KEY=VALUE")
    return load(file, os.environ, {key: text for key, _, text in pairs})


def main() -> None:
    """Exit codes: 0 done, 1 refused or failed, 2 wrong usage or a wrong setting."""
    try:
        ven(prog_name="ven")
    except BadSetting as error:
        click.echo(f"ven: {error}", err=True)
        sys.exit(2)
    except (CertificateError, InUse, TooNew, Corrupt, OSError) as error:
        click.echo(f"ven: {error}", err=True)
        sys.exit(1)
