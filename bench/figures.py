"""How a figure is taken and told: the median of several rounds in which the contestants take turns."""

import json
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import Final

ROUNDS: Final = 7


def seconds_each(work: Callable[[], object], times: int) -> float:
    start = perf_counter()
    for _ in range(times):
        work()
    return (perf_counter() - start) / times


def in_turns(contestants: Mapping[str, Callable[[], object]], times: int) -> dict[str, list[float]]:
    """Seconds for each call, a list of rounds for each contestant; the machine's moods hit all alike."""
    for work in contestants.values():
        seconds_each(work, max(1, times // 10))
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, work in contestants.items():
            taken[name].append(seconds_each(work, times))
    return taken


def tell(figure: str, unit: str, rounds: Mapping[str, list[float]], ours: str = "ours") -> None:
    """One JSON line: each contestant's median with its least and most, and what ours is as a share of it."""
    middle = {name: median(values) for name, values in rounds.items()}
    print(
        json.dumps(
            {
                "figure": figure,
                "unit": unit,
                "median": {name: round(value, 1) for name, value in middle.items()},
                "spread": {
                    name: [round(min(values), 1), round(max(values), 1)] for name, values in rounds.items()
                },
                "ours_to": {
                    name: round(middle[ours] / value, 3) for name, value in middle.items() if name != ours
                },
            }
        ),
        flush=True,
    )
