"""What a workplace's VEN decides: from the operator's letters to the limits of its outlets.

These are the VEN's own parts, without its loop and network. Each outlet has an arbiter with dice of its own, so that
what chance decides for one depends on nothing but the seed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from examples.replay.operator import PROGRAMMES, Letter
from oadr.charging.limit import Limit
from oadr.wire import envelope
from oadr.wire.ids import ResourceId, VenId
from oadr.wire.messages import DistributeEvent
from oadr.wire.messages.common import OptType
from oadr.wire.schema import Schema
from ven import Rating
from ven.arbiter import Arbiter
from ven.events import HeldEvent, Site, merge
from ven.ordered import next_order, orders

RATING: Final = Rating(amps=Decimal(32), phases=1)
"""7.4 kW at 230 V."""
RANDOMISE: Final = timedelta(seconds=600)
RESTORE_MAX: Final = timedelta(seconds=600)
RAMP_EVERY: Final = timedelta(seconds=60)
"""The VEN's own defaults."""


@dataclass(frozen=True, slots=True)
class Told:
    """From `at` on an outlet keeps to `limit`; None: nobody limits it."""

    at: datetime
    limit: Limit | None


@dataclass(slots=True)
class Workplace:
    site: Site
    arbiters: Mapping[ResourceId, Arbiter]
    dice: Random
    schema: Schema | None
    """Held against it is what arrives; None where the official schemas are not installed."""
    held: tuple[HeldEvent, ...] = ()
    agreed: int = 0
    """Answers of optIn."""
    told: dict[ResourceId, list[Told]] = field(default_factory=dict)

    @classmethod
    def of(cls, name: VenId, outlets: Iterable[ResourceId], seed: int, schema: Schema | None) -> "Workplace":
        arbiters = {
            outlet: Arbiter({outlet: RATING}, RESTORE_MAX, RAMP_EVERY, Random(f"{seed}/{outlet}"))
            for outlet in outlets
        }
        site = Site(name, frozenset(arbiters), frozenset(), PROGRAMMES, RANDOMISE)
        return cls(site, arbiters, Random(f"{seed}/{name}"), schema, told={one: [] for one in arbiters})

    def live(self, post: Iterator[Letter]) -> None:
        """Through all letters and all that comes of them."""
        letter, change = next(post, None), None
        while moments := [moment for moment in (letter and letter.at, change) if moment]:
            now = min(moments)
            if letter and letter.at == now:
                self._hear(letter, now)
                letter = next(post, None)
            self._act(now)
            change = self._next_change(now)

    def _hear(self, letter: Letter, now: datetime) -> None:
        message = envelope.read(letter.xml, self.schema)
        assert isinstance(message, DistributeEvent)
        merged = merge(self.held, message, self.site, now, self.dice)
        self.held = merged.held
        self.agreed += sum(response.opt is OptType.OPT_IN for response in merged.responses)

    def _act(self, now: datetime) -> None:
        """Bring every outlet to where it belongs."""
        ordered = orders(self.held, self.site, dict.fromkeys(self.arbiters, RATING), now)
        for outlet, arbiter in self.arbiters.items():
            arbiter.decide({key: limit for key, limit in ordered.items() if key.resource_id == outlet}, now)
            told, limit = self.told[outlet], arbiter.limit(outlet)
            if limit != (told[-1].limit if told else None):
                told.append(Told(now, limit))

    def _next_change(self, now: datetime) -> datetime | None:
        moments = [next_order(self.held, self.site, now)]
        moments += [arbiter.next_change(now) for arbiter in self.arbiters.values()]
        return min((moment for moment in moments if moment is not None), default=None)
