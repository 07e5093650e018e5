"""The chargepoints of a site: each held to its limit, looked at, and held harder where it does not obey.

What the meter shows decides (`ven.verify`); the drivers are called by the actuators, each in a task of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final

from oadr.charging.electricity import FLOOR_AMPS, Rating
from oadr.charging.limit import Limit, Source
from oadr.wire.ids import ResourceId
from ven import verify
from ven.actuator import Actuator
from ven.clock import Clock
from ven.contract import Contract
from ven.driver import Chargepoint, Measurement, Metered, Phased, Switchable, Versatile
from ven.meter import Meter
from ven.news import Enforced
from ven.outlets import ExportOutlet, behind, outlets
from ven.verify import Abilities, Check, Measure, Reached

APPLY_PATIENCE: Final = 1.0
"""Seconds that the next message to the VTN, an acknowledgement perhaps, waits for the chargers."""
ENFORCED: Final = frozenset({Source.SUPPLY_LIMIT, Source.LOAD_SHIFT, Source.FAILSAFE})
"""Whose limits are insisted on; a calendar that a charger does not follow is its owner's affair."""

OnReading = Callable[[ResourceId, Measurement | None], None]


class Hardware:
    """`limits` are the ones that chargers were last asked to keep."""

    def __init__(
        self,
        chargepoints: Sequence[Chargepoint],
        contract: Contract,
        clock: Clock,
        sample_every: timedelta,
        tell_trouble: Callable[[str], None],
        tell: Callable[[Enforced], None],
        on_reading: OnReading,
    ) -> None:
        """Raises `ValueError` when two chargepoints have one name."""
        found = tuple(outlets(chargepoints))
        self.actuators = {
            one.resource_id: Actuator(one, tell_trouble, phase_switch=contract.phase_switch) for one in found
        }
        if len(self.actuators) != len(found):
            raise ValueError("two chargepoints have one resource_id")
        self.ratings: dict[ResourceId, Rating] = {one.resource_id: one.rating for one in found}
        """Of each scale: a chargepoint that can feed back has two."""
        self.measured: dict[ResourceId, Measurement | None] = {}
        self.limits: dict[ResourceId, Limit | None] = {}
        self.phases: dict[ResourceId, int | None] = {}
        self.checks = {resource: Check() for resource in self.actuators}
        self._abilities = {one.resource_id: _abilities(one, contract, sample_every) for one in found}
        self._clock = clock
        self._sample_every = sample_every
        self._tell = tell
        self._on_reading = on_reading

    @property
    def phased(self) -> frozenset[ResourceId]:
        """The outlets that can change their phases."""
        found = self.actuators.items()
        return frozenset(name for name, one in found if isinstance(one.chargepoint, Phased))

    def control(self) -> Iterable[tuple[str, Callable[[], Awaitable[None]]]]:
        """The tasks that carry limits to the chargers."""
        return [(f"control of {name}", actuator.run) for name, actuator in self.actuators.items()]

    def meters(self) -> Iterable[tuple[str, Callable[[], Awaitable[None]]]]:
        """The tasks that look at the meters."""
        return [
            (f"meter of {name}", Meter(actuator.chargepoint, self._clock, self._sample_every, self._read).run)
            for name, actuator in self.actuators.items()
            if not isinstance(actuator.chargepoint, ExportOutlet)
        ]

    @property
    def reached(self) -> tuple[Reached, ...]:
        """What must not be forgotten by a restart: how far each chargepoint that does not obey has been pressed."""
        return tuple(
            Reached(name, check.measure, check.was_disabled)
            for name, check in self.checks.items()
            if check.measure is not Measure.ASK
        )

    def go_on_from(self, reached: Iterable[Reached]) -> None:
        """Before the first limit: an outlet that was switched off stays off until that limit is gone."""
        for one in reached:
            if one.resource_id in self.checks:
                check = verify.begun_again(one, self._abilities[one.resource_id])
                self.checks[one.resource_id] = check
                if check.is_off:
                    self.actuators[one.resource_id].left_off()

    def apply(self, resource_id: ResourceId, limit: Limit | None, phases: int | None = None) -> bool:
        """Hold the chargepoint to `limit` from now on, on so many phases if it can change them; False if that limit
        holds already.
        """
        is_known = resource_id in self.limits and self.limits[resource_id] == limit
        if is_known and self.phases.get(resource_id) == phases:
            return False
        self.phases[resource_id] = phases
        if is_known:
            self._command(resource_id)
            return False
        self.limits[resource_id] = limit
        before = self.checks[resource_id]
        insisted = limit if limit is not None and limit.source in ENFORCED else None
        self.checks[resource_id] = verify.commanded(
            self.checks[resource_id],
            insisted,
            _drawn(self.measured.get(resource_id), insisted),
            self._abilities[resource_id],
            _moment(),
        )
        self._command(resource_id)
        self._tell_of(resource_id, before)
        return True

    @property
    def unable(self) -> frozenset[ResourceId]:
        """Who does not take its limit. Who takes and ignores it is not among them: the meter tells the operator."""
        return frozenset(name for name in self.actuators if not self.is_online(name))

    @property
    def unmoved(self) -> Mapping[ResourceId, Decimal]:
        """A per phase that those who do not take their limit draw all the same, and on which no other may count.

        By the meter in whole A, where one answers, and at least what a car that comes begins with.
        """
        found = {}
        for name in self.unable:
            at_most, metered = self.actuators[name].at_most, _busiest(self.measured.get(name))
            if metered is not None:
                at_most = max(min(at_most, FLOOR_AMPS), metered.to_integral_value(ROUND_CEILING))
            found[name] = at_most
        return found

    def is_online(self, resource_id: ResourceId) -> bool:
        """Whether the charger takes what it is told, and in time."""
        actuator = self.actuators[resource_id]
        return actuator.trouble is None and actuator.waits < APPLY_PATIENCE

    async def settled(self) -> None:
        """The chargers that have new limits have taken them, or whoever waits has waited long enough."""
        for actuator in [one for one in self.actuators.values() if one.is_waiting]:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(APPLY_PATIENCE - actuator.waits, 0)):
                    await actuator.settled()

    def _command(self, resource_id: ResourceId) -> None:
        actuator, check, limit = (
            self.actuators[resource_id],
            self.checks[resource_id],
            self.limits[resource_id],
        )
        if limit is not None and check.target is not None and check.target < limit.amps:
            limit = replace(limit, amps=check.target, percent=Decimal(0))
        actuator.want(limit, check.measure, self.phases.get(resource_id))

    def _read(self, resource_id: ResourceId, reading: Measurement | None) -> None:
        self.measured[resource_id] = reading
        before = self.checks[resource_id]
        if before.limit is not None:
            known = verify.taken(before) if self.actuators[resource_id].applied else before
            after = verify.sampled(
                known, _drawn(reading, before.limit), self._abilities[resource_id], _moment()
            )
            self.checks[resource_id] = after
            if after.measure is not before.measure:
                self._command(resource_id)
            self._tell_of(resource_id, before)
        self._on_reading(resource_id, reading)

    def _tell_of(self, resource_id: ResourceId, before: Check) -> None:
        """Where a limit is verified: what has changed of that."""
        check = self.checks[resource_id]
        if check.limit is not None and (check.measure, check.finding) != (before.measure, before.finding):
            self._tell(Enforced(resource_id, check.finding, check.measure, check.excess))


def _abilities(chargepoint: Chargepoint, contract: Contract, every: timedelta) -> Abilities:
    return Abilities(
        has_meter=isinstance(behind(chargepoint), Metered),
        has_other_method=isinstance(chargepoint, Versatile),
        may_disable=contract.may_disable and isinstance(chargepoint, Switchable),
        severe_amps=contract.severe_amps,
        every=every,
    )


def _moment() -> timedelta:
    """Of the loop's own clock, which nobody sets."""
    return timedelta(seconds=asyncio.get_running_loop().time())


def _drawn(reading: Measurement | None, limit: Limit | None) -> Decimal | None:
    """A per phase that a limit is compared with: one on a single phase counts what flows on the others too."""
    busiest = _busiest(reading)
    if reading is None or busiest is None or limit is None or limit.phases is None:
        return busiest
    return max(busiest, sum(reading.amps, Decimal(0)) / limit.phases)


def _busiest(reading: Measurement | None) -> Decimal | None:
    """A on the phase that carries most; no phases in use is 0."""
    return max(reading.amps, default=Decimal(0)) if reading else None
