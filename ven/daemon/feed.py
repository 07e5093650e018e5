"""What happens, for whoever listens at the local API. A listener that is too slow is let go, and holds up nobody."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ven.daemon.log import Happening

MOST_LISTENERS: Final = 8
BEHIND: Final = 256
"""Happenings that a listener may lag behind."""

Listener = asyncio.Queue[Happening | None]
"""None: nothing more comes."""


class Full(Exception):
    """There are as many listeners as there may be."""


class Feed:
    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    def tell(self, item: Happening) -> None:
        for listener in tuple(self._listeners):
            if listener.qsize() >= BEHIND:
                self._let_go(listener)
            else:
                listener.put_nowait(item)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """All that is told from now on. Raises `Full`."""
        if len(self._listeners) >= MOST_LISTENERS:
            raise Full
        listener: Listener = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        for listener in tuple(self._listeners):
            self._let_go(listener)

    def _let_go(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        listener.put_nowait(None)
