"""The metrology check: does the meter show that a limit holds, and what is done when it does not. Sans-IO.

    commanded --> settling --> verifying --+--> holds: three samples in a row comply
                      ^                    |
                      |                    +--> unverifiable: no samples, and never called complied with
                      |                    |
                      +-- one step more <--+    three samples in a row do not comply
                          repeat, other method, pause, disable the supply; then it has failed

A charger that says nothing at all while an emergency holds gets the next step at once. A step that was taken
stays while anything limits the chargepoint: who did not obey 40 % is not asked for 30 % in the same way again. Who
has failed, and draws far too much while an emergency holds, is disabled still.

All moments are those of a clock that nobody sets: a limit is verified the same whatever the time of day becomes.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Final

from oadr.charging.compliance import complies
from oadr.charging.limit import Limit, Source
from oadr.wire.ids import ResourceId

NEEDED: Final = 3
"""Samples in a row that convince, either way."""
BLIND_IN_EMERGENCY: Final = timedelta(seconds=10)
BLIND: Final = timedelta(seconds=60)
"""How long samples may fail to come before nothing can be verified."""
SILENCE: Final = timedelta(seconds=5)
"""A charger that has not taken an emergency's limit by then does not get the same request once more."""


class Measure(IntEnum):
    """What is done about a chargepoint, the mildest first."""

    ASK = 0
    """The limit, in the usual way."""
    REPEAT = 1
    OTHER_METHOD = 2
    """Watts for amps, another profile: whatever else the driver can do."""
    PAUSE = 3
    """0 A, whatever the limit was."""
    DISABLE = 4
    """The outlet is switched off: only to protect the network, and only where its owner allows it."""
    GIVEN_UP = 5
    """All that there is was tried. The operator and the people here are told."""


class Finding(StrEnum):
    """What the meter says of the limit that was commanded last."""

    SETTLING = "settling"
    VERIFYING = "verifying"
    HOLDS = "holds"
    ALREADY_BELOW = "already-below"
    """It complied when the limit came; the ceiling is commanded all the same."""
    FAILED = "failed"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Abilities:
    """What can be done with one chargepoint, and what its owner allows."""

    has_meter: bool = True
    has_other_method: bool = False
    may_disable: bool = False
    """It can be switched off, and its owner has allowed that for emergencies."""
    severe_amps: Decimal = Decimal(2)
    """A above the limit, and more, for which the supply may be disabled."""
    every: timedelta = timedelta(seconds=1)
    """Time between two looks at the meter."""

    @property
    def settle(self) -> timedelta:
        """How long a car may take to follow: less where the meter is read often enough to see it do so."""
        return timedelta(seconds=5 if self.every <= timedelta(seconds=1) else 15)

    def blind_after(self, *, is_emergency: bool) -> timedelta:
        return max(BLIND_IN_EMERGENCY if is_emergency else BLIND, NEEDED * self.every)


@dataclass(frozen=True, slots=True)
class Check:
    """Where one chargepoint stands; None in `limit`: nobody limits it, and there is nothing to verify."""

    limit: Limit | None = None
    measure: Measure = Measure.ASK
    finding: Finding = Finding.HOLDS
    since: timedelta | None = None
    """Of the newest command."""
    taken: bool = False
    """The charger has said that it took it."""
    heard: timedelta | None = None
    """Of the newest sample, or of the command if none has come since."""
    good: int = 0
    bad: int = 0
    """Samples in a row, after settling."""
    excess: Decimal = Decimal(0)
    """A above the limit in the newest sample; 0 at or below it, also while it should pause."""
    was_disabled: bool = False
    """Its supply was switched off for this limit, or for the one before."""

    @property
    def is_verified(self) -> bool:
        return self.finding in (Finding.HOLDS, Finding.ALREADY_BELOW)

    @property
    def is_emergency(self) -> bool:
        return self.limit is not None and self.limit.source is Source.SUPPLY_LIMIT

    @property
    def target(self) -> Decimal | None:
        """A that the charger is to be held to now: the limit's, or 0 once it has to pause."""
        if self.limit is None:
            return None
        return Decimal(0) if self.measure >= Measure.PAUSE else self.limit.amps

    @property
    def is_off(self) -> bool:
        """Its supply is switched off; it stays so while it is insisted on, also when that has not helped."""
        return self.was_disabled and self.measure >= Measure.DISABLE


@dataclass(frozen=True, slots=True)
class Reached:
    """What is remembered of a check over a restart: who has shown that asking is not enough is not asked again."""

    resource_id: ResourceId
    measure: Measure
    was_disabled: bool


def begun_again(reached: Reached, abilities: Abilities) -> Check:
    """The check as a program that starts anew goes on with it. What its owner does not allow any more is not done."""
    measure = reached.measure
    if reached.was_disabled and measure >= Measure.DISABLE and not abilities.may_disable:
        measure = Measure.PAUSE
    return Check(measure=measure, was_disabled=reached.was_disabled)


def commanded(
    check: Check, limit: Limit | None, amps: Decimal | None, abilities: Abilities, now: timedelta
) -> Check:
    """A new limit, when the meter shows `amps` on the busiest phase; None: it shows nothing."""
    if limit is None:
        return Check()
    if check.limit is not None and limit.amps == check.limit.amps:
        return replace(check, limit=limit)  # the same current for another reason, or until another time
    return Check(
        limit,
        check.measure,
        _at_first(limit, amps, abilities),
        since=now,
        heard=now,
        was_disabled=check.was_disabled,
    )


def _at_first(limit: Limit, amps: Decimal | None, abilities: Abilities) -> Finding:
    if not abilities.has_meter:
        return Finding.UNVERIFIABLE
    is_below = amps is not None and complies(amps, limit.amps)
    return Finding.ALREADY_BELOW if is_below else Finding.SETTLING


def taken(check: Check) -> Check:
    """The charger says that it has the newest command, which is not evidence that it obeys."""
    return replace(check, taken=True)


def sampled(check: Check, amps: Decimal | None, abilities: Abilities, now: timedelta) -> Check:
    """After one look at the meter: `amps` on the busiest phase, None if it shows nothing."""
    if check.limit is None or check.since is None or check.target is None:
        return check
    if amps is not None:
        check = _counted(check, amps, now, is_settled=now - check.since >= abilities.settle)
    if check.bad >= NEEDED or _is_silent(check, now):
        return _stronger(check, abilities, now)
    blind_after = abilities.blind_after(is_emergency=check.is_emergency)
    is_lost = check.finding is Finding.FAILED and not check.taken  # worse than not known: nobody is there
    if check.heard is not None and now - check.heard >= blind_after and not is_lost:
        return replace(check, finding=Finding.UNVERIFIABLE, good=0, bad=0)
    return check


def _counted(check: Check, amps: Decimal, now: timedelta, *, is_settled: bool) -> Check:
    above = amps - check.limit.amps if check.limit else amps
    check = replace(check, heard=now, excess=max(above, Decimal(0)))
    if complies(amps, check.target or Decimal(0)):
        return _complied(replace(check, good=check.good + 1, bad=0))
    if not is_settled:
        return replace(check, finding=Finding.SETTLING, good=0)
    finding = Finding.FAILED if check.measure is Measure.GIVEN_UP else Finding.VERIFYING
    return replace(check, finding=finding, good=0, bad=check.bad + 1)


def _complied(check: Check) -> Check:
    if check.good < NEEDED or check.finding is Finding.ALREADY_BELOW:
        return check
    return replace(check, finding=Finding.HOLDS)


def _is_silent(check: Check, now: timedelta) -> bool:
    """In an emergency a charger that does not even answer gets the next step at once."""
    is_waiting = not check.taken and check.measure < Measure.GIVEN_UP and check.since is not None
    return check.is_emergency and is_waiting and check.since is not None and now - check.since >= SILENCE


def _stronger(check: Check, abilities: Abilities, now: timedelta) -> Check:
    measure = _next(check, abilities)
    if measure is check.measure:
        return replace(check, finding=Finding.FAILED, bad=0)  # there is nothing left to do
    unproven = Finding.SETTLING if abilities.has_meter else Finding.UNVERIFIABLE
    return replace(
        check,
        measure=measure,
        finding=Finding.FAILED if measure is Measure.GIVEN_UP else unproven,
        since=now,
        heard=now,
        taken=False,
        good=0,
        bad=0,
        was_disabled=check.was_disabled or measure is Measure.DISABLE,
    )


def _next(check: Check, abilities: Abilities) -> Measure:
    measure = Measure(min(check.measure + 1, Measure.GIVEN_UP))
    if measure is Measure.OTHER_METHOD and not abilities.has_other_method:
        return Measure.PAUSE
    if measure >= Measure.DISABLE:
        return Measure.DISABLE if _may_disable(check, abilities) else Measure.GIVEN_UP
    return measure


def _may_disable(check: Check, abilities: Abilities) -> bool:
    """Disruptive, so once, only against a fuse that is about to blow, and only for more than a trifle.

    One that neither answers nor shows anything is feared to draw what it can.
    """
    is_unknown = not check.taken and check.heard == check.since
    is_severe = check.excess > abilities.severe_amps or is_unknown
    return abilities.may_disable and check.is_emergency and is_severe and not check.was_disabled
