"""The grid operator: a load shift on every working day, told as our VTN tells it, in XML."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from examples.replay.recording import at, is_working
from oadr.charging.signals import Programme
from oadr.wire import envelope
from oadr.wire.ids import EventId, GroupId, RequestId, ResourceId, VenId, VtnId
from oadr.wire.messages import DistributeEvent
from vtn.delivery.event_list import render
from vtn.model.delivery import Delivery
from vtn.model.intervention import Intervention, InterventionId, Order, check

PROGRAMMES: Final = "http://dso.example/programmes"
NOTICE: Final = timedelta(hours=12)
"""Told the evening before, so that drivers could decline."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The same shift on each of its days, by the clock on the wall."""

    percent: Decimal
    """Of each outlet's rated current, which stays allowed."""
    begins: time
    length: timedelta
    days: tuple[date, ...]

    @classmethod
    def of(cls, percent: Decimal, begins: time, length: timedelta, days: Collection[date]) -> "Plan":
        """On those of the days when there is a peak to shift."""
        return cls(percent, begins, length, tuple(day for day in days if is_working(day)))

    @classmethod
    def daily(cls, percent: Decimal, begins: time, length: timedelta, days: Collection[date]) -> "Plan":
        """Saturdays and Sundays too."""
        return cls(percent, begins, length, tuple(days))

    def window(self, day: date) -> tuple[datetime, datetime]:
        begin = at(day, self.begins)
        return begin, begin + self.length

    def without_events(self) -> "Plan":
        return Plan(self.percent, self.begins, self.length, ())


@dataclass(frozen=True, slots=True)
class Letter:
    """A complete list of events as it leaves the VTN (r50)."""

    at: datetime
    xml: bytes


def letters(plan: Plan, ven_id: VenId, resources: tuple[ResourceId, ...]) -> Iterator[Letter]:
    """What one site is told, a letter each time that there is a new event. Raises `Impossible`."""
    given: list[Delivery] = []
    for number, day in enumerate(plan.days):
        begin, _ = plan.window(day)
        now = begin - NOTICE
        given.append(_delivery(f"S{number}", plan, begin, now, ven_id, resources))
        message = DistributeEvent(
            request_id=RequestId(f"Q{number}"),
            vtn_id=VtnId("VTN-1"),
            events=render(given, PROGRAMMES, now),
        )
        yield Letter(now, envelope.write(message))


def _delivery(
    name: str, plan: Plan, begin: datetime, now: datetime, ven_id: VenId, resources: tuple[ResourceId, ...]
) -> Delivery:
    order = Order(
        programme=Programme.LOAD_SHIFT,
        feeder_ids=(GroupId("workplaces"),),
        percent=plan.percent,
        start=begin,
        duration=plan.length,
        reason="the daily peak",
        ordered_by="replay",
    )
    check(order, now)
    return Delivery(
        event_id=EventId(f"{name}-{ven_id}"),
        ven_id=ven_id,
        intervention=Intervention(intervention_id=InterventionId(name), order=order, ordered_at=now),
        resources=resources,
        is_whole_site=True,
        created_at=now,
    )
