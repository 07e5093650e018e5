"""That something has changed, for whoever listens: one look at the store twice a second, however many these are."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from typing import Final

from vtn.store.engine import Store
from vtn.store.pulse import Pulse, pulse

MOST: Final = 32
"""Listeners of one server."""


class Changes:
    def __init__(self) -> None:
        self._newest: Pulse | None = None
        self._listeners: set[asyncio.Event] = set()

    @property
    def is_full(self) -> bool:
        return len(self._listeners) >= MOST

    async def look(self, store: Store) -> Pulse:
        """How it stands; whoever listens is woken if that is new. Raises `StoreAway`."""
        async with store.reading() as tx:
            found = await pulse(tx)
        if found != self._newest:
            self._newest = found
            for listener in self._listeners:
                listener.set()
        return found

    async def watch(self, store: Store) -> None:
        """As `look`, while anybody listens. Raises `StoreAway`."""
        if self._listeners:
            await self.look(store)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """Is set whenever there is something new; the listener clears it."""
        mine = asyncio.Event()
        self._listeners.add(mine)
        try:
            yield mine
        finally:
            self._listeners.discard(mine)


def written(found: Pulse) -> str:
    """As the id of an event, to be given back after a break."""
    return "-".join(astuple(found))


def changed(found: Pulse, seen: str | None) -> tuple[str, ...]:
    """In what it differs from what was `seen`; in everything, where that cannot be read."""
    parts = (seen or "").split("-")
    names = ("orders", "record", "proposals")
    if len(parts) != len(names):
        return names
    return tuple(
        name for name, now, before in zip(names, astuple(found), parts, strict=True) if now != before
    )
