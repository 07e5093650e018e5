"""Brings a memory to the disk, in another thread, and never lets a disk that stalls hold up control."""

import asyncio
from collections.abc import Callable
from typing import Final

from oadr.wire.errors import OadrError
from ven.journal import Journal, Memory

DISK_PATIENCE: Final = 5.0
"""Seconds that anything waits for the disk."""


class Keeper:
    def __init__(
        self, journal: Journal, fault: Callable[[str, str], None], well: Callable[[str], None]
    ) -> None:
        """`fault` hears what is wrong with which part; `well` that it is not any more."""
        self._journal = journal
        self._fault = fault
        self._well = well
        self._saved: Memory | None = None
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, memory: Memory) -> None:
        """On disk when this returns, or told as a fault; what was promised may then be lost. It is tried again with
        the next memory.
        """
        if memory != self._saved and await self._write(memory):
            self._saved = memory

    async def _write(self, memory: Memory) -> bool:
        """Whether the disk took it. One that stalls is waited for a little, and never twice at a time."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(asyncio.to_thread(self._journal.save, memory))
            await asyncio.wait((self._writing,), timeout=DISK_PATIENCE)
        if not self._writing.done():
            self._fault("journal", "the disk does not answer")
            return False
        try:
            self._writing.result()
        except (OSError, OadrError) as error:
            self._fault("journal", str(error))
            return False
        self._well("journal")
        return True
