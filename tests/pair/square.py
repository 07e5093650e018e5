"""A home between two VTNs of ours: its grid operator's and an aggregator's."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from oadr.wire.ids import EventId
from oadr.wire.messages.common import OptType
from oadr.wire.messages.registration import ServiceName
from tests.pair.home import SHIFT
from tests.pair.loop import run
from tests.pair.town import UNUSED, Dso, Town
from tests.pair.wire import Wire
from tests.vtn.world import TERMS
from ven import Ven
from ven.config import OtherVtn
from vtn.model.intervention import Intervention

ACME: Final = "acme"


class Square(Town):
    """`dso` and `wire` are the grid operator's, `acme` and `acme_wire` the aggregator's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.acme = Dso(folder / "acme", self.clock.now)
        self.acme_wire = Wire(self._hear, self.clock.now, self.clock.now)
        self._names: tuple[str, str] | None = None
        other = OtherVtn(
            name=ACME,
            vtn_url="https://acme.example",
            certificate=UNUSED,
            trust=UNUSED,
            market_contexts=TERMS.market_contexts,
        )
        self.config = replace(self.config, others=(other,))

    async def _hear(self, service: ServiceName, raw: bytes) -> bytes:
        """What the aggregator calls its event is on the wire another name."""
        if self._names is None:
            return await self.acme.hear(service, raw)
        theirs, ours = (name.encode() for name in self._names)
        return (await self.acme.hear(service, raw.replace(ours, theirs))).replace(theirs, ours)

    async def call_them_alike(self) -> EventId:
        """From now on the aggregator's event has the name of the grid operator's."""
        ours = (await self.dso.delivery()).event_id
        self._names = (await self.acme.delivery()).event_id, ours
        return ours

    def ven(self) -> Ven:
        return Ven(
            self.config,
            (self.charger,),
            transport=self.wire,
            other_transports={ACME: self.acme_wire},
            clock=self.clock,
            dice=self.dice,
        )

    def alone(self) -> Ven:
        """After somebody has taken the aggregator out of the settings."""
        config = replace(self.config, others=())
        return Ven(config, (self.charger,), transport=self.wire, clock=self.clock, dice=self.dice)

    async def shift(self, **changes: Any) -> Intervention:
        """The aggregator wants 30 % for an hour, unless the test wants something else."""
        return await self.acme.limit(**{**SHIFT, "percent": Decimal(30), **changes})


async def word_of(vtn: Dso) -> OptType | None:
    """What a VTN has heard of its only event."""
    answer = (await vtn.delivery()).answer
    return answer.opt if answer else None


def news(ven: Ven, kind: type) -> list[Any]:
    """Of this kind, since somebody looked last."""
    items = []
    while not ven.news.empty():
        items.append(ven.news.get_nowait())
    return [item for item in items if isinstance(item, kind)]


def met(folder: Path, play: Callable[[Square], Awaitable[None]]) -> Square:
    """A square after a play; both VTNs are there from the beginning."""

    async def main() -> Square:
        square = Square(folder)
        await square.dso.open()
        await square.acme.open()
        try:
            await play(square)
        finally:
            await square.acme.close()
            await square.dso.close()
        return square

    return run(main())
