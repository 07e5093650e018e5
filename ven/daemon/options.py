"""What the commands of `ven` have in common: where the settings are, and how a length of time is written."""

import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from ven.daemon.config import CONFIG_VARIABLE, PREFIX, Settings, load
from ven.daemon.shown import words
from ven.daemon.table import BadSetting

F = TypeVar("F", bound=Callable[..., Any])

_SPAN: Final = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?", re.ASCII)

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
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
chargepoint_option = click.option(
    "--chargepoint", "chargepoints", multiple=True, metavar="ID", help="Only this one; may be repeated."
)


def with_settings(command: F) -> F:
    return config_option(set_option(command))


def settings_of(file: Path, flags: tuple[str, ...]) -> Settings:
    """Raises `BadSetting`."""
    pairs = [flag.partition("=") for flag in flags]
    for key, equals, _ in pairs:
        if not equals:
            raise BadSetting(f"--set {key}: write it as KEY=VALUE")
    return load(file, os.environ, {key: text for key, _, text in pairs})


def span(_: click.Context, __: click.Parameter, text: str | None) -> timedelta | None:
    """A callback for an option such as 90m, 2h or 1h30m."""
    if text is None:
        return None
    found = _SPAN.fullmatch(text)
    length = timedelta(hours=int(found[1] or 0), minutes=int(found[2] or 0)) if found else timedelta()
    if not length:
        raise click.BadParameter(f"{words(text)!r} is not a length of time such as 90m, 2h or 1h30m")
    return length


def instant(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    """A callback for an option such as 2026-12-24T18:00; without a zone it is this machine's."""
    try:
        return None if text is None else datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{words(text or '')!r} is not a time such as 2026-12-24T18:00") from error
