"""The programs of the demo: some that run to their end, some that stay. What is started here is ended here."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

MODULES: Final = {
    "certs": "certs.cli",
    "vtn": "vtn.cli",
    "ven": "ven.daemon.cli",
    "ledger": "oadr.ledger",
}
GOODBYE: Final = 10.0
"""Seconds that a program may take to end when it is asked to."""


class Failed(Exception):
    """A program that ended with an error, in its own words."""


class Programs:
    """`folder` gets a log file for each program that stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._staying = AsyncExitStack()

    async def __aenter__(self) -> "Programs":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._staying.aclose()

    async def run(self, name: str, *arguments: str | Path) -> str:
        """What the program prints, once it has ended well. Raises `Failed`."""
        process = await asyncio.create_subprocess_exec(
            *_command(name, arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        printed, complaint = await process.communicate()
        if process.returncode:
            raise Failed(f"{name} {' '.join(map(str, arguments))}\n{complaint.decode()}{printed.decode()}")
        return printed.decode()

    async def ask(self, name: str, *arguments: str | Path) -> Any:
        """As `run`, for a program that prints JSON."""
        return json.loads(await self.run(name, *arguments, "--json"))

    async def stay(self, label: str, name: str, *arguments: str | Path) -> Path:
        """Start a program and leave it running; the file that gets what it says."""
        log = self._folder / f"{label}.log"
        await self._staying.enter_async_context(_running(_command(name, arguments), log))
        return log


@asynccontextmanager
async def _running(command: list[str], log: Path) -> AsyncIterator[None]:
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(GOODBYE):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def _command(name: str, arguments: tuple[str | Path, ...]) -> list[str]:
    return [sys.executable, "-m", MODULES[name], *map(str, arguments)]
