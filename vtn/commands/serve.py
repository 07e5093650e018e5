"""`vtn serve`: the server, until the system asks it to end."""

import asyncio
import importlib.util
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TextIO

import structlog

from vtn.commands.options import ConfigFile, Overrides, settings
from vtn.config import LogForm, Settings
from vtn.web.journal import Journal

ENDINGS: Final = (signal.SIGTERM, signal.SIGINT)


def serve(file: ConfigFile = None, overrides: Overrides = None) -> None:
    """Answer VENs until SIGTERM or Ctrl-C; SIGHUP: read certificates anew. The log goes to standard error."""
    given = settings(file, overrides)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(given, Journal(logger(given.log, sys.stderr))))


def logger(form: LogForm, stream: TextIO) -> Any:
    """A line for each thing that happens, as JSON or for eyes."""
    for_eyes = form is LogForm.TEXT or (form is LogForm.AUTO and stream.isatty())
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if for_eyes:
        renderer = structlog.dev.ConsoleRenderer(colors=stream.isatty())
    return structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.BoundLogger,
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one; it does not exist for every system."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


async def _serve(given: Settings, journal: Journal) -> None:
    from vtn import app  # the server alone needs it; the other commands start without

    task = asyncio.create_task(app.serve(given, journal))
    for number in ENDINGS:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
