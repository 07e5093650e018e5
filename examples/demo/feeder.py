"""The feeder as its chargepoints' own meters see it: what each VEN last wrote into its state folder."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from examples.demo.town import Town
from oadr.charging.limit import Limit, smallest
from oadr.wire.errors import OadrError
from oadr.wire.ids import ResourceId
from ven.daemon import live
from ven.disk import read_only
from ven.journal import Memory


@dataclass(frozen=True, slots=True)
class Seen:
    """One chargepoint now; None where it is not known."""

    resource_id: str
    site: str
    rated: int
    amps: Decimal | None
    """The largest phase current."""
    watts: Decimal | None
    limit: Limit | None

    @property
    def is_within(self) -> bool:
        """At or below its limit by its own meter, to the tenth of an ampere; not known is not within."""
        return self.amps is not None and (self.limit is None or self.amps <= self.limit.amps)


@dataclass(frozen=True, slots=True)
class Feeder:
    chargepoints: tuple[Seen, ...]
    registered: int
    """Sites that have a registration."""

    @property
    def kilowatts(self) -> Decimal:
        return sum((one.watts for one in self.chargepoints if one.watts is not None), Decimal()) / 1000

    @property
    def limited(self) -> int:
        return sum(one.limit is not None for one in self.chargepoints)

    @property
    def is_within(self) -> bool:
        return all(one.is_within for one in self.chargepoints)


def look(town: Town) -> Feeder:
    """What the files say at this moment."""
    seen: list[Seen] = []
    registered = 0
    for place in town.places:
        memory, now = _memory(town.state(place)), live.read(town.state(place))
        registered += memory.registration is not None
        for outlet in place.outlets:
            reading = now.readings.get(ResourceId(outlet.resource_id)) if now else None
            amps = max(reading.amps) if reading and reading.amps else None
            watts = reading.watts if reading else None
            limit = _limit(memory, outlet.resource_id)
            seen.append(Seen(outlet.resource_id, place.name, outlet.amps, amps, watts, limit))
    return Feeder(tuple(seen), registered)


def _memory(state: Path) -> Memory:
    try:
        return read_only(state)
    except (OSError, OadrError):
        return Memory()  # it has not written anything yet


def _limit(memory: Memory, resource_id: str) -> Limit | None:
    return smallest(slot.limit for key, slot in memory.slots if key.resource_id == resource_id)
