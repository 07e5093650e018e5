"""What an intervention did: chargepoint by chargepoint, and for the fleet.

Answered, applied and metered are three facts. A site that declined or never answered is counted as that and is not
judged; a site that agreed is judged by its meter, and where there is none it stays unverifiable.

Currents are reported as means, dated at the end of their interval: as samples they hold from its beginning on. Power
is read at the moment of its date. Where both are there, the currents decide and the power goes with them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.charging import compliance, electricity
from oadr.charging.compliance import GRACE, Compliance, Course, Period, Summary
from oadr.charging.electricity import PLANNED_VOLTS, Allowed, Rating
from oadr.charging.metering import Sample
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId
from oadr.wire.messages.common import OptType
from vtn.assess.reach import Reach, reach_of
from vtn.model.delivery import Delivery
from vtn.model.intervention import Intervention, Order, State
from vtn.model.network import Chargepoint
from vtn.model.reading import CURRENTS, Quantity, Reading

UNSAID: Final = timedelta(minutes=10)
"""Within this a VEN starts a load shift that names no randomisation, unless somebody has set it otherwise there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is stored about one intervention."""

    intervention: Intervention
    deliveries: tuple[Delivery, ...]
    chargepoints: Mapping[ResourceId, Chargepoint]
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one chargepoint took it."""

    chargepoint: Chargepoint
    reach: Reach
    opt: OptType | None
    why: str | None
    """The reason for an opt of its own; None where its site answered for it."""
    offered_at: datetime | None
    answered_at: datetime | None
    limit: Allowed | None
    """As it is ordered now; None: a written event, which says other things than a share."""
    compliance: Compliance | None
    """None: not judged, since the site did not agree, the limit has not begun, it was only a test, or is written."""
    last_watts: Decimal | None
    """By the newest reading within the intervention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Final once the intervention is over and the late reports are in."""

    intervention: Intervention
    at: datetime
    results: tuple[Result, ...]
    summary: Summary

    @property
    def counts(self) -> Mapping[Reach, int]:
        found = Counter(result.reach for result in self.results)
        return {each: found[each] for each in Reach}

    @property
    def state(self) -> State:
        return self.intervention.state(self.at)

    @property
    def relief_watts(self) -> Decimal | None:
        """Mean power below the baselines, over the chargepoints that have one."""
        shares = [
            one.compliance.curtailed_wh * 3600 / Decimal(length)
            for one in self.results
            if one.compliance
            and one.compliance.curtailed_wh is not None
            and (length := _held_for(self.intervention, self.at).total_seconds()) > 0
        ]
        return sum(shares, Decimal(0)) if shares else None

    @property
    def returning_watts(self) -> Decimal:
        """What comes back if it ends now, as far as it is measured; nothing once it has ended."""
        if self.state is not State.RUNNING:
            return Decimal(0)
        return sum(
            (
                max(one.compliance.baseline_watts - one.last_watts, Decimal(0))
                for one in self.results
                if one.compliance and one.compliance.baseline_watts is not None and one.last_watts is not None
            ),
            Decimal(0),
        )


def outcome(evidence: Evidence, sample_every: timedelta, now: datetime) -> Outcome:
    """What is known at `now`. `sample_every` is how long one interval of a report is."""
    found: dict[ResourceId, list[Reading]] = {}
    for reading in evidence.readings:
        found.setdefault(reading.resource_id, []).append(reading)
    results = tuple(
        _result(delivery, evidence.chargepoints[resource_id], found.get(resource_id, ()), sample_every, now)
        for delivery in evidence.deliveries
        for resource_id in delivery.resources
    )
    judged = [result.compliance for result in results if result.compliance is not None]
    return Outcome(
        intervention=evidence.intervention, at=now, results=results, summary=compliance.summary(judged)
    )


def begins(intervention: Intervention) -> datetime:
    """From when on every VEN must hold it, whatever offset it has drawn."""
    order = intervention.order
    if order.programme is Programme.SUPPLY_LIMIT:
        return order.start
    return order.start + (UNSAID if order.randomise is None else order.randomise)


def _held_for(intervention: Intervention, now: datetime) -> timedelta:
    return min(intervention.end, now) - begins(intervention)


def _result(
    delivery: Delivery,
    chargepoint: Chargepoint,
    readings: Iterable[Reading],
    sample_every: timedelta,
    now: datetime,
) -> Result:
    limit = _limit(delivery.intervention.order, chargepoint.rating)
    # a mean that spans the end is half of it the release
    until = min(delivery.intervention.end, now)
    within = (reading for reading in readings if reading.at <= until)
    samples = tuple(_samples(within, chargepoint.rating, sample_every))
    resource_id = chargepoint.resource_id
    period, answer, said = (
        _period(delivery, resource_id, now),
        delivery.order_answer,
        delivery.opt_of(resource_id),
    )
    course = _course(delivery, chargepoint.rating)
    judged = (
        compliance.assess(samples, course, period, chargepoint.rating, PLANNED_VOLTS, sample_every)
        if period and course
        else None
    )
    return Result(
        chargepoint=chargepoint,
        reach=reach_of(delivery, resource_id),
        opt=said.opt if said else answer.opt if answer else None,
        why=said.reason if said else None,
        offered_at=delivery.offered_at,
        answered_at=answer.answered_at if answer else None,
        limit=limit,
        compliance=judged,
        last_watts=samples[-1].watts if samples else None,
    )


def _limit(order: Order, rating: Rating) -> Allowed | None:
    return None if order.percent is None else electricity.from_share(order.percent / 100, rating)


def _course(delivery: Delivery, rating: Rating) -> Course | None:
    """The limit over time, as an order that was changed has several.

    A site obeys what it has last heard of. Which that was is known from its newest answer on; until then the
    mildest counts of all that had been ordered, so that nobody is accused of a reply that was lost.
    """
    given = delivery.intervention
    held = (*(change.before for change in given.changes), given.order)
    amps = tuple(limit.amps for order in held if (limit := _limit(order, rating)) is not None)
    if len(amps) < len(held):
        return None
    answer = delivery.order_answer
    surely, since = (answer.modification_number, answer.answered_at + GRACE) if answer else (0, None)

    def in_force(moment: datetime, ordered: int) -> Decimal:
        first = surely if since is not None and since <= moment else 0
        return max(amps[first : ordered + 1])

    ordered_at = [change.at for change in given.changes]
    moments = sorted({*ordered_at, *((since,) if since else ())})
    return Course(
        amps[0],
        tuple((moment, in_force(moment, sum(at <= moment for at in ordered_at))) for moment in moments),
    )


def _period(delivery: Delivery, resource_id: ResourceId, now: datetime) -> Period | None:
    """The time that is judged, or None.

    Receipt counts from the moment when the order was first handed out: if that answer was lost on its way, the
    seconds until the next one are part of how long it took.
    """
    intervention = delivery.intervention
    if reach_of(delivery, resource_id) is not Reach.ACKNOWLEDGED or intervention.order.is_test:
        return None
    said, answer = delivery.opt_of(resource_id), delivery.order_answer
    known = (delivery.offered_at, answer and answer.answered_at, said and said.taken_at)
    received = min(moment for moment in known if moment)
    period = Period(received, begins(intervention), min(intervention.end, now))
    return period if period.begins < period.end else None


def _samples(readings: Iterable[Reading], rating: Rating, sample_every: timedelta) -> Iterator[Sample]:
    """One for each date, in the order of time: the current of the phase that carries most, and W."""
    moments: dict[datetime, dict[Quantity, Decimal]] = {}
    for reading in readings:
        moments.setdefault(reading.at, {})[reading.quantity] = reading.value
    for at, values in sorted(moments.items()):
        watts = values.get(Quantity.POWER)
        currents = [values[each] for each in CURRENTS if each in values]
        if currents:
            power = sum(currents, Decimal(0)) * PLANNED_VOLTS if watts is None else watts
            yield Sample(at - sample_every, max(currents), power)
        elif watts is not None:
            yield Sample.of_power(at, watts, rating, PLANNED_VOLTS)
