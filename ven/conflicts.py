"""Two VTNs that order at once on one chargepoint: the smaller limit holds, and the people here hear of it. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from oadr.charging.limit import Limit
from oadr.wire.ids import ResourceId
from ven.news import Conflict
from ven.slots import OF_EVENTS, Slot, SlotKey

_Orders = frozenset[tuple[str, str]]
"""Whose they are, and what they are called there."""


class Conflicts:
    """Remembers what was told: each is told once, as long as the same orders meet."""

    def __init__(self) -> None:
        self._told: dict[ResourceId, _Orders] = {}

    def new(self, slots: Mapping[SlotKey, Slot]) -> Iterator[Conflict]:
        """Those that nobody has heard of. A limit that is rising again is no order any more."""
        before, self._told = self._told, {}
        for resource, limits in _ordered(slots).items():
            if len({one.party for one in limits}) < 2:
                continue
            orders = frozenset((one.party, one.because) for one in limits)
            self._told[resource] = orders
            if before.get(resource) != orders:
                smallest_first = sorted(limits, key=lambda one: (one.amps, one.source.rank, one.party))
                yield Conflict(resource, tuple(smallest_first))


def _ordered(slots: Mapping[SlotKey, Slot]) -> Mapping[ResourceId, list[Limit]]:
    found: defaultdict[ResourceId, list[Limit]] = defaultdict(list)
    for key, slot in slots.items():
        if key.source in OF_EVENTS and slot.restore is None:
            found[key.resource_id].append(slot.limit)
    return found
