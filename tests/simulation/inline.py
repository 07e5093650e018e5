"""SQLite without its thread: a statement is done when it is asked for.

The simulated street is one thread's work anyhow: its time stands still while a store works. To hand each of the
hundred thousand statements of an evening to another thread and to wait for it cost more than all that they do.
"""

from asyncio import Future
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiosqlite.core


class _Queue:
    """Takes a statement as the driver's queue does, and does it at once."""

    def put_nowait(self, item: tuple[Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = item
        try:
            result = function()
        except BaseException as error:  # it goes to whoever awaits, as from the thread
            if future:
                future.set_exception(error)
        else:
            if future:
                future.set_result(result)


class _Thread:
    """Nobody has to run."""

    daemon = True

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def start(self) -> None: ...


@contextmanager
def without_threads() -> Iterator[None]:
    """Connections that are opened in this block work in the caller's thread."""
    core: Any = aiosqlite.core
    before = core.SimpleQueue, core.Thread
    core.SimpleQueue, core.Thread = _Queue, _Thread
    try:
        yield
    finally:
        core.SimpleQueue, core.Thread = before
