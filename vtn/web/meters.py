"""The three kinds of meter: they count in plain numbers, and become Prometheus' families when somebody looks.

Each names all values that its labels can have. What is none of them counts as `other`, so the number of series is
bounded whatever comes in, and no name of a site can ever be among them.
"""

from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

OTHER: Final = "other"
Labels = Mapping[str, tuple[str, ...]]
Series = tuple[str, ...]


class Meter:
    """Its name, what it says, and the values of each of its labels."""

    kind = ""

    def __init__(self, name: str, says: str, labels: Labels | None = None) -> None:
        self.name = name
        self.says = says
        self.labels: Labels = labels or {}

    def family(self) -> Metric:
        raise NotImplementedError

    def _series(self, values: Series) -> Series:
        known = self.labels.values()
        return tuple(value if value in all_ else OTHER for value, all_ in zip(values, known, strict=True))


class Count(Meter):
    """Grows only; starts at 0 with the process."""

    kind = "counter"

    def __init__(self, name: str, says: str, labels: Labels | None = None) -> None:
        super().__init__(name, says, labels)
        self._counts: dict[Series, list[int]] = {}
        """Each in a list of its own, so that counting looks for it once."""

    def add(self, *values: str, by: int = 1) -> None:
        counted = self._counts.get(values)
        if counted is None:
            counted = self._counts.setdefault(self._series(values), [0])
        counted[0] += by

    def family(self) -> Metric:
        found = CounterMetricFamily(self.name, self.says, labels=tuple(self.labels))
        for series, (count,) in sorted(self._counts.items()):
            found.add_metric(series, count)
        return found


class Level(Meter):
    """Goes up and down; what is not known is not shown."""

    kind = "gauge"

    def __init__(self, name: str, says: str, labels: Labels | None = None) -> None:
        super().__init__(name, says, labels)
        self._values: dict[Series, float] = {}

    def set(self, value: float | None, *values: str) -> None:
        series = self._series(values)
        if value is None:
            self._values.pop(series, None)
        else:
            self._values[series] = value

    def replace(self, found: Mapping[str, float]) -> None:
        """All at once, of a meter with one label; what counts as `other` is added up."""
        self._values.clear()
        for value, number in found.items():
            series = self._series((value,))
            self._values[series] = self._values.get(series, 0) + number

    def family(self) -> Metric:
        found = GaugeMetricFamily(self.name, self.says, labels=tuple(self.labels))
        for series, value in sorted(self._values.items()):
            found.add_metric(series, value)
        return found


class Spans(Meter):
    """How long something took, in seconds: how often it was no longer than each bound."""

    kind = "histogram"

    def __init__(self, name: str, says: str, bounds: tuple[float, ...], labels: Labels | None = None) -> None:
        super().__init__(name, says, labels)
        self._bounds = bounds
        self._counts: dict[Series, list[float]] = {}
        """Up to each bound, beyond the last, and at the end all seconds together."""

    def took(self, seconds: float, *values: str) -> None:
        counts = self._counts.get(values)
        if counts is None:
            counts = self._counts.setdefault(self._series(values), [0] * (len(self._bounds) + 2))
        counts[bisect_left(self._bounds, seconds)] += 1
        counts[-1] += seconds

    def family(self) -> Metric:
        found = HistogramMetricFamily(self.name, self.says, labels=tuple(self.labels))
        names = (*(f"{bound:g}" for bound in self._bounds), "+Inf")
        for series, counts in sorted(self._counts.items()):
            buckets = list(zip(names, accumulate(counts[:-1]), strict=True))
            found.add_metric(series, buckets, counts[-1])
        return found
