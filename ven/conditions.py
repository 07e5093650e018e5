"""What besides an event decides how many amps it comes to: the contract's profile, voltage, phases. Sans-IO."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from oadr.charging import electricity, minimum
from oadr.charging.ceilings import NORMAL, Step, Together, asked_watts
from oadr.charging.electricity import PLANNED_VOLTS, Rating
from oadr.charging.limit import Limit, Source
from oadr.charging.minimum import Commanded, Profile
from oadr.charging.signals import Programme
from oadr.wire.ids import ResourceId


@dataclass(frozen=True, slots=True)
class Conditions:
    """`volts` are those that were measured lately; `phases` those that are switched on, where not all are."""

    profile: Profile = Profile.UK
    floor: Decimal | None = None
    """A per phase that the contract leaves to each chargepoint whatever a supply limitation orders."""
    volts: Mapping[ResourceId, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    phases: Mapping[ResourceId, int] = field(default_factory=lambda: MappingProxyType({}))

    def volts_for(self, programme: Programme, resource: ResourceId) -> Decimal:
        """At which W become A: in an emergency a margin stands in for what nobody has measured."""
        is_emergency = programme is Programme.SUPPLY_LIMIT
        assumed = self.profile.emergency_volts if is_emergency else PLANNED_VOLTS
        return self.volts.get(resource, assumed)

    def floored(self, limit: Limit, rating: Rating) -> Limit:
        """What the contract leaves, where a supply limitation orders less."""
        if limit.source is not Source.SUPPLY_LIMIT or self.floor is None or limit.amps >= self.floor:
            return limit
        kept = electricity.from_amps(self.floor, rating)
        return replace(limit, amps=kept.amps, percent=kept.percent, ordered_amps=limit.amps)

    def undercut(
        self,
        limits: Mapping[ResourceId, Limit],
        steps: Mapping[ResourceId, Step],
        ratings: Mapping[ResourceId, Rating],
        normal: Mapping[ResourceId, Decimal],
    ) -> Mapping[ResourceId, Limit]:
        """`limits`, which one supply limitation has made of `steps`, each with what it leaves too little of."""
        made = {one: self.commanded(one, limit.amps, ratings[one]) for one, limit in limits.items()}
        totals = [one for step in steps.values() for one in step.ceilings if isinstance(one, Together)]
        if totals:
            least = min(one.value for one in totals)
            found = minimum.undercut_together(self.profile, least, made.values())
            return {name: replace(limit, undercut=found) for name, limit in limits.items()}
        found_alone = {
            name: self._alone(steps[name], ratings[name], made[name], normal.get(name, NORMAL))
            for name in limits
        }
        return {name: replace(limit, undercut=found_alone[name]) for name, limit in limits.items()}

    def commanded(self, resource: ResourceId, amps: Decimal, rating: Rating) -> Commanded:
        """What `amps` on a chargepoint come to, without any margin."""
        used = replace(rating, phases=self.phases.get(resource, rating.phases))
        return Commanded(used, self.volts.get(resource, PLANNED_VOLTS), amps)

    def _alone(self, step: Step, rating: Rating, made: Commanded, normal: Decimal) -> minimum.Undercut | None:
        """A percentage is meant for all phases, however many are on."""
        asked = asked_watts(step, rating, made.volts, normal=normal)
        return None if asked is None else minimum.undercut(self.profile, asked, made)


PLAIN: Final = Conditions()
"""Nothing is owed, nobody measures, all phases are on."""
