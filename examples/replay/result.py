"""A whole replay: both courses, their figures week by week and in all, and their chart."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Final

from examples.replay.chart import Drawing
from examples.replay.course import Course, course
from examples.replay.figures import Comparison, Figures, mean_day, working
from examples.replay.operator import Plan
from examples.replay.recording import Outlet
from oadr.wire.schema import Schema

WEEK: Final = 7
TITLE: Final = "Two workplaces with a load shift every working day"


@dataclass(frozen=True, slots=True)
class Result:
    comparison: Comparison
    days: tuple[date, ...]
    seed: int

    @property
    def weeks(self) -> tuple[Figures, ...]:
        """Of Mondays to Sundays; the last may have fewer days."""
        parts = (self.days[first : first + WEEK] for first in range(0, len(self.days), WEEK))
        return tuple(self.comparison.of(part) for part in parts)

    @property
    def total(self) -> Figures:
        return self.comparison.of(self.days)

    def drawing(self) -> Drawing:
        """The mean working day."""
        plan, days = self.comparison.plan, working(self.days)
        begins = timedelta(hours=plan.begins.hour, minutes=plan.begins.minute)
        words = f"{plan.percent:f} % from {plan.begins:%H:%M} to {_clock(begins + plan.length)}"
        without, shifted = mean_day(self.comparison.without, days), mean_day(self.comparison.shifted, days)
        outlets = len(self.comparison.without.outlets)
        return Drawing(
            title=TITLE,
            subtitle=f"Mean power of {outlets} outlets over {len(days)} working days; real sessions, simulated power",
            description=f"Mean power over the day. Without the event it is highest at {max(without):.0f} kW, with the "
            f"event at {max(shifted):.0f} kW. The event limits each outlet to {words}.",
            without=without,
            shifted=shifted,
            window=(_hours(begins), _hours(begins + plan.length)),
            caption=words,
        )

    def as_json(self) -> str:
        plan = self.comparison.plan
        told = {
            "plan": {
                "percent": float(plan.percent),
                "begins": f"{plan.begins:%H:%M}",
                "hours": _hours(plan.length),
                "days": len(plan.days),
            },
            "seed": self.seed,
            "events_agreed_to": self.comparison.shifted.agreed,
            "weeks": [_rounded(figures) for figures in self.weeks],
            "total": _rounded(self.total),
        }
        return json.dumps(told, indent=2) + "\n"


def replay(
    outlets: Sequence[Outlet], plans: Sequence[Plan], days: Sequence[date], seed: int, schema: Schema | None
) -> Iterator[Result]:
    """For each plan the same cars, without its events and with them."""
    without: Course | None = None
    for plan in plans:
        without = without or course(outlets, plan.without_events(), days, seed, schema)
        shifted = course(outlets, plan, days, seed, schema)
        yield Result(Comparison(plan, without, shifted), tuple(days), seed)


def _rounded(figures: Figures) -> dict[str, object]:
    values = asdict(figures)
    return {
        name: round(value, 3) if isinstance(value, float) else value if isinstance(value, int) else str(value)
        for name, value in values.items()
    }


def _hours(span: timedelta) -> float:
    return span / timedelta(hours=1)


def _clock(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
