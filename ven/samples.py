"""What the meters have said: every sample for as long as an order may need it, and one a minute for a day. Sans-IO.

Both are in memory. What is older than the program, or than a day, is gone.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Final

from oadr.wire.ids import ResourceId
from ven.driver import Measurement

BUFFER: Final = timedelta(hours=1)
"""How far back telemetry can reach; at ten seconds a point this is more than the 100 points of r510."""
HISTORY: Final = timedelta(days=1)
HISTORY_GRAIN: Final = timedelta(minutes=1)
"""How far back a history can reach, and how close together its values are."""
JUST_NOW: Final = timedelta(seconds=10)
"""How old the latest sample may be that answers a request for one report at once (r337)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one chargepoint's meter said at one moment, and the limit that was in force.

    `measured` is None where the meter could not be read; `limit_amps` is the rated current without a limit.
    """

    resource_id: ResourceId
    at: datetime
    measured: Measurement | None
    limit_amps: Decimal
    online: bool = True
    """Whether the charger takes its limits."""
    overridden: bool = False
    """Whether a person at the site has overruled what the VTN ordered."""


class Samples:
    """One ring and one history for each chargepoint, in the order of time."""

    def __init__(self) -> None:
        self._recent: defaultdict[ResourceId, deque[Sample]] = defaultdict(deque)
        self._history: defaultdict[ResourceId, deque[Sample]] = defaultdict(deque)

    def record(self, sample: Sample, wanted_from: datetime) -> None:
        """Keep a sample; of the older ones in the ring those go that nobody wants any more."""
        recent, history = self._recent[sample.resource_id], self._history[sample.resource_id]
        for kept in (recent, history):
            while kept and kept[-1].at > sample.at:
                kept.pop()  # the clock was set back
        recent.append(sample)
        horizon = max(sample.at - BUFFER, min(wanted_from, sample.at) - JUST_NOW)
        while recent[0].at < horizon:
            recent.popleft()
        if not history or sample.at - history[-1].at >= HISTORY_GRAIN:
            history.append(sample)
        while history[0].at < sample.at - HISTORY:
            history.popleft()

    def between(self, resource_id: ResourceId, since: datetime, until: datetime) -> list[Sample]:
        """From `since`, which is exclusive, to `until`, which is not."""
        return [one for one in self._recent.get(resource_id, ()) if since < one.at <= until]

    def latest(self, resource_ids: Iterable[ResourceId], until: datetime) -> dict[ResourceId, Sample]:
        """The last sample of each up to `until`, however old."""
        found = {
            name: [*takewhile(lambda one: one.at <= until, self._recent.get(name, ()))]
            for name in resource_ids
        }
        return {name: samples[-1] for name, samples in found.items() if samples}

    def history(self, resource_id: ResourceId, since: datetime, until: datetime) -> list[Sample]:
        """As `between`, of the values that are kept for a day."""
        return [one for one in self._history.get(resource_id, ()) if since < one.at <= until]
