"""One limit for a whole car park: who charges now, and with how much. Sans-IO.

Equal shares; what one cannot use goes to the others. A share that would be less than a car can take is none, so
some wait, and every quarter of an hour the one that has charged longest makes room for the one that has waited
longest:

    30 A for four, 6 A at the least and 10 A each      quarter 1: A B C -   2: - B C D   3: A - C D   4: A B - D

The turn follows from the clock alone. Nothing has to be remembered, and after a restart the same ones charge.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.wire.ids import ResourceId

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
TURN: Final = timedelta(minutes=15)
"""Cars fall asleep when they are paused too often; at most one swaps in this time."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one chargepoint with a car can use, in A or in W, as the limit that is shared out."""

    resource_id: ResourceId
    least: Decimal
    most: Decimal


def shared(total: Decimal, claims: Sequence[Claim], now: datetime) -> Mapping[ResourceId, Decimal]:
    """A share for each claim, 0 for those that wait. The sum is at most `total`, at every moment."""
    served = _served(total, sorted(claims, key=lambda one: one.resource_id), now)
    return {one.resource_id: Decimal(0) for one in claims} | _filled(total, served)


def next_turn(now: datetime) -> datetime:
    """When another's turn may come."""
    return _EPOCH + TURN * (_quarter(now) + 1)


def _served(total: Decimal, claims: Sequence[Claim], now: datetime) -> list[Claim]:
    """As many as can charge at once, from the one whose turn it is, in a circle of those that could charge alone."""
    able = [one for one in claims if one.least <= total]
    first = _quarter(now) % len(able) if able else 0
    served: list[Claim] = []
    left = total
    for one in (*able[first:], *able[:first]):
        if one.least > left:
            break  # nobody is passed over for being small: who is next waits for the next turn at the most
        served.append(one)
        left -= one.least
    return served


def _filled(total: Decimal, claims: Sequence[Claim]) -> dict[ResourceId, Decimal]:
    """Equal shares, each between its own least and most: water finds its level, in tenths."""

    def taken(tenths: int) -> Decimal:
        return sum((_between(one, tenths) for one in claims), Decimal(0))

    highest = int(max((one.most for one in claims), default=Decimal(0)) * 10) + 1
    level = bisect_right(range(highest + 1), total, key=taken) - 1
    return {one.resource_id: _between(one, level) for one in claims}


def _between(claim: Claim, tenths: int) -> Decimal:
    return min(max(Decimal(tenths) / 10, claim.least), claim.most)


def _quarter(now: datetime) -> int:
    return (now - _EPOCH) // TURN
