"""Before an order is given: who is charging, and how much load it would take off.

Every chargepoint is in one class, and each class counts differently:

would_reduce   draws more than the limit          its excess is the relief
already_below  draws no more than the limit       nothing to gain
idle           draws nothing to speak of          nothing to gain
stale          online, but not measured lately    nothing expected, though it may draw its whole rating
offline        has not called lately, or its      the order does not reach it
               site says that it does not obey
opted_out      has a schedule that declines       nothing expected: a load shift may be declined

The limit of each chargepoint is computed by the same function as at the chargepoint itself.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from oadr.charging import electricity
from oadr.charging.electricity import Allowed, Rating
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId, VenId
from vtn.model.network import Chargepoint

OBEY: Final = Decimal("0.9")
"""Share of the relief that is expected of a chargepoint of which nothing is known."""
PROVEN: Final = Decimal("0.95")
"""From here on a chargepoint's relief is counted on."""
IDLE_BELOW_AMPS: Final = Decimal(1)
LEAST_WATTS: Final = Decimal(1000)
LEAST_PERCENT: Final = Decimal(5)
"""Of the need; an order that brings less than this, or than 1 kW, is given in vain."""
MOST_UNKNOWN_PERCENT: Final = 30
STEPS: Final = tuple(Decimal(step) for step in range(90, -1, -10))
_WRITTEN_LATE: Final = timedelta(seconds=10)
"""The server writes down who has called in batches."""
_LEAST_FRESH: Final = timedelta(seconds=60)


class Standing(StrEnum):
    WOULD_REDUCE = "would_reduce"
    ALREADY_BELOW = "already_below"
    IDLE = "idle"
    OFFLINE = "offline"
    STALE = "stale"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a chargepoint's meter said last. `amps` are those of each phase, where the site sends them."""

    at: datetime
    watts: Decimal
    amps: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a fact may be."""

    online_for: timedelta
    """Since the last call: two polls."""
    measured_for: timedelta
    """Since the last reading."""

    @classmethod
    def of(cls, poll_every: timedelta, report_every: timedelta) -> Self:
        return cls(2 * poll_every + _WRITTEN_LATE, max(3 * report_every, _LEAST_FRESH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is known at `now` about the chargepoints that an order is meant for."""

    chargepoints: tuple[Chargepoint, ...]
    drawn: Mapping[ResourceId, Drawn]
    last_seen: Mapping[VenId, datetime]
    now: datetime
    opted_out: frozenset[ResourceId] = frozenset()
    """Those that a schedule of theirs excuses from a load shift while the order would run."""
    unreachable: frozenset[ResourceId] = frozenset()
    """Those of which their sites said lately that they take no orders (oadrOnline)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One chargepoint. Powers in W over all phases."""

    chargepoint: Chargepoint
    standing: Standing
    limit: Allowed
    watts: Decimal | None
    """None: not known now."""
    relief: Decimal
    """If it obeys."""
    obey: Decimal
    at_most: Decimal
    """What it could bring, if all that is not known were in our favour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    percent: Decimal
    rows: tuple[Row, ...]
    need: Decimal | None = None
    """W that have to go; None: not said."""

    @property
    def counts(self) -> Mapping[Standing, int]:
        found = Counter(row.standing for row in self.rows)
        return {standing: found[standing] for standing in Standing}

    @property
    def watts_now(self) -> Decimal:
        return sum((row.watts for row in self.rows if row.watts is not None), Decimal(0))

    @property
    def expected(self) -> Decimal:
        return sum((row.relief * row.obey for row in self.rows), Decimal(0))

    @property
    def lower(self) -> Decimal:
        """Of those alone whose past shows that they obey."""
        return sum((row.relief * row.obey for row in self.rows if row.obey >= PROVEN), Decimal(0))

    @property
    def upper(self) -> Decimal:
        return sum((row.at_most for row in self.rows), Decimal(0))

    @property
    def is_futile(self) -> bool:
        """This signal would deliver no benefit."""
        share = self.need * LEAST_PERCENT / 100 if self.need is not None else Decimal(0)
        return self.expected < max(LEAST_WATTS, share)

    @property
    def is_uncertain(self) -> bool:
        """Not enough is known to say what it would do."""
        unknown = self.counts[Standing.STALE] + self.counts[Standing.OFFLINE]
        return unknown * 100 > len(self.rows) * MOST_UNKNOWN_PERCENT


def preview(
    scene: Scene,
    percent: Decimal,
    programme: Programme,
    freshness: Freshness,
    *,
    obey: Mapping[ResourceId, Decimal] = MappingProxyType({}),
    need: Decimal | None = None,
) -> Preview:
    """What leaving `percent` of the rated current would do. `obey` holds the past compliance, 0 to 1, where known."""
    is_emergency = programme is Programme.SUPPLY_LIMIT
    volts = electricity.EMERGENCY_VOLTS if is_emergency else electricity.PLANNED_VOLTS
    rows = (
        _row(chargepoint, scene, percent, volts, freshness, obey.get(chargepoint.resource_id, OBEY))
        for chargepoint in scene.chargepoints
    )
    excused = frozenset() if is_emergency else scene.opted_out
    return Preview(
        percent=percent,
        rows=tuple(_excused(row) if row.chargepoint.resource_id in excused else row for row in rows),
        need=need,
    )


def curve(scene: Scene, programme: Programme, freshness: Freshness) -> tuple[Preview, ...]:
    """The same for 90, 80 .. 0 %: where a smaller share brings nothing more, the curve is flat."""
    return tuple(preview(scene, percent, programme, freshness) for percent in STEPS)


def _row(
    chargepoint: Chargepoint,
    scene: Scene,
    percent: Decimal,
    volts: Decimal,
    freshness: Freshness,
    obey: Decimal,
) -> Row:
    limit = electricity.from_share(percent / 100, chargepoint.rating)
    drawn = scene.drawn.get(chargepoint.resource_id)
    standing = _known(chargepoint, drawn, scene, freshness)
    relief = Decimal(0)
    if standing is None:
        assert drawn is not None
        standing, relief = _measured(drawn, limit, chargepoint.rating, volts)
    is_known = standing not in (Standing.OFFLINE, Standing.STALE)
    whole = electricity.watts(chargepoint.rating.amps - limit.amps, chargepoint.rating, volts)
    return Row(
        chargepoint=chargepoint,
        standing=standing,
        limit=limit,
        watts=drawn.watts if drawn and is_known else None,
        relief=relief,
        obey=obey,
        at_most=whole if standing is Standing.STALE else relief,
    )


def _excused(row: Row) -> Row:
    return replace(row, standing=Standing.OPTED_OUT, relief=Decimal(0), at_most=Decimal(0))


def _known(
    chargepoint: Chargepoint, drawn: Drawn | None, scene: Scene, freshness: Freshness
) -> Standing | None:
    """Why nothing can be said of it now; None where something can."""
    seen = scene.last_seen.get(chargepoint.ven_id)
    if seen is None or scene.now - seen > freshness.online_for:
        return Standing.OFFLINE
    if chargepoint.resource_id in scene.unreachable:
        return Standing.OFFLINE
    if drawn is None or scene.now - drawn.at > freshness.measured_for:
        return Standing.STALE
    return None


def _measured(drawn: Drawn, limit: Allowed, rating: Rating, volts: Decimal) -> tuple[Standing, Decimal]:
    phases = drawn.amps or (electricity.amps(drawn.watts, rating, volts),) * rating.phases
    if max(phases) < IDLE_BELOW_AMPS:
        return Standing.IDLE, Decimal(0)
    excess = sum((max(amps - limit.amps, Decimal(0)) for amps in phases), Decimal(0))
    total = sum((max(amps, Decimal(0)) for amps in phases), Decimal(0))
    # A car on one phase of three gives what is above the limit on that phase, whatever the other two could carry.
    relief = max(drawn.watts, Decimal(0)) * excess / total
    whole_watts = relief.quantize(Decimal(1), ROUND_FLOOR, electricity.DOWN)
    return (Standing.WOULD_REDUCE if whole_watts else Standing.ALREADY_BELOW), whole_watts
