"""An operator's room: a command line, a state of its own, a clock that the test holds."""

import asyncio
import atexit
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from typer.testing import CliRunner

from oadr.ledger.entry import Entry
from tests.vtn.assess.fleet import NOON
from vtn.commands import account
from vtn.commands.program import vtn
from vtn.store import ledger_key, record
from vtn.store.engine import Store
from vtn.store.opening import open_store

T = TypeVar("T")

NETWORK = """\
feeder,feeder_name,feeder_rating_kw,site,site_name,chargepoint,rated_amps,phases
F12,Mill Lane,250,S1,Mill Lane 3,evse-1,32,3
F12,,,S2,,evse-2,32,3
F12,,,S3,,evse-3,32,3
F13,Park,100,S4,,evse-4,16,1
"""


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Room:
    folder: Path
    now: datetime = NOON
    variables: dict[str, str] = field(default_factory=dict)
    user: int = 1000
    """Who of this machine types."""

    @property
    def state(self) -> Path:
        return self.folder / "vtn-state"

    def clock(self) -> datetime:
        return self.now

    def account(self) -> str:
        return account.of(self.user)

    def wait(self, span: timedelta) -> None:
        self.now += span

    def say(self, *words: str) -> Said:
        """Type a command; a traceback is a failure of the test."""
        result = CliRunner().invoke(vtn, list(words), env=self.variables)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def furnish(self) -> None:
        """NETWORK is imported, once for all rooms of a run."""
        shutil.copytree(_furnished(), self.state)

    def in_store(self, do: Callable[[Store], Awaitable[T]]) -> T:
        """As the server, or a test, would find it."""

        async def run() -> T:
            store = await open_store(self.state, ledger_key.load_or_make(self.state), self.now)
            try:
                return await do(store)
            finally:
                await store.close()

        return asyncio.run(run())

    def entries(self) -> list[Entry]:
        async def read(store: Store) -> list[Entry]:
            async with store.reading() as tx:
                return [Entry.read(raw) async for raw in record.entries(tx)]

        return self.in_store(read)


@cache
def _furnished() -> Path:
    outside = Path(tempfile.mkdtemp(prefix="room-"))
    atexit.register(shutil.rmtree, outside, ignore_errors=True)
    model = Room(outside)
    file, state = model.write("network.csv", NETWORK), f"state={model.state}"
    assert model.say("feeders", "import", file, "--set", state).code == 0
    return model.state
